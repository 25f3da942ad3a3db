package api

import (
	"context"
	"errors"
	"slices"
	"strings"

	"muster/collector/store"
	"muster/internal/inventory"
)

// errEnough ends a walk over rows.
var errEnough = errors.New("enough rows")

// sectionRows answers a section of many devices, so that a page on printers
// need not ask each of them.
func (s *Server) sectionRows(ctx context.Context, in *SectionRowsInput) (SectionRows, error) {
	section, ok := inventory.Lookup(in.Section)
	if !ok {
		return SectionRows{}, NewProblem(notFound, "there is no section %q%s: muster schema lists them", clip(printable(in.Section), 40), near(in.Section, allSections()))
	}
	out := SectionRows{Section: section.Name, Columns: []string{}, Rows: []SectionRow{}}
	for _, name := range in.Columns {
		if name = strings.TrimSpace(name); name == "" || slices.Contains(out.Columns, name) {
			continue
		}
		if _, ok := section.Column(name); !ok {
			var all []string
			for _, c := range section.Columns {
				all = append(all, c.Name)
			}
			return out, NewProblem(invalid, "section %s has no column %q%s: muster schema %s lists them", section.Name, clip(printable(name), 40), near(name, all), section.Name)
		}
		out.Columns = append(out.Columns, name)
	}
	if len(out.Columns) == 0 {
		for _, c := range section.Columns {
			out.Columns = append(out.Columns, c.Name)
		}
	}
	e, err := filterOf(ctx, in.Filter)
	if err != nil {
		return out, err
	}
	page, err := s.d.Inventory.Devices(ctx, store.DeviceQuery{Scope: scopeOf(ctx), Filter: e, Personal: personal(ctx), Now: s.d.Now()})
	if err != nil {
		return out, err
	}
	known := make(map[inventory.DeviceID]NamedDevice, len(page.Devices))
	for _, d := range page.Devices {
		known[d.ID] = shownName(d)
	}
	limit, m := orDefault(in.Limit), newMask(ctx)
	columns := make([]inventory.Column, len(out.Columns))
	for i, name := range out.Columns {
		columns[i], _ = section.Column(name)
	}
	err = s.d.Inventory.Rows(ctx, store.RowQuery{Scope: scopeOf(ctx), Section: section.Name, Columns: out.Columns}, func(r *store.Row) error {
		d, ok := known[r.Device]
		if !ok {
			return nil
		}
		if len(out.Rows) == limit {
			out.More = true
			return errEnough
		}
		values := make(Row, len(columns))
		for i, c := range columns {
			values[c.Name] = m.value(section, c, r.Values[i])
		}
		out.Rows = append(out.Rows, SectionRow{Device: d, ReadAt: r.ReadAt, Values: values})
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return out, err
	}
	out.Hidden = m.list()
	return out, nil
}

func (l SectionRows) columns() []string {
	return append([]string{"device_id", "device", "site"}, l.Columns...)
}

func (l SectionRows) rows(yield func([]any) error) error {
	line := make([]any, 3+len(l.Columns))
	for _, r := range l.Rows {
		line[0], line[1], line[2] = string(r.Device.ID), r.Device.Name, r.Device.Site
		for i, c := range l.Columns {
			line[3+i] = r.Values[c]
		}
		if err := yield(line); err != nil {
			return err
		}
	}
	return nil
}
