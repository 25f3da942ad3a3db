package osrelease

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
		row, asked, faults, err := fromRegistry(h, "10.0.22631")
		r, bad := gather.Rows([]inventory.OS{row}, asked...)
		if bad != nil {
			t.Fatal(bad)
		}
		r.Faults = faults
		recorded.Golden(t, h, "os", "windows."+name, r, err)
	})
	if _, _, _, err := fromRegistry(&host.Host{}, "10.0"); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

// TestWindowsNames holds names and versions of several releases.
func TestWindowsNames(t *testing.T) {
	for _, c := range []struct{ values, name, version, release string }{
		{`"ProductName"="Windows 10 Pro"
"CurrentBuild"="19045"
"UBR"=dword:0000113b
"DisplayVersion"="22H2"
"InstallationType"="Client"
"CurrentMajorVersionNumber"=dword:0000000a`, "Windows 10 Pro", "10.0.19045.4411", "22H2"},
		{`"ProductName"="Windows Server 2022 Standard"
"CurrentBuild"="20348"
"UBR"=dword:00000995
"InstallationType"="Server Core"
"ReleaseId"="2009"
"CurrentMajorVersionNumber"=dword:0000000a`, "Windows Server 2022 Standard (Server Core)", "10.0.20348.2453", "2009"},
		{`"ProductName"="Windows 7 Professional"
"CurrentBuild"="7601"
"CurrentVersion"="6.1"`, "Windows 7 Professional", "6.1.7601", ""},
		{`"ProductName"="Windows 10 Enterprise"
"CurrentBuild"="26100"
"CurrentMajorVersionNumber"=dword:0000000a`, "Windows 11 Enterprise", "10.0.26100", ""},
	} {
		h := recorded.Unpack(t, []byte("\n-- reg --\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion]\n"+c.values+"\n"))
		row, _, _, err := fromRegistry(h, "")
		if err != nil || row.Name != c.name || row.Version != c.version || row.Release != c.release {
			t.Errorf("%q %q %q %v, want %q %q %q", row.Name, row.Version, row.Release, err, c.name, c.version, c.release)
		}
	}
}
