package boot

import (
	"context"
	"testing"

	"muster/agent/gather/recorded"
)

// TestMachines reads the recorded machines.
func TestMachines(t *testing.T) {
	for _, name := range recorded.Names() {
		t.Run(name+"/boot", func(t *testing.T) {
			h := recorded.Machine(t, name)
			r, err := Read(context.Background(), h)
			recorded.Golden(t, h, "boot", "boot."+name, r, err)
		})
	}
}
