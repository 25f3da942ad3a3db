package api

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"time"

	"muster/internal/event"
	"muster/internal/inventory"
)

// mask turns rows into what somebody may see, and remembers what it hid.
type mask struct {
	see    bool
	hidden map[string]bool
}

func newMask(ctx context.Context) *mask { return &mask{see: personal(ctx), hidden: map[string]bool{}} }

func (m *mask) hide(of, column string) { m.hidden[of+"."+column] = true }

// list is what was hidden, sorted; nil when nothing was.
func (m *mask) list() []string {
	var out []string
	for k := range m.hidden {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// rows turns a table of a section into objects.
func (m *mask) rows(section *inventory.Section, t inventory.Table) []Row {
	out := make([]Row, len(t.Rows))
	columns := make([]inventory.Column, len(t.Columns))
	known := make([]bool, len(t.Columns))
	for i, name := range t.Columns {
		columns[i], known[i] = section.Column(name)
	}
	for i, r := range t.Rows {
		row := make(Row, len(t.Columns))
		for j, name := range t.Columns {
			if j < len(r) && known[j] {
				row[name] = m.value(section, columns[j], r[j])
			}
		}
		out[i] = row
	}
	return out
}

// columns does the same for some columns of one row.
func (m *mask) columns(section *inventory.Section, values map[string]any) map[string]any {
	if values == nil {
		return nil
	}
	out := make(map[string]any, len(values))
	for name, v := range values {
		if c, ok := section.Column(name); ok {
			out[name] = m.value(section, c, v)
		}
	}
	return out
}

func (m *mask) value(section *inventory.Section, c inventory.Column, v any) any {
	if c.Personal && !m.see {
		m.hide(section.Name, c.Name)
		return nil
	}
	return shownValue(c.Kind, v)
}

// shownValue is a table's value in JSON.
func shownValue(k inventory.Kind, v any) any {
	switch v := v.(type) {
	case int64:
		if k == inventory.Time {
			return time.UnixMilli(v).UTC()
		}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
	case string:
		if k == inventory.List {
			if !json.Valid([]byte(v)) {
				return nil
			}
			return json.RawMessage(v)
		}
	}
	return v
}

// attributes are an event's, as somebody may see them. An attribute that the
// catalogue does not know could be anything and counts as personal.
func (m *mask) attributes(kind string, list map[string]string) map[string]*string {
	if len(list) == 0 {
		return nil
	}
	k, known := event.Lookup(kind)
	out := make(map[string]*string, len(list))
	for name, v := range list {
		a, ok := k.Attribute(name)
		if !m.see && (!known || !ok || a.Personal) {
			m.hide(kind, name)
			out[name] = nil
			continue
		}
		out[name] = &v
	}
	return out
}
