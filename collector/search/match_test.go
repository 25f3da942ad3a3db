package search

import (
	"math"
	"strings"
	"testing"
	"time"

	"muster/internal/inventory"
)

func one(t *testing.T, text string) Term {
	t.Helper()
	e, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return e.(Term)
}

func TestMatch(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	at := func(s string) time.Time {
		x, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, c := range []struct {
		term string
		have any
		want bool
	}{
		{"name:DESK", "FrontDesk-1", true},
		{"name=desk", "FrontDesk-1", false},
		{"name:front*1", "FrontDesk-1", true},
		{"name:front?1", "FrontDesk-1", false},
		{"label:it", "IT", true},
		{"label:it", "edit", false},
		{"name:*", "", false},
		{"ram<8GB", 8.0 * (1 << 30), false},
		{"ram<=8GB", 8.0 * (1 << 30), true},
		{"ram<8GB", math.NaN(), false},
		{"ram:8GB", math.NaN(), false},
		{"cores:4", 4.0, true},
		{"seen>7d", at("2026-11-15T11:59:59Z"), true},
		{"seen>7d", at("2026-11-15T12:00:00Z"), false},
		{"seen<7d", at("2026-11-15T12:00:00Z"), true},
		{"first<=2026-11-01", at("2026-11-01T23:59:59Z"), true},
		{"first<2026-11-01", at("2026-11-01T00:00:00Z"), false},
		{"first>2026-11-01", at("2026-11-01T23:59:59Z"), false},
		{"first:2026-11", at("2026-11-30T23:59:59Z"), true},
		{"first:*", now, true},
		{"system.virtual_machine:yes", true, true},
		{"system.virtual_machine:yes", false, false},
	} {
		term, got := one(t, c.term), false
		switch have := c.have.(type) {
		case string:
			got = term.MatchText(have)
		case float64:
			got = term.MatchNumber(have)
		case time.Time:
			got = term.MatchTime(have, now)
		case bool:
			got = term.MatchBool(have)
		}
		if got != c.want {
			t.Errorf("%s on %v: %v", c.term, c.have, got)
		}
	}
	for _, c := range []struct {
		term, have string
		want       bool
	}{
		{"version:23", "23", true}, {"version:23", "23.1.4", true}, {"version:23", "230", false}, {"version:23", "22.9", false},
		{"version=23", "23.0.0", false}, {"version=23", "v23", true}, {"version<23", "22.9.9", true}, {"version<23", "23.1", false},
		{"version<=23", "23", true}, {"version>23", "23.0.1", true}, {"version>=1.10", "1.9", false}, {"version~10.*.1", "10.2.1", true},
	} {
		if got := one(t, c.term).MatchVersion(c.have); got != c.want {
			t.Errorf("%s on %s: %v", c.term, c.have, got)
		}
	}
	if sub := one(t, "software:x!=23").Sub; sub.MatchVersion("23") || !sub.MatchVersion("23.1") {
		t.Error("!= of a version")
	}
	if sub := one(t, "service:x=RUNNING").Sub; !sub.MatchText("running") || sub.MatchText("stopped") {
		t.Error("state of a service")
	}
	for _, c := range []struct {
		term, have string
		want       bool
	}{
		{"ip:10.1.0.0/16", "10.1.2.3", true}, {"ip:10.1.0.0/16", "10.2.2.3", false}, {"ip:10.1.", "10.1.2.3", true},
		{"ip:fe80::/10", "fe80::1%eth0", true}, {"ip:10.1.2.3", "::ffff:10.1.2.3", true}, {"ip:10.1.2.3", "10.1.2.33", false}, {"ip:10.1.0.0/16", "no address", false},
	} {
		if got := one(t, c.term).MatchAddress(c.have); got != c.want {
			t.Errorf("%s on %s: %v", c.term, c.have, got)
		}
	}
	if !one(t, "mac:0025.90AB.CDEF").MatchMac("00:25:90:ab:cd:ef") || one(t, "mac:00:25:91").MatchMac("00:25:90:ab:cd:ef") {
		t.Error("hardware addresses")
	}
	if !one(t, "10.1.0.0/16").MatchFree("10.1.2.3") || !one(t, "002590abcdef").MatchFree("00:25:90:ab:cd:ef") || !one(t, "desk").MatchFree("FrontDesk") {
		t.Error("free text")
	}
}

// The range of keys must say the same as comparing keys does.
func TestVersionRange(t *testing.T) {
	versions := []string{"", "0", "1", "1.0", "1.0~rc1", "1.0rc1", "1.0a", "1.1", "1.10", "1.9", "2:0.1", "10", "é"}
	for _, a := range versions[1:] {
		for _, b := range versions {
			order := strings.Compare(inventory.VersionKey(b), inventory.VersionKey(a))
			for _, op := range []Op{Eq, Ne, Lt, Le, Gt, Ge} {
				if got := (Comparison{Op: op, Value: Value{Text: a}}).MatchVersion(b); got != op.holds(order) {
					t.Errorf("%q %s %q: %v", b, op, a, got)
				}
			}
		}
	}
}

func TestMatchSite(t *testing.T) {
	for _, c := range []struct {
		term, agency, site string
		want               bool
	}{
		{"site:hart", "health", "Hartford", true},
		{"site:health", "health", "Hartford", false},
		{"site:*", "", "", false},
		{"site:health/hartford", "Health", "Hartford", true},
		{"site=health/hartford", "Health", "Hartford", true},
		{"site:health/hartford", "public-health", "hartford", false},
		{"site:health/hartford", "health", "hartford-2", false},
		{"site:health/*", "health", "new haven", true},
		{"site:health/*", "public-health", "new haven", false},
		{"site~*/new?haven", "health", "New Haven", true},
		{`site:"health/new haven"`, "health", "new haven", true},
		{"site:/", "health", "new haven", false},
	} {
		if got := one(t, c.term).MatchSite(c.agency, c.site); got != c.want {
			t.Errorf("%s of %s/%s: %v", c.term, c.agency, c.site, got)
		}
	}
}

func TestMatchGlobIsBounded(t *testing.T) {
	start := time.Now()
	MatchGlob(strings.Repeat("a*", 2000)+"b", strings.Repeat("a", 8000))
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestComplete(t *testing.T) {
	g := Grammar{Sections: inventory.Schema()}
	sites := func(f Field, typed string) []string {
		if f.Name == "site" {
			return []string{"Hartford", "New Haven", "bad\x00one", ""}
		}
		return nil
	}
	for _, c := range []struct {
		text   string
		cursor int
		want   string // Text of the first suggestions, joined by a comma
		from   int
	}{
		{"", 0, "name:,id:,kind:", 0},
		{"os:windows ra", 13, "ram,raid_array.", 11},
		{"-host", 5, "name:", 1},
		{"(stat", 5, "state:", 1},
		{"state:a", 7, "asleep,away", 6},
		{"site:new", 8, `"New Haven"`, 5},
		{`site:"new h`, 11, `"New Haven"`, 5},
		{"volume.used", 11, "volume.used_bytes,volume.used_percent", 0},
		{"service:spooler=st", 18, "stopped,starting,stopping", 16},
		{"nonsense:x", 10, "", 0},
		{"state:a name:b", 7, "asleep,away", 6},
	} {
		var got []string
		list := g.Complete(c.text, c.cursor, sites)
		for _, s := range list {
			got = append(got, s.Text)
			if s.From != c.from || s.Until != c.cursor {
				t.Errorf("%s: replaces %d to %d", c.text, s.From, s.Until)
			}
		}
		if !strings.HasPrefix(strings.Join(got, ","), c.want) || c.want == "" && len(got) > 0 {
			t.Errorf("%s: %v, want %s", c.text, got, c.want)
		}
	}
}

func FuzzComplete(f *testing.F) {
	f.Add(`site:"ne`, 8)
	f.Add("ra", 1)
	f.Add("é:x", 1)
	g := Grammar{Sections: inventory.Schema()}
	f.Fuzz(func(t *testing.T, text string, cursor int) {
		for _, s := range g.Complete(text, cursor, func(Field, string) []string { return []string{`a "b" c`, "é"} }) {
			if s.From < 0 || s.From > s.Until || s.Until > len(text) {
				t.Fatalf("%q at %d: %+v", text, cursor, s)
			}
		}
	})
}
