package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"muster/collector/api"
	"muster/internal/inventory"
)

// section prints one section: a line with how and when it was read, then its
// rows.
func (s *session) section(sec *inventory.Section, status api.SectionStatus, rows []map[string]any, whole bool) {
	l := s.look()
	parts := []string{sec.Name}
	if !sec.Single && len(rows) > 0 {
		parts[0] = fmt.Sprintf("%s (%d)", sec.Name, len(rows))
	}
	if status.Status != "" && status.Status != "ok" {
		text := status.Status
		if status.Reason != "" {
			text += ": " + status.Reason
		}
		parts = append(parts, text)
	}
	if !status.ReadAt.IsZero() {
		parts = append(parts, "read "+l.age(status.ReadAt))
	}
	if status.Status != "" && status.Status != "ok" && !status.GoodAt.IsZero() {
		parts = append(parts, "last good "+l.age(status.GoodAt))
	}
	s.say("%s", strings.Join(parts, " · "))
	if len(rows) == 0 {
		if status.Status == "ok" {
			s.say("  none")
		}
		return
	}
	if sec.Single {
		s.block("  ", rowPairs(sec, rows[0])...)
		return
	}
	worstFirst(sec, rows)
	var left []map[string]any
	if !whole && len(rows) > glance+2 { // a rest of two is not worth a line
		rows, left = rows[:glance], rows[glance:]
	}
	width := s.width()
	g := sectionGrid(sec, rows, true)
	if few := 2; len(rows) == 1 && len(g.columns) > 4 || len(rows) <= few && !s.fits(g, width-2) || whole && len(rows) <= 10*few && !s.fits(g, width-2) {
		for i, row := range rows {
			if i > 0 {
				s.say("")
			}
			s.block("  ", rowPairs(sec, row)...)
		}
		return
	}
	missing, cutAny := s.table(g, width, "  ")
	var rest []string
	if len(left) > 0 {
		rest = append(rest, moreRows(sec, left))
	}
	if len(missing) > 0 {
		rest = append(rest, "columns "+strings.Join(missing, ", "))
	}
	if cutAny && len(rest) == 0 && whole {
		rest = append(rest, "what … stands for")
	}
	if len(rest) > 0 {
		more := "-o json shows all"
		if !whole {
			more = "--section " + sec.Name + " shows more"
		}
		s.say("  (%s: %s)", strings.Join(rest, "; "), more)
	}
}

// rowPairs is the only row of a section, in the order of the catalogue.
func rowPairs(sec *inventory.Section, row map[string]any) []pair {
	var out []pair
	for _, c := range sec.Columns {
		out = append(out, pair{strings.ReplaceAll(column{name: c.Name, unit: c.Unit}.label(), "_", " "), shownValue(sec, c, row), unitOf(c)})
	}
	return out
}

func unitOf(c inventory.Column) string {
	if c.Kind == inventory.Time {
		return "time"
	}
	return c.Unit
}

// What a column is worth to somebody who looks at a section: what tells rows
// apart, then how the thing is, then what changes, then what it is. Columns
// that say the same in every row come last of these.
const (
	worthName = iota
	worthKey
	worthState
	worthLatest
	worthRest
	worthSame
)

// worth ranks a column of a section among rows. Numbers of tables (if_index)
// change, but tell nobody anything.
func worth(sec *inventory.Section, c inventory.Column, rows []map[string]any) int {
	switch {
	case slices.ContainsFunc(sec.Columns, func(x inventory.Column) bool { return x.Unit == c.Name }):
		return worthSame // it stands with the numbers whose unit it is
	case c.Name == "name":
		return worthName
	case c.Key:
		return worthKey
	case tellsState(c.Name):
		return worthState
	case c.Latest && !strings.HasSuffix(c.Name, "_index"):
		return worthLatest
	case len(rows) > 1 && !slices.ContainsFunc(rows, func(r map[string]any) bool { return !reflect.DeepEqual(r[c.Name], rows[0][c.Name]) }):
		return worthSame
	}
	return worthRest
}

// tellsState reports the names of columns that people open a section for.
func tellsState(name string) bool {
	switch name {
	case "status", "state", "condition", "value", "value_text", "speed_bits_per_second":
		return true
	}
	return strings.HasSuffix(name, "_percent") || strings.HasSuffix(name, "_status")
}

// sectionGrid is the rows of a section. For people columns that are empty in
// every row are left out, because most systems know but a part, and the others
// stand by their worth.
func sectionGrid(sec *inventory.Section, rows []map[string]any, forPeople bool) *grid {
	g := &grid{}
	var shown []inventory.Column
	for _, c := range sec.Columns {
		if !forPeople || slices.ContainsFunc(rows, func(r map[string]any) bool { return filled(r[c.Name]) }) {
			shown = append(shown, c)
		}
	}
	if forPeople {
		slices.SortStableFunc(shown, func(a, b inventory.Column) int { return worth(sec, a, rows) - worth(sec, b, rows) })
	}
	for i, c := range shown {
		x := column{name: c.Name, unit: unitOf(c)}
		if forPeople {
			x.key, x.stay = i == 0, worth(sec, c, rows) < worthRest
		}
		g.columns = append(g.columns, x)
	}
	for _, row := range rows {
		line := make([]any, len(shown))
		for i, c := range shown {
			line[i] = row[c.Name]
			if forPeople {
				line[i] = shownValue(sec, c, row)
			}
		}
		g.rows = append(g.rows, line)
	}
	return g
}

// shownValue is what a row has in a column. Where the unit of a number is what
// another column says (sensor.value_unit), it goes with the number.
func shownValue(sec *inventory.Section, c inventory.Column, row map[string]any) any {
	if _, ok := sec.Column(c.Unit); !ok {
		return row[c.Name]
	}
	n, isNumber := row[c.Name].(json.Number)
	unit, _ := row[c.Unit].(string)
	if !isNumber {
		return row[c.Name]
	}
	return measured{n, unit}
}

// measured is a number with a unit of its own.
type measured struct {
	n    json.Number
	unit string
}

// badness ranks what a thing says of itself: 0 is what nobody minds.
func badness(said string) int {
	switch said {
	case "critical", "failed", "fatal", "broken", "dead":
		return 2
	case "warning", "degraded", "replace", "poor", "missing", "rebuilding", "error":
		return 1
	}
	return 0
}

// badnessOf ranks a row by what its section says of how it is.
func badnessOf(sec *inventory.Section, row map[string]any) int {
	worst := 0
	for _, name := range []string{"status", "state", "condition"} {
		if _, ok := sec.Column(name); ok {
			said, _ := row[name].(string)
			worst = max(worst, badness(said))
		}
	}
	return worst
}

// worstFirst puts rows that are bad by what they say of themselves before the
// others, in sections that say so, and orders each part by its keys.
func worstFirst(sec *inventory.Section, rows []map[string]any) {
	says := slices.ContainsFunc(sec.Columns, func(c inventory.Column) bool {
		return c.Name == "status" || c.Name == "state" || c.Name == "condition"
	})
	if !says {
		return // as the collector has them
	}
	slices.SortStableFunc(rows, func(a, b map[string]any) int {
		if d := badnessOf(sec, b) - badnessOf(sec, a); d != 0 {
			return d
		}
		for _, i := range sec.Keys() {
			name := sec.Columns[i].Name
			if d := byNumber(exact(a[name]), exact(b[name])); d != 0 {
				return d
			}
		}
		return 0
	})
}

// moreRows says how many rows are not shown, and how many bad ones are among
// them.
func moreRows(sec *inventory.Section, left []map[string]any) string {
	text := fmt.Sprintf("%d more rows", len(left))
	bad := 0
	for _, row := range left {
		if badnessOf(sec, row) > 0 {
			bad++
		}
	}
	if bad > 0 {
		text += fmt.Sprintf(", %d of them bad", bad)
	}
	return text
}

// byNumber compares two texts as people count: Fan 2 before Fan 10.
func byNumber(a, b string) int {
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	run := func(s string) string {
		n := 0
		for n < len(s) && digit(s[n]) {
			n++
		}
		return s[:n]
	}
	x, y := a, b
	for x != "" && y != "" {
		m, n := run(x), run(y)
		if m == "" || n == "" {
			if x[0] != y[0] {
				return cmp.Compare(x[0], y[0])
			}
			x, y = x[1:], y[1:]
			continue
		}
		i, j := strings.TrimLeft(m, "0"), strings.TrimLeft(n, "0")
		if d := cmp.Or(cmp.Compare(len(i), len(j)), cmp.Compare(i, j)); d != 0 {
			return d
		}
		x, y = x[len(m):], y[len(n):]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(a, b))
}

func filled(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case json.Number:
		return true
	}
	return true
}
