package pci

import (
	"errors"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/inventory"
)

func TestWindows(t *testing.T) {
	recorded.Windows(t, func(t *testing.T, name string, h *host.Host) {
		list, asked, faults, err := fromPnP(t.Context(), h)
		rows := []inventory.PCIDevice{}
		for _, d := range list {
			rows = append(rows, d.row())
		}
		r, bad := gather.Rows(rows, asked...)
		if bad != nil {
			t.Fatal(bad)
		}
		r.Faults = faults
		recorded.Golden(t, h, "pci_device", "windows.pci_device."+name, r, err)
		gpus, asked, err := graphics(t.Context(), h)
		if r, bad = gather.Rows(gpus, asked...); bad != nil {
			t.Fatal(bad)
		}
		recorded.Golden(t, h, "gpu", "windows.gpu."+name, r, err)
	})
	if _, _, _, err := fromPnP(t.Context(), &host.Host{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
