package storetest

import (
	"fmt"
	"strings"

	"muster/collector/store"
)

// work takes a step in everybody's scope; without a time it is at hour 100.
func (c *clinic) work(number int64, s store.Step) store.Incident {
	c.Helper()
	if s.At.IsZero() {
		s.At = hours(100)
	}
	i, err := c.h.Work(c.Context(), all(), number, s, nil)
	c.ok(err)
	got := c.incident(number)
	c.want("what Work answers", plain([]store.Incident{i}), plain([]store.Incident{got}))
	return i
}

// refused fails unless a step makes no sense, and that is said to people.
func (c *clinic) refused(number int64, s store.Step) {
	c.Helper()
	if s.At.IsZero() {
		s.At = hours(100)
	}
	before := c.incident(number)
	_, err := c.h.Work(c.Context(), all(), number, s, nil)
	c.is(err, store.ErrConflict)
	if said, ok := strings.CutSuffix(err.Error(), ": "+store.ErrConflict.Error()); !ok || strings.Contains(said, "\n") {
		c.Errorf("%s: nothing for people in %q", s.Do, err)
	}
	c.want("after a refusal", plain([]store.Incident{c.incident(number)}), plain([]store.Incident{before}))
}

// stands shows where people stand with an incident.
func stands(i store.Incident) string {
	out := string(i.Status)
	for _, x := range []struct{ name, is string }{{"by", i.Assignee}, {"to", i.Escalated}, {"useful", i.Useful}, {"replaced", i.Replaced}} {
		if x.is != "" {
			out += " " + x.name + " " + x.is
		}
	}
	if i.Called {
		out += " after a call"
	}
	return out
}

func testClaim(c *clinic) {
	c.add(1)
	_, x := c.sick(1, "D01", "warn", 1)
	n := x.Number
	c.refused(n, store.Step{By: "ines", Do: store.DoRelease})
	i := c.work(n, store.Step{By: "ines", Do: store.DoClaim, At: hours(10)})
	c.want("claimed", []any{stands(i), i.ClaimedAt, i.UpdatedAt}, []any{"claimed by ines", hours(10), hours(10)})
	c.refused(n, store.Step{By: "bo", Do: store.DoClaim})
	i = c.work(n, store.Step{By: "ines", Do: store.DoClaim, At: hours(11)})
	c.want("twice by the same", []any{stands(i), acts(i)}, []any{"claimed by ines", []string{"opened:Title of D01", "claim:"}})
	i = c.work(n, store.Step{By: "ines", Do: store.DoRelease, At: hours(12), Text: "off tomorrow"})
	c.want("released", stands(i), "new")
	c.refused(n, store.Step{By: "ines", Do: store.DoRelease})
	i = c.work(n, store.Step{By: "bo", Do: store.DoClaim, At: hours(13)})
	c.want("by the other", []any{stands(i), i.ClaimedAt}, []any{"claimed by bo", hours(10)})
	i = c.work(n, store.Step{By: "staff", Do: store.DoRelease, At: hours(14)})
	c.want("released by another", stands(i), "new")
	c.want("steps", acts(i), []string{"opened:Title of D01", "claim:", "release:off tomorrow", "claim:", "release:"})
	last := i.Steps[len(i.Steps)-1]
	c.want("a step", last, store.Step{At: hours(14), By: "staff", Do: store.DoRelease})
	// Claiming what sleeps wakes it, unless it is another's.
	c.work(n, store.Step{By: "ines", Do: store.DoSnooze, Until: hours(200), Text: "x"})
	i = c.work(n, store.Step{By: "ines", Do: store.DoClaim})
	c.want("claimed and awake", []any{stands(i), i.SnoozedTo.IsZero()}, []any{"claimed by ines", true})
	c.work(n, store.Step{By: "ines", Do: store.DoSnooze, Until: hours(200), Text: "x"})
	c.refused(n, store.Step{By: "bo", Do: store.DoClaim})
	i = c.work(n, store.Step{By: "ines", Do: store.DoRelease})
	c.want("released in its sleep", stands(i), "snoozed")
	c.want("awake it is nobody's", stands(c.work(n, store.Step{By: "bo", Do: store.DoWake})), "new")
	_, err := c.h.Work(c.Context(), all(), 9999, store.Step{At: hours(1), By: "ines", Do: store.DoClaim}, nil)
	c.is(err, store.ErrNotFound)
}

func testNotes(c *clinic) {
	c.add(1)
	_, x := c.sick(1, "D01", "warn", 1)
	n := x.Number
	i := c.work(n, store.Step{By: "ines", Do: store.DoNote, At: hours(2), Text: "called the user: \"it clicks\"\nand hums"})
	c.want("a note changes nothing else", []any{stands(i), i.UpdatedAt, i.Steps[1]}, []any{"new", hours(2), store.Step{At: hours(2), By: "ines", Do: store.DoNote, Text: "called the user: \"it clicks\"\nand hums"}})
	c.work(n, store.Step{By: "ines", Do: store.DoNote, At: hours(2), Text: "twice"})
	i = c.work(n, store.Step{By: "ines", Do: store.DoNote, At: hours(2), Text: "twice"})
	c.want("people may say a thing twice", len(i.Steps), 4)
	i = c.work(n, store.Step{By: "ines", Do: store.DoCheck, Item: 3, At: hours(3)})
	c.want("ticked", i.Checked, []int{3})
	i = c.work(n, store.Step{By: "bo", Do: store.DoCheck, Item: 1, At: hours(4), Text: "as expected"})
	c.want("both, in order", []any{i.Checked, i.Steps[len(i.Steps)-1]}, []any{[]int{1, 3}, store.Step{At: hours(4), By: "bo", Do: store.DoCheck, Item: 1, Text: "as expected"}})
	steps := len(i.Steps)
	c.want("ticked already", len(c.work(n, store.Step{By: "bo", Do: store.DoCheck, Item: 1}).Steps), steps)
	c.want("with a word", len(c.work(n, store.Step{By: "bo", Do: store.DoCheck, Item: 1, Text: "once more"}).Steps), steps+1)
	c.want("not ticked anyway", len(c.work(n, store.Step{By: "bo", Do: store.DoUncheck, Item: 2}).Steps), steps+1)
	i = c.work(n, store.Step{By: "ines", Do: store.DoUncheck, Item: 3})
	c.want("one left", i.Checked, []int{1})
	i = c.work(n, store.Step{By: "ines", Do: store.DoUncheck, Item: 1})
	c.want("none left", len(i.Checked), 0)
	c.want("a step of a check", i.Steps[len(i.Steps)-1], store.Step{At: hours(100), By: "ines", Do: store.DoUncheck, Item: 1})
}

func testSnooze(c *clinic) {
	c.add(1)
	_, x := c.sick(1, "D01", "warn", 1)
	n := x.Number
	c.refused(n, store.Step{By: "ines", Do: store.DoWake})
	i := c.work(n, store.Step{By: "ines", Do: store.DoSnooze, At: hours(2), Until: hours(50), Text: "parts are ordered"})
	c.want("snoozed", []any{stands(i), i.SnoozedTo, i.Steps[1]}, []any{"snoozed", hours(50), store.Step{At: hours(2), By: "ines", Do: store.DoSnooze, Text: "parts are ordered", Until: hours(50)}})
	i = c.work(n, store.Step{By: "bo", Do: store.DoSnooze, At: hours(3), Until: hours(60), Text: "later still"})
	c.want("for longer", []any{stands(i), i.SnoozedTo}, []any{"snoozed", hours(60)})
	i = c.work(n, store.Step{By: "bo", Do: store.DoWake, At: hours(4)})
	c.want("woken", []any{stands(i), i.SnoozedTo.IsZero()}, []any{"new", true})
	c.work(n, store.Step{By: "ines", Do: store.DoClaim})
	c.work(n, store.Step{By: "ines", Do: store.DoSnooze, Until: hours(200), Text: "x"})
	// Its time is over: Muster says so, once.
	i = c.work(n, store.Step{At: hours(200), Do: store.DoWake})
	c.want("woken by Muster", []any{stands(i), i.Steps[len(i.Steps)-1]}, []any{"claimed by ines", store.Step{At: hours(200), Do: store.DoWake}})
	c.work(n, store.Step{By: "ines", Do: store.DoSnooze, At: hours(201), Until: hours(300), Text: "x"})
	wake := store.Judged{Steps: []store.KeyedStep{{Key: x.Key, Step: store.Step{At: hours(300), Do: store.DoWake, Text: "its time is over"}}}}
	c.record(wake)
	i = c.incident(n)
	steps := len(i.Steps)
	c.want("woken by a judge", []any{stands(i), i.SnoozedTo.IsZero(), i.Steps[steps-1].Text}, []any{"claimed by ines", true, "its time is over"})
	wake.Steps[0].At = hours(301)
	c.record(wake)
	c.want("awake already", len(c.incident(n).Steps), steps)
}

func testEscalate(c *clinic) {
	_, _, north, _, depot := c.places()
	for n, site := range []store.Site{north, depot} {
		c.add(n + 1)
		c.ok(c.s.SetSite(c.Context(), id(n+1), site.ID, true))
	}
	i := opened(1, "D01", "critical", 1)
	i.Count, i.Devices = 2, append(i.Devices, store.IncidentDevice{ID: id(2)})
	n := c.record(store.Judged{Incidents: []store.Incident{i}}).Incidents[0].Number
	c.work(n, store.Step{At: hours(2), By: "ines", Do: store.DoClaim})
	step := store.Step{At: hours(3), By: "ines", Do: store.DoEscalate, To: "storage team", Text: "two of them"}
	seen := store.Scope{Sites: []int64{north.ID}}
	got, err := c.h.Work(c.Context(), seen, n, step, &store.News{Meaning: "The drive fails", Checks: []string{"a"}, Escalate: "at once", Evidence: []string{"b"}})
	c.ok(err)
	c.want("escalated", []any{stands(got), len(got.Devices), got.Steps[len(got.Steps)-1]}, []any{"escalated by ines to storage team", 1, step})
	c.want("told of all its devices, whoever escalates", c.told(), []Told{{Incident: n, Kind: "escalated", At: hours(3), By: "ines", Note: "to storage team: two of them", Title: i.Title, Meaning: "The drive fails",
		Devices: ids([]store.Device{c.device(id(1)), c.device(id(2))}), Sites: []string{"Parks/North", "Roads/Depot"}}})
	step.At = hours(4)
	c.work(n, step)
	c.want("not told unless that is said", len(c.told()), 1)
	// Who it was escalated to takes it over.
	got = c.work(n, store.Step{By: "bo", Do: store.DoClaim})
	c.want("taken over", stands(got), "claimed by bo to storage team")
	c.refused(n, store.Step{By: "ines", Do: store.DoClaim})
	c.work(n, store.Step{By: "bo", Do: store.DoEscalate, To: "vendor"})
	c.work(n, store.Step{By: "bo", Do: store.DoSnooze, Until: hours(200), Text: "they come on Monday"})
	c.want("snoozed", stands(c.incident(n)), "snoozed by bo to vendor")
	c.want("awake it is escalated", stands(c.work(n, store.Step{By: "bo", Do: store.DoWake})), "escalated by bo to vendor")
	c.work(n, store.Step{By: "bo", Do: store.DoSnooze, Until: hours(200), Text: "still Monday"})
	c.want("taken over in its sleep", stands(c.work(n, store.Step{By: "eva", Do: store.DoClaim})), "claimed by eva to vendor")
	c.work(n, store.Step{By: "eva", Do: store.DoEscalate, To: "vendor"})
	c.want("released it is escalated", stands(c.work(n, store.Step{By: "bo", Do: store.DoRelease})), "escalated to vendor")
	c.work(n, store.Step{By: "bo", Do: store.DoClaim})
	c.want("claimed and released it is escalated", stands(c.work(n, store.Step{By: "bo", Do: store.DoRelease})), "escalated to vendor")
	c.want("escalated counts as told", []any{c.incident(n).Told, c.incident(n).ToldAt}, []any{"critical", hours(3)})
	// Of one place there are no places to tell.
	here := opened(1, "D02", "warn", 1)
	here.Key, here.Agency, here.Site, here.SiteID = "here", "Parks", "North", north.ID
	m := c.record(store.Judged{Incidents: []store.Incident{here}, News: []store.News{{Key: "here", Kind: "opened", At: hours(5), Incident: func() store.Incident {
		told := here
		told.Devices = []store.IncidentDevice{{ID: id(1), Name: "pc-1", Agency: "Parks", Site: "North"}}
		return told
	}()}}}).Incidents[0].Number
	c.want("told of one place", c.told()[1], Told{Incident: m, Kind: "opened", At: hours(5), Title: here.Title, Devices: ids([]store.Device{c.device(id(1))})})
	// News of any other step is none.
	_, err = c.h.Work(c.Context(), all(), n, store.Step{At: hours(9), By: "bo", Do: store.DoClaim}, &store.News{})
	c.ok(err)
	c.want("told", len(c.told()), 2)
	// That it is resolved concerns those who were told of it.
	_, err = c.h.Work(c.Context(), all(), n, store.Step{At: hours(10), By: "bo", Do: store.DoResolve, Useful: "yes", Text: "new disks"}, &store.News{})
	c.ok(err)
	_, err = c.h.Work(c.Context(), all(), m, store.Step{At: hours(11), By: "bo", Do: store.DoResolve, Useful: "no"}, &store.News{})
	c.ok(err)
	told := c.told()
	c.want("resolved", []any{len(told), told[2].Incident, told[2].Kind, told[2].By, told[2].Note, told[2].At}, []any{3, n, "cleared", "bo", "new disks", hours(10)})
}

func testEnd(c *clinic) {
	c.add(1)
	_, x := c.sick(1, "D01", "warn", 1)
	n := x.Number
	c.refused(n, store.Step{By: "ines", Do: store.DoReopen})
	c.work(n, store.Step{By: "ines", Do: store.DoClaim})
	c.work(n, store.Step{By: "ines", Do: store.DoCheck, Item: 1})
	c.work(n, store.Step{By: "ines", Do: store.DoSnooze, Until: hours(200), Text: "x"})
	step := store.Step{At: hours(120), By: "ines", Do: store.DoResolve, Useful: "yes", Replaced: "disk", Called: true, Text: "as good as new"}
	i := c.work(n, step)
	c.want("resolved", []any{stands(i), i.ResolvedAt, i.ClearedAt.IsZero(), i.SnoozedTo.IsZero(), i.Steps[len(i.Steps)-1]}, []any{"resolved by ines useful yes replaced disk after a call", hours(120), true, true, step})
	c.refused(n, step)
	for _, do := range []string{store.DoClaim, store.DoRelease, store.DoCheck, store.DoUncheck, store.DoSnooze, store.DoWake, store.DoEscalate} {
		c.refused(n, store.Step{By: "ines", Do: do, Item: 1, Until: hours(200), Text: "x", To: "y"})
	}
	c.want("a note may follow", len(c.work(n, store.Step{By: "bo", Do: store.DoNote, Text: "it was the cable"}).Steps), len(i.Steps)+1)
	i = c.work(n, store.Step{At: hours(130), By: "bo", Do: store.DoReopen, Text: "it is back"})
	c.want("reopened", []any{stands(i), i.ResolvedAt.IsZero(), i.Checked, len(c.incidents(store.IncidentQuery{}))}, []any{"claimed by ines", true, []int{1}, 1})
	c.work(n, store.Step{By: "ines", Do: store.DoRelease})
	c.work(n, store.Step{By: "ines", Do: store.DoEscalate, To: "z"})
	for _, useful := range []string{"no", "wrong"} {
		c.want(useful, stands(c.work(n, store.Step{By: "ines", Do: store.DoResolve, Useful: useful})), "resolved to z useful "+useful)
		if useful == "no" {
			c.want("reopened it is nobody's", stands(c.work(n, store.Step{By: "ines", Do: store.DoReopen})), "new")
			c.work(n, store.Step{By: "ines", Do: store.DoEscalate, To: "z"})
		}
	}
	// It came again as another: that one is open, this one stays as it is.
	_, y := c.sick(1, "D01", "critical", 140)
	if y.Number == n {
		c.Fatal("what came again is the same incident")
	}
	c.refused(n, store.Step{By: "ines", Do: store.DoReopen})
	c.record(store.Judged{Incidents: []store.Incident{closed(y, 141)}})
	c.want("what Muster ended is reopened as well", stands(c.work(y.Number, store.Step{By: "ines", Do: store.DoReopen})), "new")
	c.want("it is not over", c.incident(y.Number).ClearedAt.IsZero(), true)
}

// testWordAfter: the disk was changed, the finding is gone and Muster ended
// the incident before the intern could say what was done.
func testWordAfter(c *clinic) {
	c.add(1)
	_, x := c.sick(1, "D01", "warn", 1)
	c.work(x.Number, store.Step{By: "ines", Do: store.DoClaim})
	c.record(store.Judged{Incidents: []store.Incident{closed(x, 110)}})
	i := c.work(x.Number, store.Step{At: hours(120), By: "ines", Do: store.DoResolve, Useful: "yes", Replaced: "disk"})
	c.want("her word counts, its end stays", []any{stands(i), i.ResolvedAt, i.ClearedAt}, []any{"resolved by ines useful yes replaced disk", hours(110), hours(110)})
	c.refused(x.Number, store.Step{By: "bo", Do: store.DoResolve, Useful: "no"})
	c.want("counted", fmt.Sprint(c.marks()), "[D01 1/0/0 open 1]")
}

func testSenseless(c *clinic) {
	c.add(1)
	_, x := c.sick(1, "D01", "warn", 1)
	for _, s := range []store.Step{
		{By: "ines", Do: ""},
		{By: "ines", Do: "opened"},
		{By: "ines", Do: "delete"},
		{Do: store.DoClaim},
		{Do: store.DoNote, Text: "x"},
		{By: "ines", Do: store.DoNote},
		{By: "ines", Do: store.DoNote, Text: " \n"},
		{By: "ines", Do: store.DoCheck},
		{By: "ines", Do: store.DoCheck, Item: -1},
		{By: "ines", Do: store.DoUncheck, Item: 1000},
		{By: "ines", Do: store.DoSnooze, Text: "without an end"},
		{By: "ines", Do: store.DoSnooze, Until: hours(200)},
		{By: "ines", Do: store.DoSnooze, Until: hours(100), Text: "until now"},
		{By: "ines", Do: store.DoEscalate, Text: "to nobody"},
		{By: "ines", Do: store.DoResolve},
		{By: "ines", Do: store.DoResolve, Useful: "maybe"},
	} {
		c.refused(x.Number, s)
	}
}
