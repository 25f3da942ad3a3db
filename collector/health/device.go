package health

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/health/rule"
	"muster/collector/health/window"
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Info is what is known of a device beside what it reports.
type Info struct {
	ID        inventory.DeviceID
	Name      string
	Kind      string // store.Device.Kind
	OS        string // family: windows, linux, darwin
	Model     string
	Chassis   string
	User      string
	Agency    string
	Site      string
	SiteID    int64
	FirstSeen time.Time
	Retired   bool
}

// Observation is what one device said at one time.
type Observation struct {
	Device     inventory.DeviceID
	At         time.Time // of the report, corrected by intake
	ReceivedAt time.Time
	Sections   []store.SectionReading
	Events     []store.EventReading
	Samples    []Numbers
}

// Numbers is a reading of all numbers of a layout.
type Numbers struct {
	At     time.Time
	Hash   report.LayoutHash
	Layout report.Layout // nil: the one that came with that hash before
	Values []float64
}

// device is what a judge keeps of one device.
type device struct {
	info     Info
	at       time.Time // newest report judged
	heard    time.Time // newest receipt
	parts    map[string]map[string]*part
	rows     map[string]*rows
	tracks   map[trackKey]*window.Track
	places   map[report.LayoutHash][]place
	events   map[string][]happening
	counts   map[countKey]float64 // of inputs of kind Rows
	states   map[stateKey]*state
	ended    map[stateKey]*state // in the last day
	habits   map[habitKey]*habit
	wanted   map[habitKey]bool
	timed    time.Time           // rules that change with time were asked last
	unlearnt bool                // a watcher has not seen its past yet
	recall   bool                // its numbers of the past are to be had from the store yet
	week     hours               // when it is usually heard
	called   map[trackKey]string // labels of series that differ from the component's key
	watch    map[watchKey]*watcher
	ahead    map[foretellKey]*foretold

	presence store.Presence
	stopped  bool               // its last word was that it was going to stop or sleep
	id       inventory.DeviceID // as in info, and never changed
	loaded   bool               // what was before the start is known
	again    bool               // it is to be loaded anew: reports did not fit, or rules ask for more
	lost     bool               // of those, reports did not fit: numbers too
	failed   time.Time          // it could not be loaded then
	heardN   int                // observations so far
	knows    time.Time          // events that came in until then are loaded
	began    time.Time          // something of it was judged first since the start

	versions map[string][]titled // of software and driver
	facts    map[string]string   // versions of which there is one
	changes  []altered           // oldest first
	macs     []string            // of its own cards
	due      time.Time           // by which a patch that is missing should have been there
	dueKnown bool
	risk     map[string]*driveRisk // by drive
}

func newDevice(i Info) *device {
	return &device{id: i.ID, info: i, parts: map[string]map[string]*part{}, rows: map[string]*rows{}, tracks: map[trackKey]*window.Track{},
		places: map[report.LayoutHash][]place{}, events: map[string][]happening{}, counts: map[countKey]float64{}, states: map[stateKey]*state{}, ended: map[stateKey]*state{},
		habits: map[habitKey]*habit{}, watch: map[watchKey]*watcher{}, called: map[trackKey]string{}}
}

// call notes what a component is called in a series.
func (d *device) call(np *numberPlan, key trackKey, label func(string) string) {
	names := np.subject.Series[np.ref.Measurement]
	if len(names) == 0 {
		return
	}
	if v := label(names[0]); v != "" && v != key.part {
		d.called[key] = v
	} else {
		delete(d.called, key)
	}
}

// part is a component: a drive, a volume, or with the empty key the device.
type part struct {
	key   string
	names []string // other names of it
	label string
	model string
	first time.Time // seen
	last  time.Time
	gone  time.Time // a good reading did not have it any more; zero: it is there
}

// rows is what is kept of a section.
type rows struct {
	read    bool
	partial bool // only a part of it could be read last
	at      time.Time
	by      map[string][]any // by component; the device's own under ""
	past    map[string][]change
}

// change is a value that a column began to have.
type change struct {
	at time.Time
	v  float64
}

type countKey struct {
	slot int
	part string
}

type trackKey struct {
	number int
	part   string
}

type watchKey struct {
	ref  rule.Ref
	part string
}

// place is where a value of a layout goes.
type place struct {
	number int // -1: nowhere
	track  *window.Track
	watch  *watcher
	key    string // component
}

// happening is an event, or several of one kind and content in one hour.
type happening struct {
	at, last   time.Time
	received   time.Time
	count      int64
	attributes map[string]string
}

// Bounds of what one device may take.
const (
	mostParts   = 4096 // components of one subject: the ports of a chassis
	mostEvents  = 400  // of one kind
	mostLayouts = 16
)

// whole is the device itself as a component.
func (d *device) whole() *part {
	m := d.parts[rule.Device]
	if m == nil {
		m = map[string]*part{"": {first: d.info.FirstSeen}}
		d.parts[rule.Device] = m
	}
	return m[""]
}

// part finds a component by any of its names, or makes it.
func (d *device) part(subject, name string, now time.Time) *part {
	if subject == rule.Device {
		return d.whole()
	}
	m := d.parts[subject]
	if m == nil {
		m = map[string]*part{}
		d.parts[subject] = m
	}
	if p := m[name]; p != nil {
		return p
	}
	var found *part
	for _, p := range m { // a device has few of each; of two with a name in common always the same
		if slices.Contains(p.names, name) && p.gone.IsZero() && (found == nil || p.key < found.key) {
			found = p
		}
	}
	if found != nil {
		return found
	}
	if len(m) >= mostParts {
		return nil
	}
	p := &part{key: name, first: now, last: now}
	if d.began.IsZero() || now.Sub(d.began) < firstSight {
		p.first = d.info.FirstSeen // it was there before we looked, as far as we know
	}
	m[name] = p
	return p
}

// named finds the component that a row, a series or an event speaks of.
func (d *device) named(s rule.Subject, fields []string, get func(string) string, now time.Time) *part {
	if s.Name == rule.Device {
		return d.whole()
	}
	for _, f := range fields {
		if v := get(f); v != "" {
			return d.part(s.Name, v, now)
		}
	}
	if s.Self {
		return d.part(s.Name, s.Name, now)
	}
	return nil
}

// section takes a reading in. It answers the rules that it concerns.
func (d *device) section(p *plan, r store.SectionReading, at time.Time) []int {
	sp := p.sections[r.Section.Name]
	d.identify(r)
	d.changed(r, at)
	if sp == nil || r.Status != report.OK && r.Status != report.Partial {
		return nil
	}
	rs := d.rows[r.Section.Name]
	if rs == nil {
		rs = &rows{by: map[string][]any{}, past: map[string][]change{}}
		d.rows[r.Section.Name] = rs
	}
	rs.read, rs.partial, rs.at = true, r.Status == report.Partial, at
	for _, slot := range sp.counts {
		d.count(&p.set.Inputs[slot], slot, r, at)
	}
	if r.Section.Single {
		if len(r.Table.Rows) > 0 {
			d.row(sp, rs, "", r.Table.Rows[0], at)
		}
		return sp.rules
	}
	for _, s := range rule.Subjects() {
		if s.Section == r.Section.Name {
			d.components(sp, rs, s, r, at)
		} else if cols := s.Rows[r.Section.Name]; cols != nil {
			for _, row := range r.Table.Rows {
				get := func(c string) string { return textAt(r, row, c) }
				if c := d.named(s, cols, get, at); c != nil {
					d.row(sp, rs, c.key, row, at)
				}
			}
		}
	}
	return sp.rules
}

// identify notes what the device is.
func (d *device) identify(r store.SectionReading) {
	if len(r.Table.Rows) == 0 {
		return
	}
	note := func(into *string, column string) {
		if v := textAt(r, r.Table.Rows[0], column); v != "" {
			*into = v
		}
	}
	switch r.Section.Name {
	case "system":
		note(&d.info.Model, "model")
		note(&d.info.Chassis, "chassis_type")
	case "os":
		note(&d.info.OS, "family")
		note(&d.info.Name, "host_name")
	case "interface":
		d.macs = d.macs[:0]
		for _, row := range r.Table.Rows {
			for _, c := range []string{"permanent_mac", "mac"} {
				if m := textAt(r, row, c); m != "" && textAt(r, row, "physical") != "false" && !slices.Contains(d.macs, m) {
					d.macs = append(d.macs, m)
				}
			}
		}
	}
}

// components takes in the rows that are a subject's components.
func (d *device) components(sp *sectionPlan, rs *rows, s rule.Subject, r store.SectionReading, at time.Time) {
	seen := map[string]bool{}
	for _, row := range r.Table.Rows {
		if !s.Kept(func(c string) string { return textAt(r, row, c) }) {
			continue
		}
		var names []string
		for _, c := range s.Keys {
			if v := textAt(r, row, c); v != "" {
				names = append(names, v)
				if device, ok := strings.CutPrefix(v, "/dev/"); ok {
					names = append(names, device) // as kernels and events say it
				}
			}
		}
		if len(names) == 0 && s.Self {
			names = []string{s.Name}
		}
		if len(names) == 0 {
			continue
		}
		c := d.known(s.Name, names, at)
		if c == nil {
			continue
		}
		if !slices.Equal(c.names, names[1:]) {
			clear(d.places) // numbers under that name are another one's now
		}
		c.names, c.last, c.gone = names[1:], at, time.Time{}
		c.label, c.model = labelOf(s, r, row), textAt(r, row, s.Model)
		seen[c.key] = true
		d.row(sp, rs, c.key, row, at)
	}
	if r.Status != report.OK {
		return
	}
	for _, c := range d.parts[s.Name] {
		if !seen[c.key] && c.gone.IsZero() && rs.by[c.key] != nil {
			c.gone = at
		}
	}
}

// known finds the component of a row by its first name. What was known by one
// of the others alone, from numbers or events, turns out to be the same.
func (d *device) known(subject string, names []string, at time.Time) *part {
	p := d.part(subject, names[0], at)
	if p == nil {
		return nil
	}
	m := d.parts[subject]
	for _, n := range names[1:] {
		q := m[n]
		if q == nil || q == p || q.label != "" {
			continue
		}
		if q.first.Before(p.first) {
			p.first = q.first
		}
		for k, t := range d.tracks {
			if k.part == n && d.tracks[trackKey{k.number, p.key}] == nil {
				d.tracks[trackKey{k.number, p.key}] = t
			}
		}
		delete(m, n)
		clear(d.places)
	}
	return p
}

func labelOf(s rule.Subject, r store.SectionReading, row []any) string {
	var words []string
	for _, c := range s.Label {
		if v := textAt(r, row, c); v != "" && !slices.Contains(words, v) {
			words = append(words, v)
		}
	}
	if len(words) == 2 {
		return words[0] + " (" + words[1] + ")"
	}
	return strings.Join(words, " ")
}

// remap puts the rows that are kept in the order in which other rules ask for
// columns. What was not kept is not known, nor how many rows there were, until
// the section is read or loaded anew.
func (d *device) remap(old, now *plan) {
	for name, rs := range d.rows {
		was, is := old.sections[name], now.sections[name]
		if was == nil || is == nil {
			delete(d.rows, name)
			continue
		}
		rs.read = false
		for key, row := range rs.by {
			kept := make([]any, len(is.columns))
			for i, c := range is.columns {
				if k := slices.Index(was.columns, c); k >= 0 && k < len(row) {
					kept[i] = row[k]
				}
			}
			rs.by[key] = kept
		}
	}
}

// row keeps the columns that rules ask for.
func (d *device) row(sp *sectionPlan, rs *rows, key string, row []any, at time.Time) {
	kept := rs.by[key]
	if kept == nil {
		kept = make([]any, len(sp.columns))
		rs.by[key] = kept
	}
	for i, c := range sp.columns {
		if c < len(row) {
			kept[i] = row[c]
		}
	}
	for name, keep := range sp.past {
		v, ok := numberOf(kept[sp.at[name]])
		if !ok {
			continue
		}
		k := key + "\x00" + name
		list := rs.past[k]
		if n := len(list); n == 0 || list[n-1].v != v {
			list = append(list, change{at, v})
		}
		for len(list) > 1 && list[1].at.Before(at.Add(-keep)) {
			list = list[1:]
		}
		rs.past[k] = list
	}
}

// count notes how many rows pass; of each component, where they name one.
func (d *device) count(in *rule.Input, slot int, r store.SectionReading, at time.Time) {
	s, _ := rule.FindSubject(in.Subject)
	columns := s.KeyColumns(r.Section.Name)
	for k := range d.counts {
		if k.slot == slot {
			delete(d.counts, k)
		}
	}
	for _, row := range r.Table.Rows {
		get := func(c string) string { return textAt(r, row, c) }
		if slices.ContainsFunc(in.Match, func(m rule.Match) bool { return !m.Holds(get(m.Name)) }) {
			continue
		}
		if c := d.named(s, columns, get, at); c != nil {
			d.counts[countKey{slot, c.key}]++
		}
	}
}

// textAt is a cell of a conforming table as text; empty when it is not known.
func textAt(r store.SectionReading, row []any, column string) string {
	i := r.Section.Index(column)
	if i < 0 || i >= len(row) {
		return ""
	}
	return textOf(row[i])
}

func textOf(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case int64:
		return strconv.FormatInt(x, 10)
	case bool:
		return strconv.FormatBool(x)
	}
	return fmt.Sprint(v)
}

func numberOf(v any) (float64, bool) {
	switch x := v.(type) {
	case int64:
		return float64(x), true
	case float64:
		return x, true
	}
	return 0, false
}

func listOf(v any) []string {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	var out []string
	_ = json.Unmarshal([]byte(s), &out) // conforming tables hold a JSON array
	return out
}

// event keeps an event; false when it is known already, as after a start whose
// events came from the store.
func (d *device) event(p *plan, e store.EventReading, received time.Time) bool {
	k := p.kinds[e.Kind]
	if k == nil {
		return false
	}
	var kept map[string]string
	for _, a := range k.attributes {
		if v := e.Attributes[a]; v != "" {
			if kept == nil {
				kept = map[string]string{}
			}
			kept[a] = v
		}
	}
	d.spokenOf(e)
	list := d.events[e.Kind]
	for i := range list {
		h := &list[i]
		if !same(h.attributes, kept) {
			continue
		}
		if h.at.Equal(e.At) && h.received.Equal(received) {
			return false
		}
		if e.At.Sub(h.at) < time.Hour && !e.At.Before(h.at) {
			h.count += e.Count
			if e.At.After(h.last) {
				h.last = e.At
			}
			return true
		}
	}
	list = append(list, happening{at: e.At, last: e.At, received: received, count: max(e.Count, 1), attributes: kept})
	slices.SortStableFunc(list, func(a, b happening) int { return a.at.Compare(b.at) })
	newest := list[len(list)-1].last
	i := 0
	for i < len(list) && list[i].last.Before(newest.Add(-k.window-time.Hour)) {
		i++
	}
	i = max(i, len(list)-mostEvents)
	d.events[e.Kind] = slices.Clip(slices.Delete(list, 0, i))
	return true
}

// spokenOf makes components that only events tell of: programs, cards, and
// what no row has named yet.
func (d *device) spokenOf(e store.EventReading) {
	for _, s := range rule.Subjects() {
		attributes := s.Events[e.Kind]
		if attributes == nil {
			continue
		}
		if rs := d.rows[s.Section]; rs != nil && rs.read && len(s.Keep) == 0 && s.Name != "drive" {
			continue // its rows say what there is
		}
		if c := d.named(s, attributes, func(a string) string { return e.Attributes[a] }, e.At); c != nil && e.At.After(c.last) {
			c.last = e.At
		}
	}
}

func same(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}

// numbers takes a sample in. It marks the rules that it concerns, and answers
// whether drives told of themselves.
func (d *device) numbers(p *plan, n Numbers, touched func([]int)) (drives bool) {
	places, ok := d.places[n.Hash]
	if !ok {
		if n.Layout == nil {
			return false
		}
		places = d.place(p, n.Layout, n.At)
		if len(d.places) >= mostLayouts {
			clear(d.places)
		}
		d.places[n.Hash] = places
	}
	for i, v := range n.Values {
		if i >= len(places) {
			break
		}
		at := &places[i]
		if at.number < 0 {
			continue
		}
		np := &p.numbers[at.number]
		if !at.track.Add(&np.spec, n.At, v) {
			continue
		}
		if at.watch != nil {
			at.watch.add(np, n.At, v)
		}
		touched(np.rules)
		drives = drives || np.ref.Measurement == "smart_device"
	}
	return drives
}

// place finds out where the values of a layout go.
func (d *device) place(p *plan, l report.Layout, at time.Time) []place {
	out := make([]place, len(l))
	for i, s := range l {
		out[i].number = -1
		n, ok := p.byNumber[rule.Ref{Measurement: s.Measurement, Field: s.Field}]
		if !ok {
			continue
		}
		np := &p.numbers[n]
		label := func(name string) string {
			for _, x := range s.Labels {
				if x.Key == name {
					return x.Value
				}
			}
			return ""
		}
		if whole := np.subject.Whole[s.Measurement]; whole != "" && (len(s.Labels) == 0 || s.Labels[0].Value != whole) {
			continue
		}
		c := d.named(np.subject, np.subject.Series[s.Measurement], label, at)
		if c == nil {
			continue
		}
		key := trackKey{n, c.key}
		t := d.tracks[key]
		if t == nil {
			t = &window.Track{}
			d.tracks[key] = t
		}
		d.call(np, key, label)
		out[i] = place{number: n, track: t, key: c.key}
		if np.watched {
			k := watchKey{np.ref, c.key}
			if d.watch[k] == nil {
				d.watch[k] = newWatcher(np, key, s, d.info.FirstSeen, !p.remembers)
				d.unlearnt = d.unlearnt || p.remembers && np.detected
			}
			out[i].watch = d.watch[k]
		}
	}
	return out
}
