package usb

import (
	"errors"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/pnp"
	"muster/agent/gather/recorded"
	"muster/agent/host"
)

func TestWindows(t *testing.T) {
	recorded.Windows(t, func(t *testing.T, name string, h *host.Host) {
		rows, asked, faults, err := fromPnP(t.Context(), h)
		told(rows)
		r, bad := gather.Rows(rows, asked...)
		if bad != nil {
			t.Fatal(bad)
		}
		r.Faults = faults
		recorded.Golden(t, h, "usb_device", "windows."+name, r, err)
	})
	if _, _, _, err := fromPnP(t.Context(), &host.Host{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

// Two controllers are two buses, in the order of their paths.
func TestPlace(t *testing.T) {
	paths := []string{"PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(4)#USB(2)", "PCIROOT(0)#PCI(0D00)#USBROOT(0)#USB(1)#USBMI(0)", "PCIROOT(0)#PCI(1400)#USBROOT(0)", "", "PCIROOT(0)#PCI(1400)"}
	var list []pnp.Device
	for _, p := range paths {
		list = append(list, pnp.Device{Path: p})
	}
	for i, want := range []string{"2-4.2", "1-1", "", "", ""} {
		if got := place(paths[i], roots(list)); got != want {
			t.Errorf("%s is at %q, want %q", paths[i], got, want)
		}
	}
}
