package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
)

// places makes two agencies: Parks with North and South, Roads with Depot.
func (f *fleet) places() (parks, roads store.Agency, north, south, depot store.Site) {
	f.Helper()
	agency := func(name string) store.Agency {
		a, err := f.s.PutAgency(f.Context(), store.Agency{Name: name})
		f.ok(err)
		return a
	}
	site := func(agency, name string) store.Site {
		s, err := f.s.PutSite(f.Context(), store.Site{Agency: agency, Name: name})
		f.ok(err)
		return s
	}
	parks, roads = agency("Parks"), agency("Roads")
	return parks, roads, site("parks", "North"), site("Parks", "South"), site("Roads", "Depot")
}

func testPlaces(f *fleet) {
	ctx := f.Context()
	parks, roads, north, south, depot := f.places()
	f.want("the agency's own spelling", north.Agency, "Parks")
	_, err := f.s.PutAgency(ctx, store.Agency{Name: "PARKS"})
	f.is(err, store.ErrConflict)
	_, err = f.s.PutAgency(ctx, store.Agency{ID: 99, Name: "x"})
	f.is(err, store.ErrNotFound)
	if _, err = f.s.PutAgency(ctx, store.Agency{Name: " "}); err == nil {
		f.Error("an agency without a name is taken")
	}
	_, err = f.s.PutSite(ctx, store.Site{Agency: "nobody", Name: "x"})
	f.is(err, store.ErrNotFound)
	_, err = f.s.PutSite(ctx, store.Site{Agency: "Parks", Name: "north"})
	f.is(err, store.ErrConflict)
	_, err = f.s.PutSite(ctx, store.Site{ID: 99, Agency: "Parks", Name: "x"})
	f.is(err, store.ErrNotFound)
	if _, err = f.s.PutSite(ctx, store.Site{Agency: "Parks", Name: "y", Subnets: []string{"10.0.0.0"}}); err == nil {
		f.Error("an address is taken for a subnet")
	}
	north.Subnets, north.Name = []string{"10.1.2.3/16", "fd00::/8", "10.1.0.0/16"}, "Nord"
	north, err = f.s.PutSite(ctx, north)
	f.ok(err)
	f.want("subnets are masked, once each", north.Subnets, []string{"10.1.0.0/16", "fd00::/8"})
	south.Subnets = []string{"10.1.99.0/16"}
	_, err = f.s.PutSite(ctx, south)
	f.is(err, store.ErrConflict)
	south.Subnets = nil
	agencies, err := f.s.Agencies(ctx, all())
	f.ok(err)
	f.want("agencies", agencies, []store.Agency{parks, roads})
	sites, err := f.s.Sites(ctx, all())
	f.ok(err)
	f.want("sites", sites, []store.Site{north, south, depot})
	for _, x := range []struct {
		scope           store.Scope
		agencies, sites string
	}{
		{store.Scope{}, "[]", "[]"},
		{store.Scope{Agencies: []int64{parks.ID}}, "[Parks]", "[Nord South]"},
		{store.Scope{Sites: []int64{depot.ID}}, "[Roads]", "[Depot]"},
		{store.Scope{Agencies: []int64{roads.ID}, Sites: []int64{south.ID}}, "[Parks Roads]", "[South Depot]"},
	} {
		var a, s []string
		agencies, err := f.s.Agencies(ctx, x.scope)
		f.ok(err)
		for _, y := range agencies {
			a = append(a, y.Name)
		}
		sites, err := f.s.Sites(ctx, x.scope)
		f.ok(err)
		for _, y := range sites {
			s = append(s, y.Name)
		}
		f.want("scope", []string{fmt.Sprint(a), fmt.Sprint(s)}, []string{x.agencies, x.sites})
	}
	d := f.add(1)
	f.ok(f.s.SetSite(ctx, d, depot.ID, true))
	f.is(f.s.SetSite(ctx, d, 99, true), store.ErrNotFound)
	f.is(f.s.SetSite(ctx, id(9), depot.ID, true), store.ErrNotFound)
	x := f.device(d)
	f.want("place", []string{x.Agency, x.Site}, []string{"Roads", "Depot"})
	f.is(f.s.DeleteSite(ctx, "Roads", "Depot"), store.ErrConflict)
	f.is(f.s.DeleteAgency(ctx, "roads"), store.ErrConflict)
	f.ok(f.s.SetSite(ctx, d, 0, true))
	f.ok(f.s.DeleteSite(ctx, "roads", "depot"))
	f.is(f.s.DeleteSite(ctx, "Roads", "Depot"), store.ErrNotFound)
	f.ok(f.s.DeleteAgency(ctx, "Roads"))
	f.is(f.s.DeleteAgency(ctx, "Roads"), store.ErrNotFound)
	parks.Name = "Parks and Rivers"
	_, err = f.s.PutAgency(ctx, parks)
	f.ok(err)
	sites, err = f.s.Sites(ctx, all())
	f.ok(err)
	f.want("renamed", sites[0].Agency, "Parks and Rivers")
}

func testSubnets(f *fleet) {
	ctx := f.Context()
	_, _, north, south, depot := f.places()
	put := func(s *store.Site, subnets ...string) {
		f.Helper()
		s.Subnets = subnets
		_, err := f.s.PutSite(ctx, *s)
		f.ok(err)
	}
	d := f.add(1)
	from := func(address, want string) {
		f.Helper()
		e := f.entry(d, t0())
		e.Address = address
		f.ok(f.s.Commit(ctx, []store.Entry{e}))
		f.want("site of a device at "+address, f.device(d).Site, want)
	}
	from("10.1.2.3", "")
	put(&north, "10.0.0.0/8", "fd00::/8")
	put(&south, "10.1.0.0/16")
	from("10.1.2.3", "South") // the rule is new, the address is not
	from("10.2.2.3:52000", "North")
	from("[fd00::1%eth0]:443", "North")
	from("::ffff:10.1.9.9", "South")
	from("192.0.2.1", "South") // no rule: it stays
	from("nonsense", "South")
	from("", "South")
	f.ok(f.s.SetSite(ctx, d, depot.ID, true))
	from("10.1.2.3", "Depot")
	f.ok(f.s.SetSite(ctx, d, 0, false))
	from("10.1.2.4", "South")
	put(&south)
	from("10.1.2.4", "North")
}

func testScope(f *fleet) {
	ctx := f.Context()
	parks, _, north, south, depot := f.places()
	a, b, c, n := f.add(1), f.add(2), f.add(3), f.add(4)
	for d, s := range map[inventory.DeviceID]int64{a: north.ID, b: south.ID, c: depot.ID} {
		f.ok(f.s.SetSite(ctx, d, s, true))
		f.ok(f.s.SetLabels(ctx, d, []string{"l"}))
	}
	for _, d := range []inventory.DeviceID{a, b, c, n} {
		e := f.entry(d, t0(), reading(t0(), soft("x", "1"), soft("only on "+string(d), "")))
		e.Events = []store.EventReading{{Kind: "app_crash", At: t0()}}
		f.ok(f.s.Commit(ctx, []store.Entry{e}))
	}
	merge, err := f.s.Merge(ctx, f.add(5), c, "x", "", t0())
	f.ok(err)
	for _, x := range []struct {
		name  string
		scope store.Scope
		want  []string
	}{
		{"all", all(), []string{"pc-1", "pc-2", "pc-3", "pc-4"}},
		{"nothing", store.Scope{}, []string{}},
		{"agency", store.Scope{Agencies: []int64{parks.ID}}, []string{"pc-1", "pc-2"}},
		{"site", store.Scope{Sites: []int64{depot.ID}}, []string{"pc-3"}},
		{"both", store.Scope{Agencies: []int64{parks.ID}, Sites: []int64{depot.ID}}, []string{"pc-1", "pc-2", "pc-3"}},
	} {
		p, err := f.s.Devices(ctx, store.DeviceQuery{Scope: x.scope})
		f.ok(err)
		f.want(x.name, []any{names(p.Devices), p.Total}, []any{x.want, len(x.want)})
		has := map[string]bool{}
		for _, n := range x.want {
			has[n] = true
		}
		for i, d := range []inventory.DeviceID{a, b, c, n} {
			_, err := f.s.Device(ctx, x.scope, d)
			_, resolved := f.s.Resolve(ctx, x.scope, fmt.Sprintf("pc-%d", i+1))
			if has[fmt.Sprintf("pc-%d", i+1)] {
				f.ok(err)
				f.ok(resolved)
			} else {
				f.is(err, store.ErrNotFound)
				f.is(resolved, store.ErrNotFound)
			}
		}
		events, err := f.s.Events(ctx, store.EventQuery{Scope: x.scope, Devices: []inventory.DeviceID{a, b, c, n}})
		f.ok(err)
		journal, err := f.s.Journal(ctx, store.JournalQuery{Scope: x.scope})
		f.ok(err)
		labels, err := f.s.Labels(ctx, x.scope)
		f.ok(err)
		software, err := f.s.Software(ctx, store.SoftwareQuery{Scope: x.scope})
		f.ok(err)
		merges, err := f.s.Merges(ctx, x.scope)
		f.ok(err)
		wantSoftware, wantLabels := 0, len(x.want)
		if len(x.want) > 0 {
			wantSoftware = len(x.want) + 1
		}
		if x.scope.All {
			wantLabels = 3
		}
		f.want(x.name+": events, journal, labels, software", []int{len(events), len(journal), labels["l"], len(software)}, []int{len(x.want), len(x.want), wantLabels, wantSoftware})
		f.want(x.name+": merges", len(merges) == 1, has["pc-3"])
	}
	_ = merge
}

func testPeople(f *fleet) {
	ctx := f.Context()
	d := f.add(1)
	p := store.People{AssetTag: "CT-1", Owner: "Jane", Department: "Finance", Purchased: "2024-02-29", Warranty: "2027-02-28", Note: "returned"}
	f.ok(f.s.SetPeople(ctx, d, p))
	f.want("people", f.device(d).People, p)
	f.report(d, t0(), reading(t0(), inventory.System{Serial: "S1", AssetTag: "firmware says otherwise"}))
	f.want("facts do not touch them", f.device(d).People, p)
	f.want("found", [][]string{f.chosen("ct-1"), f.chosen("asset:ct"), f.chosen("jane"), f.chosen("purchased<2025"), f.chosen("purchased>2025"), f.chosen("-warranty:*"), f.chosen("note:RETURN*")},
		[][]string{{"pc-1"}, {"pc-1"}, {"pc-1"}, {"pc-1"}, {}, {}, {"pc-1"}})
	f.ok(f.s.SetPeople(ctx, d, store.People{Department: "IT"}))
	f.want("replaced", f.device(d).People, store.People{Department: "IT"})
	f.want("no longer found", [][]string{f.chosen("ct-1"), f.chosen("jane"), f.chosen("-asset:*")}, [][]string{{}, {}, {"pc-1"}})
	f.is(f.s.SetPeople(ctx, id(9), p), store.ErrNotFound)
	f.ok(f.s.SetLabels(ctx, d, []string{"b", "a", "A"}))
	f.want("labels", f.device(d).Labels, []string{"a", "b"})
	f.ok(f.s.SetLabels(ctx, d, nil))
	f.want("no labels", len(f.device(d).Labels), 0)
	f.is(f.s.SetLabels(ctx, id(9), nil), store.ErrNotFound)
}

func testMerge(f *fleet) {
	ctx := f.Context()
	old, into := f.add(1), f.add(2)
	f.ok(f.s.SetPeople(ctx, old, store.People{AssetTag: "CT-1", Owner: "Jane", Note: "old"}))
	f.ok(f.s.SetPeople(ctx, into, store.People{Note: "new", Department: "IT"}))
	f.report(old, hours(0), reading(hours(0), soft("a", "1")))
	f.report(into, hours(1), reading(hours(1), soft("a", "1"), soft("b", "1")))
	for _, bad := range [][2]inventory.DeviceID{{old, id(9)}, {id(9), into}} {
		_, err := f.s.Merge(ctx, bad[0], bad[1], "me", "", hours(2))
		f.is(err, store.ErrNotFound)
	}
	_, err := f.s.Merge(ctx, old, old, "me", "", hours(2))
	f.is(err, store.ErrConflict)
	m, err := f.s.Merge(ctx, old, into, "me", "new disk", hours(2))
	f.ok(err)
	f.want("merge", m, store.Merge{ID: m.ID, Old: old, Into: into, By: "me", At: hours(2), Reason: "new disk", Carried: store.People{AssetTag: "CT-1", Owner: "Jane"}})
	f.want("carried", f.device(into).People, store.People{AssetTag: "CT-1", Owner: "Jane", Department: "IT", Note: "new"})
	f.want("hidden", []any{f.chosen(""), f.device(old).MergedInto}, []any{[]string{"pc-2"}, into})
	p, err := f.s.Devices(ctx, store.DeviceQuery{Scope: all(), Merged: true})
	f.ok(err)
	f.want("shown when asked", names(p.Devices), []string{"pc-1", "pc-2"})
	s, err := f.s.State(ctx, old)
	f.ok(err)
	f.want("state", s.Merged, into)
	f.want("history stays", f.versions(old, time.Time{}), "[a 1]")
	for _, again := range [][2]inventory.DeviceID{{old, into}, {into, old}} {
		_, err := f.s.Merge(ctx, again[0], again[1], "me", "", hours(3))
		f.is(err, store.ErrConflict)
	}
	titles := func() string {
		l, err := f.s.Software(ctx, store.SoftwareQuery{Scope: all()})
		f.ok(err)
		out := ""
		for _, t := range l {
			out += fmt.Sprint(t.Name, " ", t.Devices, " ")
		}
		return out
	}
	f.want("titles", titles(), "a 1 b 1 ")
	// The hidden one may still report: nothing of it counts.
	f.report(old, hours(4), reading(hours(4), soft("c", "1")))
	f.want("titles after a report of the hidden one", titles(), "a 1 b 1 ")
	c, err := f.s.Counts(ctx)
	f.ok(err)
	f.want("count", c.Devices, 1)
	// Undone, all is as it was, but what people changed since.
	f.ok(f.s.SetPeople(ctx, into, store.People{AssetTag: "CT-1", Owner: "Bob", Department: "IT", Note: "new"}))
	u, err := f.s.UndoMerge(ctx, m.ID, "you", hours(5))
	f.ok(err)
	m.UndoneAt, m.UndoneBy = hours(5), "you"
	f.want("undone", u, m)
	f.want("people", []store.People{f.device(old).People, f.device(into).People},
		[]store.People{{AssetTag: "CT-1", Owner: "Jane", Note: "old"}, {Owner: "Bob", Department: "IT", Note: "new"}})
	f.want("shown", f.chosen(""), []string{"pc-1", "pc-2"})
	f.want("titles of both", titles(), "a 1 b 1 c 1 ")
	_, err = f.s.UndoMerge(ctx, m.ID, "you", hours(6))
	f.is(err, store.ErrConflict)
	_, err = f.s.UndoMerge(ctx, 99, "you", hours(6))
	f.is(err, store.ErrNotFound)
	m2, err := f.s.Merge(ctx, into, old, "me", "", hours(7))
	f.ok(err)
	l, err := f.s.Merges(ctx, all())
	f.ok(err)
	f.want("merges", l, []store.Merge{m2, m})
	f.report(into, hours(8), reading(hours(8), soft("z", "1")))
	f.want("titles counted no more", titles(), "c 1 ")
}

func testSoftware(f *fleet) {
	ctx := f.Context()
	show := func(q store.SoftwareQuery) string {
		f.Helper()
		l, err := f.s.Software(ctx, q)
		f.ok(err)
		out := ""
		for _, t := range l {
			out += fmt.Sprintf("%s|%s|%s|%d|%d ", t.Name, t.Publisher, t.Version, t.Versions, t.Devices)
		}
		return out
	}
	agency, err := f.s.PutAgency(ctx, store.Agency{Name: "A"})
	f.ok(err)
	site, err := f.s.PutSite(ctx, store.Site{Agency: "A", Name: "S"})
	f.ok(err)
	reader := func(v, arch string) inventory.Software {
		return inventory.Software{Name: "Adobe Reader", Version: v, Publisher: "Adobe", Arch: arch, Source: "msi"}
	}
	a, b, c := f.add(1), f.add(2), f.add(3)
	f.ok(f.s.SetSite(ctx, a, site.ID, true))
	f.report(a, hours(0), reading(hours(0), reader("22", "x86"), reader("23", "x64"), soft("100%", "")))
	f.report(b, hours(0), reading(hours(0), reader("22", "x86"), reader("22", "x64")))
	f.report(c, hours(0), reading(hours(0), soft("bash", "5")))
	for _, scope := range []store.Scope{all(), {Agencies: []int64{agency.ID}}} {
		devices := 2
		more := "bash|||1|1 "
		if !scope.All {
			devices, more = 1, ""
		}
		if scope.All {
			f.want("titles", show(store.SoftwareQuery{Scope: scope}), fmt.Sprintf("Adobe Reader|Adobe||2|%d 100%%|||1|1 %s", devices, more))
			f.want("limit", show(store.SoftwareQuery{Scope: scope, Limit: 1}), "Adobe Reader|Adobe||2|2 ")
		} else {
			f.want("titles in scope", show(store.SoftwareQuery{Scope: scope}), "100%|||1|1 Adobe Reader|Adobe||2|1 ")
		}
		f.want("versions", show(store.SoftwareQuery{Scope: scope, Name: "READ", Versions: true}), fmt.Sprintf("Adobe Reader|Adobe|22|1|%d Adobe Reader|Adobe|23|1|1 ", devices))
		f.want("part of a name is plain text", show(store.SoftwareQuery{Scope: scope, Name: "0%"}), "100%|||1|1 ")
	}
	f.report(b, hours(1), reading(hours(1), reader("23", "x64")))
	f.report(a, hours(1), reading(hours(1), reader("22", "x86")))
	f.want("after changes", show(store.SoftwareQuery{Scope: all(), Versions: true}), "Adobe Reader|Adobe|22|1|1 Adobe Reader|Adobe|23|1|1 bash||5|1|1 ")
	installs := func(s store.Scope, names ...string) string {
		f.Helper()
		var out []string
		f.ok(f.s.Installs(ctx, s, names, func(i *store.Install) error {
			until := "now"
			if !i.Until.IsZero() {
				until = fmt.Sprint(i.Until.Sub(t0()).Hours())
			}
			out = append(out, fmt.Sprintf("%s %s %s %s %v-%s", i.Device[len(i.Device)-1:], i.Name, i.Version, i.Publisher, i.From.Sub(t0()).Hours(), until))
			return nil
		}))
		if !slices.IsSortedFunc(out, func(a, b string) int { return cmp.Compare(a[0], b[0]) }) {
			f.Errorf("not device by device: %q", out)
		}
		slices.Sort(out)
		return strings.Join(out, ", ")
	}
	f.want("where a program is and was", installs(all(), "Adobe Reader"),
		"1 Adobe Reader 22 Adobe 0-now, 1 Adobe Reader 23 Adobe 0-1, 2 Adobe Reader 22 Adobe 0-1, 2 Adobe Reader 22 Adobe 0-1, 2 Adobe Reader 23 Adobe 1-now")
	f.want("in scope", installs(store.Scope{Sites: []int64{site.ID}}, "Adobe Reader", "bash"), "1 Adobe Reader 22 Adobe 0-now, 1 Adobe Reader 23 Adobe 0-1")
	f.want("of several", installs(all(), "100%", "bash", "nothing"), "1 100%   0-1, 3 bash 5  0-now")
	f.want("of none", installs(all()), "")
	f.report(c, hours(2), reading[inventory.Software](hours(2)))
	_, err = f.s.Merge(ctx, b, a, "test", "", hours(3))
	f.ok(err)
	f.want("merged", installs(all(), "Adobe Reader"), "1 Adobe Reader 22 Adobe 0-now, 1 Adobe Reader 23 Adobe 0-1")
	f.want("gone", show(store.SoftwareQuery{Scope: all(), Name: "bash"}), "")
}
