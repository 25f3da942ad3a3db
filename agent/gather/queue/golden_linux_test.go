package queue

import (
	"context"
	"testing"

	"muster/agent/gather/recorded"
	"muster/agent/host"
)

// TestTrees reads the machines in testdata.
func TestTrees(t *testing.T) {
	recorded.Trees(t, func(t *testing.T, name string, h *host.Host) {
		r, err := Read(context.Background(), h)
		recorded.Golden(t, h, "print_queue", "print_queue."+name, r, err)
	})
}
