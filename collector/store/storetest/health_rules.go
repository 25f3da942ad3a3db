package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"muster/collector/store"
)

// marks shows what became of rules.
func (c *clinic) marks() []string {
	c.Helper()
	l, err := c.h.RuleMarks(c.Context())
	c.ok(err)
	out := []string{}
	for _, m := range l {
		s := fmt.Sprintf("%s %d/%d/%d open %d", m.Rule, m.Useful, m.Useless, m.Wrong, m.Open)
		if !m.Since.IsZero() {
			s += fmt.Sprint(" since ", m.Since.Sub(t0()).Hours())
		}
		if m.Off != "" || !m.OffAt.IsZero() {
			s += fmt.Sprint(" off ", m.OffAt.Sub(t0()).Hours(), " ", m.Off)
		}
		out = append(out, s)
	}
	return out
}

func testOutcomes(c *clinic) {
	c.want("none", c.marks(), []string{})
	resolve := func(n int, hour float64, useful string) {
		c.Helper()
		i := c.record(store.Judged{Incidents: []store.Incident{opened(n, "D01", "warn", float64(n))}}).Incidents[0]
		c.work(i.Number, store.Step{At: hours(hour), By: "ines", Do: store.DoResolve, Useful: useful})
	}
	for n := 1; n <= 7; n++ {
		c.add(n)
	}
	for n, useful := range []string{"yes", "no", "wrong", "no"} {
		resolve(n+1, float64(100+n), useful)
	}
	_, ended := c.sick(5, "D02", "warn", 1)
	c.record(store.Judged{Incidents: []store.Incident{closed(ended, 2)}}) // nobody said anything
	c.want("by the rule that led", c.marks(), []string{"D01 1/2/1 open 0", "D02 0/0/0 open 1"})
	// A rule that leads later changes nothing of what was said of the first.
	f, i := c.sick(6, "D03", "warn", 1)
	c.work(i.Number, store.Step{At: hours(110), By: "ines", Do: store.DoResolve, Useful: "yes"})
	i.Rule = "D04"
	c.record(store.Judged{Incidents: []store.Incident{i}, Findings: []store.JudgedFinding{resolved(f, 9)}})
	c.want("of the first", c.marks(), []string{"D01 1/2/1 open 0", "D02 0/0/0 open 1", "D03 1/0/0 open 0"})
	// Reopened, nothing was said.
	c.work(i.Number, store.Step{At: hours(111), By: "ines", Do: store.DoReopen})
	c.want("taken back", c.marks()[2], "D03 0/0/0 open 0")
	// From a reset on it counts anew; what comes at that very time counts.
	c.ok(c.h.ResetRule(c.Context(), "D01", hours(102)))
	c.want("reset", c.marks()[0], "D01 0/1/1 open 0 since 102")
	resolve(7, 200, "yes")
	c.want("and on", c.marks()[0], "D01 1/1/1 open 0 since 102")
}

func testSwitchedOff(c *clinic) {
	c.ok(c.h.SwitchOff(c.Context(), "D01", "no such key: x", hours(1)))
	c.want("off", c.marks(), []string{"D01 0/0/0 open 0 off 1 no such key: x"})
	c.ok(c.h.SwitchOff(c.Context(), "D01", "it costs too much", hours(2)))
	c.want("off again", c.marks(), []string{"D01 0/0/0 open 0 off 2 it costs too much"})
	c.ok(c.h.ResetRule(c.Context(), "D01", hours(3)))
	c.want("on", c.marks(), []string{"D01 0/0/0 open 0 since 3"})
	c.ok(c.h.SwitchOff(c.Context(), "D01", "again", hours(4)))
	c.want("off, and reset before", c.marks(), []string{"D01 0/0/0 open 0 since 3 off 4 again"})
}

func testMaintenance(c *clinic) {
	ctx := c.Context()
	list := func() []store.Maintenance {
		c.Helper()
		l, err := c.h.Maintenances(ctx)
		c.ok(err)
		return l
	}
	put := func(m store.Maintenance) store.Maintenance {
		c.Helper()
		m, err := c.h.PutMaintenance(ctx, m)
		c.ok(err)
		return m
	}
	c.want("none", len(list()), 0)
	once := put(store.Maintenance{Name: " Move ", Filter: `site:hartford model:"X"`, All: true, From: hours(5), To: hours(9), By: "bo", Reason: "new \"rack\""})
	weekly := put(store.Maintenance{Name: "Patch night", From: hours(1), Days: []int{0, 3}, Start: 1380, Minutes: 240, Zone: "America/New_York", By: "ines"})
	if once.ID == 0 || once.ID == weekly.ID {
		c.Fatalf("IDs are %d and %d", once.ID, weekly.ID)
	}
	c.want("named", once.Name, "Move")
	c.want("list", list(), []store.Maintenance{weekly, once})
	weekly.Days, weekly.Start, weekly.Minutes, weekly.To, weekly.Filter = nil, 0, 0, hours(2), "label:x"
	put(weekly)
	c.want("replaced", list(), []store.Maintenance{weekly, once})
	c.ok(c.h.DeleteMaintenance(ctx, once.ID))
	c.want("deleted", list(), []store.Maintenance{weekly})
	c.is(c.h.DeleteMaintenance(ctx, once.ID), store.ErrNotFound)
	_, err := c.h.PutMaintenance(ctx, once)
	c.is(err, store.ErrNotFound)
	for _, bad := range []store.Maintenance{
		{From: hours(1)},
		{Name: "x", From: hours(1), Filter: "os:("},
		{Name: "x", From: hours(2), To: hours(1)},
		{Name: "x", From: hours(1), Days: []int{7}, Minutes: 60},
		{Name: "x", From: hours(1), Days: []int{-1}, Minutes: 60},
		{Name: "x", From: hours(1), Days: []int{1}},
		{Name: "x", From: hours(1), Days: []int{1}, Minutes: 1441},
		{Name: "x", From: hours(1), Days: []int{1}, Minutes: 60, Start: 1440},
	} {
		if _, err := c.h.PutMaintenance(ctx, bad); err == nil {
			c.Errorf("%+v is taken", bad)
		}
	}
	c.want("left", list(), []store.Maintenance{weekly})
}

func testHealthRetain(c *clinic) {
	for n := 1; n <= 5; n++ {
		c.add(n)
	}
	// 1 holds. 2 ended long ago, 3 of late. 4 is open and one of its findings
	// ended long ago. 5 was resolved by a person and still holds.
	f1, i1 := c.sick(1, "D01", "warn", 1)
	f2, i2 := c.sick(2, "D01", "warn", 1)
	f3, i3 := c.sick(3, "D01", "warn", 1)
	f4, i4 := c.sick(4, "D01", "warn", 1)
	f5, i5 := c.sick(5, "D01", "warn", 1)
	more := firing(4, "D02", "warn", 1)
	lone := firing(4, "D03", "warn", 1)
	lone.Key = ""
	j := c.record(store.Judged{Findings: []store.JudgedFinding{resolved(f2, 2), resolved(f3, 90), resolved(more, 2), resolved(lone, 2)}, Incidents: []store.Incident{closed(i2, 2), closed(i3, 90)}})
	c.work(i5.Number, store.Step{At: hours(3), By: "ines", Do: store.DoResolve, Useful: "no"})
	n, err := c.s.Retain(c.Context(), store.Retention{Events: time.Hour}, hours(100))
	c.ok(err)
	c.want("kept unless that is said", n, 0)
	n, err = c.s.Retain(c.Context(), store.Retention{ClosedRows: 50 * time.Hour}, hours(100))
	c.ok(err)
	c.want("removed: an incident, its step, its finding, and one of no incident", n, 4)
	c.want("incidents", c.incidents(ever()), []int64{i5.Number, i4.Number, i3.Number, i1.Number})
	c.want("findings", c.findings(every()), []int64{j.Findings[2].ID, f5.ID, f4.ID, f3.ID, f1.ID})
	c.want("whole", []any{len(c.incident(i3.Number).Findings), len(c.incident(i4.Number).Findings), c.finding(f5.ID).Incident}, []any{1, 2, i5.Number})
	_, err = c.h.Incident(c.Context(), all(), i2.Number)
	c.is(err, store.ErrNotFound)
	counts, err := c.s.Counts(c.Context())
	c.ok(err)
	c.want("counts", []int64{counts.Findings, counts.Incidents}, []int64{3, 2})
	// Later all that ended goes; numbers are not used again.
	c.record(store.Judged{Findings: []store.JudgedFinding{resolved(f1, 100), resolved(f4, 100), resolved(f5, 100)}, Incidents: []store.Incident{closed(i1, 100), closed(i4, 100)}})
	_, err = c.s.Retain(c.Context(), store.Retention{ClosedRows: time.Hour}, hours(1000))
	c.ok(err)
	c.want("nothing is left", []int{len(c.incidents(ever())), len(c.findings(every()))}, []int{0, 0})
	f6, i6 := c.sick(1, "D01", "warn", 1000)
	if i6.Number <= i5.Number || f6.ID <= j.Findings[3].ID {
		c.Errorf("incident %d and finding %d were others before", i6.Number, f6.ID)
	}
	c.want("nothing of before", acts(c.incident(i6.Number)), []string{"opened:Title of D01"})
	// Many go in many small parts.
	var many store.Judged
	for n := range 250 {
		f := resolved(firing(1, fmt.Sprint("X", n), "warn", 1), 2)
		i := closed(opened(1, "X", "warn", 1), 2)
		i.Key = fmt.Sprint("many:", n)
		f.Key = i.Key
		many.Findings, many.Incidents = append(many.Findings, f), append(many.Incidents, i)
	}
	c.record(many)
	n, err = c.s.Retain(c.Context(), store.Retention{ClosedRows: time.Hour}, hours(1000))
	c.ok(err)
	c.want("many", n, 500)
	c.want("what holds", []any{c.incidents(ever()), c.findings(every())}, []any{[]int64{i6.Number}, []int64{f6.ID}})
}

// testHealthConcurrent has a judge and people work on the same incidents, and
// others look.
func testHealthConcurrent(c *clinic) {
	const devices, people, rounds = 4, 4, 6
	ctx := c.Context()
	for n := 1; n <= devices; n++ {
		c.add(n)
		c.sick(n, "D01", "warn", 1)
	}
	numbers := c.incidents(store.IncidentQuery{})
	errs := make(chan error, 100)
	fail := func(err error) {
		if err != nil {
			select {
			case errs <- err:
			default:
			}
		}
	}
	var working, looking sync.WaitGroup
	stop := make(chan struct{})
	claims := make([]atomic.Int32, len(numbers))
	for p := range people {
		working.Go(func() {
			me := fmt.Sprint("person ", p)
			for at, n := range numbers {
				switch _, err := c.h.Work(ctx, all(), n, store.Step{At: hours(2), By: me, Do: store.DoClaim}, nil); {
				case err == nil:
					claims[at].Add(1)
				case !errors.Is(err, store.ErrConflict):
					fail(err)
				}
				for range rounds {
					_, err := c.h.Work(ctx, all(), n, store.Step{At: hours(2), By: me, Do: store.DoNote, Text: "x"}, nil)
					fail(err)
				}
			}
		})
	}
	working.Go(func() {
		for round := range rounds {
			var j store.Judged
			for n := 1; n <= devices; n++ {
				f, i := firing(n, "D01", "critical", 2), opened(n, "D01", "critical", 2)
				f.Times, i.Rank = round, float64(round)
				j.Findings, j.Incidents = append(j.Findings, f), append(j.Incidents, i)
				j.Steps = append(j.Steps, store.KeyedStep{Key: i.Key, Step: store.Step{At: hours(3 + float64(round)), Do: "worse"}})
			}
			fail(c.h.Record(ctx, &j))
		}
	})
	looking.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			l, err := c.h.Incidents(ctx, store.IncidentQuery{Scope: all()})
			if err == nil && len(l) != devices {
				err = fmt.Errorf("%d incidents", len(l))
			}
			for _, i := range l {
				// All of one record is seen, or nothing of it.
				if i.Rank != l[0].Rank {
					err = fmt.Errorf("half a record: ranks %g and %g", i.Rank, l[0].Rank)
				}
			}
			fail(err)
			_, err = c.h.RuleMarks(ctx)
			fail(err)
		}
	})
	working.Wait()
	close(stop)
	looking.Wait()
	select {
	case err := <-errs:
		c.Fatal(err)
	default:
	}
	c.want("findings", len(c.findings(every())), devices)
	for at, n := range numbers {
		i := c.incident(n)
		did := map[string]int{}
		for _, s := range i.Steps {
			did[s.Do]++
		}
		c.want("one claimed it, nothing is lost", []any{claims[at].Load(), did[store.DoClaim], did[store.DoNote], did["worse"], i.Status, i.Rank, i.Severity},
			[]any{1, 1, people * rounds, rounds, store.Claimed, float64(rounds - 1), "critical"})
	}
}
