package software

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"muster/internal/inventory"
)

func status(text string, whole bool) (rows []inventory.Software, err error) {
	err = parseStatus(strings.NewReader(text), whole, func(r inventory.Software, _ bool) { rows = append(rows, r) })
	return rows, err
}

func TestParseStatus(t *testing.T) {
	long := strings.Repeat("x", 40_000)
	rows, err := status("Package: a\nStatus: install ok installed\nVersion: 1\nDepends: "+long+"\nArchitecture: all\n"+
		"Description: d\n "+long+"\n Version: 9\n\n\n"+
		"Package: removed\nStatus: deinstall ok config-files\nVersion: 1\n\n"+
		"Package: nothing\nStatus: install ok not-installed\n\n"+
		"no field\nPackage: b\nVersion: 2\nStatus: purge ok installed\nInstalled-Size: junk\nMaintainer: <x@y.example>", false)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%+v, %v", rows, err)
	}
	if a := rows[0]; a.Name != "a" || a.Version != "1" || a.Arch != "all" || a.Origin != "a" {
		t.Errorf("%+v", a)
	}
	// The last paragraph needs no empty line behind it.
	if b := rows[1]; b.Name != "b" || b.SizeBytes != 0 || b.Publisher != "" {
		t.Errorf("%+v", b)
	}
	if rows, err := status("", false); len(rows) != 0 || err != nil {
		t.Errorf("%v, %v", rows, err)
	}
}

func TestMaintainer(t *testing.T) {
	for in, want := range map[string]string{"Anna B. <a@b.example>": "Anna B.", `"Team, The" <t@b.example>`: "Team, The", "<only@mail.example>": "", "Plain": "Plain"} {
		if got := maintainer(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestParseRPM(t *testing.T) {
	rows, strange := parseRPM("a\t0\t1\t2\tnoarch\t(none)\t0\t0\t(none)\n" +
		"too\tfew\n" + "a\t0\t1\t2\tx\tv\t1\t2\t(none)\textra\n" + "\t0\t1\t2\tx\tv\t1\t2\t(none)\n" +
		"b\t3\t1\t\t(none)\tV\t-5\t9999999999999999\todd\n\n" + "gpg-pubkey\t0\t1\t2\t(none)\t(none)\t1\t0\t(none)\n")
	if len(rows) != 2 || strange != 3 {
		t.Fatalf("%+v, %d strange", rows, strange)
	}
	if a := rows[0]; a.Version != "1-2" || a.Publisher != "" || !a.InstalledAt.IsZero() {
		t.Errorf("%+v", a)
	}
	if b := rows[1]; b.Version != "3:1" || b.Arch != "" || b.SizeBytes != 0 || !b.InstalledAt.IsZero() || b.Origin != "odd" {
		t.Errorf("%+v", b)
	}
	for in, want := range map[string]string{"openssl-3.0.9-2.fc38.src.rpm": "openssl", "a-b-c-1-2.nosrc.rpm": "a-b-c", "": "", "x": "x", "-1-2.src.rpm": "-1"} {
		if got := sourceName(in); got != want {
			t.Errorf("sourceName(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestInstances(t *testing.T) {
	row := func(name, arch, version string) inventory.Software {
		return inventory.Software{Source: "rpm", Scope: "machine", Name: name, Arch: arch, Version: version}
	}
	got := instances([]inventory.Software{row("k", "x", "2"), row("a", "x", "1"), row("k", "x", "1"), row("a", "y", "1"), row("k", "x", "1")})
	var text []string
	for _, r := range got {
		text = append(text, r.Name+r.Arch+r.Instance)
	}
	if s := fmt.Sprint(text); s != "[ax ay kx1 kx2]" {
		t.Error(s)
	}
}

// A status file of 6,000 packages must not be held in memory.
func BenchmarkStatus(b *testing.B) {
	var text bytes.Buffer
	for i := range 6000 {
		fmt.Fprintf(&text, "Package: package-%d\nStatus: install ok installed\nInstalled-Size: 100\nMaintainer: Team <t@example.org>\nArchitecture: amd64\nVersion: 1.%d\nDescription: text\n%s\n", i, i, strings.Repeat(" a line of a long description of the package\n", 20))
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if err := parseStatus(bytes.NewReader(text.Bytes()), false, func(inventory.Software, bool) {}); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzStatus(f *testing.F) {
	f.Add("Package: a\nStatus: install ok installed\nVersion: 1\n\nPackage: b\nStatus: hold ok installed\nVersion: 2", false)
	f.Add("Package: a\nVersion: 1\nSource: x (1)\n", true)
	f.Fuzz(func(t *testing.T, text string, whole bool) {
		rows, err := status(text, whole)
		if err != nil {
			t.Error(err)
		}
		for _, r := range rows {
			if r.Name == "" || r.Version == "" || r.SizeBytes < 0 || strings.Contains(r.Name+r.Version, "\n") {
				t.Errorf("%+v", r)
			}
		}
	})
}

func FuzzRPM(f *testing.F) {
	f.Add("bash\t0\t5.2\t3.fc40\tx86_64\tFedora\t1714290000\t8470000\tbash-5.2-3.fc40.src.rpm\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows, _ := parseRPM(text)
		for _, r := range instances(rows) {
			if r.Name == "" || r.Version == "" || r.SizeBytes < 0 {
				t.Errorf("%+v", r)
			}
		}
	})
}
