package health

import (
	"slices"
	"time"

	"muster/collector/health/rule"
	"muster/collector/store"
)

// state is how far one rule has come about one component.
type state struct {
	f      store.Finding // as it is, or is to be, in the store
	level  int           // 0: none; else place of the level, from 1
	since  [3]time.Time  // by level: the condition is true
	news   [3]int        // by level: judgements with new data in that time
	was    [3]bool       // by level: the condition was true since it fired
	clear  time.Time     // the level's end is true since
	opens  []time.Time   // fired, in the last day
	until  time.Time     // flapping: it does not end before
	orphan time.Time     // the incident of its cause ended then, and it has none
	quiet  bool          // a person was wrong-footed by it: no incident until it has ended

	marked bool // to be recorded
	key    string
}

type stateKey struct {
	rule string
	part string
}

// moved is what a judgement changed, for incidents.
type moved uint8

const (
	stays moved = iota
	fired
	worse
	better
	ended
	waits // pending, or pending no longer
)

// Flapping, after reference/health.md §4: what opens three times in a day is
// held open for a day.
const (
	flapOpens = 3
	flapTime  = 24 * time.Hour
	// firstSight is how long after a component was first seen what is found
	// was there before.
	firstSight = 24 * time.Hour
	// keepPending is from what hold on a finding that waits is worth keeping
	// over a restart.
	keepPending = 30 * time.Minute
)

// judge asks one rule about one component. fresh says that there is new data.
func (j *Judge) judge(d *device, ri int, p *part, now time.Time, fresh bool, with map[string]rule.Value) moved {
	r := j.plan.set.Rules[ri]
	key := stateKey{r.ID, p.key}
	st := d.states[key]
	v := &view{j: j, d: d, r: r, part: p, now: now, with: with}
	// What has vanished is judged only by rules about that.
	if !p.gone.IsZero() && !j.plan.aboutGone[ri] {
		if st == nil {
			return stays
		}
		if st.level > 0 && now.Sub(p.gone) < goneAfter {
			return stays
		}
		return j.end(d, st, now, "gone")
	}
	var says [3]rule.Verdict
	any := false
	for i := range r.Levels {
		verdict, err := j.ask(ri, r.Levels[i].When, v)
		if err != nil {
			j.fault(r, err, now)
			return stays
		}
		says[i] = verdict
		any = any || verdict == rule.True
	}
	if st == nil {
		if !any {
			return stays
		}
		if st = d.ended[key]; st != nil { // of late: the same finding goes on
			delete(d.ended, key)
			st.clear = time.Time{}
			st.since, st.news, st.was = [3]time.Time{}, [3]int{}, [3]bool{}
		} else {
			st = &state{f: store.Finding{Device: d.info.ID, Name: d.info.Name, Rule: r.ID, Component: p.key}}
		}
		d.states[key] = st
	}
	st.f.Title, st.f.Family, st.f.Hygiene, st.f.Label = r.Title, r.Family, r.Hygiene, p.label
	if st.revive(says, fresh, now) {
		return fired
	}
	target := j.holds(d, r, st, p, says, now, fresh)
	if st.level > 0 && target > 0 && target == st.level {
		st.clear = time.Time{}
	}
	switch {
	case target > st.level:
		return j.rise(d, r, st, v, target, now)
	case st.level == 0:
		return j.waits(d, r, st, says, now)
	case now.Before(st.until):
		return stays
	}
	return j.fall(d, r, ri, st, v, says, target, now)
}

// holds answers the worst level that has been true for long enough.
func (j *Judge) holds(d *device, r *rule.Rule, st *state, p *part, says [3]rule.Verdict, now time.Time, fresh bool) int {
	target := 0
	for i, l := range r.Levels {
		switch says[i] {
		case rule.False:
			st.since[i], st.news[i] = time.Time{}, 0
		case rule.True:
			st.was[i] = true
			if st.since[i].IsZero() {
				st.since[i], st.news[i] = now, 0
			}
			if fresh {
				st.news[i]++
			}
			if j.muted(d, r, now) && st.level <= i {
				continue
			}
			if now.Sub(st.since[i]) >= l.Hold && st.news[i] >= l.Samples || st.level == 0 && firstSeen(r, st, p, now) {
				target = i + 1
			}
		}
	}
	return target
}

// firstSeen says that a lasting state was there when the component was first
// seen: nothing is gained by waiting whether it lasts.
func firstSeen(r *rule.Rule, st *state, p *part, now time.Time) bool {
	return r.Backlog && st.f.Times == 0 && !p.first.IsZero() && now.Sub(p.first) < firstSight
}

// rise makes a finding fire, or get worse.
func (j *Judge) rise(d *device, r *rule.Rule, st *state, v *view, target int, now time.Time) moved {
	before := st.level
	st.level, st.clear, st.orphan = target, time.Time{}, time.Time{}
	sev := j.severity(r, target)
	did := worse
	if before == 0 {
		did = fired
		st.f.Backlog = firstSeen(r, st, v.part, now)
		st.f.Times++
		if st.f.FiredAt.IsZero() || st.f.State == store.Resolved {
			st.f.FiredAt = now
		}
		st.f.State, st.f.ResolvedAt, st.f.Reason = store.Firing, time.Time{}, ""
		st.opens = append(slices.DeleteFunc(st.opens, func(t time.Time) bool { return now.Sub(t) > flapTime }), now)
		if len(st.opens) >= flapOpens {
			st.f.Flapping, st.until = true, now.Add(flapTime)
		}
	} else {
		st.f.Backlog = false // it moves, so it is news
	}
	if since := st.since[target-1]; st.f.Since.IsZero() || before == 0 {
		st.f.Since = since
	}
	if rule.Severity(sev).Rank() > rule.Severity(st.f.Worst).Rank() {
		st.f.Worst = sev
	}
	st.f.Severity, st.f.WorseAt = sev, now
	j.tell(r, st, v, now)
	return did
}

// severity is a level's, less one when too few of the rule's closures were
// useful.
func (j *Judge) severity(r *rule.Rule, level int) string {
	s := r.Levels[level-1].Severity
	if j.lowered[r.ID] {
		s = s.Less()
	}
	return string(s)
}

// fall lets a finding get milder or end, once its level's end has been true for
// long enough. A milder level stays as long as its own end is not true, if it
// was ever true itself. What is not known neither ends it nor begins the wait
// for its end anew.
func (j *Judge) fall(d *device, r *rule.Rule, ri int, st *state, v *view, says [3]rule.Verdict, target int, now time.Time) moved {
	over := func(level int) rule.Verdict {
		l := r.Levels[level-1]
		if l.Clear == nil {
			return says[level-1].Not()
		}
		verdict, err := j.ask(ri, l.Clear, v)
		if err != nil {
			j.fault(r, err, now)
			return rule.Unknown
		}
		return verdict
	}
	if target == st.level {
		st.clear = time.Time{}
		return stays
	}
	switch over(st.level) {
	case rule.False:
		st.clear = time.Time{}
		return stays
	case rule.Unknown:
		return stays
	}
	if st.clear.IsZero() {
		st.clear = now
	}
	if now.Sub(st.clear) < r.Levels[st.level-1].ClearFor {
		return stays
	}
	next := st.level - 1
	for next > target && (!st.was[next-1] || over(next) == rule.True) {
		next--
	}
	if next == 0 {
		return j.end(d, st, now, "cleared")
	}
	st.level, st.clear = next, time.Time{}
	st.f.Severity = j.severity(r, next)
	j.tell(r, st, v, now)
	return better
}

// waits keeps what is true, but not yet for long enough.
func (j *Judge) waits(d *device, r *rule.Rule, st *state, says [3]rule.Verdict, now time.Time) moved {
	at := -1
	for i := range r.Levels {
		if !st.since[i].IsZero() {
			at = i
			break
		}
	}
	if at < 0 {
		if st.f.State == store.Pending || st.f.ID == 0 {
			was := st.f.ID != 0
			delete(d.states, stateKey{r.ID, st.f.Component})
			if was {
				st.f.State, st.f.ResolvedAt, st.f.Reason, st.f.JudgedAt = store.Resolved, now, "passed", now
				j.save(d, st)
				return waits
			}
		}
		return stays
	}
	if st.f.State == store.Pending {
		return stays
	}
	st.f.State, st.f.Severity, st.f.Since = store.Pending, j.severity(r, at+1), st.since[at]
	if r.Levels[at].Hold >= keepPending {
		st.f.JudgedAt = now
		j.save(d, st)
	}
	return waits
}

// goneAfter is how long a component may be away before what was found on it is
// over: a disk that is back after a restart was not replaced.
const goneAfter = 24 * time.Hour

// end ends a finding.
func (j *Judge) end(d *device, st *state, now time.Time, why string) moved {
	delete(d.states, stateKey{st.f.Rule, st.f.Component})
	was := st.level
	if st.f.State == "" || st.f.State == store.Pending && st.f.ID == 0 {
		return stays
	}
	st.level = 0
	st.f.State, st.f.ResolvedAt, st.f.Reason, st.f.JudgedAt = store.Resolved, now, why, now
	d.ended[stateKey{st.f.Rule, st.f.Component}] = st
	j.save(d, st)
	if was == 0 {
		return waits
	}
	return ended
}

// tell writes down what the finding rests on.
func (j *Judge) tell(r *rule.Rule, st *state, v *view, now time.Time) {
	st.f.Evidence = evidence(r, v)
	st.f.JudgedAt = now
	if p := v.derivedNumber("drive_risk", "points"); r.On.Name == "drive" && p.Known {
		st.f.Points = p.N
	}
	j.save(v.d, st)
}

// fires says whether a rule fires on a component of a subject, at a severity or
// worse; a rule about another subject, on any.
func (d *device) fires(p *plan, id, subject, component string, least rule.Severity) bool {
	r, ok := p.set.Find(id)
	if !ok {
		return false
	}
	if r.Subject == subject {
		st := d.states[stateKey{id, component}]
		return st != nil && st.level > 0 && rule.Severity(st.f.Severity).Rank() >= least.Rank()
	}
	for k, st := range d.states {
		if k.rule == id && st.level > 0 && rule.Severity(st.f.Severity).Rank() >= least.Rank() {
			return true
		}
	}
	return false
}
