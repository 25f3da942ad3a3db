package api

import (
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// TestSpread counts a device once, however many rows it has, and at the times
// alone at which it had the program.
func TestSpread(t *testing.T) {
	to := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	from := to.AddDate(0, 0, -59) // a point a day
	day := func(n int) time.Time { return from.AddDate(0, 0, n) }
	s := newSpread(from, to)
	s.add("a", "1.0", day(-5), day(10)) // before all; gone on day 10
	s.add("a", "1.0", day(-5), day(10)) // for two people
	s.add("a", "2.0", day(10), time.Time{})
	s.add("b", "1.0", day(20), time.Time{})
	s.add("c", "0.9", day(-9), day(-1)) // over before it begins
	s.flush()
	if got := s.of["1.0"]; got[0] != 1 || got[9] != 1 || got[10] != 0 || got[19] != 0 || got[20] != 1 || got[59] != 1 {
		t.Errorf("1.0: %v", *got)
	}
	if got := s.of["2.0"]; got[9] != 0 || got[10] != 1 || got[59] != 1 {
		t.Errorf("2.0: %v", *got)
	}
	if s.all[9] != 1 || s.all[10] != 1 || s.all[19] != 1 || s.all[20] != 2 || s.all[59] != 2 {
		t.Errorf("all: %v", s.all)
	}
	if s.of["0.9"] != nil || !s.first["0.9"].Equal(day(-9)) {
		t.Errorf("0.9: %v %v", s.of["0.9"], s.first["0.9"])
	}
}

// reads commits a reading of programs.
func (w *cabled) reads(t *testing.T, id inventory.DeviceID, at time.Time, list ...inventory.Software) {
	t.Helper()
	w.seq++
	section, _ := inventory.Lookup("software")
	v := view(t, "software", at, list)
	e := store.Entry{Device: id, Head: store.Head{Epoch: 1, Seq: w.seq}, At: at, ReceivedAt: at, Sections: []store.SectionReading{{Section: section, Status: report.OK, Sources: []string{"test"}, At: at, Table: v.Table, Hash: section.HashTable(v.Table)}}}
	if err := w.d.Inventory.Commit(t.Context(), []store.Entry{e}); err != nil {
		t.Fatal(err)
	}
}

func TestSoftwareOverTime(t *testing.T) {
	w := newCabled(t)
	ctx := t.Context()
	p := func(name, version string) inventory.Software {
		return inventory.Software{Source: "dpkg", Scope: "machine", Name: name, Version: version, Publisher: "Acme"}
	}
	// pc-1 had bash 5.2 and zsh from the start; now an upgrade, and something new.
	at := w.now.Add(time.Minute)
	w.reads(t, pc1, at, p("bash", "5.3"), p("zsh", "5.9"), p("remote tool", "1.4"))
	w.reads(t, pc3, at.Add(time.Minute), p("bash", "5.1"), p("zsh", "5.9")) // new here, not in the fleet
	w.d.Now = func() time.Time { return w.now.Add(time.Hour) }
	w.Server.d.Now = w.d.Now
	news, err := w.client("admin").SoftwareNews(ctx, SoftwareNewsInput{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, x := range news.Software {
		names = append(names, x.Name)
	}
	if !slices.Equal(names, []string{"remote tool"}) {
		t.Fatalf("new: %s", asJSON(news))
	}
	if x := news.Software[0]; x.Version != "1.4" || x.Devices != 1 || x.On != "pc-1" || x.Device != pc1 || x.Publisher != "Acme" {
		t.Errorf("new: %s", asJSON(x))
	}
	show, err := w.client("admin").SoftwareShow(ctx, SoftwareShowInput{Name: "bash", Days: 1})
	if err != nil {
		t.Fatal(err)
	}
	versions := ""
	for _, v := range show.Versions {
		versions += v.Version + " "
	}
	if !strings.HasPrefix(versions, "5.3 5.2 5.1") && versions != "5.3 5.1 " || show.Versions[0].Devices != 1 {
		t.Errorf("versions %q of %s", versions, asJSON(show))
	}
	if len(show.Days) != len(show.Spread) || show.Spread[len(show.Spread)-1] != show.Devices || show.Devices < 2 || show.Spread[0] != 0 {
		t.Errorf("spread: %s", asJSON(show))
	}
	// Whoever sees one agency is told of that alone.
	if got, err := w.client("intern-parks").SoftwareNews(ctx, SoftwareNewsInput{}); err != nil || len(got.Software) > 1 {
		t.Errorf("%v %s", err, asJSON(got))
	}
	_, err = w.client("admin").SoftwareShow(ctx, SoftwareShowInput{Name: "no such"})
	problemIn(t, err, notFound)
}

func TestRareSoftware(t *testing.T) {
	list := SoftwareList{Software: []store.SoftwareTitle{{Name: "all", Devices: 90}, {Name: "b", Devices: 2}, {Name: "C", Devices: 1}, {Name: "a", Devices: 1}}}
	list.rarest(2, 2)
	if len(list.Software) != 2 || list.Software[0].Name != "a" || list.Software[1].Name != "C" || list.Total != 3 {
		t.Errorf("got %s", asJSON(list))
	}
}

func TestSectionRows(t *testing.T) {
	w := newCabled(t)
	ctx := t.Context()
	got, err := w.client("admin").SectionRows(ctx, SectionRowsInput{Section: "software", Columns: []string{"name", "version"}})
	if err != nil || len(got.Rows) < 3 || len(got.Rows[0].Values) != 2 || got.Rows[0].Device.Name == "" {
		t.Fatalf("%v %s", err, asJSON(got))
	}
	few, err := w.client("admin").SectionRows(ctx, SectionRowsInput{Section: "software", Limit: 1})
	if err != nil || len(few.Rows) != 1 || !few.More {
		t.Errorf("%v %s", err, asJSON(few))
	}
	one, err := w.client("admin").SectionRows(ctx, SectionRowsInput{Section: "software", Filter: "name:pc-1"})
	if err != nil || len(one.Rows) == 0 || len(one.Rows) >= len(got.Rows) {
		t.Errorf("%v %s", err, asJSON(one))
	}
	mine, err := w.client("intern-parks").SectionRows(ctx, SectionRowsInput{Section: "software"})
	if err != nil || strings.Contains(asJSON(mine), pc3) || len(mine.Rows) == 0 {
		t.Errorf("%v %s", err, asJSON(mine))
	}
	if x, err := w.client("intern").SectionRows(ctx, SectionRowsInput{Section: "software", Columns: []string{"name", "user_name"}}); err != nil || !slices.Equal(x.Hidden, []string{"software.user_name"}) || x.Rows[0].Values["user_name"] != nil {
		t.Errorf("whose programs they are is not hidden: %v %s", err, asJSON(x))
	}
	_, err = w.client("admin").SectionRows(ctx, SectionRowsInput{Section: "softwares"})
	problemIn(t, err, notFound)
	_, err = w.client("admin").SectionRows(ctx, SectionRowsInput{Section: "software", Columns: []string{"nam"}})
	problemIn(t, err, invalid)
}
