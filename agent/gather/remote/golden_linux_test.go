package remote

import (
	"testing"

	"muster/agent/gather/recorded"
	"muster/agent/host"
)

// TestTrees reads the machines in testdata.
func TestTrees(t *testing.T) {
	recorded.Trees(t, func(t *testing.T, name string, h *host.Host) {
		r, err := Read(t.Context(), h)
		recorded.Golden(t, h, "remote_control", "remote_control."+name, r, err)
	})
}
