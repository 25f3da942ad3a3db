package join

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
		row, asked, faults, err := fromRegistry(h, joined{Name: "OFFICE", Status: 3})
		r, bad := gather.Rows([]inventory.DomainJoin{row}, asked...)
		if bad != nil {
			t.Fatal(bad)
		}
		r.Faults = faults
		recorded.Golden(t, h, "domain_join", "windows."+name, r, err)
	})
	h := recorded.Unpack(t, []byte("\n-- reg --\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters]\n"))
	if r, _, faults, err := fromRegistry(h, joined{Name: "WORKGROUP", Status: 2}); err != nil || r.Kind != "workgroup" || *r.MDM || len(faults) != 0 {
		t.Error(r, faults, err)
	}
	if _, _, _, err := fromRegistry(&host.Host{}, joined{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
