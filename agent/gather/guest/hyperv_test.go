package guest

import (
	"errors"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/gather/wmi"
	"muster/agent/host"
)

func TestWindows(t *testing.T) {
	list := []wmi.Row{{"Name": "FIN-PC-0042", "ElementName": "FIN-PC-0042", "EnabledState": int32(2)},
		{"Name": "2B5C71A3-1111-2222-3333-444455556666", "ElementName": "Test server", "EnabledState": int32(32768)}}
	ask := func(wmi.Question) ([]wmi.Row, error) { return list, nil }
	h := recorded.Unpack(t, []byte(`
-- reg --
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList\S-1-5-21-1-2-3-1104]
"ProfileImagePath"=expand:"C:\\Users\\avery"
[HKEY_USERS\S-1-5-21-1-2-3-1104\Software\Microsoft\Windows\CurrentVersion\Lxss\{0a1b2c3d-0000-0000-0000-000000000001}]
"DistributionName"="Debian"
"Version"=dword:00000002
`))
	rows, asked, faults, err := fromWindows(t.Context(), h, ask)
	r, bad := gather.Rows(rows, asked...)
	if bad != nil {
		t.Fatal(bad)
	}
	r.Faults = faults
	recorded.Golden(t, h, "virtual_machine", "windows", r, err)
	if _, _, _, err := fromWindows(t.Context(), &host.Host{}, ask); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
