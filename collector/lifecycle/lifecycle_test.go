package lifecycle

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"muster/internal/inventory"
)

var update = flag.Bool("update", false, "write the page of the table")

func TestEnds(t *testing.T) {
	yes, no := true, false
	for _, c := range []struct {
		s    System
		want string
	}{
		{System{Family: "windows", Version: "10.0.22631.3880", Edition: "Professional"}, "2025-11-11"},
		{System{Family: "windows", Version: "10.0.22631.3880", Edition: "Enterprise", Server: &no}, "2026-11-10"},
		{System{Family: "windows", Version: "10.0.22631.3880"}, ""}, // depends on the edition
		{System{Family: "windows", Version: "10.0.19045.4529"}, "2025-10-14"},
		{System{Family: "windows", Version: "10.0.19044.4529", Edition: "EnterpriseS"}, "2027-01-12"},
		{System{Family: "windows", Version: "10.0.19044.4529", Edition: "IoTEnterpriseS"}, "2032-01-13"},
		{System{Family: "windows", Version: "10.0.19044.4529", Edition: "Enterprise"}, "2024-06-11"},
		{System{Family: "windows", Version: "10.0.26100.1", Edition: "ServerStandard", Server: &yes}, "2034-11-14"},
		{System{Family: "windows", Version: "10.0.26100.1", Edition: "CoreSingleLanguage"}, "2026-10-13"},
		{System{Family: "windows", Version: "10.0.26100.1", Edition: "ProfessionalEducation"}, "2026-10-13"},
		{System{Family: "windows", Version: "10.0.17763.1", Server: &yes}, "2029-01-09"},
		{System{Family: "windows", Version: "10.0.99999.1", Edition: "Professional"}, ""},
		{System{Family: "darwin", Version: "13.6.7"}, "2025-09-15"},
		{System{Family: "darwin", Version: "10.15.7"}, "2022-10-24"},
		{System{Family: "darwin", Version: "15.5"}, ""}, // known, and not announced
		{System{Family: "linux", Distribution: "debian", Version: "12.5"}, "2028-06-30"},
		{System{Family: "linux", Distribution: "debian", Version: "1"}, ""},
		{System{Family: "linux", Distribution: "ubuntu", Version: "20.04"}, "2025-05-31"},
		{System{Family: "linux", Distribution: "centos", Name: "CentOS Stream", Version: "9"}, "2027-05-31"},
		{System{Family: "linux", Distribution: "centos", Name: "CentOS Linux", Version: "7"}, "2024-06-30"},
		{System{Family: "linux", Distribution: "rocky", Version: "9.3"}, "2032-05-31"},
		{System{Family: "linux", Distribution: "sles", Version: "15"}, "2019-12-31"},
		{System{Family: "linux", Distribution: "sles", Version: "15.8"}, ""}, // not what 15 itself had
		{System{Family: "linux", Distribution: "alpine", Version: "3.19.1"}, "2025-11-01"},
		{System{Family: "linux", Distribution: "alpine", Version: "3.1.1"}, ""},
		{System{Family: "linux", Distribution: "fedora", Version: "40"}, "2025-05-13"},
		{System{Family: "linux", Distribution: "amzn", Version: "2023"}, "2029-06-30"},
		{System{Family: "network", Version: "17.9"}, ""},
	} {
		at, ok := Ends(Products(), c.s)
		got := ""
		if ok {
			got = at.Format(day)
		}
		if got != c.want {
			t.Errorf("%+v: %q, want %q", c.s, got, c.want)
		}
	}
}

// What nobody compiles must hold together: dates in order, sources, and of
// Windows what its maker's calendar says.
func TestTable(t *testing.T) {
	for _, p := range Products() {
		seen := map[string]bool{}
		for _, r := range p.Releases {
			k := r.Version + " " + strings.Join(r.Editions, ",")
			if seen[k] {
				t.Errorf("%s: %s is there twice", p.Product, k)
			}
			seen[k] = true
			if r.ends.IsZero() {
				continue
			}
			if y := r.ends.Year(); y < 2010 || y > 2040 {
				t.Errorf("%s %s ends in %d", p.Product, r.Version, y)
			}
			if p.Match.Family == "windows" && r.ends.Year() > 2016 && r.Version != "10.0.25398" && r.ends.Weekday() != time.Tuesday {
				t.Errorf("%s %s ends on a %s; Microsoft's updates come on Tuesdays", p.Product, r.Version, r.ends.Weekday())
			}
		}
	}
}

func TestLoadTellsFaults(t *testing.T) {
	for text, want := range map[string]string{
		"product: X\nsource: https://x.example/\nlooked_up: today\nmatch: {family: linux}\n":                                                    "looked_up",
		"product: X\nsource: x\nlooked_up: 2026-11-28\nmatch: {family: linux}\n":                                                                "source",
		"product: X\nsource: https://x.example/\nlooked_up: 2026-11-28\nmatch: {family: linux}\nreleases:\n  - {version: 1, ends: never}\n":     "releases[0].ends",
		"product: X\nsource: https://x.example/\nlooked_up: 2026-11-28\nmatch: {family: linux}\nreleases:\n  - {version: 1, end: 2026-01-01}\n": "end",
	} {
		if _, err := Load(fstest.MapFS{"x.yaml": {Data: []byte(text)}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestComplete(t *testing.T) {
	s, _ := inventory.Lookup("os")
	table, err := inventory.Encode([]inventory.OS{{Family: "linux", Distribution: "debian", Version: "12.5"}})
	if err != nil {
		t.Fatal(err)
	}
	full, _, err := s.Conform(table)
	if err != nil {
		t.Fatal(err)
	}
	Complete(&full)
	at, _ := full.Rows[0][s.Index("support_ends_at")].(int64)
	if got := time.UnixMilli(at).UTC().Format(time.RFC3339); got != "2028-06-30T23:59:59Z" {
		t.Error(got)
	}
	Complete(&inventory.Table{}) // a section without rows
}

func FuzzEnds(f *testing.F) {
	f.Add("windows", "", "", "10.0.22631.1", "Professional")
	f.Add("linux", "centos", "CentOS Stream", "9", "[")
	f.Fuzz(func(t *testing.T, family, distribution, name, version, edition string) {
		at, ok := Ends(Products(), System{Family: family, Distribution: distribution, Name: name, Version: version, Edition: edition})
		if ok == at.IsZero() {
			t.Errorf("%s, %v", at, ok)
		}
	})
}

// TestPage keeps docs/end-of-life.md what the table says.
func TestPage(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# End of life

Until when makers mend security flaws of their operating systems. The collector writes it beside each system, as
` + "`os.support_ends_at`" + `: choose devices by it with ` + "`eol<2027-01-01`, `eol:past` or `-eol:*`" + ` (not known), and rule O14 says when
it is near. Made from ` + "`collector/lifecycle/products`" + ` by ` + "`go test ./collector/lifecycle -update`" + `; the same test fails when they
differ. To bring it up to date: change the product's file, its day of looking up with it, and run that.

An estimated day is one that the maker has not fixed.
`)
	for _, p := range Products() {
		fmt.Fprintf(&b, "\n## %s\n\n%s, looked up on %s.", p.Product, p.Source, p.LookedUp)
		if p.Note != "" {
			fmt.Fprintf(&b, " %s", p.Note)
		}
		b.WriteString("\n\n| version | release | editions | ends |\n|---|---|---|---|\n")
		for _, r := range p.Releases {
			ends := r.Ends
			switch {
			case ends == "":
				ends = "not announced"
			case r.Estimated:
				ends += " (estimated)"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.Version, r.Name, strings.ReplaceAll(strings.Join(r.Editions, ", "), "*", `\*`), ends)
		}
	}
	const page = "../../docs/end-of-life.md"
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(page)
	if err != nil || string(have) != b.String() {
		t.Errorf("%s is not what the table says: run go test ./collector/lifecycle -update (%v)", page, err)
	}
}
