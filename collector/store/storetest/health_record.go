package storetest

import (
	"context"
	"fmt"
	"time"

	"muster/collector/store"
)

// testRecordTwice: the collector crashed between the commit and its answer, so
// the same comes again as it was: without IDs and numbers.
func testRecordTwice(c *clinic) {
	c.add(1)
	c.add(2)
	judged := func() store.Judged {
		part := firing(1, "D01", "warn", 1)
		part.Component = "sdb"
		waits := firing(2, "D01", "warn", 1)
		waits.State, waits.Key, waits.FiredAt = store.Pending, "", time.Time{}
		return store.Judged{
			Findings:  []store.JudgedFinding{firing(1, "D01", "warn", 1), part, waits},
			Incidents: []store.Incident{opened(1, "D01", "warn", 1), opened(2, "D01", "warn", 1)},
			Steps: []store.KeyedStep{{Key: keyOf(1, "disk"), Step: store.Step{At: hours(1), Do: "opened", Text: "a"}}, {Key: keyOf(1, "disk"), Step: store.Step{At: hours(1), Do: "joined", Text: "b"}},
				{Key: keyOf(2, "disk"), Step: store.Step{At: hours(1), Do: "opened", Text: "a"}}},
			News: []store.News{{Key: keyOf(1, "disk"), Kind: "opened", At: hours(1), Incident: opened(1, "D01", "warn", 1)},
				{Key: keyOf(2, "disk"), Kind: "opened", At: hours(1), Incident: opened(2, "D01", "warn", 1)}},
		}
	}
	first := c.record(judged())
	for range 2 {
		again := c.record(judged())
		for i := range first.Findings {
			c.want("finding", []int64{again.Findings[i].ID, again.Findings[i].Incident}, []int64{first.Findings[i].ID, first.Findings[i].Incident})
		}
		for i := range first.Incidents {
			c.want("incident", again.Incidents[i].Number, first.Incidents[i].Number)
			c.want("of its news", again.News[i].Incident.Number, first.Incidents[i].Number)
		}
	}
	c.want("findings", len(c.findings(every())), 3)
	c.want("incidents", len(c.incidents(ever())), 2)
	c.want("steps", acts(c.incident(first.Incidents[0].Number)), []string{"opened:a", "joined:b"})
	var told []string
	for _, t := range c.told() {
		told = append(told, fmt.Sprint(t.Incident, t.Kind, t.At.Equal(hours(1))))
	}
	c.want("told", told, []string{fmt.Sprint(first.Incidents[0].Number, "opened", true), fmt.Sprint(first.Incidents[1].Number, "opened", true)})
	// Of the same kind at another time it is other news.
	j := judged()
	j.News[0].At = hours(2)
	c.record(j)
	c.want("told of another time", len(c.told()), 3)
}

// testRecordEnded: what began and ended before it was recorded once, comes
// again as well.
func testRecordEnded(c *clinic) {
	c.add(1)
	judged := func() store.Judged {
		return store.Judged{Findings: []store.JudgedFinding{resolved(firing(1, "D01", "warn", 1), 2)}, Incidents: []store.Incident{closed(opened(1, "D01", "warn", 1), 2)},
			Steps: []store.KeyedStep{{Key: keyOf(1, "disk"), Step: store.Step{At: hours(2), Do: "cleared", Text: "cleared"}}}}
	}
	first := c.record(judged())
	again := c.record(judged())
	c.want("finding", again.Findings[0].ID, first.Findings[0].ID)
	c.want("incident", again.Incidents[0].Number, first.Incidents[0].Number)
	got := c.incident(first.Incidents[0].Number)
	c.want("incident", []any{got.Status, got.ClearedAt, got.ResolvedAt, got.Useful}, []any{store.Closed, hours(2), hours(2), ""})
	c.want("its parts", []any{acts(got), len(got.Findings), len(got.Devices)}, []any{[]string{"cleared:cleared"}, 1, 1})
	c.want("all there is", []int{len(c.findings(every())), len(c.incidents(ever()))}, []int{1, 1})
	// Committed while it was open, and ended before the answer came.
	f, i := firing(1, "D02", "warn", 3), opened(1, "D02", "warn", 3)
	open := c.record(store.Judged{Findings: []store.JudgedFinding{f}, Incidents: []store.Incident{i}})
	ended := c.record(store.Judged{Findings: []store.JudgedFinding{resolved(f, 4)}, Incidents: []store.Incident{closed(i, 4)}})
	c.want("the same ones", []int64{ended.Findings[0].ID, ended.Incidents[0].Number}, []int64{open.Findings[0].ID, open.Incidents[0].Number})
	c.want("both ended", []any{c.finding(open.Findings[0].ID).State, c.incident(open.Incidents[0].Number).Status}, []any{store.Resolved, store.Closed})
	// Committed while it was open, and resolved by a person before it came again.
	f, i = firing(1, "D03", "warn", 5), opened(1, "D03", "warn", 5)
	open = c.record(store.Judged{Findings: []store.JudgedFinding{f}, Incidents: []store.Incident{i}})
	c.work(open.Incidents[0].Number, store.Step{By: "ines", Do: store.DoResolve, Useful: "yes"})
	again = c.record(store.Judged{Findings: []store.JudgedFinding{f}, Incidents: []store.Incident{i}})
	c.want("not opened again", []any{again.Incidents[0].Number, c.incidents(store.IncidentQuery{})}, []any{open.Incidents[0].Number, []int64{}})
}

func testOneOpen(c *clinic) {
	c.add(1)
	c.add(2)
	put := func(f store.JudgedFinding) store.JudgedFinding {
		c.Helper()
		f.Key = ""
		return c.record(store.Judged{Findings: []store.JudgedFinding{f}}).Findings[0]
	}
	waits := firing(1, "D01", "warn", 1)
	waits.State = store.Pending
	a := put(waits)
	same := put(firing(1, "D01", "warn", 1))
	c.want("it fires", []any{same.ID, c.finding(a.ID).State}, []any{a.ID, store.Firing})
	part := firing(1, "D01", "warn", 1)
	part.Component = "sdb"
	for _, f := range []store.JudgedFinding{part, firing(1, "D02", "warn", 1), firing(2, "D01", "warn", 1)} {
		if put(f).ID == a.ID {
			c.Errorf("%+v is taken for another", f)
		}
	}
	nothing := firing(1, "D01", "warn", 1)
	nothing.Device = ""
	n1, n2 := put(nothing), put(nothing)
	c.want("about no device there is one, too", n2.ID, n1.ID)
	put(resolved(a, 2))
	b := put(firing(1, "D01", "warn", 3))
	if b.ID == a.ID {
		c.Error("a new finding is taken for one that ended")
	}
	// A finding that comes back under its own ID goes on.
	put(resolved(b, 4))
	b.FiredAt, b.Times = hours(5), 2
	c.want("back again", put(b).ID, b.ID)
	c.want("it fires", c.finding(b.ID).State, store.Firing)
	// Under an ID that ended, while another is open, it is the open one.
	a.Times = 9
	c.want("the open one", put(a).ID, b.ID)
	c.want("changed", c.finding(b.ID).Times, 9)
	c.want("untouched", c.finding(a.ID).State, store.Resolved)
	// An ID of something else, or of nothing, counts for nothing.
	wrong := firing(2, "D01", "critical", 6)
	wrong.ID = b.ID
	got := put(wrong)
	c.want("by what it is about", []any{c.finding(got.ID).Device, c.finding(b.ID).Severity}, []any{id(2), "warn"})
	wrong = firing(2, "D07", "warn", 6)
	wrong.ID = 999_999
	c.want("found under its own", c.finding(put(wrong).ID).Rule, "D07")
}

func testOneKey(c *clinic) {
	c.add(1)
	c.add(2)
	_, a := c.sick(1, "D01", "warn", 1)
	b := c.record(store.Judged{Incidents: []store.Incident{opened(1, "D02", "critical", 2)}}).Incidents[0]
	c.want("the same", b.Number, a.Number)
	got := c.incident(a.Number)
	c.want("changed", []any{got.Severity, got.Rule, got.OpenedAt, got.UpdatedAt}, []any{"critical", "D02", hours(1), hours(2)})
	c.record(store.Judged{Incidents: []store.Incident{closed(a, 3)}})
	c.want("none is open", c.incidents(store.IncidentQuery{}), []int64{})
	// What a judge ended is not what begins now, even at the same time.
	b = c.record(store.Judged{Incidents: []store.Incident{opened(1, "D01", "warn", 1)}}).Incidents[0]
	if b.Number == a.Number {
		c.Error("what began is taken for what ended")
	}
	c.record(store.Judged{Incidents: []store.Incident{closed(b, 3)}})
	d := c.record(store.Judged{Incidents: []store.Incident{opened(1, "D01", "warn", 4)}}).Incidents[0]
	if d.Number <= a.Number {
		c.Errorf("a new incident has number %d, the one before had %d", d.Number, a.Number)
	}
	c.want("open", c.incidents(store.IncidentQuery{}), []int64{d.Number})
	// A number that belongs to another key, or to none, counts for nothing.
	for _, number := range []int64{999_999, c.record(store.Judged{Incidents: []store.Incident{opened(2, "D01", "warn", 5)}}).Incidents[0].Number} {
		wrong := opened(1, "D01", "warn", 5)
		wrong.Number = number
		c.want("by its key", c.record(store.Judged{Incidents: []store.Incident{wrong}}).Incidents[0].Number, d.Number)
	}
}

// testEndAndBegin: the store could not be written for a while, and in that
// time an incident ended and the next of its key began.
func testEndAndBegin(c *clinic) {
	c.add(1)
	f, a := c.sick(1, "D01", "warn", 1)
	key := a.Key
	ended := resolved(f, 2)
	again := firing(1, "D02", "warn", 3)
	next := opened(1, "D02", "warn", 3)
	step := func(hour float64, do string) store.KeyedStep {
		return store.KeyedStep{Key: key, Step: store.Step{At: hours(hour), Do: do}}
	}
	j := c.record(store.Judged{Incidents: []store.Incident{closed(a, 2), next}, Findings: []store.JudgedFinding{ended, again},
		Steps: []store.KeyedStep{step(1.5, "worse"), step(2, "cleared"), step(3, "opened"), step(3.5, "joined")},
		News:  []store.News{{Key: key, Kind: "worse", At: hours(1.5), Incident: a}, {Key: key, Kind: "cleared", At: hours(2), Incident: a}, {Key: key, Kind: "opened", At: hours(3), Incident: next}}})
	first, second := c.incident(a.Number), c.incident(j.Incidents[1].Number)
	c.want("statuses", []any{first.Status, second.Status}, []any{store.Closed, store.New})
	c.want("steps", [][]string{acts(first), acts(second)}, [][]string{{"opened:Title of D01", "worse:", "cleared:"}, {"opened:", "joined:"}})
	c.want("findings", []int64{first.Findings[0].ID, second.Findings[0].ID}, []int64{f.ID, j.Findings[1].ID})
	var told []string
	for _, t := range c.told() {
		told = append(told, fmt.Sprint(t.Incident, t.Kind))
	}
	c.want("told", told, []string{fmt.Sprint(a.Number, "worse"), fmt.Sprint(a.Number, "cleared"), fmt.Sprint(second.Number, "opened")})
}

// testJudgesPart: of a changed incident only what a judge decides is written.
func testJudgesPart(c *clinic) {
	c.add(1)
	_, i := c.sick(1, "D01", "warn", 1)
	c.work(i.Number, store.Step{By: "ines", Do: store.DoClaim})
	c.work(i.Number, store.Step{By: "ines", Do: store.DoCheck, Item: 2})
	c.work(i.Number, store.Step{By: "ines", Do: store.DoSnooze, Until: hours(200), Text: "parts are on their way"})
	mine := c.incident(i.Number)
	i.Severity, i.Title, i.Rank, i.UpdatedAt, i.ToldAt, i.Told = "critical", "Worse", 9, hours(300), hours(2), "warn"
	i.Status, i.Assignee, i.Checked, i.Escalated, i.Useful, i.SnoozedTo = store.New, "nobody", []int{1}, "x", "no", hours(1)
	c.record(store.Judged{Incidents: []store.Incident{i}})
	got := c.incident(i.Number)
	c.want("people's", []any{got.Status, got.Assignee, got.ClaimedAt, got.Checked, got.SnoozedTo, got.Escalated, got.Useful},
		[]any{store.Snoozed, "ines", mine.ClaimedAt, []int{2}, hours(200), "", ""})
	c.want("the judge's", []any{got.Severity, got.Title, got.Rank, got.UpdatedAt, got.ToldAt, got.Told}, []any{"critical", "Worse", 9.0, hours(300), hours(2), "warn"})
	i.ToldAt, i.Told, i.UpdatedAt = hours(5), "critical", hours(5)
	c.record(store.Judged{Incidents: []store.Incident{i}})
	got = c.incident(i.Number)
	c.want("told first, and last", []any{got.ToldAt, got.Told, got.UpdatedAt}, []any{hours(2), "critical", hours(300)})
	// Its end ends the snoozing, too.
	c.record(store.Judged{Incidents: []store.Incident{closed(i, 6)}})
	got = c.incident(i.Number)
	c.want("ended", []any{got.Status, got.SnoozedTo, got.Assignee, got.ClearedAt}, []any{store.Closed, store.Incident{}.SnoozedTo, "ines", hours(6)})
}

func testResolvedMeanwhile(c *clinic) {
	c.add(1)
	f, i := c.sick(1, "D01", "warn", 1)
	c.work(i.Number, store.Step{By: "ines", Do: store.DoResolve, Useful: "yes", Replaced: "disk"})
	before := c.incident(i.Number)
	f.Severity, f.WorseAt = "critical", hours(2)
	more := firing(1, "D02", "critical", 2)
	i.Severity, i.Rule = "critical", "D02"
	j := c.record(store.Judged{Findings: []store.JudgedFinding{f, more}, Incidents: []store.Incident{i}})
	c.want("they belong to it", []int64{j.Findings[0].Incident, j.Findings[1].Incident, j.Incidents[0].Number}, []int64{i.Number, i.Number, i.Number})
	// Without a record of the incident itself as well.
	last := c.record(store.Judged{Findings: []store.JudgedFinding{firing(1, "D03", "warn", 3)}}).Findings[0]
	c.want("it belongs to it", last.Incident, i.Number)
	got := c.incident(i.Number)
	c.want("findings", len(got.Findings), 3)
	c.want("as it was resolved", []any{got.Status, got.Severity, got.Rule, got.ResolvedAt, got.Useful, got.Replaced, got.ClearedAt},
		[]any{store.Closed, "warn", "D01", before.ResolvedAt, "yes", "disk", before.ClearedAt})
	// That it is over is noted, once.
	c.record(store.Judged{Incidents: []store.Incident{closed(i, 4)}, Steps: []store.KeyedStep{{Key: i.Key, Step: store.Step{At: hours(4), Do: "cleared"}}}})
	c.record(store.Judged{Incidents: []store.Incident{closed(i, 5)}})
	got = c.incident(i.Number)
	c.want("over", []any{got.ClearedAt, got.ResolvedAt, got.Useful}, []any{hours(4), before.ResolvedAt, "yes"})
	// Without a key a finding stays where it is.
	f.Key = ""
	c.want("it stays", c.record(store.Judged{Findings: []store.JudgedFinding{f}}).Findings[0].Incident, i.Number)
	// With that of another it moves.
	other := opened(1, "D01", "warn", 6)
	other.Key, f.Key = "cause:x", "cause:x"
	j = c.record(store.Judged{Findings: []store.JudgedFinding{f}, Incidents: []store.Incident{other}})
	c.want("it moved", []int64{j.Findings[0].Incident, c.finding(f.ID).Incident}, []int64{j.Incidents[0].Number, j.Incidents[0].Number})
	if j.Incidents[0].Number == i.Number {
		c.Error("the other incident is the same")
	}
}

func testPassedOver(c *clinic) {
	c.add(1)
	i := opened(1, "D01", "warn", 1)
	i.Devices = append(i.Devices, store.IncidentDevice{ID: id(9)})
	j := c.record(store.Judged{Incidents: []store.Incident{i},
		Findings: []store.JudgedFinding{firing(9, "D01", "warn", 1), firing(1, "D01", "warn", 1), {Finding: firing(1, "D02", "warn", 1).Finding, Key: "nothing"}},
		Steps:    []store.KeyedStep{{Key: "nothing", Step: store.Step{At: hours(1), Do: "opened"}}, {Key: i.Key, Step: store.Step{At: hours(1), Do: "opened"}}},
		News: []store.News{{Key: "nothing", Kind: "opened", At: hours(1), Incident: i}, {Key: i.Key, Kind: "opened", At: hours(1), Incident: i},
			{Key: i.Key, Kind: "nonsense", At: hours(1), Incident: i}}})
	c.want("the stranger", []int64{j.Findings[0].ID, j.Findings[0].Incident}, []int64{0, 0})
	c.want("of no incident", []any{j.Findings[2].ID != 0, j.Findings[2].Incident}, []any{true, 0})
	got := c.incident(j.Incidents[0].Number)
	c.want("the rest", []any{len(got.Findings), len(got.Devices), acts(got), len(c.told())}, []any{1, 1, []string{"opened:"}, 1})
}

func testGivenUp(c *clinic) {
	c.add(1)
	ctx, cancel := context.WithCancel(c.Context())
	cancel()
	j := store.Judged{Findings: []store.JudgedFinding{firing(1, "D01", "warn", 1)}, Incidents: []store.Incident{opened(1, "D01", "warn", 1)},
		News: []store.News{{Key: keyOf(1, "disk"), Kind: "opened", At: hours(1), Incident: opened(1, "D01", "warn", 1)}}}
	if err := c.h.Record(ctx, &j); err == nil {
		c.Error("recorded after it was given up")
	}
	c.want("nothing", []int{len(c.findings(every())), len(c.incidents(ever())), len(c.told())}, []int{0, 0, 0})
	c.want("nothing was filled in", []int64{j.Findings[0].ID, j.Incidents[0].Number}, []int64{0, 0})
	c.record(store.Judged{}) // of nothing, nothing comes
}
