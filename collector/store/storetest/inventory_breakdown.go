package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"muster/collector/search"
	"muster/collector/store"
	"muster/internal/inventory"
)

// What is counted is what a list of the same devices holds, whatever chooses
// them.
func testBreakdown(f *fleet) {
	ctx, r := f.Context(), rand.New(rand.NewPCG(3, 5))
	_, _, north, _, depot := f.places()
	for n := range 60 {
		d := f.add(n)
		f.report(d, hours(1), reading(hours(1), inventory.OS{Family: "windows", Name: fmt.Sprintf("Windows %d", 10+r.IntN(2)), Build: []string{"", "22631.1", "26100.2"}[n%3]}),
			reading(hours(1), inventory.System{Model: fmt.Sprintf("Model %d", r.IntN(4))}), reading(hours(1), inventory.Memory{InstalledBytes: int64(8+8*r.IntN(2)) << 30}))
		if n%3 > 0 {
			f.ok(f.s.SetSite(ctx, d, []int64{0, north.ID, depot.ID}[n%3], true))
		}
		f.ok(f.s.SetPresence(ctx, map[inventory.DeviceID]store.Presence{d: []store.Presence{store.Online, store.Away}[r.IntN(2)]}))
		if n%9 == 0 {
			f.ok(f.s.Retire(ctx, d, hours(2)))
		}
	}
	_, err := f.s.Merge(ctx, id(7), id(8), "me", "", hours(2))
	f.ok(err)
	for _, scope := range []store.Scope{all(), {}, {Sites: []int64{north.ID}}, {Agencies: []int64{1, 2}}} {
		for _, text := range []string{"", "ram>10GB", "-site:*", "model:\"Model 1\" or state:retired", "name:nothing-like-it"} {
			e, err := search.Parse(text)
			f.ok(err)
			q := store.DeviceQuery{Scope: scope, Filter: e, Now: hours(3)}
			b, err := f.s.Breakdown(ctx, q)
			f.ok(err)
			list, err := f.s.Devices(ctx, q)
			f.ok(err)
			want := map[store.BreakdownGroup]int{}
			for _, d := range list.Devices {
				want[store.BreakdownGroup{Presence: d.Presence, Kind: d.Kind, Agency: d.Agency, Site: d.Site, OS: d.OS, Model: d.Model, MemoryBytes: d.MemoryBytes}]++
			}
			got := map[store.BreakdownGroup]int{}
			for _, g := range b.Groups {
				n := g.Count
				g.Count = 0
				got[g] += n
			}
			f.want(fmt.Sprintf("%q in %+v", text, scope), got, want)
			f.want("builds that nobody asked for", len(b.Builds), 0)
			q.Builds = true
			b, err = f.s.Breakdown(ctx, q)
			f.ok(err)
			builds, wantBuilds := map[store.BreakdownBuild]int{}, map[store.BreakdownBuild]int{}
			for _, x := range b.Builds {
				n := x.Count
				f.want("no more online than there are", x.Online <= n, true)
				x.Count, x.Online = 0, 0
				builds[x] += n
			}
			for _, d := range list.Devices {
				if d.Presence == store.Retired {
					continue
				}
				views, err := f.s.Sections(ctx, d.ID, time.Time{}, []string{"os"})
				f.ok(err)
				build := ""
				for _, v := range views {
					build, _ = v.Table.Rows[0][slices.Index(v.Table.Columns, "build")].(string)
				}
				wantBuilds[store.BreakdownBuild{OS: d.OS, Build: build}]++
			}
			f.want(fmt.Sprintf("builds of %q in %+v", text, scope), builds, wantBuilds)
			f.want("nobody is ill", len(b.Ailing), 0)
		}
	}
	e, err := search.Parse("user:x")
	f.ok(err)
	_, err = f.s.Breakdown(ctx, store.DeviceQuery{Scope: all(), Filter: e, Now: hours(3)})
	f.is(err, store.ErrPersonal)
}

// ailing shows devices by their worst incident.
func (c *clinic) ailing(scope store.Scope, text string) string {
	c.Helper()
	e, err := search.Parse(text)
	c.ok(err)
	b, err := c.s.Breakdown(c.Context(), store.DeviceQuery{Scope: scope, Filter: e, Now: time.Now()})
	c.ok(err)
	// Lists mark the same devices, and sort by it.
	list, err := c.s.Devices(c.Context(), store.DeviceQuery{Scope: scope, Filter: e, Now: time.Now(), Severity: true, Sort: "-severity"})
	c.ok(err)
	var marked []store.BreakdownAiling
	for _, d := range list.Devices {
		if d.Severity == "" {
			continue
		}
		if n := len(marked); n == 0 || marked[n-1].Severity != d.Severity {
			marked = append(marked, store.BreakdownAiling{Severity: d.Severity})
		}
		m := &marked[len(marked)-1]
		m.Count++
		if d.Presence == store.Online {
			m.Online++
		}
		one, err := c.s.Device(c.Context(), scope, d.ID)
		c.ok(err)
		c.want("severity of "+d.Name, one.Severity, d.Severity)
	}
	c.want("marked in lists, the worst first", marked, b.Ailing)
	// And a search finds them.
	for _, term := range []string{"severity:critical", "severity:warn", "urgency:info", "severity:none", "severity:*", "-severity:critical", "severity!=warn", "severity:w*", "severity:*n*"} {
		e, err := search.Parse(strings.TrimSpace("(" + cmp.Or(text, "name:*") + ") " + term))
		c.ok(err)
		found, err := c.s.Devices(c.Context(), store.DeviceQuery{Scope: scope, Filter: e, Now: time.Now()})
		c.ok(err)
		var got, want []string
		for _, d := range found.Devices {
			got = append(got, d.Name)
		}
		for _, d := range list.Devices {
			word, fits := cmp.Or(d.Severity, "none"), false
			switch term {
			case "severity:*":
				fits = d.Severity != ""
			case "-severity:critical":
				fits = word != "critical"
			case "severity!=warn":
				fits = word != "warn"
			case "severity:w*":
				fits = word == "warn"
			case "severity:*n*":
				fits = word != "critical"
			default:
				fits = strings.HasSuffix(term, ":"+word)
			}
			if fits {
				want = append(want, d.Name)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		c.want(term, got, want)
	}
	slices.SortFunc(b.Ailing, func(a, b store.BreakdownAiling) int { return cmp.Compare(a.Severity, b.Severity) })
	return fmt.Sprint(b.Ailing)
}

func testAiling(c *clinic) {
	for n := range 6 {
		c.add(n + 1)
	}
	c.want("nobody is ill", c.ailing(all(), ""), "[]")
	_, second := c.sick(1, "D01", "warn", 1)
	_, snoozed := c.sick(2, "D01", "critical", 1)
	c.sick(3, "D01", "info", 1)
	_, done := c.sick(4, "D01", "critical", 1)
	old, upkeep := opened(5, "D01", "critical", 1), opened(6, "D01", "critical", 1)
	old.Backlog, upkeep.Hygiene = true, true
	c.record(store.Judged{Incidents: []store.Incident{old, upkeep}})
	several := opened(1, "N01", "critical", 2)
	several.Key, several.Devices, several.Count = "cause:model:x", []store.IncidentDevice{{ID: id(1)}, {ID: id(3)}, {ID: id(4)}}, 3
	c.work(snoozed.Number, store.Step{By: "ines", Do: store.DoSnooze, Until: hours(900), Text: "later"})
	c.work(done.Number, store.Step{By: "ines", Do: store.DoResolve, Useful: "yes"})
	c.work(second.Number, store.Step{By: "ines", Do: store.DoClaim})
	c.want("each by itself", c.ailing(all(), ""), "[{info 1 0} {warn 1 0}]")
	c.record(store.Judged{Incidents: []store.Incident{several}})
	c.ok(c.s.SetPresence(c.Context(), map[inventory.DeviceID]store.Presence{id(3): store.Online}))
	c.want("the worst counts", c.ailing(all(), ""), "[{critical 3 1}]")
	c.want("of those that are chosen", c.ailing(all(), "name:pc-3 or name:pc-5"), "[{critical 1 1}]")
	c.want("out of scope", c.ailing(store.Scope{}, ""), "[]")
	c.ok(c.s.Retire(c.Context(), id(1), hours(3)))
	_, err := c.s.Merge(c.Context(), id(3), id(6), "me", "", hours(3))
	c.ok(err)
	c.want("retired and merged", c.ailing(all(), ""), "[{critical 2 0}]")
}
