package health

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/event"
	"muster/internal/inventory"
)

func used(x float64) map[string]float64 { return map[string]float64{"disk.used_percent path=C:": x} }

func TestHoldHysteresisAndNews(t *testing.T) {
	w := newWorld(t, full)
	pc := w.meet(Info{ID: "pc"})
	say := func(x float64) func() { return func() { w.say(pc, used(x)) } }
	w.pass(10*time.Minute, say(95))
	if f, _ := w.finding(pc, "X1"); f.State == store.Firing {
		t.Fatalf("it fires before it held for ten minutes: %+v", f)
	}
	w.pass(2*time.Minute, say(95))
	f, _ := w.finding(pc, "X1")
	if f.State != store.Firing || f.Severity != "warn" || f.Component != "C:" || f.Backlog || f.Times != 1 {
		t.Fatalf("%+v", f)
	}
	if len(f.Evidence) != 1 || f.Evidence[0].Value != "95 %" {
		t.Errorf("evidence %+v", f.Evidence)
	}
	if want := wednesday.Add(time.Minute); !f.Since.Equal(want) {
		t.Errorf("since %s, want %s: when the condition became true", f.Since, want)
	}
	w.wantTold() // it has not settled
	w.pass(6*time.Minute, say(95))
	w.wantTold("opened warn Full")
	w.pass(5*time.Minute, say(99))
	w.wantTold("opened warn Full", "worse critical Full")
	w.pass(3*time.Minute, say(95)) // below 98, not yet below 90
	if f, _ := w.finding(pc, "X1"); f.Severity != "critical" {
		t.Errorf("it got better above its clear level: %+v", f)
	}
	w.pass(3*time.Minute, say(85))
	if f, _ := w.finding(pc, "X1"); f.Severity != "warn" || f.State != store.Firing {
		t.Errorf("%+v, want warn: it is below 90 and not below 80", f)
	}
	w.pass(4*time.Minute, say(70))
	if f, _ := w.finding(pc, "X1"); f.State != store.Firing {
		t.Error("it ended before its end held for five minutes")
	}
	w.pass(3*time.Minute, say(70))
	if f, ok := w.finding(pc, "X1"); ok {
		t.Errorf("still there: %+v", f)
	}
	if len(w.open()) != 0 {
		t.Errorf("open: %+v", w.open())
	}
	w.wantTold("opened warn Full", "worse critical Full", "cleared warn Full")
}

func TestWhatPassesBeforeItSettlesIsNotTold(t *testing.T) {
	w := newWorld(t, strings.NewReplacer("hold: 10m", "hold: 1m", "clear_for: 5m", "clear_for: 1m").Replace(full))
	pc := w.meet(Info{ID: "pc"})
	w.pass(3*time.Minute, func() { w.say(pc, used(95)) })
	w.pass(20*time.Minute, func() { w.say(pc, used(50)) })
	w.wantTold()
	if n := len(w.l.incidents); n != 1 {
		t.Errorf("%d incidents; that it was is listed", n)
	}
}

func TestBacklogIsListedAndNotTold(t *testing.T) {
	w := newWorld(t, full)
	pc := w.meet(Info{ID: "pc", FirstSeen: w.now})
	w.pass(30*time.Minute, func() { w.say(pc, used(95)) })
	f, _ := w.finding(pc, "X1")
	if !f.Backlog || f.State != store.Firing {
		t.Fatalf("%+v", f)
	}
	if open := w.open(); len(open) != 1 || !open[0].Backlog {
		t.Errorf("%+v", open)
	}
	w.wantTold()
	// It gets worse: that is news.
	w.now = w.now.Add(48 * time.Hour)
	w.pass(10*time.Minute, func() { w.say(pc, used(99)) })
	w.wantTold("opened critical Full")
	// A volume that is put in full was full before we saw it.
	w.pass(30*time.Minute, func() {
		w.say(pc, map[string]float64{"disk.used_percent path=C:": 99, "disk.used_percent path=D:": 95})
	})
	if open := w.open(); len(open) != 1 || open[0].Backlog {
		t.Errorf("%+v", open)
	}
	w.wantTold("opened critical Full")
}

func TestFlappingIsHeldOpen(t *testing.T) {
	w := newWorld(t, strings.NewReplacer("hold: 10m", "hold: 1m", "clear_for: 5m", "clear_for: 1m").Replace(full))
	pc := w.meet(Info{ID: "pc"})
	for range 6 {
		w.pass(4*time.Minute, func() { w.say(pc, used(95)) })
		w.pass(4*time.Minute, func() { w.say(pc, used(50)) })
	}
	f, ok := w.finding(pc, "X1")
	if !ok || !f.Flapping || f.Times != 3 {
		t.Fatalf("%+v", f)
	}
	if n := len(w.l.findings); n != 1 {
		t.Errorf("%d findings of one that comes and goes within a day", n)
	}
	if n := len(w.l.news); n > 2 {
		t.Errorf("told %d times of a flapping one: %v", n, w.told())
	}
	w.pass(25*time.Hour, func() { w.say(pc, used(50)) })
	if _, ok := w.finding(pc, "X1"); ok {
		t.Error("it is held open for ever")
	}
}

func TestUnknownNeitherFiresNorEnds(t *testing.T) {
	w := newWorld(t, full)
	pc := w.meet(Info{ID: "pc"})
	w.pass(15*time.Minute, func() { w.say(pc, used(95)) })
	w.pass(3*time.Hour, func() { w.say(pc, nil) }) // the number is no longer sent
	if f, ok := w.finding(pc, "X1"); !ok || f.State != store.Firing {
		t.Errorf("it ended because nothing was known: %+v", f)
	}
}

func TestEventsCountAndAreNotCountedTwice(t *testing.T) {
	w := newWorld(t, killed)
	pc := w.meet(Info{ID: "pc"})
	kill := func() store.EventReading {
		return store.EventReading{Kind: event.OOMKill, Count: 1, Attributes: map[string]string{"program": "x"}}
	}
	w.say(pc, nil, kill())
	if f := w.flushed(pc, "X2"); f.Severity != "warn" {
		t.Fatalf("%+v", f)
	}
	// The same event, as a store gives it back after a start.
	again := kill()
	again.At = w.now
	w.say(pc, nil, again)
	w.say(pc, nil, again)
	if f := w.flushed(pc, "X2"); f.Severity != "warn" {
		t.Errorf("an event was counted twice: %+v", f)
	}
	w.now = w.now.Add(2 * time.Hour)
	w.say(pc, nil, kill())
	w.now = w.now.Add(2 * time.Hour)
	w.say(pc, nil, kill())
	if f := w.flushed(pc, "X2"); f.Severity != "critical" {
		t.Errorf("%+v", f)
	}
	w.now = w.now.Add(21 * time.Hour) // the first is more than a day ago
	w.say(pc, nil)
	if f := w.flushed(pc, "X2"); f.Severity != "warn" {
		t.Errorf("%+v", f)
	}
	// A Mac that cannot tell is not one that is well; Windows can.
	w.now = w.now.Add(48 * time.Hour)
	w.say(pc, nil)
	if f, ok := w.finding(pc, "X2"); ok && f.State == store.Firing {
		w.tick()
		if f, ok := w.finding(pc, "X2"); ok {
			t.Errorf("%+v", f)
		}
	}
}

// flushed is a finding once it is recorded.
func (w *world) flushed(id inventory.DeviceID, r string) store.Finding {
	w.t.Helper()
	if err := w.j.Flush(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	f, _ := w.finding(id, r)
	return f
}

func TestLateReportsAreJudgedAtTheirTimeAndToldOnlyIfStillTrue(t *testing.T) {
	w := newWorld(t, full)
	laptop, other := w.meet(Info{ID: "laptop"}), w.meet(Info{ID: "other"})
	// Three days at home without a way to the collector: on the first evening
	// the disk was full, then it was cleaned; on the other one it still is.
	begin := w.now.Add(-72 * time.Hour)
	for at := begin; at.Before(w.now); at = at.Add(5 * time.Minute) {
		x := 50.0
		if at.Sub(begin) < 3*time.Hour {
			x = 95
		}
		w.sayAt(laptop, at, used(x))
		w.sayAt(other, at, used(95))
	}
	w.pass(30*time.Minute, func() { w.say(laptop, used(50)); w.say(other, used(95)) })
	w.wantTold("opened warn Full")
	if n := w.l.news[0].Incident.Devices; len(n) != 1 || n[0].ID != other {
		t.Errorf("told of %+v", n)
	}
	f, _ := w.finding(other, "X1")
	if f.Since.After(begin.Add(time.Hour)) {
		t.Errorf("since %s: it was judged when it came, not when it was", f.Since)
	}
}

func TestTheLastWordOfAMachineThatThenDiedIsTold(t *testing.T) {
	w := newWorld(t, strings.Replace(full, "hold: 10m", "hold: 0", 1))
	pc := w.meet(Info{ID: "pc"})
	w.say(pc, used(99))
	w.pass(7*time.Minute, nil)
	w.wantTold("opened warn Full")
}

func TestKilledAndStartedAgain(t *testing.T) {
	w := newWorld(t, strings.Replace(full, "hold: 10m", "hold: 40m", 1))
	pc := w.meet(Info{ID: "pc"})
	w.pass(25*time.Minute, func() { w.say(pc, used(95)) })
	w.start() // kill -9: pending, and since when, is known
	w.pass(17*time.Minute, func() { w.say(pc, used(95)) })
	if f, _ := w.finding(pc, "X1"); f.State != store.Firing {
		t.Fatalf("the hold was lost: %+v", f)
	}
	w.start() // before it is told
	w.pass(7*time.Minute, func() { w.say(pc, used(95)) })
	w.wantTold("opened warn Full")
	w.start() // and after
	w.pass(20*time.Minute, func() { w.say(pc, used(95)) })
	w.wantTold("opened warn Full")
	if n := len(w.l.incidents); n != 1 {
		t.Errorf("%d incidents", n)
	}
	w.pass(10*time.Minute, func() { w.say(pc, used(50)) })
	w.wantTold("opened warn Full", "cleared warn Full")
}

func TestWhatCannotBeRecordedIsRecordedLater(t *testing.T) {
	w := newWorld(t, full)
	pc := w.meet(Info{ID: "pc"})
	w.pass(13*time.Minute, func() { w.say(pc, used(95)) })
	w.l.refuse = true
	var refused error
	for range 5 {
		w.now = w.now.Add(time.Minute)
		w.say(pc, used(99.5))
		if err := w.j.Tick(t.Context(), w.now); err != nil {
			refused = err
		}
	}
	if refused == nil {
		t.Fatal("nobody is told that the store is full")
	}
	w.l.refuse = false
	w.pass(time.Minute, func() { w.say(pc, used(99.5)) })
	if f, _ := w.finding(pc, "X1"); f.Severity != "critical" {
		t.Errorf("%+v", f)
	}
	w.pass(5*time.Minute, func() { w.say(pc, used(99.5)) })
	if len(w.l.news) != 1 {
		t.Errorf("%v", w.told())
	}
}

func TestAPersonClosesAnIncident(t *testing.T) {
	w := newWorld(t, full, killed)
	pc := w.meet(Info{ID: "pc"})
	w.pass(20*time.Minute, func() { w.say(pc, used(95)) })
	w.close()
	w.pass(3*time.Hour, func() { w.say(pc, used(95)) })
	if len(w.open()) != 0 {
		t.Fatalf("it was opened again though nothing changed: %+v", w.open())
	}
	w.start() // also over a restart
	w.pass(time.Hour, func() { w.say(pc, used(95)) })
	if len(w.open()) != 0 {
		t.Fatalf("it was opened again after a start: %+v", w.open())
	}
	w.pass(10*time.Minute, func() { w.say(pc, used(99)) }) // it gets worse
	if open := w.open(); len(open) != 1 || open[0].Severity != "critical" {
		t.Fatalf("that it got worse is nobody's: %+v", open)
	}
	// Something else on the same device is an incident of its own.
	w.close()
	w.pass(2*time.Minute, func() { w.say(pc, used(99)) })
	w.say(pc, nil, store.EventReading{Kind: event.OOMKill, Count: 1})
	w.pass(2*time.Minute, func() { w.say(pc, used(99)) })
	if open := w.open(); len(open) != 1 || open[0].Rule != "X2" {
		t.Errorf("%+v", open)
	}
}

func TestMaintenanceMutes(t *testing.T) {
	w := newWorld(t, full, strings.Replace(killed, "subject: device", "subject: device\nmuted_in_maintenance: true", 1))
	pc := w.meet(Info{ID: "pc"})
	w.l.windows = []store.Maintenance{{ID: 1, Name: "patch night", From: w.now.Add(-time.Hour), To: w.now.Add(2 * time.Hour)}}
	w.tick()
	w.say(pc, nil, store.EventReading{Kind: event.OOMKill, Count: 1})
	w.pass(time.Hour, func() { w.say(pc, used(95)) })
	if f, ok := w.finding(pc, "X2"); ok && f.State == store.Firing {
		t.Errorf("a muted rule fires: %+v", f)
	}
	if f, _ := w.finding(pc, "X1"); f.State != store.Firing {
		t.Errorf("a rule that is not muted does not: %+v", f)
	}
	w.wantTold()
	w.pass(2*time.Hour, func() { w.say(pc, used(95)) })
	if len(w.l.news) != 2 {
		t.Errorf("told %v of %+v; what is still so after it is news", w.told(), w.open())
	}
}

func TestWeeklyMaintenance(t *testing.T) {
	m := store.Maintenance{From: wednesday.AddDate(0, 0, -30), Days: []int{3}, Start: 22 * 60, Minutes: 180, Zone: "America/New_York"}
	ny, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Time]bool{
		time.Date(2026, 3, 4, 21, 59, 0, 0, ny): false,
		time.Date(2026, 3, 4, 22, 0, 0, 0, ny):  true,
		time.Date(2026, 3, 5, 0, 59, 0, 0, ny):  true,
		time.Date(2026, 3, 5, 1, 0, 0, 0, ny):   false,
		time.Date(2026, 3, 5, 22, 30, 0, 0, ny): false,
	} {
		if got := Under(m, at); got != want {
			t.Errorf("%s: %v, want %v", at, got, want)
		}
	}
}

func TestARuleThatFewFindUsefulLosesOneLevel(t *testing.T) {
	w := newWorld(t, full)
	w.l.marks = []store.RuleMark{{Rule: "X1", Useful: 5, Useless: 10, Wrong: 6}}
	pc := w.meet(Info{ID: "pc"})
	w.tick()
	w.pass(20*time.Minute, func() { w.say(pc, used(99)) })
	if f, _ := w.finding(pc, "X1"); f.Severity != "warn" {
		t.Errorf("%+v, want warn instead of critical", f)
	}
	for m, want := range map[store.RuleMark]bool{{Useful: 5, Useless: 14}: false, {Useful: 6, Useless: 14}: false, {Useful: 5, Useless: 15}: true, {Wrong: 20}: true} {
		if got := Lowered(m); got != want {
			t.Errorf("%+v: %v", m, got)
		}
	}
}

func TestRulesChangeWhileItRuns(t *testing.T) {
	w := newWorld(t, full, killed)
	pc := w.meet(Info{ID: "pc"})
	w.pass(20*time.Minute, func() { w.say(pc, used(95)) })
	w.j.Use(setOf(t, strings.Replace(full, ">= 90, hold: 10m", ">= 97, hold: 10m", 1)))
	w.pass(20*time.Minute, func() { w.say(pc, used(95)) })
	if f, ok := w.finding(pc, "X1"); !ok {
		t.Errorf("a finding is lost with its rule's change: %+v", f)
	}
	w.pass(20*time.Minute, func() { w.say(pc, used(70)) })
	if _, ok := w.finding(pc, "X1"); ok {
		t.Error("numbers are not followed any more")
	}
	w.j.Use(setOf(t, killed))
	w.pass(time.Minute, func() { w.say(pc, used(99)) })
}

func TestClocksWrongByYears(t *testing.T) {
	w := newWorld(t, full)
	pc := w.meet(Info{ID: "pc"})
	w.pass(20*time.Minute, func() { w.say(pc, used(95)) })
	for _, at := range []time.Time{w.now.AddDate(-30, 0, 0), {}, time.Unix(0, 0), w.now.AddDate(0, 0, -8)} {
		w.sayAt(pc, at, used(50), store.EventReading{Kind: event.OOMKill, Count: 1, At: at})
	}
	w.pass(20*time.Minute, func() { w.say(pc, used(95)) })
	if f, _ := w.finding(pc, "X1"); f.State != store.Firing {
		t.Errorf("%+v", f)
	}
}

func TestARuleThatFailsIsSwitchedOffAndSaysSo(t *testing.T) {
	// What can fail in a condition is refused when it is read, so that the
	// fault is made up here.
	w := newWorld(t, full, strings.Replace(full, "id: X1", "id: X02", 1))
	id := w.meet(Info{ID: "pc-1"})
	w.say(id, used(20))
	w.j.mu.Lock()
	broken, _ := w.set.Find("X02")
	for range mostFaults {
		w.j.fault(broken, errors.New("division by zero"), w.now)
	}
	w.j.mu.Unlock()
	w.pass(20*time.Minute, func() { w.say(id, used(97)) })
	list := w.open()
	if len(list) != 2 || list[0].Kind != store.RuleIncident || !strings.Contains(list[0].Title, "X02") || list[0].Severity != "warn" || list[1].Rule != "X1" {
		t.Fatalf("incidents: %+v", list)
	}
	if len(w.l.marks) != 1 || !strings.Contains(w.l.marks[0].Off, "division") {
		t.Errorf("marks: %+v", w.l.marks)
	}
	i := slices.IndexFunc(w.l.news, func(n store.News) bool { return n.Incident.Kind == store.RuleIncident })
	if i < 0 || len(w.l.news[i].Evidence) == 0 || len(w.l.news[i].Checks) != 3 {
		t.Fatalf("news: %+v", w.l.news)
	}
	// It stays off after a restart, and nobody is told twice.
	told := len(w.l.news)
	w.start()
	w.pass(20*time.Minute, func() { w.say(id, used(97)) })
	if n := len(w.open()); n != 2 || len(w.l.news) != told || len(w.l.marks) != 1 {
		t.Errorf("after a restart: %d incidents, %d news, %d marks", n, len(w.l.news), len(w.l.marks))
	}
	// Somebody mended the rule and switches it on.
	w.l.marks = nil
	w.pass(2*time.Minute, nil)
	if list := w.open(); len(list) != 1 || list[0].Rule != "X1" {
		t.Errorf("after it was switched on: %+v", list)
	}
}

func TestARuleThatCostsTooMuchIsSwitchedOff(t *testing.T) {
	w := newWorld(t, full)
	id := w.meet(Info{ID: "pc-1"})
	w.say(id, map[string]float64{"disk.used_percent path=C:": 20})
	w.j.mu.Lock()
	w.j.costs[0] = cost{asked: costEvery - 1, timed: leastTimed, over: leastTimed}
	w.j.mu.Unlock()
	w.pass(2*time.Minute, func() { w.say(id, used(97)) })
	if list := w.open(); len(list) != 1 || list[0].Kind != store.RuleIncident || !strings.Contains(w.l.marks[0].Off, "costs too much") {
		t.Errorf("incidents %+v, marks %+v", list, w.l.marks)
	}
	w.l.marks = nil
	w.pass(20*time.Minute, func() { w.say(id, used(97)) })
	if list := w.open(); len(list) != 1 || list[0].Rule != "X1" {
		t.Errorf("after it was switched on: %+v", list)
	}
}

func TestASnoozedIncidentWakes(t *testing.T) {
	w := newWorld(t, full)
	pc := w.meet(Info{ID: "pc"})
	say := func(x float64) func() { return func() { w.say(pc, used(x)) } }
	w.pass(20*time.Minute, say(95))
	snooze := func(until time.Time) {
		w.l.mu.Lock()
		defer w.l.mu.Unlock()
		i := w.l.incidents[1]
		i.Status, i.SnoozedTo = store.Snoozed, until
		w.l.incidents[1] = i
	}
	woken := func() (n int, why string) {
		for _, s := range w.l.steps[w.l.incidents[1].Key] {
			if s.Do == store.DoWake {
				n, why = n+1, s.Text
			}
		}
		return n, why
	}
	snooze(w.now.Add(time.Hour))
	w.pass(50*time.Minute, say(95))
	if n, _ := woken(); n != 0 {
		t.Fatalf("it was woken %d times before its time", n)
	}
	w.pass(15*time.Minute, say(95))
	if n, why := woken(); n != 1 || !strings.Contains(why, "time") {
		t.Fatalf("woken %d times, last because %q", n, why)
	}
	snooze(w.now.Add(48 * time.Hour))
	w.pass(20*time.Minute, say(99))
	if n, why := woken(); n != 2 || !strings.Contains(why, "worse") {
		t.Errorf("woken %d times, last because %q; it got critical", n, why)
	}
}

// Who claims it before anybody is told has it; what sleeps is told when it
// wakes; what was escalated is not told as new after it.
func TestWhatSomebodyHasIsNotToldAsNew(t *testing.T) {
	for _, x := range []struct {
		name string
		do   func(i *store.Incident, now time.Time)
		want []string
	}{
		{"nobody", func(*store.Incident, time.Time) {}, []string{"opened warn Full"}},
		{"claimed", func(i *store.Incident, _ time.Time) { i.Status, i.Assignee = store.Claimed, "ines" }, nil},
		{"snoozed", func(i *store.Incident, now time.Time) { i.Status, i.SnoozedTo = store.Snoozed, now.Add(time.Hour) }, nil},
		{"escalated", func(i *store.Incident, now time.Time) {
			i.Status, i.Told, i.ToldAt = store.Escalated, i.Severity, now
		}, nil},
	} {
		w := newWorld(t, full)
		pc := w.meet(Info{ID: "pc"})
		say := func() { w.say(pc, used(95)) }
		for len(w.l.incidents) == 0 {
			w.pass(time.Minute, say)
		}
		i := w.l.incidents[1]
		x.do(&i, w.now)
		w.l.incidents[1] = i
		w.pass(20*time.Minute, say)
		if got := w.told(); !slices.Equal(got, x.want) {
			t.Errorf("%s: told %q, want %q", x.name, got, x.want)
		}
		if x.name == "snoozed" {
			w.pass(time.Hour, say)
			w.wantTold("opened warn Full")
		}
		if x.name == "claimed" {
			w.pass(10*time.Minute, func() { w.say(pc, used(99)) })
			w.wantTold("worse critical Full")
		}
	}
}
