package remote

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"muster/agent/gather/recorded"
	"muster/agent/host"
)

const planted = `-- reg --
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\TeamViewer]
"ImagePath"="C:\\Program Files\\TeamViewer\\TeamViewer_Service.exe"

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\AnyDesk]

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\ScreenConnect Client (0123456789abcdef)]
"ImagePath"="\"C:\\Program Files (x86)\\ScreenConnect Client (0123456789abcdef)\\ScreenConnect.ClientService.exe\" \"?e=Access&k=SECRET\""

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\tvnserver]

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\bomgar-ps-5AFE]

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Spooler]

[HKEY_LOCAL_MACHINE\SOFTWARE\Wow6432Node\TeamViewer]
"ClientID"=dword:3b9aca00
"Version"="15.50.5"
"OwningManagerAccountName"="it@office.example"
"SecurityPasswordAES"=hex:01,02,03

[HKEY_LOCAL_MACHINE\SOFTWARE\TightVNC\Server]
"RfbPort"=dword:0000170c
"Password"=hex:aa,bb

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Terminal Server]
"fDenyTSConnections"=dword:00000000

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp]
"PortNumber"=dword:00000d3d
`

func TestWindows(t *testing.T) {
	h := recorded.Unpack(t, []byte(planted))
	rows, asked, faults, err := fromWindows(t.Context(), h)
	r, bad := reading(rows, asked, faults)
	if bad != nil {
		t.Fatal(bad)
	}
	recorded.Golden(t, h, "remote_control", "windows", r, err)
	// What a policy says goes before what was set here.
	h = recorded.Unpack(t, []byte(planted), []byte("-- reg --\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services]\n\"fDenyTSConnections\"=dword:00000001\n"))
	if row, ok := desktop(h); !ok || *row.Running {
		t.Errorf("a policy shuts the remote desktop, and it is open: %+v", row)
	}
	h.Registry = func(host.View, string, []string) (host.Key, error) { return host.Key{}, fs.ErrPermission }
	if _, _, _, err := fromWindows(t.Context(), h); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
}

func FuzzKnown(f *testing.F) {
	for _, s := range services() {
		f.Add(s.Name)
	}
	f.Add("ScreenConnect Client (")
	f.Fuzz(func(t *testing.T, name string) {
		s, instance, ok := known(name)
		if ok && (s.Product == "" || len(instance) > 64 || !strings.HasPrefix(strings.ToLower(name), strings.TrimSuffix(s.Name, "*"))) {
			t.Errorf("%q is %+v, %q", name, s, instance)
		}
	})
}
