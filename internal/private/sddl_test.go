package private

import (
	"path/filepath"
	"slices"
	"testing"
)

// Windows' own services are known by these accounts (Microsoft, "Service
// accounts" and "Windows Resource Protection").
func TestServiceSID(t *testing.T) {
	for name, want := range map[string]string{
		"TrustedInstaller": trustedInstaller,
		"trustedinstaller": trustedInstaller,
		"MSSQLSERVER":      "S-1-5-80-3880718306-3832830129-1677859214-2598158968-1052248003",
	} {
		if got := serviceSID(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// What is written is read back as what was meant.
func TestClosed(t *testing.T) {
	accounts := []string{system, administrators, serviceSID("muster-agent")}
	d, err := parse(closed(administrators, accounts))
	if err != nil {
		t.Fatal(err)
	}
	if d.owner != administrators || !d.protected || d.open || len(d.entries) != 3 {
		t.Errorf("%+v", d)
	}
	for i, e := range d.entries {
		if !e.allows || e.inheritOnly || e.rights != 0x1f01ff || e.sid != accounts[i] {
			t.Errorf("%+v", e)
		}
	}
	if who := d.others(anyRight, accounts); who != "" {
		t.Errorf("%s may enter", who)
	}
	if who := d.others(anyRight, accounts[:2]); who != accounts[2] {
		t.Errorf("%q may enter", who)
	}
	for _, folder := range []bool{false, true} {
		d, err := parse(inherited(accounts, folder))
		if err != nil || d.protected || d.open || len(d.entries) != 3 || d.others(anyRight, accounts) != "" {
			t.Errorf("%+v %v", d, err)
		}
	}
}

// Lists as Windows makes them by itself: who may put another folder in the
// place of one below?
func TestOthers(t *testing.T) {
	const replace = rightDeleteChild | rightDelete | rightWriteDAC | rightWriteOwner | genericAll
	trusted := []string{system, administrators, trustedInstaller}
	for name, c := range map[string]struct {
		text, replaces, enters string
		protected              bool
	}{
		"ProgramData": {text: "O:SYG:SYD:PAI(A;OICIIO;GA;;;CO)(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)(A;CI;DCLCRPCR;;;BU)", enters: "BU", protected: true},
		"system volume": {text: "O:" + trustedInstaller + "G:" + trustedInstaller + "D:PAI(A;OICIIO;SDGXGWGR;;;AU)(A;;LC;;;AU)(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)",
			enters: "AU", protected: true},
		"made by a user":       {text: "O:S-1-5-21-1-2-3-1001G:S-1-5-21-1-2-3-513D:AI(A;ID;FA;;;S-1-5-21-1-2-3-1001)(A;OICIID;FA;;;SY)", replaces: "S-1-5-21-1-2-3-1001", enters: "S-1-5-21-1-2-3-1001"},
		"folder of a volume":   {text: "O:BAG:SYD:AI(A;OICIID;0x1301bf;;;AU)(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)", replaces: "AU", enters: "AU"},
		"no list":              {text: "O:BAG:BAD:NO_ACCESS_CONTROL", replaces: "everybody", enters: "everybody"},
		"no list at all":       {text: "O:BAG:BA", replaces: "everybody", enters: "everybody"},
		"empty list":           {text: "O:BAG:BAD:P", protected: true},
		"refusal alone":        {text: "O:BAD:(D;;FA;;;WD)(A;;FA;;;BA)"},
		"with a condition":     {text: `O:BAD:(XA;;FA;;;WD;(@User.Title=="PM" && (Member_of {SID(BA)})))(A;;FA;;;BA)`, replaces: "WD", enters: "WD"},
		"of an object":         {text: "O:BAD:(OA;;DT;4828cc14-1437-45bc-9b07-ad6f015e5f28;;WD)", replaces: "WD", enters: "WD"},
		"unknown right":        {text: "O:BAD:(A;;ZZ;;;WD)", replaces: "WD", enters: "WD"},
		"with auditing":        {text: "O:BAD:AR(A;;FA;;;BA)S:AI(AU;SAFA;FA;;;WD)"},
		"read by a read group": {text: "O:BAD:(A;;0x120089;;;AN)", enters: "AN"},
	} {
		d, err := parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := d.others(replace, trusted); got != c.replaces {
			t.Errorf("%s: %q may replace what is below, want %q", name, got, c.replaces)
		}
		if got := d.others(anyRight, trusted); got != c.enters {
			t.Errorf("%s: %q may enter, want %q", name, got, c.enters)
		}
		if d.protected != c.protected {
			t.Errorf("%s: protected is %v", name, d.protected)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"x", "X:BA", "O:BAD:(A;;FA;;;BA", "O:BAD:(A;;FA)", "O:BAD:(A;;FA;;;BA)x(A;;FA;;;SY)"} {
		if d, err := parse(text); err == nil {
			t.Errorf("%q is read as %+v", text, d)
		}
	}
}

func TestAbove(t *testing.T) {
	root := filepath.VolumeName(home(t)) + string(filepath.Separator)
	a, b := filepath.Join(root, "a"), filepath.Join(root, "a", "b")
	if got := above(b); !slices.Equal(got, []string{root, a, b}) {
		t.Error(got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(closed(administrators, []string{system}))
	f.Add(inherited([]string{system}, true))
	f.Add(`O:BAG:BAD:PARAI(XA;;FA;;;WD;((a)))S:(AU;SAFA;FA;;;WD)`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parse(text)
		if err != nil {
			return
		}
		// Whoever may do something may do anything that is asked for at all.
		for _, e := range d.entries {
			if e.allows && !e.inheritOnly && e.rights != 0 && d.others(anyRight, nil) == "" {
				t.Errorf("%+v is overlooked in %q", e, text)
			}
		}
	})
}
