package health

import (
	"fmt"
	"time"

	"muster/collector/health/cause"
	"muster/collector/health/rule"
	"muster/collector/store"
)

// causes looks for what devices on which the same rule began to fire share,
// and makes one incident of theirs.
func (j *Judge) causes(now time.Time) {
	rules := j.fleetRules("cause")
	if len(rules) == 0 || j.strangers() {
		return // who is not known cannot be told from who is well
	}
	by := j.recentlyFired(now)
	for id := range j.searched {
		if len(by[id]) == 0 {
			delete(j.searched, id)
		}
	}
	for _, id := range sortedKeys(by) {
		list, bad := by[id], 0
		for _, m := range list {
			if j.devices[m.device].states[m.key].f.Severity != string(rule.Info) {
				bad++
			}
		}
		sought := [2]int{len(list), bad}
		if len(list) < leastMembers {
			delete(j.searched, id) // those were others
		}
		if len(list) < leastMembers || bad < leastBad || j.searched[id] == sought {
			continue
		}
		j.searched[id] = sought
		j.searchCause(rules[0], id, list, now)
	}
	for _, key := range sortedKeys(j.inc.wide) {
		if inc := j.inc.wide[key]; inc != nil && inc.s.Kind == store.CauseIncident {
			j.passCause(inc, rules[0], now)
		}
	}
}

// recentlyFired lists findings of the last day by rule, one a device: mild ones
// too, since many of them tell of a cause before most are worth an incident of
// their own.
func (j *Judge) recentlyFired(now time.Time) map[string][]member {
	out := map[string][]member{}
	for _, id := range j.order {
		d := j.devices[id]
		seen := map[string]bool{}
		for k, st := range d.states {
			if st.level == 0 || st.quiet || st.f.Backlog || st.f.Hygiene || seen[k.rule] || now.Sub(newest(st.f.FiredAt, st.f.WorseAt)) > recent {
				continue
			}
			seen[k.rule] = true
			out[k.rule] = append(out[k.rule], member{id, k})
		}
	}
	return out
}

// searchCause holds the groups that the devices of a rule share against the
// fleet.
func (j *Judge) searchCause(r *rule.Rule, id string, list []member, now time.Time) {
	fired, _ := j.plan.set.Find(id)
	members := map[[2]string]int{}
	for _, m := range list {
		d := j.devices[m.device]
		for g := range j.shared(d, partOfDrive(fired, m)) {
			members[g]++
		}
	}
	for g, n := range members {
		if n < leastMembers {
			delete(members, g)
		}
	}
	if len(members) == 0 {
		return
	}
	size, fleet := map[[2]string]int{}, 0
	for _, id := range j.order {
		d := j.devices[id]
		if d.info.Retired || !j.concerns(fired, d) || now.Sub(d.heard) > 14*24*time.Hour {
			continue
		}
		fleet++
		for g := range j.shared(d, anyDrive) {
			if members[g] > 0 {
				size[g]++
			}
		}
	}
	var groups []cause.Group
	for g, n := range members {
		groups = append(groups, cause.Group{What: g[0], Value: g[1], Members: n, Size: size[g], Order: explains(g[0])})
	}
	best, ok := cause.Best(cause.Judge(groups, len(list), fleet), func(f cause.Found) bool {
		level, _ := j.fleetLevel(r, map[string]rule.Value{
			"cause.members": known(float64(f.Members)), "cause.size": known(float64(f.Size)), "cause.share": known(float64(f.Members) / float64(max(f.Size, 1))),
			"cause.lift": known(f.Lift), "cause.p_value": known(f.Chance)}, now)
		return level > 0
	})
	if !ok {
		return
	}
	key := fmt.Sprintf("cause:%s:%s:%s", id, best.What, best.Value)
	c := &store.Cause{What: best.What, Value: best.Value, Members: best.Members, Size: best.Size, Lift: round(best.Lift), Chance: best.Chance}
	inc := j.inc.open[key]
	if inc == nil && !j.mayOpen(key, closedRest, now) {
		return
	}
	if inc == nil && j.explained(rollout{best.What, best.Value}) {
		return // its change has an incident already
	}
	if inc == nil {
		inc = &incident{members: map[member]*state{}, s: store.Incident{Kind: store.CauseIncident, Key: key, Rule: id, Family: fired.Family,
			Title:  fmt.Sprintf("%s on %d of %d devices with the same %s: %s", fired.Title, best.Members, best.Size, best.What, best.Value),
			Status: store.New, OpenedAt: now}}
		j.inc.put(inc)
		j.step(key, store.Step{At: now, Do: "opened", Text: causeWords(c)})
	}
	inc.s.Cause = c
	group := [2]string{best.What, best.Value}
	// Also what began earlier than a day ago, when nobody knew what it was.
	for _, id := range j.order {
		d := j.devices[id]
		for k, st := range d.states {
			m := member{id, k}
			if k.rule == fired.ID && st.level > 0 && !st.quiet && !st.f.Backlog && j.shared(d, partOfDrive(fired, m))[group] {
				j.adopt(inc, m, st, now)
			}
		}
	}
	if best.What == "switch" {
		for _, m := range j.aboutSwitch(best.Value, now) {
			j.adopt(inc, m, j.devices[m.device].states[m.key], now)
		}
	}
	j.recount(inc, now)
	if inc.s.Told == "" {
		j.announce(inc, now)
	}
}

// partOfDrive narrows what is shared to the drive that a finding is about.
func partOfDrive(r *rule.Rule, m member) string {
	if r.Subject == "drive" {
		return m.key.part
	}
	return ""
}

// adopt moves a finding from its device's incident to that of its cause.
func (j *Judge) adopt(inc *incident, m member, st *state, now time.Time) {
	if st.key == inc.s.Key {
		return
	}
	if old := j.inc.open[st.key]; old != nil {
		delete(old.members, m)
		if old.s.Kind == store.DeviceIncident && len(old.members) == 0 {
			j.cleared(old, now, "one cause with others: "+inc.s.Title)
		} else {
			j.refresh(old, now)
		}
	}
	inc.members[m] = st
	st.key = inc.s.Key
	j.unsaved(st)
}

// recount works out severity, devices and rank of an incident with a cause.
func (j *Judge) recount(inc *incident, now time.Time) {
	j.inc.touch(inc)
	inc.s.UpdatedAt = now
	if _, worst, _, _ := j.lead(inc); worst != "" {
		inc.s.Severity = string(rule.Severity(worst).More())
	}
	j.who(inc)
	j.rank(inc, now)
}

// causeOf is the open incident of a cause that a finding belongs to.
func (j *Judge) causeOf(d *device, st *state) string {
	r, ok := j.plan.set.Find(st.f.Rule)
	if !ok {
		return ""
	}
	if key := siteKey(d.info.SiteID); r.Outage && j.inc.open[key] != nil {
		return key
	}
	if st.f.Backlog {
		return ""
	}
	for _, key := range sortedKeys(j.inc.wide) {
		inc := j.inc.wide[key]
		if c := inc.s.Cause; c != nil && inc.s.Kind == store.CauseIncident && c.What == "switch" && c.Value == d.info.Name && ofSwitch(st) {
			return key
		}
		mine := inc.s.Kind == store.CauseIncident && inc.s.Rule == st.f.Rule || inc.s.Kind == store.ChangeIncident && j.about(r, kindOfChange(key))
		if mine && inc.s.Cause != nil &&
			j.shared(d, partOfDrive(r, member{d.info.ID, stateKey{part: st.f.Component}}))[[2]string{inc.s.Cause.What, inc.s.Cause.Value}] {
			return key
		}
	}
	return ""
}

// passCause ends the incident of a cause once four in five of its members are
// over it.
func (j *Judge) passCause(inc *incident, r *rule.Rule, now time.Time) {
	firing, n := 0, 0
	for _, st := range inc.members {
		if st.level > 0 {
			firing++
		}
	}
	if inc.s.Cause != nil {
		n = max(inc.s.Cause.Members, inc.s.Count)
	}
	if 5*firing > n && firing > 0 {
		if inc.s.Count != firing {
			j.recount(inc, now)
			inc.s.Cause.Members = max(inc.s.Cause.Members, firing)
			inc.s.Cause.Size = max(inc.s.Cause.Size, inc.s.Cause.Members) // the switch itself may be one
		}
		return
	}
	j.orphan(inc, now)
	j.cleared(inc, now, "four in five are over it")
}

// orphanRest is how long what is left of a cause that is over may go on by
// itself before it is the device's own trouble.
const orphanRest = time.Hour

// orphan leaves the members of an incident to themselves. What they say of
// events that the cause brought about passes with time; what is still so by
// new numbers gets an incident of its own. See revive.
func (j *Judge) orphan(inc *incident, now time.Time) {
	for _, st := range inc.members {
		st.key, st.orphan = "", now
		if r, ok := j.plan.set.Find(st.f.Rule); ok && j.aboutEvents(r) {
			st.orphan = time.Time{}
		}
	}
	inc.members = map[member]*state{}
}

// aboutEvents says whether a rule counts events.
func (j *Judge) aboutEvents(r *rule.Rule) bool {
	for _, slot := range r.Inputs {
		if j.plan.set.Inputs[slot].Kind == rule.Events {
			return true
		}
	}
	return false
}

// revive says whether a finding whose cause is over is found again.
func (st *state) revive(says [3]rule.Verdict, fresh bool, now time.Time) bool {
	if st.orphan.IsZero() || st.level == 0 || !fresh || now.Sub(st.orphan) < orphanRest || says[st.level-1] != rule.True {
		return false
	}
	st.orphan = time.Time{}
	return true
}

// causeWords says what is shared, for people.
func causeWords(c *store.Cause) string {
	switch {
	case c.Ratio > 0:
		return fmt.Sprintf("After %s %s: %.1f times as often as before, on %d devices", c.What, c.Value, c.Ratio, c.Size)
	case c.Lift > 0:
		return fmt.Sprintf("%d of the %d devices with %s %s, %.0f times as often as in the fleet", c.Members, c.Size, c.What, c.Value, c.Lift)
	}
	return fmt.Sprintf("%d of %d devices at %s", c.Members, c.Size, c.Value)
}

// fleetClear says whether what a rule found is over.
func (j *Judge) fleetClear(r *rule.Rule, with map[string]rule.Value, now time.Time) bool {
	p := r.Levels[0].Clear
	if p == nil {
		return true
	}
	verdict, err := j.ask(j.plan.index(r.ID), p, &view{j: j, d: j.nobody, r: r, part: &part{}, now: now, with: with})
	if err != nil {
		j.fault(r, err, now)
	}
	return verdict == rule.True
}

// fleetLevel asks a rule about something that is not one device's.
func (j *Judge) fleetLevel(r *rule.Rule, with map[string]rule.Value, now time.Time) (int, error) {
	v := &view{j: j, d: j.nobody, r: r, part: &part{}, now: now, with: with}
	for i := len(r.Levels) - 1; i >= 0; i-- {
		verdict, err := j.ask(j.plan.index(r.ID), r.Levels[i].When, v)
		if err != nil {
			j.fault(r, err, now)
			return 0, err
		}
		if verdict == rule.True {
			return i + 1, nil
		}
	}
	return 0, nil
}
