package driver

import (
	"errors"
	"testing"

	"muster/agent/gather/recorded"
	"muster/agent/host"
)

// TestTrees reads the machines in testdata.
func TestTrees(t *testing.T) {
	recorded.Trees(t, func(t *testing.T, name string, h *host.Host) {
		r, err := Read(t.Context(), h)
		recorded.Golden(t, h, "driver", "driver."+name, r, err)
	})
	if _, err := Read(t.Context(), recorded.Unpack(t)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("without sysfs: %v", err)
	}
}
