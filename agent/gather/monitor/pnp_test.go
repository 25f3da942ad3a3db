package monitor

import (
	"errors"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
)

func TestWindows(t *testing.T) {
	recorded.Windows(t, func(t *testing.T, name string, h *host.Host) {
		rows, faults, err := fromPnP(t.Context(), h)
		r, bad := gather.Rows(rows, "pnp")
		if bad != nil {
			t.Fatal(bad)
		}
		r.Faults = faults
		recorded.Golden(t, h, "monitor", "windows."+name, r, err)
	})
	if _, _, err := fromPnP(t.Context(), &host.Host{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
