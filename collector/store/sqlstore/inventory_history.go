package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Sections gives sections of a device as they were at a time; zero is now.
// Without names it gives all that were ever read. How a reading went is kept
// of the last one only: for a time before it, Status is empty and ReadAt zero.
func (x *Inventory) Sections(ctx context.Context, id inventory.DeviceID, at time.Time, names []string) ([]store.SectionView, error) {
	var out []store.SectionView
	err := x.d.read(ctx, func(v *view) error {
		no, err := v.deviceNo(ctx, id)
		if err != nil {
			return err
		}
		states, err := v.states(ctx, no)
		if err != nil {
			return err
		}
		for _, n := range names {
			if x.named[n] == nil {
				return notFound("section", n)
			}
		}
		for _, p := range x.plans {
			s, read := states[p.no]
			if !read || len(names) > 0 && !slices.Contains(names, p.section.Name) {
				continue
			}
			s.Name = p.section.Name
			rows, err := x.rowsAt(ctx, v, p, no, at)
			if err != nil {
				return err
			}
			if !at.IsZero() && at.Before(s.ReadAt) {
				if len(rows) == 0 && len(names) == 0 {
					continue // it may not have been known then
				}
				s = store.SectionView{Name: s.Name}
			}
			s.Table = p.table(rows)
			for _, r := range rows {
				s.From = append(s.From, timeOf(r.from))
			}
			out = append(out, s)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("sections: %w", err)
	}
	return out, nil
}

// rowsAt loads the rows of a section as they were at a time; zero is now.
func (x *Inventory) rowsAt(ctx context.Context, v *view, p *plan, device int64, at time.Time) ([]row, error) {
	if at.IsZero() {
		return x.rowsOf(v.asker(ctx), p, p.current, device)
	}
	ms := at.UnixMilli()
	rows, err := x.rowsOf(v.asker(ctx), p, p.asOf, device, ms)
	// A row that has been absent long enough is gone even if nothing has come
	// by to close it.
	linger := p.section.Linger.Milliseconds()
	return slices.DeleteFunc(rows, func(r row) bool { return r.until == 0 && r.missing != 0 && ms-r.missing >= linger }), err
}

func (p *plan) table(rows []row) inventory.Table {
	t := inventory.Table{Columns: make([]string, len(p.section.Columns)), Rows: make([][]any, len(rows))}
	for i, c := range p.section.Columns {
		t.Columns[i] = c.Name
	}
	for i, r := range rows {
		t.Rows[i] = r.values
	}
	return t
}

func (v *view) deviceNo(ctx context.Context, id inventory.DeviceID) (int64, error) {
	var no int64
	found, err := v.one(ctx, "SELECT device_no FROM device_rows WHERE device_id = ?", []any{string(id)}, &no)
	if err == nil && !found {
		err = notFound("device", id)
	}
	return no, err
}

// states loads how the last reading of each section of a device went.
func (v *view) states(ctx context.Context, device int64) (map[int64]store.SectionView, error) {
	out := map[int64]store.SectionView{}
	err := v.each(ctx, "SELECT section, status, ifnull(reason, ''), sources, read_at, good_at, took_ms FROM state_rows WHERE device_no = ?", []any{device}, func(scan scan) error {
		var section, status, read, good int64
		var sources *string
		var s store.SectionView
		if err := scan(&section, &status, &s.Reason, &sources, &read, &good, &s.TookMS); err != nil {
			return err
		}
		s.Status = report.Status(status).String()
		s.Sources = texts(sources)
		s.ReadAt, s.GoodAt = timeOf(read), timeOf(good)
		out[section] = s
		return nil
	})
	return out, err
}

// change is an entry of the journal's table of contents.
type change struct {
	device, at, section, opened, first int64
	id, name                           string
}

// changesRead is how many entries of the table of contents are read at once.
const changesRead = 256

// Journal lists changes of rows, newest first. What a section's first reading
// found is one line, verb first_read, with the number of rows.
func (x *Inventory) Journal(ctx context.Context, q store.JournalQuery) ([]store.Change, error) {
	var out []store.Change
	err := x.d.read(ctx, func(v *view) error {
		var w where
		w.scope(q.Scope)
		if len(q.Devices) > 0 {
			w.devices(q.Devices)
		} else {
			w.add("d.merged_into IS NULL")
		}
		if len(q.Sections) > 0 {
			var nos []int64
			for _, n := range q.Sections {
				p := x.named[n]
				if p == nil {
					return notFound("section", n)
				}
				nos = append(nos, p.no)
			}
			w.add("c.section IN (SELECT value FROM json_each(?))", jsonNumbers(nos))
		}
		w.between("c.at", q.From, q.To)
		var last *change
		for {
			more, err := v.changes(ctx, w, last)
			if err != nil || len(more) == 0 {
				return err
			}
			for i := range more {
				p := x.byID[more[i].section]
				if p == nil {
					continue // a section that this program no longer knows
				}
				l, err := x.journalOf(ctx, v, p, &more[i])
				if err != nil {
					return err
				}
				out = append(out, l...)
				if q.Limit > 0 && len(out) >= q.Limit {
					out = out[:q.Limit]
					return nil
				}
			}
			last = &more[len(more)-1]
		}
	})
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return out, nil
}

func (w *where) devices(ids []inventory.DeviceID) {
	l := make([]string, len(ids))
	for i, id := range ids {
		l[i] = string(id)
	}
	w.add("d.device_id IN (SELECT value FROM json_each(?))", textsOf(l))
}

// between adds from <= column < to; a zero time is open.
func (w *where) between(column string, from, to time.Time) {
	if !from.IsZero() {
		w.add(column+" >= ?", from.UnixMilli())
	}
	if !to.IsZero() {
		w.add(column+" < ?", to.UnixMilli())
	}
}

// changes reads the next entries after last, newest first.
func (v *view) changes(ctx context.Context, w where, last *change) ([]change, error) {
	w.conds, w.args = slices.Clone(w.conds), slices.Clone(w.args)
	if last != nil {
		w.add("(c.at, c.device_no, c.section) < (?, ?, ?)", last.at, last.device, last.section)
	}
	var out []change
	err := v.each(ctx, "SELECT c.device_no, c.at, c.section, c.opened, c.first, d.device_id, d.name FROM change_rows c JOIN device_rows d USING (device_no)"+
		w.String()+" ORDER BY c.at DESC, c.device_no DESC, c.section DESC LIMIT ?", append(w.args, changesRead), func(scan scan) error {
		var c change
		err := scan(&c.device, &c.at, &c.section, &c.opened, &c.first, &c.id, &c.name)
		out = append(out, c)
		return err
	})
	return out, err
}

// journalOf tells the lines of one entry, by key.
func (x *Inventory) journalOf(ctx context.Context, v *view, p *plan, c *change) ([]store.Change, error) {
	line := store.Change{At: timeOf(c.at), Device: inventory.DeviceID(c.id), Name: c.name, Section: p.section.Name}
	if c.first != 0 {
		line.Verb = "first_read"
		line.After = map[string]any{"rows": c.opened}
		return []store.Change{line}, nil
	}
	rows, err := x.rowsOf(v.asker(ctx), p, p.touched, c.device, c.at)
	if err != nil {
		return nil, err
	}
	// Of one key the row that closed comes before the one that opened.
	slices.SortStableFunc(rows, func(a, b row) int {
		if k := p.order(a.values, b.values); k != 0 {
			return k
		}
		return cmp.Compare(a.from, b.from)
	})
	var out []store.Change
	for i := 0; i < len(rows); i++ {
		r := rows[i]
		l := line
		l.Key = p.keyOf(r.values)
		switch {
		case r.until == c.at && i+1 < len(rows) && rows[i+1].from == c.at && p.order(r.values, rows[i+1].values) == 0:
			l.Verb = "changed"
			l.Before, l.After = p.differing(r.values, rows[i+1].values)
			i++
		case r.until == c.at:
			l.Verb, l.Before = "removed", p.known(r.values)
		default:
			l.Verb, l.After = "added", p.known(r.values)
		}
		out = append(out, l)
	}
	return out, nil
}

// keyOf maps the key columns that say something.
func (p *plan) keyOf(values []any) map[string]any {
	if len(p.keys) == 0 {
		return nil
	}
	out := map[string]any{}
	for _, i := range p.keys {
		if values[i] != "" {
			out[p.section.Columns[i].Name] = values[i]
		}
	}
	return out
}

// known maps what is known of a row beside its key. Columns kept as latest
// are left out: their past is not kept.
func (p *plan) known(values []any) map[string]any {
	out := map[string]any{}
	for i, c := range p.section.Columns {
		if values[i] != nil && !c.Key && !c.Latest {
			out[c.Name] = values[i]
		}
	}
	return out
}

// differing maps the columns that a change touched, as they were and are.
func (p *plan) differing(old, new []any) (before, after map[string]any) {
	before, after = map[string]any{}, map[string]any{}
	for i, c := range p.section.Columns {
		if !c.Key && !c.Latest && !inventory.Equal(old[i], new[i]) {
			before[c.Name], after[c.Name] = old[i], new[i]
		}
	}
	return before, after
}
