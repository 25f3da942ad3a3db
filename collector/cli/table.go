package cli

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// grid is an answer with rows: a table for people, CSV for programs.
type grid struct {
	columns []column
	rows    [][]any
}

// column is one column of a grid.
type column struct {
	name string // as CSV and JSON have it
	unit string // of the catalogues, or unitAgo
	wide bool   // in CSV only
	key  bool   // never left out of a narrow terminal
	stay bool   // left out of a narrow terminal after the others only
}

// newGrid makes a grid of columns, each written as name, name:unit, with - in
// front for columns that only CSV shows.
func newGrid(specs ...string) *grid {
	g := &grid{}
	for i, spec := range specs {
		name, wide := strings.CutPrefix(spec, "-")
		name, unit, _ := strings.Cut(name, ":")
		g.columns = append(g.columns, column{name: name, unit: unit, wide: wide, key: i == 0})
	}
	return g
}

// staying marks columns that people need beside those that tell rows apart:
// where a terminal is too narrow for all, they are the last to be left out.
func (g *grid) staying(names ...string) *grid {
	for i := range g.columns {
		if slices.Contains(names, g.columns[i].name) {
			g.columns[i].stay = true
		}
	}
	return g
}

func (g *grid) add(values ...any) { g.rows = append(g.rows, values) }

// title is a column's name as the head of a table.
func (c column) title() string { return strings.ToUpper(strings.ReplaceAll(c.label(), "_", " ")) }

// label is a column's name without its unit, which is in the values.
func (c column) label() string {
	name := c.name
	for _, suffix := range []string{"_bytes", "_at", "_seconds", "_celsius", "_bits_per_second", "_transfers_per_second"} {
		if rest, ok := strings.CutSuffix(name, suffix); ok && c.unit != "" {
			name = rest
		}
	}
	return name
}

// show prints an answer in the form that was asked for. With an empty grid
// people are told so in words, beside the output.
func (s *session) show(g *grid, answer any, empty string) error {
	switch s.output {
	case "json":
		return s.json(answer)
	case "csv":
		return s.csv(g)
	}
	if len(g.rows) == 0 {
		s.note("%s", empty)
		return nil
	}
	missing, cutAny := s.table(g, s.width(), "")
	s.toldNarrow(missing, cutAny)
	return nil
}

// nothing is what an empty list says: what is said of the whole, unless
// something was chosen. Then it is only that nothing fits that, or not even a
// device does.
func nothing(c *cobra.Command, args []string, noDevice bool, whole string) string {
	var chosen, flags []string
	for _, a := range args {
		chosen = append(chosen, quoteWord(a))
	}
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		value := strings.Trim(f.Value.String(), "[]")
		switch {
		case !f.Changed, f.Name == "limit", f.Value.Type() == "bool" && value == "false", value == "":
		case f.Value.Type() == "bool":
			flags = append(flags, "--"+f.Name)
		default:
			flags = append(flags, "--"+f.Name+" "+quoteWord(value))
		}
	})
	if noDevice {
		if c.Flags().Changed("site") {
			chosen = append(chosen, "--site "+quoteWord(c.Flags().Lookup("site").Value.String()))
		}
		return "no device fits " + strings.Join(chosen, " ") + ": muster device list shows what there is"
	}
	if chosen = append(chosen, flags...); len(chosen) == 0 {
		return whole
	}
	return "nothing fits " + strings.Join(chosen, " ")
}

// toldNarrow says what a narrow terminal kept from being shown.
func (s *session) toldNarrow(missing []string, cutAny bool) {
	switch {
	case len(missing) > 0:
		s.note("the terminal is too narrow for: %s; -o csv or -o json shows all", strings.Join(missing, ", "))
	case cutAny:
		s.note("… marks what is cut to fit the terminal; -o csv or -o json shows all")
	}
}

// json prints an answer as the API has it, indented.
func (s *session) json(answer any) error {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(answer); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return writeJSON(s.out, []byte(b.String()))
}

// csv prints a grid as RFC 4180 has it.
func (s *session) csv(g *grid) error {
	w := csv.NewWriter(s.out)
	if !s.noHeader {
		head := make([]string, len(g.columns))
		for i, c := range g.columns {
			head[i] = guarded(tame(c.name))
		}
		w.Write(head)
	}
	line := make([]string, len(g.columns))
	for _, row := range g.rows {
		for i := range g.columns {
			line[i] = exact(row[i])
		}
		w.Write(line)
	}
	w.Flush()
	return w.Error()
}

const (
	gap      = 2  // blanks between columns
	leastCut = 16 // columns of text are cut down to this, not further
	leastKey = 28 // and those that tell rows apart to this
)

// layout is a grid as text, with the room that each column takes.
type layout struct {
	names  []string // of the columns that tables show
	head   []string
	cells  [][]string
	widths []int
	right  []bool // numbers stand at the right
	fixed  []bool // cut, they would say something else
	key    []bool
	stay   []bool
}

func (s *session) layout(g *grid) *layout {
	l, out := s.look(), &layout{cells: make([][]string, len(g.rows))}
	for i, c := range g.columns {
		if c.wide {
			continue
		}
		number := numeric(g, i)
		j := len(out.names)
		out.names = append(out.names, c.name)
		out.head = append(out.head, clean(c.title()))
		out.right = append(out.right, number)
		out.fixed = append(out.fixed, number || c.unit == "time" || c.unit == unitAgo)
		out.key = append(out.key, c.key)
		out.stay = append(out.stay, c.stay)
		out.widths = append(out.widths, 0)
		if !s.noHeader {
			out.widths[j] = columns(out.head[j])
		}
		for r, row := range g.rows {
			text := l.human(row[i], c.unit)
			out.cells[r] = append(out.cells[r], text)
			out.widths[j] = max(out.widths[j], columns(text))
		}
	}
	return out
}

// fits reports whether a grid can be shown whole in a width; 0 is any.
func (s *session) fits(g *grid, width int) bool {
	l := s.layout(g)
	total := gap * (len(l.widths) - 1)
	for _, w := range l.widths {
		total += w
	}
	return width <= 0 || total <= width
}

// table prints a grid aligned, each line after indent. Without a width it is
// as wide as it is; with one, long texts are cut and then columns left out, and
// both are reported so that nothing is left out silently.
func (s *session) table(g *grid, width int, indent string) (missing []string, cutAny bool) {
	l := s.layout(g)
	var keep []int
	if width > 0 {
		keep, cutAny = l.fit(width - columns(indent))
	} else {
		for j := range l.names {
			keep = append(keep, j)
		}
	}
	for j, name := range l.names {
		if !slices.Contains(keep, j) {
			missing = append(missing, name)
		}
	}
	s.lines(indent, l, keep)
	return missing, cutAny
}

func (s *session) lines(indent string, l *layout, keep []int) {
	w := bufio.NewWriter(s.out)
	defer w.Flush()
	line := func(cells []string) {
		var b strings.Builder
		b.WriteString(indent)
		for n, j := range keep {
			text := cut(cells[j], l.widths[j])
			pad := strings.Repeat(" ", max(0, l.widths[j]-columns(text)))
			if n > 0 {
				b.WriteString(strings.Repeat(" ", gap))
			}
			if l.right[j] {
				b.WriteString(pad + text)
			} else {
				b.WriteString(text + pad)
			}
		}
		w.WriteString(strings.TrimRight(b.String(), " ") + "\n")
	}
	if !s.noHeader {
		line(l.head)
	}
	for _, c := range l.cells {
		line(c)
	}
}

// fit narrows columns of text, the widest first, until they fit. Where that
// does not do, columns are left out: those that tell rows apart never, those
// that stay after all others, and of two alike the one further right. It
// answers the columns that are shown.
func (l *layout) fit(room int) (keep []int, cutAny bool) {
	floor := func(j int) int {
		switch {
		case l.fixed[j]:
			return l.widths[j]
		case l.key[j]:
			return min(l.widths[j], leastKey)
		}
		return min(l.widths[j], leastCut)
	}
	total := func(width func(int) int) int {
		n := gap * (len(keep) - 1)
		for _, j := range keep {
			n += width(j)
		}
		return n
	}
	for _, wanted := range []func(j int) bool{
		func(j int) bool { return l.key[j] },
		func(j int) bool { return l.stay[j] },
		func(int) bool { return true },
	} {
		for j := range l.widths {
			if !wanted(j) || slices.Contains(keep, j) {
				continue
			}
			if keep = append(keep, j); total(floor) > room && !l.key[j] {
				keep = keep[:len(keep)-1]
			}
		}
	}
	slices.Sort(keep)
	for total(func(j int) int { return l.widths[j] }) > room {
		widest := -1
		for _, j := range keep {
			if l.widths[j] > floor(j) && (widest < 0 || l.widths[j] > l.widths[widest]) {
				widest = j
			}
		}
		if widest < 0 {
			break
		}
		l.widths[widest]--
		cutAny = true
	}
	return keep, cutAny
}

// numeric reports columns that read better from the right.
func numeric(g *grid, i int) bool {
	any := false
	for _, row := range g.rows {
		switch row[i].(type) {
		case nil:
		case int, int64, uint64, float64, json.Number, measured:
			any = true
		default:
			return false
		}
	}
	return any
}

// pair is a line of a block: what and its value.
type pair struct {
	name  string
	value any
	unit  string
}

// block prints pairs below each other, leaving out those without a value. The
// value of one pair may have several lines.
func (s *session) block(indent string, pairs ...pair) {
	l := s.look()
	wide := 0
	var shown [][2]string
	for _, p := range pairs {
		text := l.human(p.value, p.unit)
		if text == "" {
			continue
		}
		name := clean(p.name)
		shown = append(shown, [2]string{name, text})
		wide = max(wide, columns(name))
	}
	w := bufio.NewWriter(s.out)
	defer w.Flush()
	room := 0
	if width := s.width(); width > 0 {
		room = max(20, width-columns(indent)-wide-gap)
	}
	for _, p := range shown {
		name := p[0] + strings.Repeat(" ", wide-columns(p[0])+gap)
		for _, part := range wrap(p[1], room) {
			w.WriteString(strings.TrimRight(indent+name+part, " ") + "\n")
			name = strings.Repeat(" ", wide+gap)
		}
	}
}

// wrap breaks a text into lines of at most room columns, at blanks where there
// are some. Without room it stays whole.
func wrap(s string, room int) []string {
	if room <= 0 || columns(s) <= room {
		return []string{s}
	}
	var out []string
	line := ""
	for word := range strings.SplitSeq(s, " ") {
		for columns(word) > room {
			head := strings.TrimSuffix(cut(word, room), "…")
			if line != "" {
				out, line = append(out, line), ""
			}
			out = append(out, head)
			word = word[len(head):]
		}
		switch {
		case line == "":
			line = word
		case columns(line)+1+columns(word) <= room:
			line += " " + word
		default:
			out, line = append(out, line), word
		}
	}
	return append(out, line)
}
