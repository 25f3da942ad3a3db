package health

import (
	"context"
	"fmt"
	"slices"
	"time"

	"muster/collector/health/rule"
	"muster/collector/search"
	"muster/collector/store"
	"muster/internal/inventory"
)

// Tick does what no report brings about: presence, silence, shared causes,
// news that has settled. It is called about once a minute.
func (j *Judge) Tick(ctx context.Context, now time.Time) error {
	j.mu.Lock()
	if j.clock.Sub(now) > clockBack {
		j.setBack(now)
	}
	j.clock = now
	j.mu.Unlock()
	// What ended is in the store before it is asked what is open there.
	if err := j.Flush(ctx); err != nil {
		j.o.Log.Warn("what was judged cannot be recorded yet; it is kept", "error", err)
	}
	if err := j.renew(ctx, now); err != nil {
		return err
	}
	j.mu.Lock()
	changed := j.presences(now)
	j.mu.Unlock()
	if len(changed) > 0 && j.o.Inventory != nil {
		if err := j.o.Inventory.SetPresence(ctx, changed); err != nil {
			return fmt.Errorf("store presence: %w", err)
		}
	}
	j.mu.Lock()
	if now.Sub(j.peers.at) >= peersEvery {
		j.peers.learn(j, now)
		j.join.forget(now)
	}
	if now.Sub(j.risks.at) >= risksEvery {
		j.rankDrives(now)
	}
	j.silences(now)
	j.refreshWide(now)
	j.sites(now)
	j.causes(now)
	j.changesToTheWorse(now)
	j.wakeDue(now)
	j.tellDue(now)
	j.mu.Unlock()
	return j.Flush(ctx)
}

// clockBack is from when on a clock that goes back was wrong before.
const clockBack = time.Hour

// setBack follows a clock that was ahead and was put right: what was heard and
// done in a time that has not come yet would else hold everything up until it
// comes.
func (j *Judge) setBack(now time.Time) {
	j.o.Log.Warn("the clock of this machine went back; what was judged by the wrong time is judged anew", "from", j.clock, "to", now)
	j.met, j.changesAt, j.peers.at, j.risks.at = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	clear(j.siteSince)
	soon := now.Add(10 * time.Minute)
	back := func(t *time.Time) bool {
		if !t.After(soon) {
			return false
		}
		*t = now
		return true
	}
	for _, id := range j.order {
		d := j.devices[id]
		back(&d.heard)
		back(&d.timed)
		if !back(&d.at) {
			continue
		}
		for k, t := range d.tracks {
			if p, ok := t.Last(); ok && time.Unix(p.At, 0).After(soon) {
				delete(d.tracks, k)
			}
		}
		clear(d.places)
		for _, st := range d.states {
			for i := range st.since {
				back(&st.since[i])
			}
			back(&st.clear)
			back(&st.until)
		}
		d.lost = true
		j.loadAgain(d)
	}
	for _, inc := range j.inc.open {
		back(&inc.due)
	}
}

// renew learns what people and other programs have decided since the last
// tick.
func (j *Judge) renew(ctx context.Context, now time.Time) error {
	gained, changed := j.ownership()
	if changed || now.Sub(j.met) >= meetEvery {
		j.met = now
		if err := j.meetAll(ctx); err != nil {
			j.disown(gained)
			return err
		}
	}
	if slices.Contains(gained[:], true) {
		if err := j.gain(ctx, gained); err != nil {
			j.disown(gained)
			return err
		}
	}
	if j.o.Keeper == nil {
		return nil
	}
	marks, err := j.o.Keeper.RuleMarks(ctx)
	if err != nil {
		return fmt.Errorf("read what became of rules: %w", err)
	}
	windows, err := j.o.Keeper.Maintenances(ctx)
	if err != nil {
		return fmt.Errorf("read maintenance windows: %w", err)
	}
	about, err := j.aboutDevices(ctx, windows)
	if err != nil {
		return err
	}
	if err := j.reconcile(ctx); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.maintain(windows, about)
	clear(j.lowered)
	before := j.off
	j.off = map[string]string{}
	for _, id := range j.switched {
		j.off[id] = before[id] // not durable yet
	}
	for _, m := range marks {
		if Lowered(m) {
			j.lowered[m.Rule] = true
		}
		if m.Off != "" {
			j.off[m.Rule] = m.Off
		}
	}
	j.switchedOn(now)
	return nil
}

// aboutDevices asks which devices the filters of maintenance windows choose.
func (j *Judge) aboutDevices(ctx context.Context, list []store.Maintenance) (map[int64]map[inventory.DeviceID]bool, error) {
	out := map[int64]map[inventory.DeviceID]bool{}
	for _, m := range list {
		if m.Filter == "" || j.o.Inventory == nil || !m.To.IsZero() && m.To.Before(j.o.Now().AddDate(0, 0, -2)) {
			continue // about all devices, or long over in every zone
		}
		out[m.ID] = map[inventory.DeviceID]bool{}
		f, err := search.Parse(m.Filter)
		if err != nil {
			j.o.Log.Warn("maintenance window has a filter that cannot be read; it holds for no device", "window", m.Name, "error", err)
			continue
		}
		page, err := j.o.Inventory.Devices(ctx, store.DeviceQuery{Scope: store.Scope{All: true}, Filter: f, Now: j.o.Now()})
		if err != nil {
			return nil, fmt.Errorf("devices of maintenance window %q: %w", m.Name, err)
		}
		for _, d := range page.Devices {
			out[m.ID][d.ID] = true
		}
	}
	return out, nil
}

// meetEvery is how often the list of devices is read: for those that moved,
// retired, or were merged. New ones are met when they report.
const meetEvery = 5 * time.Minute

// maintain takes windows into use. Which devices one is about was asked with
// its filter.
func (j *Judge) maintain(list []store.Maintenance, devices map[int64]map[inventory.DeviceID]bool) {
	j.windows = windows{list: list, devices: devices}
}

// Lowered says whether a rule lost one level because too few of its closures
// were useful: under 30 % of 20 or more (reference/health.md §4).
func Lowered(m store.RuleMark) bool {
	n := m.Useful + m.Useless + m.Wrong
	return n >= 20 && float64(m.Useful) < 0.3*float64(n)
}

// reconcile learns which incidents people closed or opened again.
func (j *Judge) reconcile(ctx context.Context) error {
	j.mu.Lock()
	was := map[int64]string{}
	for key, inc := range j.inc.open {
		if inc.s.Number != 0 {
			was[inc.s.Number] = key
		}
	}
	j.mu.Unlock()
	list, err := j.o.Keeper.Incidents(ctx, store.IncidentQuery{Scope: store.Scope{All: true}})
	if err != nil {
		return fmt.Errorf("read open incidents: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	var of map[int64][]member
	ended := map[int64]bool{} // its end is not in the store yet
	for _, s := range j.draft.Incidents {
		ended[s.Number] = ended[s.Number] || s.Status == store.Closed
	}
	for _, s := range list {
		if ended[s.Number] {
			continue
		}
		if key, ok := was[s.Number]; ok {
			delete(was, s.Number)
			if inc := j.inc.open[key]; inc != nil { // what people do is theirs
				inc.s.Status, inc.s.Assignee, inc.s.SnoozedTo, inc.s.Escalated = s.Status, s.Assignee, s.SnoozedTo, s.Escalated
				if rule.Severity(s.Told).Rank() > rule.Severity(inc.s.Told).Rank() { // by who escalated it
					inc.s.Told, inc.s.ToldAt = s.Told, s.ToldAt
				}
			}
			continue
		}
		if j.inc.open[s.Key] == nil {
			if of == nil {
				of = j.byIncident()
			}
			j.regain(s, of)
		}
	}
	for number, key := range was {
		if inc := j.inc.open[key]; inc != nil && inc.s.Number == number {
			for _, st := range inc.members {
				st.quiet, st.key = true, ""
			}
			j.inc.drop(key)
			if inc.s.Kind != store.DeviceIncident {
				j.closed[key] = j.o.Now()
			}
		}
	}
	return nil
}

// regain takes up an incident that the store has open: one from before the
// start or of another judge, or one that a person opened again. It answers
// none for one that is another judge's. of has findings by their incidents.
func (j *Judge) regain(s store.Incident, of map[int64][]member) *incident {
	inc := j.inc.open[s.Key]
	if inc == nil {
		inc = &incident{s: s, members: map[member]*state{}}
	}
	for _, m := range of[s.Number] {
		st := j.devices[m.device].states[m.key]
		st.key, st.quiet = s.Key, false
		inc.members[m] = st
	}
	if !j.mine(inc) {
		return nil
	}
	j.inc.put(inc)
	return inc
}

// closedRest is how long a cause that a person closed is not opened again by
// more of the same.
const closedRest = 24 * time.Hour

// mayOpen says whether an incident beyond a device may be opened: not while what
// a person closed goes on.
func (j *Judge) mayOpen(key string, rest time.Duration, now time.Time) bool {
	at, ok := j.closed[key]
	if ok && now.Sub(at).Abs() >= rest {
		delete(j.closed, key)
		ok = false
	}
	return !ok
}

// byIncident lists findings by the number of their incident.
func (j *Judge) byIncident() map[int64][]member {
	out := map[int64][]member{}
	for id, d := range j.devices {
		for k, st := range d.states {
			if st.f.Incident != 0 {
				out[st.f.Incident] = append(out[st.f.Incident], member{id, k})
			}
		}
	}
	return out
}

// presences judges who is there. It answers what changed.
func (j *Judge) presences(now time.Time) map[inventory.DeviceID]store.Presence {
	changed := map[inventory.DeviceID]store.Presence{}
	clear(j.reports)
	local := now.In(j.o.Zone)
	for i, id := range j.order {
		d := j.devices[id]
		if !d.info.Retired {
			s := j.reports[d.info.SiteID]
			s.all++
			if d.presence == store.Online {
				s.online++
			}
			j.reports[d.info.SiteID] = s
		}
		// Who is silent for hours does not change by the minute.
		if d.presence != store.Online && d.presence != "" && now.Sub(d.heard) > 2*time.Hour && (now.Unix()/60+int64(i))%10 != 0 {
			continue
		}
		p := presence(observed{kind: d.info.Kind, heard: d.heard, stopped: d.stopped, retired: d.info.Retired, interval: j.o.Interval(), week: &d.week}, local)
		if p != d.presence {
			changed[id] = p
			d.presence = p
		}
	}
	return changed
}

// silences asks the rules about silence of devices that say nothing.
func (j *Judge) silences(now time.Time) {
	late := silence(j.o.Interval())
	for i, id := range j.order {
		d := j.devices[id]
		if d.info.Retired || now.Sub(d.heard) < late || d.heard.IsZero() {
			continue
		}
		if now.Sub(d.heard) > 2*time.Hour && (now.Unix()/60+int64(i))%10 != 0 {
			continue
		}
		for _, ri := range j.plan.silent {
			if r := j.plan.set.Rules[ri]; j.concerns(r, d) {
				for _, p := range d.partsOf(r) {
					j.stats.Judgements++
					j.moved(d, stateKey{r.ID, p.key}, j.judge(d, ri, p, now, true, nil), now)
				}
			}
		}
	}
}

// retire ends all that was found on a device that is out of use.
func (j *Judge) retire(d *device, now time.Time, why string) {
	for k, st := range d.states {
		j.moved(d, k, j.end(d, st, now, why), now)
	}
}

// anyDrive asks for what all drives of a device share.
const anyDrive = "\x00"

// shared lists what a device has in common with others: of its drives only for
// what is found on a drive, which is then named by part.
func (j *Judge) shared(d *device, part string) map[[2]string]bool {
	out := map[[2]string]bool{}
	put := func(what, value string) {
		if value != "" {
			out[[2]string{what, value}] = true
		}
	}
	if d.info.Site != "" {
		put("site", d.info.Agency+"/"+d.info.Site)
	}
	put("model", d.info.Model)
	put("firmware", d.facts["firmware"])
	put("operating system", d.facts["os"])
	if sw, _ := j.join.of(d); sw != "" {
		put("switch", j.deviceName(member{device: sw}))
	}
	for _, p := range d.parts["drive"] {
		if part == anyDrive || p.key == part {
			put("drive model", p.model)
		}
	}
	for _, c := range d.changes {
		put(c.what, c.to)
	}
	return out
}

// explains orders what devices share: what came of late explains trouble
// better than where they stand, and that better than what they are.
func explains(what string) int {
	switch what {
	case "driver", "update", "firmware", "os", "policy":
		return 0
	case "switch":
		return 1
	case "site":
		return 2
	case "software":
		return 3
	}
	return 4
}

// leastMembers is from how many devices on a cause is looked for.
const leastMembers = 5

// leastBad is how many of them must be worth an incident.
const leastBad = 2

// recent is how far back findings are taken together.
const recent = 24 * time.Hour

// sortedKeys gives an order that repeats.
func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// fleetRules are the rules of a subject of which one device is only a part.
func (j *Judge) fleetRules(subject string) []*rule.Rule {
	var out []*rule.Rule
	for _, r := range j.plan.set.Rules {
		if r.Subject == subject && !r.Disabled && j.off[r.ID] == "" {
			out = append(out, r)
		}
	}
	return out
}
