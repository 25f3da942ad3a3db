package health

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/collector/health/rule"
	"muster/collector/store"
	"muster/internal/event"
	"muster/internal/inventory"
)

// Load learns what there is: devices, open findings and incidents, what became
// of rules. It is called before anything is judged.
func (j *Judge) Load(ctx context.Context) error {
	if err := j.meetAll(ctx); err != nil {
		return err
	}
	return j.gain(ctx, j.owned)
}

// gain takes up what was found on the devices of shards, by an earlier process
// or another one.
func (j *Judge) gain(ctx context.Context, shards [Shards]bool) error {
	if j.o.Keeper == nil {
		return nil
	}
	all := store.Scope{All: true}
	findings, err := j.o.Keeper.Findings(ctx, store.FindingQuery{Scope: all, States: []store.FindingState{store.Pending, store.Firing}})
	if err != nil {
		return fmt.Errorf("load findings: %w", err)
	}
	open, err := j.o.Keeper.Incidents(ctx, store.IncidentQuery{Scope: all})
	if err != nil {
		return fmt.Errorf("load incidents: %w", err)
	}
	now := j.o.Now()
	past, err := j.o.Keeper.Incidents(ctx, store.IncidentQuery{Scope: all, Statuses: []store.IncidentStatus{store.Closed},
		Kinds: []store.IncidentKind{store.SiteIncident, store.CauseIncident, store.ChangeIncident}, From: now.Add(-31 * 24 * time.Hour)})
	if err != nil {
		return fmt.Errorf("load what causes there were: %w", err)
	}
	over, err := j.o.Keeper.Findings(ctx, store.FindingQuery{Scope: all, States: []store.FindingState{store.Resolved}, From: now.Add(-flapTime)})
	if err != nil {
		return fmt.Errorf("load what ended of late: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	x := incidentsBefore{open: map[int64]string{}, over: map[int64]time.Time{}}
	for _, s := range open {
		x.open[s.Number] = s.Key
	}
	for _, s := range past {
		if x.over[s.Number] = s.ClearedAt; s.ClearedAt.IsZero() {
			j.closed[s.Key] = s.ResolvedAt
		}
	}
	for _, f := range findings {
		if shards[Shard(f.Device)] {
			j.takeUp(f, x)
		}
	}
	for _, f := range over {
		if d := j.devices[f.Device]; d != nil && shards[Shard(f.Device)] {
			if key := (stateKey{f.Rule, f.Component}); d.states[key] == nil && (d.ended[key] == nil || d.ended[key].f.ResolvedAt.Before(f.ResolvedAt)) {
				d.ended[key] = &state{f: f, opens: opensOf(f, now)}
			}
		}
	}
	of := j.byIncident()
	defer j.retireGone(findings)
	for _, s := range open {
		inc := j.regain(s, of)
		// News that had not settled is told after all.
		if inc != nil && rule.Severity(s.Severity).Rank() > rule.Severity(s.Told).Rank() {
			j.announce(inc, now)
		}
	}
	j.unmet = j.unmet[:0]
	if j.o.Inventory != nil {
		for _, id := range j.order {
			if d := j.devices[id]; !d.loaded && !d.info.Retired && now.Sub(d.heard) <= keepChanges {
				j.unmet = append(j.unmet, id)
			}
		}
	}
	for _, s := range append(open, past...) {
		if s.Kind == store.SiteIncident && !slices.ContainsFunc(j.outages, func(o outage) bool { return o.site == s.SiteID && o.from.Equal(s.OpenedAt) }) {
			j.outages = append(j.outages, outage{site: s.SiteID, from: s.OpenedAt, to: s.ClearedAt})
		}
	}
	return nil
}

// retireGone ends what was found on devices that were retired, removed or
// merged while nobody judged.
func (j *Judge) retireGone(findings []store.Finding) {
	now := j.o.Now()
	for _, f := range findings {
		d := j.devices[f.Device]
		switch {
		case d != nil && d.info.Retired:
			j.retire(d, now, "retired")
		case d == nil && j.o.Inventory != nil && f.Device != "" && j.owned[Shard(f.Device)]:
			d = newDevice(Info{ID: f.Device, Name: f.Name, Agency: f.Agency, Site: f.Site})
			st := &state{f: f, level: 1}
			for key, inc := range j.inc.open {
				if inc.s.Number == f.Incident && f.Incident != 0 {
					st.key = key
					inc.members[member{f.Device, stateKey{f.Rule, f.Component}}] = st
				}
			}
			d.states[stateKey{f.Rule, f.Component}] = st
			j.retire(d, now, "the device was removed or merged")
		}
	}
}

// incidentsBefore are those from before the start, by number.
type incidentsBefore struct {
	open map[int64]string    // their keys
	over map[int64]time.Time // of causes beyond a device: when they cleared by themselves; zero: a person closed it
}

// takeUp goes on with a finding from before the start.
func (j *Judge) takeUp(f store.Finding, x incidentsBefore) {
	d := j.devices[f.Device]
	r, ok := j.plan.set.Find(f.Rule)
	if d == nil {
		return
	}
	st := &state{f: f}
	key := stateKey{f.Rule, f.Component}
	d.states[key] = st
	if !ok || r.Disabled {
		j.end(d, st, j.o.Now(), "the rule is no longer used")
		return
	}
	for i, l := range r.Levels {
		if string(l.Severity) == f.Severity || i == 0 {
			if f.State == store.Firing {
				st.level = i + 1
				st.was = [3]bool{true, true, true} // as far as anybody knows
			}
			st.since[i], st.news[i] = f.Since, l.Samples
		}
	}
	if f.State != store.Firing {
		return
	}
	st.opens = opensOf(f, j.o.Now())
	if f.Flapping {
		st.until = f.WorseAt.Add(flapTime)
	}
	if f.Incident == 0 {
		return
	}
	if st.key = x.open[f.Incident]; st.key != "" {
		return
	}
	if at := x.over[f.Incident]; !at.IsZero() {
		if !j.aboutEvents(r) {
			st.orphan = at
		}
		return
	}
	st.quiet = true // a person closed its incident
}

// opensOf is when a finding fired within the last day, as far as a store
// tells.
func opensOf(f store.Finding, now time.Time) []time.Time {
	if now.Sub(f.WorseAt) > flapTime {
		return nil
	}
	n := 1
	if now.Sub(f.FiredAt) <= flapTime {
		n = max(f.Times, 1)
	}
	return slices.Repeat([]time.Time{f.WorseAt}, min(n, flapOpens))
}

// meetAll learns the fleet. What each device said before is had when it speaks
// next.
func (j *Judge) meetAll(ctx context.Context) error {
	if j.o.Inventory == nil {
		return nil
	}
	page, err := j.o.Inventory.Devices(ctx, store.DeviceQuery{Scope: store.Scope{All: true}, Now: j.o.Now()})
	if err != nil {
		return fmt.Errorf("load devices: %w", err)
	}
	goodnights, err := j.goodnights(ctx, page.Devices)
	if err != nil {
		return err
	}
	sites, err := j.o.Inventory.Sites(ctx, store.Scope{All: true})
	if err != nil {
		return fmt.Errorf("load sites: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	clear(j.siteIDs)
	for _, s := range sites {
		j.siteIDs[[2]string{s.Agency, s.Name}] = s.ID
	}
	there := map[inventory.DeviceID]bool{}
	for _, x := range page.Devices {
		if !j.owned[Shard(x.ID)] {
			continue
		}
		there[x.ID] = true
		d := j.devices[x.ID]
		if d == nil {
			d = newDevice(j.infoOf(x))
			d.heard, d.presence = x.LastSeen, x.Presence
			at, ok := goodnights[x.ID]
			d.stopped = ok && !x.LastSeen.After(at) || x.Presence == store.Asleep
			j.enter(d)
			continue
		}
		retired := d.info.Retired
		was := d.info
		d.info = j.infoOf(x)
		d.info.OS, d.info.Chassis = was.OS, was.Chassis
		if d.info.Retired && !retired {
			j.retire(d, j.o.Now(), "retired")
		}
	}
	j.leave(there)
	return nil
}

// leave forgets devices that are not there any more. What was found on one that
// was removed, or merged into another, ends; of one that is another collector's
// now it stays as it is: it is not this judge's to end.
func (j *Judge) leave(there map[inventory.DeviceID]bool) {
	if len(j.order) == len(there) && !slices.ContainsFunc(j.order, func(id inventory.DeviceID) bool { return !there[id] }) {
		return
	}
	for _, id := range j.order {
		if there[id] {
			continue
		}
		if j.owned[Shard(id)] {
			j.retire(j.devices[id], j.o.Now(), "the device was removed or merged")
		}
		delete(j.devices, id)
	}
	j.order = slices.DeleteFunc(j.order, func(id inventory.DeviceID) bool { return !there[id] })
	for key, inc := range j.inc.open {
		for m := range inc.members {
			if !there[m.device] {
				delete(inc.members, m)
			}
		}
		if len(inc.members) == 0 && !j.mine(inc) {
			j.inc.drop(key)
		}
	}
}

// ownership learns which shards this process judges now, and answers which of
// them it did not judge before.
func (j *Judge) ownership() (gained [Shards]bool, changed bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, was := range j.owned {
		j.owned[i] = j.o.Owns(i)
		gained[i] = j.owned[i] && !was
		changed = changed || j.owned[i] != was
	}
	return gained, changed
}

// disown lets go of shards that could not be loaded; they are tried again.
func (j *Judge) disown(shards [Shards]bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, x := range shards {
		j.owned[i] = j.owned[i] && !x
	}
}

// mine says whether an incident is this judge's to go on with: that of a device
// where its device is, one beyond a device where some of its devices are.
func (j *Judge) mine(inc *incident) bool {
	if !slices.Contains(j.owned[:], false) {
		return true
	}
	switch inc.s.Kind {
	case store.DeviceIncident:
		id, _, _ := strings.Cut(strings.TrimPrefix(inc.s.Key, "device:"), ":")
		return j.owned[Shard(inventory.DeviceID(id))]
	case store.RuleIncident:
		return j.owned[0]
	case store.SiteIncident:
		for _, d := range j.devices {
			if d.info.SiteID == inc.s.SiteID {
				return true
			}
		}
		return false
	}
	return len(inc.members) > 0
}

func (j *Judge) infoOf(x store.Device) Info {
	return Info{ID: x.ID, Name: x.Name, Kind: x.Kind, Model: x.Model, User: x.User, Agency: x.Agency, Site: x.Site, SiteID: j.siteIDs[[2]string{x.Agency, x.Site}],
		FirstSeen: x.FirstSeen, Retired: !x.RetiredAt.IsZero()}
}

// goodnights lists the devices that said that they were going to stop or sleep
// just before nobody listened any more, by when that word came in: all who did
// earlier are known to be asleep. Where every device has been met it asks
// nothing.
func (j *Judge) goodnights(ctx context.Context, list []store.Device) (map[inventory.DeviceID]time.Time, error) {
	j.mu.Lock()
	var last time.Time
	met := true
	for _, x := range list {
		met = met && j.devices[x.ID] != nil
		last = newest(last, x.LastSeen)
	}
	j.mu.Unlock()
	if met {
		return nil, nil
	}
	rows, err := j.o.Inventory.Events(ctx, store.EventQuery{Scope: store.Scope{All: true}, Kinds: goodnight(), From: last.Add(-30 * time.Minute)})
	if err != nil {
		return nil, fmt.Errorf("load who is asleep: %w", err)
	}
	out := map[inventory.DeviceID]time.Time{}
	for _, r := range rows {
		if r.ReceivedAt.After(out[r.Device]) {
			out[r.Device] = r.ReceivedAt
		}
	}
	return out, nil
}

// goodnight are the events with which a device takes its leave.
func goodnight() []string { return []string{event.CleanStop, event.Sleep, event.AgentStopped} }
