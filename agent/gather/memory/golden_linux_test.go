package memory

import (
	"context"
	"testing"

	"muster/agent/gather/recorded"
)

// TestMachines reads the recorded machines.
func TestMachines(t *testing.T) {
	for _, name := range recorded.Names() {
		t.Run(name+"/memory", func(t *testing.T) {
			h := recorded.Machine(t, name)
			r, err := Read(context.Background(), h)
			recorded.Golden(t, h, "memory", "memory."+name, r, err)
		})
		t.Run(name+"/memory_module", func(t *testing.T) {
			h := recorded.Machine(t, name)
			r, err := ReadModules(context.Background(), h)
			recorded.Golden(t, h, "memory_module", "memory_module."+name, r, err)
		})
	}
}
