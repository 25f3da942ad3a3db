package firewall

import (
	"errors"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
)

func TestWindows(t *testing.T) {
	recorded.Windows(t, func(t *testing.T, name string, h *host.Host) {
		rows, asked, faults, err := fromRegistry(h)
		if err != nil {
			t.Fatal(err)
		}
		r, err := gather.Rows(rows, asked...)
		r.Faults = faults
		recorded.Golden(t, h, "firewall", "windows."+name, r, err)
	})
	if _, _, _, err := fromRegistry(&host.Host{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	// With its service switched off nothing is in force.
	h := recorded.Unpack(t, []byte(`
-- reg --
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\mpssvc]
"Start"=dword:00000004
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\PublicProfile]
"EnableFirewall"=dword:00000001
`))
	rows, _, _, err := fromRegistry(h)
	if err != nil || len(rows) != 3 || *rows[2].Enabled {
		t.Error(rows, err)
	}
}
