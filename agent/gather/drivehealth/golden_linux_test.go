package drivehealth

import (
	"context"
	"testing"

	"muster/agent/gather/recorded"
)

// TestMachines reads the recorded machines. They have no drives that answer,
// so what is seen here is what is told of those that are not even asked.
func TestMachines(t *testing.T) {
	for _, name := range recorded.Names() {
		t.Run(name, func(t *testing.T) {
			h := recorded.Machine(t, name)
			r, err := New().Read(context.Background(), h)
			recorded.Golden(t, h, "disk_health", "disk_health."+name, r, err)
		})
	}
}
