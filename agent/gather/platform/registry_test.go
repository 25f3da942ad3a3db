package platform

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
		row, asked, err := fromRegistry(h, isolation{TPM: new(true), TPMVersion: tpmVersion(2), VirtualSecurity: new(true), MemoryIntegrity: new(false)})
		r, bad := gather.Rows([]inventory.PlatformSecurity{row}, asked...)
		if bad != nil {
			t.Fatal(bad)
		}
		recorded.Golden(t, h, "platform_security", "windows."+name, r, err)
	})
	if _, _, err := fromRegistry(&host.Host{}, isolation{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	// A BIOS cannot have Secure Boot; a policy goes before the machine's setting.
	h := recorded.Unpack(t, []byte(`
-- reg --
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control]
"PEFirmwareType"=dword:00000001
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Terminal Server]
"fDenyTSConnections"=dword:00000001
[HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services]
"fDenyTSConnections"=dword:00000000
`))
	r, _, err := fromRegistry(h, isolation{})
	if err != nil || *r.SecureBoot || !*r.RemoteLogin || r.TPM != nil || *r.AutoLogin {
		t.Errorf("%+v %v", r, err)
	}
}
