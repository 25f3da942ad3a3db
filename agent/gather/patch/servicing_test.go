package patch

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"muster/agent/gather/recorded"
	"muster/agent/gather/wua"
	"muster/agent/host"
	"muster/internal/inventory"
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
	r, err := (Offers{}).Read(t.Context(), h)
	recorded.Golden(t, h, "patch", "windows.patch", r, err)
	r, err = (Offers{}).ReadStatus(t.Context(), h)
	recorded.Golden(t, h, "patch_status", "windows.patch_status", r, err)
	if _, err := (Offers{}).Read(t.Context(), &host.Host{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if _, err := (Offers{}).ReadStatus(t.Context(), recorded.Unpack(t, []byte("-- reg --\n[HKEY_LOCAL_MACHINE\\SOFTWARE]\n"))); !errors.Is(err, errors.ErrUnsupported) {
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

// What Windows offers goes with what its servicing has, and is counted; what was
// installed since is not offered any more.
func TestOffered(t *testing.T) {
	h := recorded.Unpack(t, []byte(updates))
	released := time.Date(2024, 6, 11, 17, 0, 0, 0, time.UTC)
	list := offeredRows([]wua.Update{
		{ID: "A", Title: " 2024-06 Cumulative Update ", Severity: "Critical", Articles: []string{"5039212"}, CVEs: []string{"cve-2024-30080", "nonsense", "CVE-2024-30078"}, Categories: []string{"{0FA1201D-4330-4FA8-8AE9-B877473B6441}"}, Restart: 1, Released: released},
		{ID: "B", Title: "Old", Articles: []string{"KB5037771"}, Categories: []string{rollups}},
		{ID: "C", Title: "Of another product", Articles: []string{"5039212"}, Categories: []string{rollups}},
		{ID: "11112222-AAAA", Title: "Display driver", Driver: true, Downloaded: true},
		{ID: "D", Title: "Definitions", Articles: []string{"2267602"}, Categories: []string{definition}},
		{ID: "E", Title: "Preview", Articles: []string{"5039302"}, Optional: true, Categories: []string{rollups}},
		{Title: "without a name"},
	})
	o := Offers{Last: func() ([]inventory.Patch, bool) { return list, true }}
	r, err := o.Read(t.Context(), h)
	recorded.Golden(t, h, "patch", "windows.offered", r, err)
	r, err = o.ReadStatus(t.Context(), h)
	recorded.Golden(t, h, "patch_status", "windows.offered.status", r, err)
	if _, err := ReadOffered(t.Context(), h); runtime.GOOS != "windows" && !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

func FuzzOffered(f *testing.F) {
	f.Add("id", "title", "Critical", "5039212", "CVE-2024-1", security)
	f.Fuzz(func(t *testing.T, id, title, severity, article, cve, category string) {
		for _, r := range offeredRows([]wua.Update{{ID: id, Title: title, Severity: severity, Articles: []string{article}, CVEs: []string{cve}, Categories: []string{category}}}) {
			if r.Name == "" || r.State != "missing" || r.Class == "" {
				t.Errorf("%+v", r)
			}
		}
	})
}
