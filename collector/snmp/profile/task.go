package profile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
)

// The paces of builtins. Tables of profiles have that of their interval.
const (
	paceFast      = "fast"      // a minute: counters and states
	paceARP       = "arp"       // 5 minutes
	paceFDB       = "fdb"       // 10 minutes
	paceNeighbors = "neighbors" // 15 minutes
	pacePorts     = "ports"     // an hour: names, aliases, speeds
	paceEntity    = "entity"    // an hour
	paceVLANs     = "vlans"     // an hour
	paceSlow      = "slow"      // an hour: all else
)

// everyOf is the interval of a pace.
func everyOf(pace string) time.Duration {
	switch pace {
	case paceFast:
		return time.Minute
	case paceARP:
		return 5 * time.Minute
	case paceFDB:
		return 10 * time.Minute
	case paceNeighbors:
		return 15 * time.Minute
	}
	return time.Hour
}

// paceOf is the interval of a table: as the profile says, else as often as its
// section is read, at least once an hour and a sensor, whose last value is a
// number, each minute.
func paceOf(every time.Duration, s *inventory.Section) time.Duration {
	if every > 0 {
		return max(every, time.Second)
	}
	if s.Name == "sensor" {
		return time.Minute
	}
	return min(max(s.Cadence, time.Minute), time.Hour)
}

// paceName names an interval.
func paceName(every time.Duration) string {
	switch every {
	case time.Minute:
		return paceFast
	case time.Hour:
		return paceSlow
	}
	s := every.String()
	s = strings.TrimSuffix(s, "0s")
	return strings.TrimSuffix(s, "0m")
}

// task is one thing that is read of a device.
type task struct {
	name     string
	pace     string
	every    time.Duration
	sections []string // to which it gives rows
	objects  []string // single objects it asks for, so that all tasks ask at once
	signs    []string // objects whose change says that it has to be read
	run      func(ctx context.Context, r *round)
}

// plan lists what is read of a device: tables of profiles first, so that what
// they say counts before builtins.
func (d *Device) plan() []*task {
	var out []*task
	used := map[string]int{}
	for _, t := range d.profile.tables {
		name := t.Name
		if used[name]++; used[name] > 1 {
			name = fmt.Sprintf("%s-%d", name, used[name])
		}
		x := &task{name: name, pace: paceName(t.every), every: t.every, sections: []string{t.section.Name}, objects: t.objects}
		if t.Changed != "" {
			x.signs = []string{t.Changed}
		}
		x.run = func(ctx context.Context, r *round) { r.table(ctx, x, t) }
		out = append(out, x)
	}
	if len(d.profile.numbers) > 0 {
		x := &task{name: "numbers", pace: paceFast, every: time.Minute}
		for _, n := range d.profile.numbers {
			for _, s := range n.sources {
				x.objects = append(x.objects, s.oids()...)
			}
		}
		x.run = func(ctx context.Context, r *round) { r.numbers(ctx) }
		out = append(out, x)
	}
	// Names of ports and parts are what the others refer to.
	readers := slices.Clone(d.profile.readers)
	slices.SortStableFunc(readers, func(a, b string) int { return count(b == "ports") - count(a == "ports") })
	for _, name := range readers {
		for _, x := range builtin(d, name) {
			if x.every == 0 {
				x.every = everyOf(x.pace)
			}
			out = append(out, x)
		}
	}
	// The identity comes last: what tables say of system and os is more than
	// what was found to tell devices apart.
	const name = "identity"
	return append(out, &task{name: name, pace: paceFast, every: time.Minute, sections: []string{"system", "os", "snmp_agent", "boot"}, run: func(_ context.Context, r *round) {
		r.d.identitySections(r, name)
	}})
}

// mostRows is how many rows of a profile's table are read when it does not say.
const mostRows = 10_000

// table reads a table of a profile, or single objects, and makes rows of it.
func (r *round) table(ctx context.Context, x *task, t *table) {
	s := &scope{d: r.d, r: r.reader, t: t}
	p := &part{section: t.section, task: x.name}
	for _, oid := range t.Unless {
		if len(r.d.lookedUp(ctx, r.reader, oid)) > 0 {
			r.d.state.setHad(p.task+"/"+p.section.Name, 0) // not lost: told elsewhere
			r.put(p)
			return
		}
	}
	if t.Entry == "" {
		if row := s.fill(ctx, t); row != nil {
			p.rows, p.index = append(p.rows, row), append(p.index, "")
		}
		p.err = s.err
		r.put(p)
		return
	}
	got := r.entry(ctx, t)
	p.err = got.Fault
	for i := range got.Rows {
		row := got.aligned(t, i)
		s.row = &row
		s.pieces = nil
		if len(t.TableDocument.Index) > 0 {
			var ok bool
			if s.pieces, ok = cutIndex(t.TableDocument.Index, row.Index); !ok {
				continue
			}
		}
		if !s.wanted(ctx, t) {
			continue
		}
		if filled := s.fill(ctx, t); filled != nil {
			p.rows, p.index = append(p.rows, filled), append(p.index, row.Index)
		}
	}
	if p.err == nil {
		p.err = s.err
	}
	r.put(p)
}

// entry reads the columns of a table's entry. All tables of the profile that
// are due and have the same entry are read at once.
func (r *round) entry(ctx context.Context, t *table) *fetched {
	if f := r.tables[t.Entry]; f != nil {
		return f
	}
	f := &fetched{at: map[string]int{}}
	var columns []string
	limit := 0
	for _, o := range r.d.profile.tables {
		if o.Entry != t.Entry || o != t && !r.due[paceName(o.every)] {
			continue
		}
		for _, c := range o.columns {
			if _, ok := f.at[c]; !ok {
				f.at[c] = len(columns)
				columns = append(columns, c)
			}
		}
		n := o.Limit
		if n == 0 {
			n = mostRows
		}
		limit = max(limit, n)
	}
	f.Table = r.reader.table(ctx, session.Limits{Rows: limit}, columns...)
	r.tables[t.Entry] = f
	return f
}

// aligned is a row with the cells in the order in which one table asks.
func (f *fetched) aligned(t *table, i int) session.Row {
	row := session.Row{Index: f.Rows[i].Index, Cells: make([]session.Value, len(t.columns))}
	for j, c := range t.columns {
		if at, ok := f.at[c]; ok && at < len(f.Rows[i].Cells) {
			row.Cells[j] = f.Rows[i].Cells[at]
		}
	}
	return row
}

// wanted says whether a row is kept.
func (s *scope) wanted(ctx context.Context, t *table) bool {
	for _, c := range t.only {
		if !s.holds(ctx, c) {
			return false
		}
	}
	for _, c := range t.skip {
		if s.holds(ctx, c) {
			return false
		}
	}
	return true
}

func (s *scope) holds(ctx context.Context, c *condition) bool {
	var d datum
	switch {
	case c.Column != 0:
		d = s.read(ctx, s.cell(c.Column), "")
	case c.Index == "*":
		d = textDatum(s.row.Index)
	case c.Index != "":
		if c.part >= 0 && c.part < len(s.pieces) {
			d = textDatum(s.pieces[c.part].text)
		}
	default:
		index := s.elsewhere(c.byPart, c.byColumn)
		if isOID(c.Lookup) {
			d = s.read(ctx, s.d.lookedUp(ctx, s.r, c.Lookup)[index], "")
		} else {
			d = s.lookup(ctx, c.Lookup, index)
		}
	}
	f, number := d.number()
	switch {
	case c.Missing:
		return d.kind == nothing || d.string() == ""
	case len(c.Is) > 0:
		return number && slices.Contains(c.Is, f)
	case len(c.Outside) == 2:
		return number && (f < c.Outside[0] || f > c.Outside[1])
	case c.match != nil:
		return c.match.MatchString(d.string())
	}
	return false
}

// fill makes a row of a section. nil: it says nothing but what is the same in
// all rows, or lacks a part of its key that the profile names.
func (s *scope) fill(ctx context.Context, t *table) []any {
	row := newRow(t.section)
	told := false
	for _, f := range t.fields {
		col := t.section.Columns[f.at]
		d := s.first(ctx, f.sources)
		row[f.at] = d.column(col)
		if row[f.at] == nil {
			if col.Key && col.Name != "name" {
				return nil
			}
			continue
		}
		told = told || !col.Key && !constant(f.sources)
	}
	if !told && !(s.row != nil && keyOnly(t)) {
		return nil
	}
	// What has no name is called by its place in the table.
	if n := t.section.Index("name"); n >= 0 && t.section.Columns[n].Key && row[n] == nil && s.row != nil {
		row[n] = s.row.Index
	}
	return row
}

// constant says that a value is the same in all rows.
func constant(list []*source) bool {
	return !slices.ContainsFunc(list, func(s *source) bool { return s.Value == "" })
}

// keyOnly says that a table fills nothing but a key and what is the same in all
// rows.
func keyOnly(t *table) bool {
	for _, f := range t.fields {
		if !t.section.Columns[f.at].Key && !constant(f.sources) {
			return false
		}
	}
	return true
}
