package database

import (
	"testing"

	"muster/agent/gather/recorded"
	"muster/agent/host"
)

// TestTrees reads the machines in testdata.
func TestTrees(t *testing.T) {
	recorded.Trees(t, func(t *testing.T, name string, h *host.Host) {
		r, err := Read(t.Context(), h)
		recorded.Golden(t, h, "database_instance", "database_instance."+name, r, err)
	})
}
