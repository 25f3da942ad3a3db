package memory

import (
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/inventory"
)

func TestWindows(t *testing.T) {
	recorded.Windows(t, func(t *testing.T, name string, h *host.Host) {
		row, asked, faults, err := fromWindows(h, status{Total: 16_975_396_864, Commit: 19_526_533_120})
		r, bad := gather.Rows([]inventory.Memory{row}, asked...)
		if bad != nil {
			t.Fatal(bad)
		}
		r.Faults = faults
		recorded.Golden(t, h, "memory", "memory.windows."+name, r, err)
		rows, asked, faults, err := slots(h)
		r, bad = gather.Rows(rows, asked...)
		if bad != nil {
			t.Fatal(bad)
		}
		r.Faults = faults
		recorded.Golden(t, h, "memory_module", "module.windows."+name, r, err)
	})
	if _, _, _, err := fromWindows(&host.Host{}, status{}); err == nil {
		t.Error("no memory at all is believed")
	}
}
