package iface

import (
	"context"
	"testing"

	"muster/agent/gather/recorded"
)

// TestMachines reads the recorded machines.
func TestMachines(t *testing.T) {
	for _, name := range recorded.Names() {
		t.Run(name+"/interface", func(t *testing.T) {
			h := recorded.Machine(t, name)
			r, err := Read(context.Background(), h)
			recorded.Golden(t, h, "interface", "interface."+name, r, err)
		})
		t.Run(name+"/address", func(t *testing.T) {
			h := recorded.Machine(t, name)
			r, err := ReadAddresses(context.Background(), h)
			recorded.Golden(t, h, "address", "address."+name, r, err)
		})
		t.Run(name+"/network", func(t *testing.T) {
			h := recorded.Machine(t, name)
			r, err := ReadNetwork(context.Background(), h)
			recorded.Golden(t, h, "network", "network."+name, r, err)
		})
	}
}
