package health

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"muster/collector/health/rule"
	"muster/collector/health/window"
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

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
	return d, j.load(ctx, d)
}

// loadSome loads devices that have not spoken since the start: they too have
// to be known before it can be said what others share with them.
func (j *Judge) loadSome(ctx context.Context, most int) error {
	for done := 0; done < most; {
		j.mu.Lock()
		if len(j.unmet) == 0 {
			j.mu.Unlock()
			return nil
		}
		d := j.devices[j.unmet[0]]
		known := d == nil || d.loaded
		if known {
			j.unmet = j.unmet[1:]
		}
		j.mu.Unlock()
		if known {
			continue
		}
		if err := j.load(ctx, d); err != nil {
			return err
		}
		done++
	}
	return nil
}

// load has a device's rows, events and changes from the store; its numbers
// follow when there is time.
func (j *Judge) load(ctx context.Context, d *device) error {
	id := d.info.ID
	now := j.o.Now()
	names := append(sortedKeys(j.plan.sections), "software", "driver", "os", "system", "interface", "fdb")
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
	for _, name := range tellOfChange() {
		if !slices.Contains(kinds, name) {
			kinds = append(kinds, name)
		}
	}
	longest = max(longest, keepChanges)
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
		r := store.SectionReading{Section: sec, Status: status, At: v.GoodAt, Table: v.Table}
		d.section(j.plan, r, v.GoodAt)
		j.join.take(d.info.ID, r, v.GoodAt)
	}
	for _, parts := range d.parts {
		for _, p := range parts {
			if p.first.IsZero() || p.first.After(d.info.FirstSeen) {
				p.first = d.info.FirstSeen
			}
		}
	}
	d.rowsBegan(views)
	clear(d.events) // all of them come from the store, in the order they happened
	slices.SortStableFunc(events, func(a, b store.EventRow) int { return a.At.Compare(b.At) })
	for _, e := range events {
		d.knows = newest(d.knows, e.ReceivedAt)
		x := store.EventReading{Kind: e.Kind, At: e.At, Count: e.Count, Attributes: e.Attributes}
		d.event(j.plan, x, e.ReceivedAt)
		d.told(x, now)
	}
	d.remember(j.plan, views, journal, now)
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
// vanished, values that columns had, programs and versions that changed.
func (d *device) remember(p *plan, views []store.SectionView, journal []store.Change, now time.Time) {
	slices.Reverse(journal) // oldest first
	type reading struct {
		section string
		at      time.Time
	}
	added := map[reading]int{}
	for _, c := range journal {
		if c.Verb == "added" {
			added[reading{c.Section, c.At}]++
		}
	}
	for _, c := range journal {
		// What came with the device, or all at once when the section was first
		// read, is no change.
		first := c.At.Sub(d.info.FirstSeen) < firstSight || added[reading{c.Section, c.At}] >= firstReading
		if c.Verb == "changed" || c.Verb == "added" && !first {
			d.noteOf(c, views, now)
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

// firstReading is from how many programs on, in one reading, it was the first.
const firstReading = 30

// noteOf notes a change that the journal tells of, under the name that a
// reading of the section gives it (see changed).
func (d *device) noteOf(c store.Change, views []store.SectionView, now time.Time) {
	get := func(col string) string { return textOf(cmp.Or(c.After[col], c.Key[col], valueOf(views, c, col))) }
	switch c.Section {
	case "software":
		d.note(altered{c.At, "software", named(get("name"), get("version"))}, now)
	case "driver":
		d.note(altered{c.At, "driver", named(cmp.Or(get("original_name"), get("name")), get("version"))}, now)
	case "system":
		if before := textOf(c.Before["firmware_version"]); before != "" && c.After["firmware_version"] != nil {
			d.note(altered{c.At, "firmware", named(named(get("vendor"), get("model")), get("firmware_version"))}, now)
		}
	case "os":
		if before := textOf(c.Before["version"]); before != "" && c.After["version"] != nil {
			d.note(altered{c.At, "os", named(get("name"), get("version"))}, now)
		}
	}
}

// valueOf is what the row of a change has in a column today.
func valueOf(views []store.SectionView, c store.Change, col string) any {
	for _, v := range views {
		sec, ok := inventory.Lookup(v.Name)
		if v.Name != c.Section || !ok {
			continue
		}
		r := store.SectionReading{Section: sec, Table: v.Table}
		for _, row := range v.Table.Rows {
			same := true
			for k, x := range c.Key {
				same = same && textAt(r, row, k) == textOf(x)
			}
			if same {
				return textAt(r, row, col)
			}
		}
	}
	return nil
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

// recallOne has a device's numbers of the past: after it every window is what
// it would be if the judge had been there all the time.
func (j *Judge) recallOne(ctx context.Context, d *device) error {
	j.mu.Lock()
	p, now := j.plan, j.o.Now()
	j.mu.Unlock()
	for n := range p.numbers {
		np := &p.numbers[n]
		list, err := j.o.Series.Query(ctx, store.SeriesQuery{Measurement: np.ref.Measurement, Field: np.ref.Field, From: now.Add(-max(np.spec.Recent, np.spec.Keep)), To: now,
			Matchers: []store.Matcher{{Label: store.LabelDevice, Values: []string{string(d.info.ID)}}}})
		if err != nil {
			return fmt.Errorf("recall numbers of %s: %w", d.info.ID, err)
		}
		j.recallNumber(p, d, n, list)
	}
	if err := j.recallHours(ctx, d, now); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.plan == p { // else it is had anew, with the device's next report
		d.recallDrives(p)
		d.recall = false
	}
	return nil
}

func (j *Judge) recallNumber(p *plan, d *device, n int, list []store.SeriesResult) {
	for _, s := range list {
		past := make([]window.Point, 0, len(s.Points))
		for _, x := range s.Points {
			past = append(past, window.Point{At: x.At.Unix(), V: x.Value})
		}
		j.mu.Lock()
		if j.plan == p {
			if t := j.trackOf(d, n, s.Labels); t != nil {
				t.Remember(&p.numbers[n].spec, past)
			}
		}
		j.mu.Unlock()
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
