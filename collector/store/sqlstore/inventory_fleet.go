package sqlstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Rows hands rows of a section of many devices to f.
func (x *Inventory) Rows(ctx context.Context, q store.RowQuery, f func(*store.Row) error) error {
	p := x.named[q.Section]
	if p == nil {
		return fmt.Errorf("rows: %w", notFound("section", q.Section))
	}
	columns := q.Columns
	if len(columns) == 0 {
		for _, c := range p.section.Columns {
			columns = append(columns, c.Name)
		}
	}
	var of []inventory.Column
	var fields []string
	shared := false
	for _, name := range append(slices.Clone(columns), q.Column) {
		c, ok := p.section.Column(name)
		switch {
		case name == "" && q.Column == "":
			continue
		case !ok || name == q.Column && c.Kind != inventory.Text:
			return fmt.Errorf("rows: %w", notFound("column", q.Section+"."+name))
		}
		of = append(of, c)
		fields = append(fields, p.expr(name))
		shared = shared || slices.Contains(p.shared, p.section.Index(name))
	}
	of, fields = of[:len(columns)], fields[:len(columns)]
	if err := x.d.read(ctx, func(v *view) error {
		heads, err := v.heard(ctx, q, p)
		if err != nil {
			return err
		}
		return v.rows(ctx, q, p, heads, of, fields, shared, f)
	}); err != nil {
		return fmt.Errorf("rows of %s: %w", q.Section, err)
	}
	return nil
}

// heard is how the last reading of a section went, of the devices in scope that
// were ever read, by number.
func (v *view) heard(ctx context.Context, q store.RowQuery, p *plan) (map[int64]store.Row, error) {
	var w where
	w.add("s.section = ?", p.no)
	w.add("d.merged_into IS NULL")
	w.scope(q.Scope)
	if len(q.Devices) > 0 {
		w.add("d.device_id IN (SELECT value FROM json_each(?))", textsOf(q.Devices))
	}
	if q.Column != "" {
		w.add("s.device_no IN (SELECT r.device_no"+p.from()+" WHERE "+p.expr(q.Column)+" IN (SELECT value FROM json_each(?)))", textsOf(q.Values))
	}
	out := map[int64]store.Row{}
	err := v.each(ctx, "SELECT d.device_no, d.device_id, s.status, s.read_at, s.good_at FROM device_rows d CROSS JOIN state_rows s ON s.device_no = d.device_no"+w.String(), w.args, func(scan scan) error {
		var no, status, read, good int64
		var r store.Row
		if err := scan(&no, &r.Device, &status, &read, &good); err != nil {
			return err
		}
		r.Status, r.ReadAt, r.GoodAt = report.Status(status).String(), timeOf(read), timeOf(good)
		out[no] = r
		return nil
	})
	return out, err
}

func (v *view) rows(ctx context.Context, q store.RowQuery, p *plan, heads map[int64]store.Row, of []inventory.Column, fields []string, shared bool, f func(*store.Row) error) error {
	from := " FROM " + p.rows + " r"
	if p.section.Linger > 0 && !q.Past && q.Column == "" {
		from += " INDEXED BY " + quote(p.section.Name+"_current")
	}
	if shared {
		from += " LEFT JOIN " + p.facts + " f ON f.fact_no = r.fact_no"
	}
	var w where
	if !q.Past {
		w.add("r.until_at IS NULL")
	}
	if q.Column != "" {
		w.add(p.expr(q.Column)+" IN (SELECT value FROM json_each(?))", textsOf(q.Values))
	}
	if len(q.Devices) > 0 {
		w.add("r.device_no IN (SELECT value FROM json_each(?))", jsonNumbers(slices.Sorted(maps.Keys(heads))))
	}
	const fixed = 4
	cells := make([]any, fixed+len(fields))
	into := make([]any, len(cells))
	for i := range cells {
		into[i] = &cells[i]
	}
	var r store.Row
	last := int64(-1)
	known := false
	at := func(i int) time.Time {
		ms, _ := cells[i].(int64)
		return timeOf(ms)
	}
	return v.each(ctx, "SELECT "+strings.Join(append([]string{"r.device_no", "r.from_at", "r.until_at", "r.missing_at"}, fields...), ", ")+from+w.String()+" ORDER BY r.device_no", w.args, func(scan scan) error {
		if err := scan(into...); err != nil {
			return err
		}
		if no, _ := cells[0].(int64); no != last {
			values := r.Values
			r, known = heads[no]
			r.Values, last = values, no
		}
		if !known {
			return nil
		}
		r.From, r.Until, r.Missing = at(1), at(2), at(3)
		r.Values = r.Values[:0]
		for i, c := range of {
			r.Values = append(r.Values, fromSQL(c, cells[fixed+i]))
		}
		return f(&r)
	})
}
