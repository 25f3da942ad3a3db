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

// A device whose bus does not tell where it is has its instance id for an
// address, and the others are whole.
func TestNoPlace(t *testing.T) {
	h := recorded.Unpack(t, []byte("-- told devices --\nPCI\\VEN_8086&DEV_1234\\3&1\t0\t\t\t\t\t\n-- reg --\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Enum\\PCI\\VEN_8086&DEV_1234\\3&1]\n\"DeviceDesc\"=\"Thing\"\n"))
	list, _, faults, err := fromPnP(t.Context(), h)
	if err != nil || len(faults) != 0 || len(list) != 1 || list[0].address != `PCI\VEN_8086&DEV_1234\3&1` || list[0].id.Product != 0x1234 {
		t.Errorf("%+v %v %v", list, faults, err)
	}
}
