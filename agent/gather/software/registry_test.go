package software

import (
	"errors"
	"strings"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/inventory"
)

// TestWindows reads the recorded machines with Windows: all scopes, no
// patches, no keys without a name.
func TestWindows(t *testing.T) {
	recorded.Windows(t, func(t *testing.T, name string, h *host.Host) {
		rows, asked, faults, err := fromRegistry(h)
		if err != nil {
			t.Fatal(err)
		}
		r, err := gather.Rows(instances(rows), asked...)
		r.Faults = faults
		recorded.Golden(t, h, "software", "windows."+name, r, err)
	})
	if _, _, _, err := fromRegistry(&host.Host{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

// TestRefused makes the section partial when one person's registry cannot be
// read: what they have is not taken for removed.
func TestRefused(t *testing.T) {
	h := recorded.Unpack(t, []byte(`
-- reg --
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList\S-1-5-21-1-2-3-1001]
"ProfileImagePath"=expand:"C:\\Users\\kim"
[HKEY_USERS\S-1-5-21-1-2-3-1001\Software\Microsoft\Windows\CurrentVersion\Uninstall]
; denied
`))
	_, _, faults, err := fromRegistry(h)
	if err != nil || len(faults) != 1 || !strings.Contains(faults[0], "permission") || strings.Contains(faults[0], "S-1-5-21") {
		t.Error(faults, err)
	}
}

func TestIdentity(t *testing.T) {
	for name, want := range map[string]string{
		"Microsoft.WindowsNotepad_11.2404.8.0_x64__8wekyb3d8bbwe":                      "Microsoft.WindowsNotepad 11.2404.8.0 x64 Microsoft.WindowsNotepad_8wekyb3d8bbwe",
		"Microsoft.DesktopAppInstaller_2024.506.2113.0_neutral_~_8wekyb3d8bbwe":        "Microsoft.DesktopAppInstaller 2024.506.2113.0 neutral Microsoft.DesktopAppInstaller_8wekyb3d8bbwe",
		"Microsoft.WindowsNotepad_11.2404.8.0_neutral_split.language-de_8wekyb3d8bbwe": "",
		"Microsoft.WindowsNotepad_8wekyb3d8bbwe":                                       "",
		"_1_x64__8wekyb3d8bbwe":                                                        "",
		"Microsoft.VCLibs.140.00_14.0.33519.0_x86__8wekyb3d8bbwe":                      "Microsoft.VCLibs.140.00 14.0.33519.0 x86 Microsoft.VCLibs.140.00_8wekyb3d8bbwe",
		"Very_" + strings.Repeat("9", 600) + "_x64__8wekyb3d8bbwe":                     "",
		"Example.App_1.0.0.0_arm64_en-us_abcdefghjkmnp":                                "",
		"MicrosoftWindows.Client.CBS_1000.22700.1003.0_x64__cw5n1h2txyewy":             "MicrosoftWindows.Client.CBS 1000.22700.1003.0 x64 MicrosoftWindows.Client.CBS_cw5n1h2txyewy",
	} {
		got := ""
		if id, ok := parseIdentity(name); ok {
			if r, ok := id.row(recorded.Machine(t, "vm").Now()); ok {
				got = strings.Join([]string{r.Name, r.Version, r.Arch, r.ProductCode}, " ")
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func FuzzProgram(f *testing.F) {
	f.Add("7-Zip", []byte("7\x00-\x00Z\x00\x00\x00"), uint32(host.RegText), "20240514")
	f.Add("{}", []byte{0xff}, uint32(host.RegNumber), "14.05.2024")
	f.Fuzz(func(t *testing.T, name string, data []byte, kind uint32, date string) {
		k := host.Key{Values: []host.Value{{Name: "DisplayName", Kind: host.RegText, Data: data}, {Name: "EstimatedSize", Kind: kind, Data: data},
			{Name: "SystemComponent", Kind: kind, Data: data}, {Name: "Publisher", Kind: kind, Data: data}}}
		_ = k.Texts("Publisher")
		r, ok := program(name, k, inventory.Software{})
		if ok && (r.Name == "" || len(r.Name) > 512 || strings.ContainsRune(r.Name, 0) || r.SizeBytes < 0) {
			t.Errorf("%+v", r)
		}
		_ = installDate(date)
		if id, ok := parseIdentity(name); ok {
			_, _ = id.row(k.WrittenAt)
		}
	})
}
