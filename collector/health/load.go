package health

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"muster/collector/health/rule"
	"muster/collector/health/window"
	"muster/collector/store"
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Load learns what there is: devices, open findings and incidents, what became
// of rules. It is called before anything is judged.
func (j *Judge) Load(ctx context.Context) error {
	if err := j.meetAll(ctx); err != nil {
		return err
	}
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
	past, err := j.o.Keeper.Incidents(ctx, store.IncidentQuery{Scope: all, Statuses: []store.IncidentStatus{store.Closed}, Families: []string{"fleet"}, From: j.o.Now().Add(-31 * 24 * time.Hour)})
	if err != nil {
		return fmt.Errorf("load outages: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	keyOf := map[int64]string{}
	for _, s := range open {
		keyOf[s.Number] = s.Key
	}
	for _, f := range findings {
		j.takeUp(f, keyOf)
	}
	for _, s := range open {
		if j.inc.open[s.Key] == nil {
			j.inc.open[s.Key] = j.regain(s)
		}
		// News that had not settled is told after all.
		if inc := j.inc.open[s.Key]; rule.Severity(s.Severity).Rank() > rule.Severity(s.Told).Rank() {
			j.announce(inc, j.o.Now())
		}
	}
	for _, s := range append(open, past...) {
		if s.Kind == store.SiteIncident {
			j.outages = append(j.outages, outage{site: s.SiteID, from: s.OpenedAt, to: s.ClearedAt})
		}
	}
	return nil
}

// takeUp goes on with a finding from before the start.
func (j *Judge) takeUp(f store.Finding, keyOf map[int64]string) {
	d := j.devices[f.Device]
	r, ok := j.plan.set.Find(f.Rule)
	if d == nil || !j.o.Owns(Shard(f.Device)) {
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
	if f.State == store.Firing {
		st.key = keyOf[f.Incident]
		st.quiet = f.Incident != 0 && st.key == "" // its incident was closed by a person
	}
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
		if !j.o.Owns(Shard(x.ID)) {
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
	for _, id := range slices.Clone(j.order) {
		if !there[id] {
			j.leave(id)
		}
	}
	return nil
}

// leave forgets a device that is gone, merged, or another collector's now. Its
// findings stay as they are: they are not this judge's to end.
func (j *Judge) leave(id inventory.DeviceID) {
	d := j.devices[id]
	if d == nil {
		return
	}
	delete(j.devices, id)
	j.order = slices.DeleteFunc(j.order, func(x inventory.DeviceID) bool { return x == id })
	for _, inc := range j.inc.open {
		for m := range inc.members {
			if m.device == id {
				delete(inc.members, m)
			}
		}
	}
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

// device finds the device of an observation, and what it said before the
// start.
func (j *Judge) device(ctx context.Context, o Observation) (*device, error) {
	j.mu.Lock()
	d := j.devices[o.Device]
	if d != nil && j.lost[o.Device] {
		d.loaded = false // what did not fit into the queue is in the stores
		delete(j.lost, o.Device)
	}
	done := d != nil && d.loaded || j.o.Inventory == nil
	j.mu.Unlock()
	if done {
		return d, nil
	}
	if d == nil {
		x, err := j.o.Inventory.Device(ctx, store.Scope{All: true}, o.Device)
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("load device %s: %w", o.Device, err)
		}
		if x.MergedInto != "" {
			return nil, nil
		}
		j.mu.Lock()
		d = newDevice(j.infoOf(x))
		if have := j.devices[o.Device]; have != nil {
			d = have
		} else {
			j.enter(d)
		}
		j.mu.Unlock()
	}
	return d, j.load(ctx, d, o.ReceivedAt)
}

// load has a device's rows, events and changes from the store, as they were
// when an observation came in; its numbers follow when there is time.
func (j *Judge) load(ctx context.Context, d *device, before time.Time) error {
	id := d.info.ID
	now := j.o.Now()
	names := append(sortedKeys(j.plan.sections), "software", "driver", "os", "system", "interface")
	slices.Sort(names)
	views, err := j.o.Inventory.Sections(ctx, id, time.Time{}, slices.Compact(names))
	if err != nil {
		return fmt.Errorf("load sections of %s: %w", id, err)
	}
	longest := 24 * time.Hour
	var kinds []string
	for name, k := range j.plan.kinds {
		kinds = append(kinds, name)
		longest = max(longest, k.window)
	}
	events, err := j.o.Inventory.Events(ctx, store.EventQuery{Scope: store.Scope{All: true}, Devices: []inventory.DeviceID{id}, Kinds: kinds, From: now.Add(-longest), Limit: 2000})
	if err != nil {
		return fmt.Errorf("load events of %s: %w", id, err)
	}
	journal, err := j.o.Inventory.Journal(ctx, store.JournalQuery{Scope: store.Scope{All: true}, Devices: []inventory.DeviceID{id},
		Sections: []string{"disk", "memory", "interface", "software", "driver", "system", "os"}, From: now.Add(-keepChanges), Limit: 500})
	if err != nil {
		return fmt.Errorf("load changes of %s: %w", id, err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, v := range views {
		sec, ok := inventory.Lookup(v.Name)
		if !ok || v.GoodAt.IsZero() {
			continue
		}
		status, _ := report.ParseStatus(v.Status)
		if status != report.OK {
			status = report.Partial // what is absent may still be there
		}
		d.section(j.plan, store.SectionReading{Section: sec, Status: status, At: v.GoodAt, Table: v.Table}, v.GoodAt)
	}
	for _, parts := range d.parts {
		for _, p := range parts {
			if p.first.IsZero() || p.first.After(d.info.FirstSeen) {
				p.first = d.info.FirstSeen
			}
		}
	}
	d.rowsBegan(views)
	for _, e := range events {
		d.event(j.plan, store.EventReading{Kind: e.Kind, At: e.At, Count: e.Count, Attributes: e.Attributes}, e.ReceivedAt)
	}
	d.remember(j.plan, journal)
	d.loaded = true
	if j.o.Series != nil {
		d.recall = true
		j.recalls = append(j.recalls, d)
	}
	return nil
}

// rowsBegan notes of components since when they are there: later than the
// device, for a drive that was put in.
func (d *device) rowsBegan(views []store.SectionView) {
	for _, v := range views {
		sec, ok := inventory.Lookup(v.Name)
		if !ok {
			continue
		}
		for _, s := range rule.Subjects() {
			if s.Section != v.Name {
				continue
			}
			for i, row := range v.Table.Rows {
				r := store.SectionReading{Section: sec, Table: v.Table}
				for _, c := range s.Keys {
					if key := textAt(r, row, c); key != "" {
						if p := d.parts[s.Name][key]; p != nil && i < len(v.From) && v.From[i].After(p.first) {
							p.first = v.From[i]
						}
						break
					}
				}
			}
		}
	}
}

// remember takes from the journal what rows alone do not tell: components that
// vanished, values that columns had, programs that changed.
func (d *device) remember(p *plan, journal []store.Change) {
	slices.Reverse(journal) // oldest first
	for _, c := range journal {
		switch c.Section {
		case "software", "driver":
			if c.Verb == "added" || c.Verb == "changed" {
				name := textOf(c.Key["name"])
				if o := textOf(c.After["original_name"]); o != "" {
					name = o
				}
				d.note(altered{c.At, c.Section, named(name, textOf(c.After["version"]))}, c.At)
			}
		}
		sp := p.sections[c.Section]
		if sp == nil {
			continue
		}
		rs := d.rows[c.Section]
		if rs == nil {
			continue
		}
		if sp.gone && c.Verb == "removed" {
			d.vanished(sp, rs, c)
		}
		for name := range sp.past {
			before, ok := numberOf(c.Before[name])
			key := ""
			if s := subjectOfSection(c.Section); s.Section != "" {
				key = textOf(c.Key[s.Keys[len(s.Keys)-1]])
			}
			if ok {
				k := key + "\x00" + name
				rs.past[k] = append([]change{{c.At.Add(-time.Hour), before}}, rs.past[k]...)
				slices.SortStableFunc(rs.past[k], func(a, b change) int { return a.at.Compare(b.at) })
			}
		}
	}
}

// vanished brings back a component that a good reading did not have any more.
func (d *device) vanished(sp *sectionPlan, rs *rows, c store.Change) {
	s := subjectOfSection(c.Section)
	get := func(col string) any {
		if v, ok := c.Before[col]; ok {
			return v
		}
		return c.Key[col]
	}
	for _, col := range s.Keys {
		key := textOf(get(col))
		if key == "" {
			continue
		}
		if rs.by[key] != nil {
			return // it is back
		}
		row := make([]any, len(sp.columns))
		for i, n := range sp.columns {
			row[i] = get(sp.section.Columns[n].Name)
		}
		rs.by[key] = row
		p := d.part(s.Name, key, d.info.FirstSeen)
		if p != nil {
			p.gone, p.label = c.At, textOf(get(s.Label[0]))
		}
		return
	}
}

func subjectOfSection(section string) rule.Subject {
	for _, s := range rule.Subjects() {
		if s.Section == section {
			return s
		}
	}
	return rule.Subject{}
}

// recallSome has the numbers of the past of some devices from the store.
func (j *Judge) recallSome(ctx context.Context, most int) error {
	j.mu.Lock()
	n := min(most, len(j.recalls))
	list := slices.Clone(j.recalls[:n])
	j.recalls = slices.Delete(j.recalls, 0, n)
	j.mu.Unlock()
	for i, d := range list {
		if err := j.recallOne(ctx, d); err != nil {
			j.mu.Lock()
			j.recalls = append(list[i:], j.recalls...)
			j.mu.Unlock()
			return err
		}
	}
	return nil
}

func (j *Judge) recallOne(ctx context.Context, d *device) error {
	j.mu.Lock()
	p, now := j.plan, j.o.Now()
	j.mu.Unlock()
	for n := range p.numbers {
		np := p.numbers[n]
		if np.spec.Keep == 0 && !np.slow {
			continue
		}
		q := store.SeriesQuery{Measurement: np.ref.Measurement, Field: np.ref.Field, To: now,
			Matchers: []store.Matcher{{Label: store.LabelDevice, Values: []string{string(d.info.ID)}}}}
		if np.slow {
			q.From = now.Add(-np.spec.Recent)
			list, err := j.o.Series.Query(ctx, q)
			if err != nil {
				return fmt.Errorf("recall numbers of %s: %w", d.info.ID, err)
			}
			j.recallPoints(d, n, list)
			continue
		}
		q.From, q.Step = now.Add(-np.spec.Keep), np.spec.Bucket
		var by [][]store.SeriesResult
		for _, a := range recalled() {
			q.Aggregate = a
			list, err := j.o.Series.Query(ctx, q)
			if err != nil {
				return fmt.Errorf("recall numbers of %s: %w", d.info.ID, err)
			}
			by = append(by, list)
		}
		j.recallBuckets(d, n, by)
	}
	if err := j.recallHours(ctx, d, now); err != nil {
		return err
	}
	j.mu.Lock()
	d.recallDrives(j.plan)
	d.recall = false
	j.mu.Unlock()
	return nil
}

func (j *Judge) recallPoints(d *device, n int, list []store.SeriesResult) {
	j.mu.Lock()
	defer j.mu.Unlock()
	np := &j.plan.numbers[n]
	for _, s := range list {
		t := j.trackOf(d, n, s.Labels)
		if t == nil {
			continue
		}
		var pts []window.Point
		for _, p := range s.Points {
			pts = append(pts, window.Point{At: p.At.Unix(), V: p.Value})
		}
		t.Before(&np.spec, pts)
	}
}

func (j *Judge) trackOf(d *device, n int, labels map[string]string) *window.Track {
	np := &j.plan.numbers[n]
	if whole := np.subject.Whole[np.ref.Measurement]; whole != "" && labels[np.ref.Measurement] != whole {
		return nil
	}
	c := d.named(np.subject, np.subject.Series[np.ref.Measurement], func(l string) string { return labels[l] }, d.info.FirstSeen)
	if c == nil {
		return nil
	}
	key := trackKey{n, c.key}
	if d.tracks[key] == nil {
		d.tracks[key] = &window.Track{}
		d.call(np, key, func(l string) string { return labels[l] })
	}
	return d.tracks[key]
}

// recalled is what a store is asked of each step, in this order.
func recalled() []store.Aggregate {
	return []store.Aggregate{store.Min, store.Max, store.Mean, store.Last}
}

// recallBuckets makes the steps of a track from what a store says of each.
func (j *Judge) recallBuckets(d *device, n int, by [][]store.SeriesResult) {
	j.mu.Lock()
	defer j.mu.Unlock()
	steps := map[*window.Track]map[int64]*window.Bucket{}
	for k, list := range by {
		for _, s := range list {
			t := j.trackOf(d, n, s.Labels)
			if t == nil {
				continue
			}
			if steps[t] == nil {
				steps[t] = map[int64]*window.Bucket{}
			}
			for _, p := range s.Points {
				at := p.At.Unix()
				b := steps[t][at]
				if b == nil {
					b = &window.Bucket{Start: uint32(at), N: 1}
					steps[t][at] = b
				}
				f := float32(p.Value)
				switch k {
				case 0:
					b.Min, b.First = f, f
				case 1:
					b.Max = f
				case 2:
					b.Sum = f
				case 3:
					b.Last = f
				}
			}
		}
	}
	for t, m := range steps {
		var list []window.Bucket
		for _, b := range m {
			// A counter that ended below its greatest value was reset in
			// between: then only what it reached after that is sure.
			if b.Rise = b.Max - b.Min; b.Last < b.Max {
				b.Rise = max(b.Last-b.First, 0)
			}
			list = append(list, *b)
		}
		slices.SortFunc(list, func(a, b window.Bucket) int { return int(int64(a.Start) - int64(b.Start)) })
		t.Recall(list)
	}
}

// recallHours learns when a device was heard, from a number that each report
// has.
func (j *Judge) recallHours(ctx context.Context, d *device, now time.Time) error {
	list, err := j.o.Series.Query(ctx, store.SeriesQuery{Measurement: "agent", Field: "rss_bytes", From: now.AddDate(0, 0, -7*learnWeeks-1), To: now, Step: time.Hour,
		Aggregate: store.Last, Matchers: []store.Matcher{{Label: store.LabelDevice, Values: []string{string(d.info.ID)}}}})
	if err != nil {
		return fmt.Errorf("recall the hours of %s: %w", d.info.ID, err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range list {
		for _, p := range s.Points {
			d.week.mark(p.At.In(j.o.Zone))
		}
	}
	return nil
}
