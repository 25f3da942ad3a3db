package health

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/collector/health/cause"
	"muster/collector/health/rule"
	"muster/collector/store"
	"muster/internal/event"
	"muster/internal/inventory"
)

// faultKinds are the events by which a change is held to have made things
// worse.
func faultKinds() []string {
	return []string{
		event.Bugcheck,
		event.UncleanStop,
		event.AppCrash,
		event.AppHang,
		event.ServiceFailed,
		event.DiskError,
		event.LinkFlap,
		event.UpdateFailed,
	}
}

const (
	changesEvery = time.Hour
	aroundChange = 7 * 24 * time.Hour
	leastAfter   = 24 * time.Hour
	leastChanged = 10
	// mostOfOne is how often something counts on one device: a fault that
	// comes again and again is one device's.
	mostOfOne = 3
	// mostAtOnce is how many changes may be found to be bad in one look.
	mostAtOnce = 5
)

// rollout is a change that came to devices of late.
type rollout struct{ what, to string }

// exposed is what a change came to.
type exposed struct {
	who  []*device
	days float64                  // device-days after it, and as many before
	of   map[string]*cause.Change // by kind of event
}

// changesToTheWorse compares, for each change that many devices had of late,
// how often things went wrong after it with the same days of the week before.
func (j *Judge) changesToTheWorse(now time.Time) {
	rules := j.fleetRules("change")
	if len(rules) == 0 || j.strangers() || now.Sub(j.changesAt) < changesEvery {
		return
	}
	j.changesAt = now
	r := rules[0]
	for range mostAtOnce {
		all, looks := j.exposures(r, now)
		var first *found
		for _, c := range sortedRollouts(all) {
			x := all[c]
			for _, kind := range faultKinds() {
				if t := x.of[kind]; t != nil && len(x.who) >= leastChanged {
					if f := j.worse(r, c, kind, x, t, looks, now); f != nil && (first == nil || f.before(first)) {
						first = f
					}
				}
			}
		}
		if first == nil {
			break
		}
		// It explains its devices' trouble: what else came to them is judged
		// anew without them.
		j.openRollout(r, first, now)
	}
	for _, key := range sortedKeys(j.inc.wide) {
		inc := j.inc.wide[key]
		if inc.s.Kind == store.ChangeIncident && inc.s.UpdatedAt.Before(now) {
			j.cleared(inc, now, "the change is long ago, or has been taken back")
		}
	}
}

// found is a change after which things went wrong, and no incident of it yet.
type found struct {
	c     rollout
	kind  string
	level int
	x     *exposed
	t     *cause.Change
	cause *store.Cause
}

// before says which of two changes explains more: the one of whose devices more
// got worse.
func (f *found) before(o *found) bool {
	a, b := float64(f.t.Worse)/float64(f.t.Devices), float64(o.t.Worse)/float64(o.t.Devices)
	return cmp.Or(cmp.Compare(b, a), cmp.Compare(explains(f.c.what), explains(o.c.what)), cmp.Compare(f.cause.Chance, o.cause.Chance)) < 0
}

// exposures looks through the fleet's changes. It answers also among how many
// pairs of a change and a kind of trouble is being sought.
func (j *Judge) exposures(r *rule.Rule, now time.Time) (map[rollout]*exposed, int) {
	least := leastAfter
	for _, l := range r.Levels {
		least = max(least, l.Hold) // how long after it is looked at
	}
	all, has := map[rollout]*exposed{}, j.explainedBy()
	for _, id := range j.order {
		d := j.devices[id]
		for _, a := range d.changes {
			if by, ok := has[id]; ok && by != (rollout{a.what, a.to}) {
				continue
			}
			w := min(now.Sub(a.at), aroundChange)
			if w < least || a.at.Sub(d.info.FirstSeen) < aroundChange {
				continue
			}
			c := rollout{a.what, a.to}
			x := all[c]
			if x == nil {
				x = &exposed{of: map[string]*cause.Change{}}
				all[c] = x
			}
			x.who = append(x.who, d)
			x.days += w.Hours() / 24
			for _, kind := range faultKinds() {
				before, after := d.around(kind, a.at, w)
				if before+after == 0 {
					continue
				}
				t := x.of[kind]
				if t == nil {
					t = &cause.Change{}
					x.of[kind] = t
				}
				t.Before, t.After = t.Before+before, t.After+after
				if after > before {
					t.Worse++
				} else if before > after {
					t.Better++
				}
			}
		}
	}
	looks := 0
	for _, x := range all {
		if len(x.who) >= leastChanged {
			looks += len(x.of)
		}
	}
	return all, looks
}

func sortedRollouts(all map[rollout]*exposed) []rollout {
	out := make([]rollout, 0, len(all))
	for c := range all {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b rollout) int { return cmp.Or(cmp.Compare(a.what, b.what), cmp.Compare(a.to, b.to)) })
	return out
}

// around counts how often something happened in a time after a moment, and in
// the same days and hours of the week before it: of offices, nights and
// weekends are not like days. Many at once count once an hour.
func (d *device) around(kind string, at time.Time, w time.Duration) (before, after int) {
	list := d.events[kind]
	if len(list) == mostEvents && list[0].at.After(at.Add(-aroundChange)) {
		return 0, 0 // so many that those before are not kept: it says nothing
	}
	for _, h := range list {
		switch off := h.at.Sub(at); {
		case off < w-aroundChange && off >= -aroundChange:
			before++
		case off >= 0 && off < w:
			after++
		}
	}
	return min(before, mostOfOne), min(after, mostOfOne)
}

func changeKey(c rollout, kind string) string { return "change:" + c.what + ":" + c.to + ":" + kind }

// kindOfChange is the kind of event that the incident of a change is about.
func kindOfChange(key string) string { return key[strings.LastIndexByte(key, ':')+1:] }

// worse keeps or ends the incident of a change and a kind of trouble. It
// answers what there is to open.
func (j *Judge) worse(r *rule.Rule, c rollout, kind string, x *exposed, t *cause.Change, looks int, now time.Time) *found {
	t.Devices, t.DaysBefore, t.DaysAfter = len(x.who), x.days, x.days
	shown := &store.Cause{What: c.what, Value: c.to, Members: t.After, Size: t.Devices, Ratio: round(t.Ratio()), Chance: t.Chance(looks)}
	with := map[string]rule.Value{"change.devices": known(float64(t.Devices)), "change.ratio": known(t.Ratio()), "change.p_value": known(shown.Chance)}
	level, err := j.fleetLevel(r, with, now)
	if err != nil {
		return nil
	}
	inc := j.inc.open[changeKey(c, kind)]
	f := &found{c, kind, max(level, 1), x, t, shown}
	switch {
	case inc != nil && level == 0 && j.fleetClear(r, with, now):
		j.cleared(inc, now, fmt.Sprintf("%.1f times as often as before by now", t.Ratio()))
	case inc != nil:
		j.updateRollout(r, inc, f, now)
	case level > 0 && !j.explained(c) && j.mayOpen(changeKey(c, kind), keepChanges, now):
		return f
	}
	return nil
}

func (j *Judge) openRollout(r *rule.Rule, f *found, now time.Time) {
	what := "trouble"
	if k, ok := event.Lookup(f.kind); ok {
		what = k.Name
	}
	key := changeKey(f.c, f.kind)
	inc := &incident{members: map[member]*state{}, s: store.Incident{Kind: store.ChangeIncident, Key: key, Rule: r.ID, Family: r.Family, Status: store.New, OpenedAt: now,
		Title: fmt.Sprintf("%s: %s %s (%s)", r.Title, f.c.what, f.c.to, words(what))}}
	j.inc.put(inc)
	j.step(key, store.Step{At: now, Do: "opened", Text: causeWords(f.cause)})
	j.updateRollout(r, inc, f, now)
}

func (j *Judge) updateRollout(r *rule.Rule, inc *incident, f *found, now time.Time) {
	j.inc.touch(inc)
	inc.s.Cause, inc.s.Severity, inc.s.UpdatedAt = f.cause, string(r.Levels[f.level-1].Severity), now
	for _, d := range f.x.who {
		for k, st := range d.states {
			if fired, ok := j.plan.set.Find(k.rule); ok && st.level > 0 && !st.quiet && !st.f.Backlog && j.about(fired, f.kind) {
				j.adopt(inc, member{d.info.ID, k}, st, now)
			}
		}
	}
	inc.touched = make(map[inventory.DeviceID]bool, len(f.x.who))
	for _, d := range f.x.who {
		inc.touched[d.info.ID] = true
	}
	// All that the change came to, those with findings first.
	j.who(inc)
	for _, d := range f.x.who {
		if len(inc.s.Devices) < mostShown && !slices.ContainsFunc(inc.s.Devices, func(i store.IncidentDevice) bool { return i.ID == d.info.ID }) {
			inc.s.Devices = append(inc.s.Devices, j.shown(d))
		}
	}
	inc.s.Count = len(f.x.who)
	j.rank(inc, now)
	if inc.s.Told == "" {
		j.announce(inc, now)
	}
}

// explainedBy says of devices whose trouble has a cause already which it is.
func (j *Judge) explainedBy() map[inventory.DeviceID]rollout {
	out := map[inventory.DeviceID]rollout{}
	for _, key := range sortedKeys(j.inc.wide) {
		inc := j.inc.wide[key]
		if inc.s.Cause == nil || inc.s.Kind != store.CauseIncident && inc.s.Kind != store.ChangeIncident {
			continue
		}
		c := rollout{inc.s.Cause.What, inc.s.Cause.Value}
		for m := range inc.members {
			out[m.device] = c
		}
		for id := range inc.touched {
			out[id] = c
		}
	}
	return out
}

// explained says that an incident about the same change is open.
func (j *Judge) explained(c rollout) bool {
	for _, inc := range j.inc.open {
		if x := inc.s.Cause; x != nil && inc.s.Kind != store.SiteIncident && x.What == c.what && x.Value == c.to {
			return true
		}
	}
	return false
}

// about says whether a rule is about a kind of event.
func (j *Judge) about(r *rule.Rule, kind string) bool {
	for _, slot := range r.Inputs {
		if in := j.plan.set.Inputs[slot]; in.Kind == rule.Events && in.Source == kind {
			return true
		}
	}
	return false
}
