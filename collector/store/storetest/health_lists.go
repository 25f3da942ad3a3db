package storetest

import (
	"fmt"
	"slices"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
)

func testFindings(c *clinic) {
	for n := range 3 {
		c.add(n + 1)
	}
	ids := map[string]int64{}
	put := func(name string, f store.JudgedFinding) {
		f.Key = ""
		if name == "old warn" {
			f.Key = keyOf(1, "disk")
		}
		ids[name] = c.record(store.Judged{Findings: []store.JudgedFinding{f}, Incidents: []store.Incident{opened(1, "D01", "warn", 1)}}).Findings[0].ID
	}
	backlog := firing(1, "D02", "warn", 5)
	backlog.Backlog = true
	waits := firing(2, "D04", "critical", 0)
	waits.State, waits.FiredAt, waits.Since = store.Pending, time.Time{}, hours(3)
	put("info", firing(1, "D03", "info", 9))
	put("old warn", firing(1, "D01", "warn", 1))
	put("new warn", backlog)
	put("critical", firing(2, "D01", "critical", 2))
	put("pending", waits)
	put("over", resolved(firing(3, "D01", "critical", 1), 8))
	show := func(q store.FindingQuery) []string {
		c.Helper()
		out := []string{}
		for _, n := range c.findings(q) {
			for name, id := range ids {
				if id == n {
					out = append(out, name)
				}
			}
		}
		return out
	}
	yes, no := true, false
	both := []store.FindingState{store.Pending, store.Firing}
	for _, x := range []struct {
		name string
		q    store.FindingQuery
		want []string
	}{
		{"firing", store.FindingQuery{}, []string{"critical", "new warn", "old warn", "info"}},
		{"limit", store.FindingQuery{Limit: 2}, []string{"critical", "new warn"}},
		{"pending, by when it began", store.FindingQuery{States: both}, []string{"pending", "critical", "new warn", "old warn", "info"}},
		{"one state", store.FindingQuery{States: []store.FindingState{store.Pending}}, []string{"pending"}},
		{"resolved", store.FindingQuery{States: []store.FindingState{store.Resolved}}, []string{"over"}},
		{"every", every(), []string{"pending", "critical", "over", "new warn", "old warn", "info"}},
		{"rules", store.FindingQuery{Rules: []string{"D01", "D03"}}, []string{"critical", "old warn", "info"}},
		{"severities", store.FindingQuery{Severities: []string{"info", "critical"}}, []string{"critical", "info"}},
		{"devices", store.FindingQuery{Devices: []inventory.DeviceID{id(2), id(9)}, States: both}, []string{"pending", "critical"}},
		{"nobody's", store.FindingQuery{Devices: []inventory.DeviceID{id(9)}}, []string{}},
		{"incident", store.FindingQuery{Incident: c.finding(ids["old warn"]).Incident}, []string{"old warn"}},
		{"no incident", store.FindingQuery{Incident: 9999}, []string{}},
		{"backlog", store.FindingQuery{Backlog: &yes}, []string{"new warn"}},
		{"no backlog", store.FindingQuery{Backlog: &no}, []string{"critical", "old warn", "info"}},
		{"from and to", store.FindingQuery{From: hours(2), To: hours(9)}, []string{"critical", "new warn"}},
		{"from when it fired", store.FindingQuery{States: both, From: hours(2)}, []string{"critical", "new warn", "info"}},
		{"all at once", store.FindingQuery{Devices: []inventory.DeviceID{id(1)}, Rules: []string{"D01"}, Severities: []string{"warn"}, From: hours(1), Limit: 5}, []string{"old warn"}},
	} {
		c.want(x.name, show(x.q), x.want)
	}
}

func testIncidents(c *clinic) {
	for n := range 6 {
		c.add(n + 1)
	}
	numbers := map[string]int64{}
	for n, x := range []struct {
		name, rule, severity, family string
		rank                         float64
		hour                         float64
		backlog, hygiene             bool
	}{
		{"low", "D01", "warn", "disk", 1, 1, false, false},
		{"high", "D02", "critical", "disk", 9, 2, false, false},
		{"middle", "N01", "warn", "network", 5, 3, true, false},
		{"hygiene", "O01", "info", "os", 3, 4, false, true},
		{"same rank", "D01", "warn", "disk", 1, 5, false, false},
		{"done", "D01", "warn", "disk", 7, 6, false, false},
	} {
		i := opened(n+1, x.rule, x.severity, x.hour)
		i.Family, i.Rank, i.Backlog, i.Hygiene = x.family, x.rank, x.backlog, x.hygiene
		if x.name == "middle" || x.name == "done" {
			i.Kind = store.CauseIncident
		}
		numbers[x.name] = c.record(store.Judged{Incidents: []store.Incident{i}}).Incidents[0].Number
	}
	c.work(numbers["high"], store.Step{By: "ines", Do: store.DoClaim})
	c.work(numbers["middle"], store.Step{By: "bo", Do: store.DoClaim})
	c.work(numbers["middle"], store.Step{By: "bo", Do: store.DoEscalate, To: "network team"})
	c.work(numbers["low"], store.Step{By: "bo", Do: store.DoSnooze, Until: hours(900), Text: "later"})
	c.work(numbers["done"], store.Step{By: "ines", Do: store.DoClaim})
	c.work(numbers["done"], store.Step{By: "ines", Do: store.DoResolve, Useful: "no"})
	show := func(q store.IncidentQuery) []string {
		c.Helper()
		out := []string{}
		for _, n := range c.incidents(q) {
			for name, number := range numbers {
				if number == n {
					out = append(out, name)
				}
			}
		}
		return out
	}
	yes, no, ines, nobody := true, false, "ines", ""
	status := func(s ...store.IncidentStatus) store.IncidentQuery { return store.IncidentQuery{Statuses: s} }
	withStatus := ever()
	withStatus.Assignee = &ines
	for _, x := range []struct {
		name string
		q    store.IncidentQuery
		want []string
	}{
		{"open, by rank", store.IncidentQuery{}, []string{"high", "middle", "hygiene", "same rank", "low"}},
		{"limit", store.IncidentQuery{Limit: 2}, []string{"high", "middle"}},
		{"ever", ever(), []string{"high", "done", "middle", "hygiene", "same rank", "low"}},
		{"new", status(store.New), []string{"hygiene", "same rank"}},
		{"claimed, escalated", status(store.Claimed, store.Escalated), []string{"high", "middle"}},
		{"snoozed", status(store.Snoozed), []string{"low"}},
		{"resolved", status(store.Closed), []string{"done"}},
		{"claimed or resolved", status(store.Closed, store.Claimed), []string{"high", "done"}},
		{"kinds", store.IncidentQuery{Kinds: []store.IncidentKind{store.CauseIncident, store.SiteIncident}}, []string{"middle"}},
		{"kinds, resolved", store.IncidentQuery{Statuses: []store.IncidentStatus{store.Closed}, Kinds: []store.IncidentKind{store.CauseIncident}}, []string{"done"}},
		{"severities", store.IncidentQuery{Severities: []string{"critical", "info"}}, []string{"high", "hygiene"}},
		{"families", store.IncidentQuery{Families: []string{"network"}}, []string{"middle"}},
		{"rules", store.IncidentQuery{Rules: []string{"D01", "N01"}}, []string{"middle", "same rank", "low"}},
		{"mine", store.IncidentQuery{Assignee: &ines}, []string{"high"}},
		{"mine, ever", withStatus, []string{"high", "done"}},
		{"nobody's", store.IncidentQuery{Assignee: &nobody}, []string{"hygiene", "same rank", "low"}},
		{"devices", store.IncidentQuery{Devices: []inventory.DeviceID{id(1), id(2), id(9)}}, []string{"high", "low"}},
		{"backlog", store.IncidentQuery{Backlog: &yes}, []string{"middle"}},
		{"no backlog, no hygiene", store.IncidentQuery{Backlog: &no, Hygiene: &no}, []string{"high", "same rank", "low"}},
		{"hygiene", store.IncidentQuery{Hygiene: &yes}, []string{"hygiene"}},
		{"from and to", store.IncidentQuery{From: hours(2), To: hours(4)}, []string{"high", "middle"}},
		{"all at once", store.IncidentQuery{Statuses: []store.IncidentStatus{store.New}, Rules: []string{"D01"}, Devices: []inventory.DeviceID{id(5)}, Assignee: &nobody, Hygiene: &no, Limit: 9}, []string{"same rank"}},
	} {
		c.want(x.name, show(x.q), x.want)
	}
	l, err := c.h.Incidents(c.Context(), store.IncidentQuery{Scope: all(), Limit: 1})
	c.ok(err)
	c.want("a list is short", []int{len(l[0].Findings), len(l[0].Steps), len(l[0].Devices)}, []int{0, 0, 1})
}

// testEndedLists: what ended a person finds by when it began.
func testEndedLists(c *clinic) {
	c.add(1)
	for n := range 5 {
		_, i := c.sick(1, "F03", "critical", float64(n))
		c.record(store.Judged{Incidents: []store.Incident{closed(i, float64(n)+0.5)}})
	}
	q := store.IncidentQuery{Statuses: []store.IncidentStatus{store.Closed}, Families: []string{"disk"}, From: hours(2)}
	c.want("the last three", len(c.incidents(q)), 3)
	q.Families = []string{"fleet"}
	c.want("of another family", len(c.incidents(q)), 0)
}

func testIncidentDevices(c *clinic) {
	i := opened(1, "D01", "warn", 1)
	i.Key, i.Devices, i.Count = "cause:x", nil, 30
	var list []store.JudgedFinding
	for n := 1; n <= 30; n++ {
		c.add(n)
		f := firing(n, "D01", "warn", 1)
		f.Key = i.Key
		list = append(list, f)
		if n <= 25 {
			i.Devices = append(i.Devices, store.IncidentDevice{ID: id(26 - n)}) // in its own order
		}
	}
	j := c.record(store.Judged{Incidents: []store.Incident{i}, Findings: list})
	number := j.Incidents[0].Number
	l, err := c.h.Incidents(c.Context(), store.IncidentQuery{Scope: all()})
	c.ok(err)
	c.want("in a list", []any{len(l[0].Devices), l[0].Devices[0].Name, l[0].Devices[19].Name, l[0].Count}, []any{20, "pc-25", "pc-6", 30})
	if l, err = c.h.Incidents(c.Context(), store.IncidentQuery{Scope: all(), Members: 1000}); err != nil {
		c.Fatal(err)
	}
	c.want("in a list that asks for more", []any{len(l[0].Devices), l[0].Devices[0].Name, l[0].Devices[24].Name, l[0].Count}, []any{25, "pc-25", "pc-1", 30})
	marked, err := c.s.Devices(c.Context(), store.DeviceQuery{Scope: all(), Severity: true})
	c.ok(err)
	for _, d := range marked.Devices {
		c.want("every device of it is marked: "+d.Name, d.Severity, l[0].Severity)
	}
	got := c.incident(number)
	c.want("all of them, those of findings last", []any{len(got.Devices), got.Devices[0].Name, got.Devices[24].Name, len(got.Findings), got.Count}, []any{30, "pc-25", "pc-1", 30, 30})
	c.want("found by each", []any{c.incidents(store.IncidentQuery{Devices: []inventory.DeviceID{id(30)}}), c.incidents(store.IncidentQuery{Devices: []inventory.DeviceID{id(1)}})},
		[]any{[]int64{number}, []int64{number}})
	// A list that is cut takes nobody away.
	i.Number, i.Devices = number, i.Devices[5:]
	c.record(store.Judged{Incidents: []store.Incident{i}})
	got = c.incident(number)
	c.want("cut shorter", []any{len(got.Devices), got.Devices[0].Name}, []any{30, "pc-20"})
	// A list that is whole says which they are now.
	i.Number, i.Count, i.Devices = number, 2, []store.IncidentDevice{{ID: id(30)}, {ID: id(2)}}
	c.record(store.Judged{Incidents: []store.Incident{i}})
	var names []string
	for _, d := range c.incident(number).Devices {
		names = append(names, d.Name)
	}
	c.want("now", names, []string{"pc-30", "pc-2"})
	// The order alone may change.
	slices.Reverse(i.Devices)
	c.record(store.Judged{Incidents: []store.Incident{i}})
	c.want("the other way round", c.incident(number).Devices[0].Name, "pc-2")
}

func testHealthScope(c *clinic) {
	ctx := c.Context()
	parks, roads, north, south, depot := c.places()
	for n, site := range []store.Site{north, south, depot} {
		c.add(n + 1)
		c.ok(c.s.SetSite(ctx, id(n+1), site.ID, true))
	}
	c.add(4) // of no site
	shared := opened(1, "N01", "warn", 1)
	shared.Key, shared.Count, shared.Rank = "cause:x", 2, 9
	shared.Devices = []store.IncidentDevice{{ID: id(1)}, {ID: id(3)}}
	outage := store.Incident{Kind: store.SiteIncident, Key: "site:s", Title: "South is silent", Rule: "F03", Family: "fleet", Severity: "critical", Status: store.New, OpenedAt: hours(1), UpdatedAt: hours(1),
		Agency: "Parks", Site: "South", SiteID: south.ID, Rank: 8}
	fleetwide := store.Incident{Kind: store.ChangeIncident, Key: "change:x", Title: "After an update", Rule: "F04", Family: "fleet", Severity: "warn", Status: store.New, OpenedAt: hours(1), UpdatedAt: hours(1), Rank: 7}
	var list []store.JudgedFinding
	for n := 1; n <= 4; n++ {
		f := firing(n, "N01", "warn", float64(n))
		if f.Key = ""; n == 1 || n == 3 {
			f.Key = shared.Key
		}
		list = append(list, f)
	}
	none := firing(1, "M01", "warn", 9)
	none.Device, none.Key = "", ""
	single := opened(2, "N01", "warn", 1)
	single.Rank = 6
	j := c.record(store.Judged{Incidents: []store.Incident{shared, outage, fleetwide, single}, Findings: append(list, none)})
	nS, nO, nF, n2 := j.Incidents[0].Number, j.Incidents[1].Number, j.Incidents[2].Number, j.Incidents[3].Number
	f := func(n int) int64 { return j.Findings[n-1].ID }
	for _, x := range []struct {
		name      string
		scope     store.Scope
		findings  []int64
		incidents []int64
		devices   string // of the shared one
	}{
		{"all", all(), []int64{f(5), f(4), f(3), f(2), f(1)}, []int64{nS, nO, nF, n2}, "pc-1 pc-3"},
		{"agency", store.Scope{Agencies: []int64{parks.ID}}, []int64{f(2), f(1)}, []int64{nS, nO, n2}, "pc-1"},
		{"site", store.Scope{Sites: []int64{depot.ID}}, []int64{f(3)}, []int64{nS}, "pc-3"},
		{"site of an outage", store.Scope{Sites: []int64{south.ID}}, []int64{f(2)}, []int64{nO, n2}, ""},
		{"both", store.Scope{Sites: []int64{north.ID}, Agencies: []int64{roads.ID}}, []int64{f(3), f(1)}, []int64{nS}, "pc-1 pc-3"},
		{"nothing", store.Scope{Agencies: []int64{}, Sites: []int64{}}, []int64{}, []int64{}, ""},
		{"a place that is not", store.Scope{Agencies: []int64{99}}, []int64{}, []int64{}, ""},
	} {
		c.want(x.name+": findings", c.findings(store.FindingQuery{Scope: x.scope}), x.findings)
		c.want(x.name+": incidents", c.incidents(store.IncidentQuery{Scope: x.scope}), x.incidents)
		for _, n := range []int64{nS, nO, nF, n2} {
			_, err := c.h.Incident(ctx, x.scope, n)
			if slices.Contains(x.incidents, n) {
				c.ok(err)
			} else {
				c.is(err, store.ErrNotFound)
				_, err = c.h.Work(ctx, x.scope, n, store.Step{At: hours(9), By: "ines", Do: store.DoClaim}, nil)
				c.is(err, store.ErrNotFound)
			}
		}
		for n := 1; n <= 5; n++ {
			_, err := c.h.Finding(ctx, x.scope, f(n))
			if slices.Contains(x.findings, f(n)) {
				c.ok(err)
			} else {
				c.is(err, store.ErrNotFound)
			}
		}
		// A device out of scope is not there, whoever asks for it.
		for n := 1; n <= 4; n++ {
			ids := c.findings(store.FindingQuery{Scope: x.scope, Devices: []inventory.DeviceID{id(n)}})
			c.want(fmt.Sprint(x.name, ": findings of device ", n), len(ids) == 1, slices.Contains(x.findings, f(n)))
		}
		if i, err := c.h.Incident(ctx, x.scope, nS); err == nil {
			shown, count := "", 0
			for _, d := range i.Devices {
				shown += " " + d.Name
			}
			for _, f := range i.Findings {
				if slices.Contains(x.findings, f.ID) {
					count++
				}
			}
			c.want(x.name+": of the shared one", []any{shown, count, len(i.Findings)}, []any{" " + x.devices, len(i.Devices), len(i.Devices)})
			l, err := c.h.Incidents(ctx, store.IncidentQuery{Scope: x.scope, Rules: []string{"N01"}, Limit: 1})
			c.ok(err)
			c.want(x.name+": in the list", []int{len(l[0].Devices), l[0].Count}, []int{len(i.Devices), 2})
			c.want(x.name+": found by its device", len(c.incidents(store.IncidentQuery{Scope: x.scope, Devices: []inventory.DeviceID{id(1)}})) == 1, slices.Contains(x.findings, f(1)))
		}
	}
	// What a person sees moves with the device.
	c.ok(c.s.SetSite(ctx, id(1), depot.ID, true))
	c.want("moved", c.findings(store.FindingQuery{Scope: store.Scope{Sites: []int64{depot.ID}}}), []int64{f(3), f(1)})
	// A site that is gone is seen by who sees all, under its name of then.
	c.ok(c.s.SetSite(ctx, id(2), 0, true))
	c.ok(c.s.DeleteSite(ctx, "Parks", "South"))
	c.want("of a site that is gone", c.incident(nO).Site, "South")
	c.want("in its agency no more", slices.Contains(c.incidents(store.IncidentQuery{Scope: store.Scope{Agencies: []int64{parks.ID}}}), nO), false)
}

func testHealthMerged(c *clinic) {
	ctx := c.Context()
	_, _, north, _, depot := c.places()
	for n := range 3 {
		c.add(n + 1)
	}
	c.ok(c.s.SetSite(ctx, id(1), depot.ID, true))
	c.ok(c.s.SetSite(ctx, id(3), north.ID, true))
	f, i := c.sick(1, "D01", "warn", 1)
	g, k := c.sick(2, "D01", "warn", 2)
	shared := opened(1, "N01", "warn", 3)
	shared.Key, shared.Count, shared.Devices = "cause:x", 2, []store.IncidentDevice{{ID: id(1)}, {ID: id(2)}}
	number := c.record(store.Judged{Incidents: []store.Incident{shared}}).Incidents[0].Number
	_, err := c.s.Merge(ctx, id(1), id(2), "me", "", hours(4))
	c.ok(err)
	second, err := c.s.Merge(ctx, id(2), id(3), "me", "", hours(5)) // behind that behind another
	c.ok(err)
	got := c.finding(f.ID)
	c.want("shown with the one it is merged into", []any{got.Device, got.Name, got.Site}, []any{id(3), "pc-3", "North"})
	c.want("by its device", c.findings(store.FindingQuery{Devices: []inventory.DeviceID{id(3)}}), []int64{g.ID, f.ID})
	c.want("by the old ones", [][]int64{c.findings(store.FindingQuery{Devices: []inventory.DeviceID{id(1)}}), c.findings(store.FindingQuery{Devices: []inventory.DeviceID{id(2)}})},
		[][]int64{{f.ID}, {g.ID, f.ID}})
	c.want("incidents", c.incidents(store.IncidentQuery{Devices: []inventory.DeviceID{id(3)}}), []int64{number, k.Number, i.Number})
	there, gone := store.Scope{Sites: []int64{north.ID}}, store.Scope{Sites: []int64{depot.ID}}
	c.want("in its scope", []any{c.findings(store.FindingQuery{Scope: there}), c.incidents(store.IncidentQuery{Scope: there}), c.findings(store.FindingQuery{Scope: gone}), c.incidents(store.IncidentQuery{Scope: gone})},
		[]any{[]int64{g.ID, f.ID}, []int64{number, k.Number, i.Number}, []int64{}, []int64{}})
	l, err := c.h.Incidents(ctx, store.IncidentQuery{Scope: there, Limit: 1})
	c.ok(err)
	for _, i := range []store.Incident{l[0], c.incident(number)} {
		c.want("once", []any{len(i.Devices), i.Devices[0].Name, i.Count}, []any{1, "pc-3", 2})
	}
	// The same rule on both records are two findings; each ends by itself.
	c.record(store.Judged{Findings: []store.JudgedFinding{resolved(f, 6)}})
	c.want("the other holds", c.findings(store.FindingQuery{Devices: []inventory.DeviceID{id(3)}}), []int64{g.ID})
	_, err = c.s.UndoMerge(ctx, second.ID, "me", hours(7))
	c.ok(err)
	c.want("undone", []inventory.DeviceID{c.finding(g.ID).Device, c.finding(f.ID).Device}, []inventory.DeviceID{id(2), id(2)})
}

func testHealthRetired(c *clinic) {
	c.add(1)
	f, i := c.sick(1, "D01", "warn", 1)
	c.ok(c.s.Retire(c.Context(), id(1), hours(2)))
	c.want("it is there until a judge ends it", []any{c.findings(store.FindingQuery{}), c.incident(i.Number).Devices[0].Presence}, []any{[]int64{f.ID}, store.Retired})
	over := resolved(f, 3)
	over.Reason = "retired"
	c.record(store.Judged{Findings: []store.JudgedFinding{over}, Incidents: []store.Incident{closed(i, 3)}})
	c.want("ended", []any{c.finding(f.ID).Reason, c.incident(i.Number).Status}, []any{"retired", store.Closed})
}
