package software

import (
	"strings"
	"testing"

	"muster/internal/inventory"
)

func apkRows(text string) (rows []inventory.Software, err error) {
	err = parseAPK(strings.NewReader(text), func(r inventory.Software) { rows = append(rows, r) })
	return rows, err
}

func TestParseAPK(t *testing.T) {
	rows, err := apkRows("P:a\nV:1\nD:" + strings.Repeat("x ", 20_000) + "\nA:x86\n\n\nP:b\nV:2\nI:-5\nm:<x@y.example>")
	if err != nil || len(rows) != 2 || rows[0].Arch != "x86" || rows[1].SizeBytes != 0 || rows[1].Publisher != "" {
		t.Errorf("%+v, %v", rows, err)
	}
}

func TestParseWorld(t *testing.T) {
	got := parseWorld("a b=1-r0\nc=~2 d>1 e=3@edge f@edge=4 !g=5 h<2")
	if len(got) != 3 || !got["b"] || !got["e"] || !got["f"] {
		t.Errorf("%v", got)
	}
}

func TestIgnored(t *testing.T) {
	names := parseIgnored(strings.NewReader("#IgnorePkg = no\nIgnorePkg=linux linux-*\nIgnorePkg = [bad\n"))
	for name, want := range map[string]bool{"linux": true, "linux-lts": true, "glibc": false, "no": false} {
		if ignored(names, name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

// What is cut short or lies about its lengths must not be taken for facts.
func TestParseDeployShort(t *testing.T) {
	for _, s := range []string{"", "no end", "\x00\xff\xff\xff", "a\x00appdata-name\x00"} {
		if d, _ := parseDeploy([]byte(s)); d.Size != 0 || d.Name != "" {
			t.Errorf("%q: %+v", s, d)
		}
	}
}

func FuzzAPK(f *testing.F) {
	f.Add("P:a\nV:1\nI:5\nF:lib\n\nP:b\nV:2")
	f.Fuzz(func(t *testing.T, s string) {
		rows, err := apkRows(s)
		if err != nil {
			t.Error(err)
		}
		for _, r := range rows {
			if r.Name == "" || r.Version == "" || r.SizeBytes < 0 || strings.Contains(r.Name+r.Version, "\n") {
				t.Errorf("%+v", r)
			}
		}
		parseWorld(s)
	})
}

func FuzzPacman(f *testing.F) {
	f.Add("%NAME%\na\n\n%VERSION%\n1-1\n\n%SIZE%\n5\n")
	f.Fuzz(func(t *testing.T, s string) {
		if r, ok := parseDesc(strings.NewReader(s)); ok && (r.Name == "" || r.Version == "" || r.SizeBytes < 0) {
			t.Errorf("%+v", r)
		}
		ignored(parseIgnored(strings.NewReader(s)), "a")
	})
}

func FuzzSnap(f *testing.F) {
	f.Add("name: a\nversion: '1'\n")
	f.Add(`{"result":[{"name":"a","version":"1","installed-size":-4,"install-date":"2024-06-01T10:00:00Z"}]}`)
	f.Fuzz(func(t *testing.T, s string) {
		rows, err := parseSnaps([]byte(s))
		if err != nil && len(rows) > 0 {
			t.Error("rows beside an error")
		}
		for _, r := range rows {
			if r.Name == "" || r.Version == "" || r.SizeBytes < 0 {
				t.Errorf("%+v", r)
			}
		}
		parseSnapYAML(strings.NewReader(s))
	})
}

func FuzzDeploy(f *testing.F) {
	f.Add([]byte("flathub\x00ab12\x00"))
	f.Add([]byte("a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00appdata-name\x00\x00\x00\x00X\x00\x00s\x03\x03\x02"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, ok := parseDeploy(b); d.Size < 0 || len(d.Name) > 200 || !ok && d != (deployed{}) {
			t.Errorf("%+v", d)
		}
	})
}
