package health

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
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
	lost := j.lost.take(o.Device)
	j.mu.Lock()
	d := j.devices[o.Device]
	if d != nil && lost {
		d.lost = true // what did not fit into the queue is in the stores
		j.loadAgain(d)
	}
	done := d != nil && (d.loaded || !d.failed.IsZero() && j.o.Now().Sub(d.failed) < againAfter) || j.o.Inventory == nil
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

// losses are devices whose observations did not fit into the queue. They have a
// lock of their own, so that whoever offers never waits for a judgement.
type losses struct {
	mu  sync.Mutex
	ids map[inventory.DeviceID]bool
	n   int64
}

func (l *losses) add(id inventory.DeviceID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ids == nil {
		l.ids = map[inventory.DeviceID]bool{}
	}
	l.ids[id] = true
	l.n++
}

func (l *losses) take(id inventory.DeviceID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.ids[id]
	delete(l.ids, id)
	return was
}

func (l *losses) count() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

// loadAgain has a device loaded anew, beside the judging: to wait for it here
// would make a judge that is behind fall further behind.
func (j *Judge) loadAgain(d *device) {
	if !d.again && d.loaded {
		d.again = true
		j.unmet = append(j.unmet, d.id)
	}
}

// againAfter is when something is tried again that a store could not give.
const againAfter = 10 * time.Minute

// retry is a device of which something could not be had.
type retry struct {
	d    *device
	at   time.Time
	what had
}

// had is what is had of a device from the stores.
type had uint8

const (
	itsRows had = iota // and events and changes
	itsNumbers
	itsUsual // what is watched for what is unusual
)

// retries puts back in line what is to be tried again.
func (j *Judge) retries() {
	now := j.o.Now()
	j.later = slices.DeleteFunc(j.later, func(r retry) bool {
		if now.Sub(r.at).Abs() < againAfter {
			return false
		}
		switch r.what {
		case itsRows:
			j.unmet = append(j.unmet, r.d.id)
		case itsNumbers:
			j.recalls = append(j.recalls, r.d)
		case itsUsual:
			j.unlearnt = append(j.unlearnt, r.d)
		}
		return true
	})
}

// postponed says whether an error concerns one device alone: then the others
// go on, and it is tried again later.
func (j *Judge) postponed(ctx context.Context, d *device, what had, err error) bool {
	if ctx.Err() != nil || errors.Is(err, store.ErrLoading) || errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrConfiguration) {
		return false
	}
	j.o.Log.Warn("the past of a device cannot be had; it is judged without, and asked again later", "device", d.id, "error", err)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.later = append(j.later, retry{d, j.o.Now(), what})
	return true
}

// strangers says whether there are devices that have not been loaded since the
// start: who is not known cannot be told from who is well.
func (j *Judge) strangers() bool {
	for _, id := range j.unmet {
		if d := j.devices[id]; d != nil && !d.loaded {
			return true
		}
	}
	return false
}

// loadSome loads devices that have not spoken since the start: they too have
// to be known before it can be said what others share with them. And those
// that are to be loaded anew.
func (j *Judge) loadSome(ctx context.Context, most int) error {
	for done := 0; done < most; {
		j.mu.Lock()
		j.retries()
		if len(j.unmet) == 0 {
			j.mu.Unlock()
			return nil
		}
		d := j.devices[j.unmet[0]]
		j.unmet = j.unmet[1:]
		known := d == nil || d.loaded && !d.again
		j.mu.Unlock()
		if known {
			continue
		}
		if err := j.load(ctx, d); err != nil && !j.postponed(ctx, d, itsRows, err) {
			j.mu.Lock()
			j.unmet = append([]inventory.DeviceID{d.id}, j.unmet...)
			j.mu.Unlock()
			return err
		}
		done++
	}
	return nil
}

// load has a device's rows, events and changes from the store; its numbers
// follow when there is time.
func (j *Judge) load(ctx context.Context, d *device) error {
	err := j.loadRows(ctx, d)
	if err != nil && ctx.Err() == nil {
		j.mu.Lock()
		d.failed = j.o.Now()
		j.mu.Unlock()
	}
	return err
}

func (j *Judge) loadRows(ctx context.Context, d *device) error {
	id, now := d.id, j.o.Now()
	j.mu.Lock()
	p := j.plan
	j.mu.Unlock()
	names := append(sortedKeys(p.sections), "software", "driver", "os", "system", "interface", "fdb")
	slices.Sort(names)
	views, err := j.o.Inventory.Sections(ctx, id, time.Time{}, slices.Compact(names))
	if err != nil {
		return fmt.Errorf("load sections of %s: %w", id, err)
	}
	longest := keepChanges
	var kinds []string
	for name, k := range p.kinds {
		kinds = append(kinds, name)
		longest = max(longest, k.window)
	}
	for _, name := range tellOfChange() {
		if !slices.Contains(kinds, name) {
			kinds = append(kinds, name)
		}
	}
	journal, err := j.o.Inventory.Journal(ctx, store.JournalQuery{Scope: store.Scope{All: true}, Devices: []inventory.DeviceID{id},
		Sections: []string{"disk", "memory", "interface", "software", "driver", "system", "os"}, From: now.Add(-keepChanges), Limit: 500})
	if err != nil {
		return fmt.Errorf("load changes of %s: %w", id, err)
	}
	for try := 0; ; try++ {
		j.mu.Lock()
		heard := d.heardN
		j.mu.Unlock()
		events, err := j.o.Inventory.Events(ctx, store.EventQuery{Scope: store.Scope{All: true}, Devices: []inventory.DeviceID{id}, Kinds: kinds, From: now.Add(-longest), Limit: 2000})
		if err != nil {
			return fmt.Errorf("load events of %s: %w", id, err)
		}
		j.mu.Lock()
		// What was observed meanwhile is in the store too, and comes with it.
		if d.heardN == heard || try == 3 {
			if j.plan == p {
				j.takeIn(d, views, events, journal, now)
			} else { // these are the columns and kinds of rules that are in use no longer
				j.unmet = append(j.unmet, d.id)
			}
			j.mu.Unlock()
			return nil
		}
		j.mu.Unlock()
	}
}

// takeIn makes what the stores hold what a device is known to have said.
func (j *Judge) takeIn(d *device, views []store.SectionView, events []store.EventRow, journal []store.Change, now time.Time) {
	for _, v := range views {
		sec, ok := inventory.Lookup(v.Name)
		if !ok || v.GoodAt.IsZero() {
			continue
		}
		if rs := d.rows[v.Name]; rs != nil && rs.at.After(v.GoodAt) {
			continue // it said something newer meanwhile
		}
		status, _ := report.ParseStatus(v.Status)
		if status != report.OK {
			status = report.Partial // what is absent may still be there
		}
		r := store.SectionReading{Section: sec, Status: status, At: v.GoodAt, Table: v.Table}
		d.section(j.plan, r, v.GoodAt)
		j.join.take(d.id, r, v.GoodAt)
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
	if d.lost {
		clear(d.tracks) // of the numbers that did not fit nothing is there
		clear(d.places)
	}
	d.loaded, d.again, d.lost, d.failed = true, false, false, time.Time{}
	if j.o.Series != nil && !d.recall {
		d.recall = true
		j.recalls = append(j.recalls, d)
	}
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
		if err := j.recallOne(ctx, d); err != nil && !j.postponed(ctx, d, itsNumbers, err) {
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
			Matchers: []store.Matcher{{Label: store.LabelDevice, Values: []string{string(d.id)}}}})
		if err != nil {
			return fmt.Errorf("recall numbers of %s: %w", d.id, err)
		}
		j.recallNumber(p, d, n, list)
	}
	if err := j.recallHours(ctx, d, now); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.plan == p { // else it is had anew, when the device was loaded anew
		d.recallDrives(p)
	}
	d.recall = false
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
		Aggregate: store.Last, Matchers: []store.Matcher{{Label: store.LabelDevice, Values: []string{string(d.id)}}}})
	if err != nil {
		return fmt.Errorf("recall the hours of %s: %w", d.id, err)
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
