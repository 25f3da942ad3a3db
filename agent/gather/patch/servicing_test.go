package patch

import (
	"errors"
	"testing"

	"muster/agent/gather/recorded"
	"muster/agent/host"
)

const updates = `
-- now --
2024-06-03T09:30:00Z
-- reg --
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages\Microsoft-Windows-Client-Features~31bf3856ad364e35~amd64~~10.0.22621.1]
"CurrentState"=dword:00000070
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages\Package_1_for_KB5027397~31bf3856ad364e35~amd64~~22621.2355.1.1]
"CurrentState"=dword:00000070
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages\Package_for_KB5027397~31bf3856ad364e35~amd64~~22621.2355.1.1]
"CurrentState"=dword:00000070
"InstallTimeHigh"=dword:01da0a3c
"InstallTimeLow"=dword:80000000
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages\Package_for_RollupFix~31bf3856ad364e35~amd64~~22621.3447.1.8]
"CurrentState"=dword:00000050
"InstallTimeHigh"=dword:01da8a00
"InstallTimeLow"=dword:00000000
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages\Package_for_RollupFix~31bf3856ad364e35~amd64~~22621.3593.1.7]
"CurrentState"=dword:00000070
"InstallTimeHigh"=dword:01daa600
"InstallTimeLow"=dword:00000000
"InstallLocation"="\\\\?\\C:\\Windows\\SoftwareDistribution\\Download\\x\\Windows11.0-KB5037771-x64.cab\\"
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages\Package_for_ServicingStack_3593~31bf3856ad364e35~amd64~~22621.3593.1.1]
"CurrentState"=dword:00000060
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages\Package_for_KB5000001~31bf3856ad364e35~amd64~~1.0.0.0]
"CurrentState"=dword:00000000
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion]
"InstallDate"=dword:6553b2c0
[HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate]
"WUServer"="http://user:secret@wsus.office.example:8530/?x=1"
"DeferQualityUpdatesPeriodInDays"=dword:00000007
[HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU]
"UseWUServer"=dword:00000001
"AUOptions"=dword:00000003
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\WindowsUpdate\UX\Settings]
"PauseUpdatesExpiryTime"="2024-06-10T07:00:00Z"
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\Results\Detect]
"LastSuccessTime"="2024-06-02 22:10:11"
"LastError"=dword:80244022
`

func TestWindows(t *testing.T) {
	h := recorded.Unpack(t, []byte(updates))
	r, err := ReadServicing(t.Context(), h)
	recorded.Golden(t, h, "patch", "windows.patch", r, err)
	r, err = ReadServicingStatus(t.Context(), h)
	recorded.Golden(t, h, "patch_status", "windows.patch_status", r, err)
	if _, err := ReadServicing(t.Context(), &host.Host{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if _, err := ReadServicingStatus(t.Context(), recorded.Unpack(t, []byte("-- reg --\n[HKEY_LOCAL_MACHINE\\SOFTWARE]\n"))); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

func TestKB(t *testing.T) {
	for in, want := range map[string]string{"KB5034765": "KB5034765", `\\?\C:\x\Windows11.0-kb5037771-x64.cab`: "KB5037771", "KB1": "", "": "", "KBKB5034765": "KB5034765", "KB123456789": ""} {
		if got := kb(in); got != want {
			t.Errorf("%q has %q, want %q", in, got, want)
		}
	}
}

func FuzzPackage(f *testing.F) {
	f.Add("Package_for_RollupFix~31bf3856ad364e35~amd64~~22621.3447.1.8", "KB5034765")
	f.Add("Package_for_", "KBKB")
	f.Fuzz(func(t *testing.T, name, location string) {
		k := host.Key{Values: []host.Value{{Name: "CurrentState", Kind: host.RegNumber, Data: []byte{112, 0, 0, 0}}}}
		if p, ok := packageOf(name, k); ok && (p.Name == "" || p.State != "installed") {
			t.Errorf("%+v", p)
		}
		if n := kb(location); n != "" && (len(n) < 8 || len(n) > 10) {
			t.Error(n)
		}
	})
}
