package api

import (
	"context"
	"slices"
	"strings"

	"muster/collector/store"
	"muster/internal/inventory"
)

// side is one half of a comparison while it is worked on.
type side struct {
	DiffSide
	views map[string]store.SectionView
}

func (s *Server) deviceDiff(ctx context.Context, in *DeviceDiffInput) (DeviceDiff, error) {
	names, err := sectionNames(in.Sections)
	if err != nil {
		return DeviceDiff{}, err
	}
	a, err := s.side(ctx, in.A, "", names)
	if err != nil {
		return DeviceDiff{}, err
	}
	b, err := s.side(ctx, in.B, string(a.Device), names)
	if err != nil {
		return DeviceDiff{}, err
	}
	m := newMask(ctx)
	out := DeviceDiff{A: a.DiffSide, B: b.DiffSide, Sections: map[string]SectionDiff{}}
	for _, section := range inventory.Schema() {
		va, inA := a.views[section.Name]
		vb, inB := b.views[section.Name]
		var d SectionDiff
		switch {
		case inA && inB:
			d = compareSection(m, section, va.Table, vb.Table, in.Latest)
		case inA:
			d.Only = "a"
		case inB:
			d.Only = "b"
		}
		if d.Only != "" || len(d.OnlyA)+len(d.OnlyB)+len(d.Changed) > 0 {
			out.Sections[section.Name] = d
		}
	}
	out.Hidden = m.list()
	return out, nil
}

// side reads REF, REF@TIME, or @TIME with the device of the other side. A
// name that has an @ of its own stays whole, unless a time stands behind it.
func (s *Server) side(ctx context.Context, text, same string, names []string) (side, error) {
	ref, at := strings.TrimSpace(text), ""
	if i := strings.LastIndexByte(ref, '@'); i >= 0 {
		if _, err := moment("", ref[i+1:], s.d.Now()); err == nil && ref[i+1:] != "" {
			ref, at = ref[:i], ref[i+1:]
		}
	}
	if ref == "" {
		ref = same
	}
	d, err := s.find(ctx, ref)
	if err != nil {
		return side{}, err
	}
	when, err := s.past(at)
	if err != nil {
		return side{}, err
	}
	views, err := s.d.Inventory.Sections(ctx, d.ID, when, names)
	if err != nil {
		return side{}, err
	}
	x := side{DiffSide: DiffSide{Device: d.ID, Name: d.Name, At: when}, views: map[string]store.SectionView{}}
	for _, v := range views {
		x.views[v.Name] = v
	}
	return x, nil
}

// compareSection compares two readings of a section by key. Columns kept as
// latest change all the time and count only when asked for.
func compareSection(m *mask, section *inventory.Section, ta, tb inventory.Table, latest bool) SectionDiff {
	a, b := aligned(section, ta), aligned(section, tb)
	var d SectionDiff
	for i, j := 0, 0; i < len(a) || j < len(b); {
		c := 0
		switch {
		case i == len(a):
			c = 1
		case j == len(b):
			c = -1
		case !section.Single:
			c = section.CompareKeys(a[i], b[j])
		}
		switch {
		case c < 0:
			d.OnlyA = append(d.OnlyA, m.row(section, a[i]))
			i++
		case c > 0:
			d.OnlyB = append(d.OnlyB, m.row(section, b[j]))
			j++
		default:
			if x, differ := m.delta(section, a[i], b[j], latest); differ {
				d.Changed = append(d.Changed, x)
			}
			i, j = i+1, j+1
		}
	}
	return d
}

// aligned gives the rows with the catalogue's columns, sorted by key.
func aligned(section *inventory.Section, t inventory.Table) [][]any {
	at := make([]int, len(section.Columns))
	for i, c := range section.Columns {
		at[i] = slices.Index(t.Columns, c.Name)
	}
	out := make([][]any, len(t.Rows))
	for i, r := range t.Rows {
		out[i] = make([]any, len(at))
		for j, k := range at {
			if k >= 0 && k < len(r) {
				out[i][j] = r[k]
			}
		}
	}
	if !section.Single {
		slices.SortStableFunc(out, section.CompareKeys)
	}
	return out
}

// row is one row with all its columns.
func (m *mask) row(section *inventory.Section, values []any) Row {
	out := make(Row, len(values))
	for i, c := range section.Columns {
		out[c.Name] = m.value(section, c, values[i])
	}
	return out
}

// delta is the columns in which two rows of one key differ. That a hidden
// column differs is told, what it holds is not.
func (m *mask) delta(section *inventory.Section, a, b []any, latest bool) (RowDelta, bool) {
	d := RowDelta{A: map[string]any{}, B: map[string]any{}}
	for i, c := range section.Columns {
		if c.Key {
			if d.Key == nil {
				d.Key = map[string]any{}
			}
			d.Key[c.Name] = m.value(section, c, a[i])
			continue
		}
		if c.Latest && !latest || inventory.Equal(a[i], b[i]) {
			continue
		}
		d.A[c.Name], d.B[c.Name] = m.value(section, c, a[i]), m.value(section, c, b[i])
	}
	return d, len(d.A) > 0
}
