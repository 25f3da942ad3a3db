package software

import (
	"context"
	"testing"

	"muster/agent/gather/recorded"
	"muster/agent/host"
)

// TestMachines reads the recorded machines.
func TestMachines(t *testing.T) {
	for _, name := range recorded.Names() {
		t.Run(name+"/software", func(t *testing.T) {
			h := recorded.Machine(t, name)
			r, err := Read(context.Background(), h)
			recorded.Golden(t, h, "software", "software."+name, r, err)
		})
	}
}

// TestTrees reads package managers beside dpkg and rpm.
func TestTrees(t *testing.T) {
	recorded.Trees(t, func(t *testing.T, name string, h *host.Host) {
		r, err := Read(context.Background(), h)
		recorded.Golden(t, h, "software", "software."+name, r, err)
	})
}
