package profile

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/inventory"
	"muster/internal/report"
)

// part is what one task gave of a section.
type part struct {
	section *inventory.Section
	task    string
	rows    [][]any  // each as wide as the section
	index   []string // of each row in its table, to tell apart what is named alike
	err     error    // why it is not complete
	none    bool     // the device has nothing of the kind, and never had
	fresh   bool     // read in this round
}

// packed is a part as it is remembered: only columns that hold something, since
// a section is wide and thousands of devices are remembered.
type packed struct {
	section *inventory.Section
	task    string
	columns []uint8
	cells   []any // row by row
	index   []string
	err     error
	none    bool
}

func (p *part) pack() *packed {
	out := &packed{section: p.section, task: p.task, err: p.err, none: p.none}
	for i := range p.section.Columns {
		if slices.ContainsFunc(p.rows, func(r []any) bool { return r[i] != nil }) {
			out.columns = append(out.columns, uint8(i))
		}
	}
	out.cells = make([]any, 0, len(p.rows)*len(out.columns))
	for _, r := range p.rows {
		for _, i := range out.columns {
			out.cells = append(out.cells, r[i])
		}
	}
	if naming(p.section.Name) {
		out.index = p.index
	}
	return out
}

// unpack gives the part back, as one that was not read in this round.
func (p *packed) unpack() *part {
	out := &part{section: p.section, task: p.task, index: p.index, err: p.err, none: p.none}
	if len(p.columns) == 0 {
		return out
	}
	for at := 0; at < len(p.cells); at += len(p.columns) {
		row := newRow(p.section)
		for j, i := range p.columns {
			row[i] = p.cells[at+j]
		}
		out.rows = append(out.rows, row)
	}
	return out
}

// newRow is an empty row of a section.
func newRow(s *inventory.Section) []any { return make([]any, len(s.Columns)) }

// encode makes rows as wide as the section of rows of a catalogue struct.
func encode[T inventory.Sectioner](s *inventory.Section, rows []T) ([][]any, error) {
	t, err := inventory.Encode(rows)
	if err != nil {
		return nil, err
	}
	at := make([]int, len(t.Columns))
	for i, name := range t.Columns {
		at[i] = s.Index(name)
	}
	out := make([][]any, len(t.Rows))
	for n, r := range t.Rows {
		row := newRow(s)
		for i, x := range r {
			row[at[i]] = x
		}
		out[n] = row
	}
	return out, nil
}

// naming lists sections whose rows are told apart by a name that devices do not
// keep unique: rows of two tasks with one name are two things. In all others
// they are one, seen from two sides.
func naming(section string) bool {
	switch section {
	case "sensor", "processor", "memory_pool", "storage":
		return true
	}
	return false
}

// emptying lists sections that are rightly empty at times. In any other, no
// rows where there were some before is a fault of the agent.
func emptying(section string) bool {
	switch section {
	case "fdb", "arp", "neighbor", "printer_alert", "wireless_client", "access_point", "lag", "vpn_tunnel", "virtual_machine", "routing_peer", "route", "radio", "wireless_network", "poe_port":
		return true
	}
	return false
}

// assembled is a section made of its parts.
type assembled struct {
	section *inventory.Section
	rows    [][]any
	fresh   []bool // of each row: some of it was read in this round
	status  report.Status
	reason  string
	sources []string
}

// assemble makes a section of its parts. False: the device has nothing of it.
func assemble(s *inventory.Section, parts []*part) (assembled, bool) {
	out := assembled{section: s}
	failed, read := 0, 0
	var reasons []string
	keys := s.Keys()
	at := map[string]int{}
	// What is named alike is told apart by its index, all of it: else one would
	// take another's name when that cannot be read for once.
	times := map[string]int{}
	if naming(s.Name) {
		for _, p := range parts {
			for _, row := range p.rows {
				times[keyOf(keys, row)]++
			}
		}
	}
	for _, p := range parts {
		if p.none {
			continue
		}
		out.sources = append(out.sources, p.task)
		if p.err != nil {
			failed++
			if text := p.task + ": " + reason(p.err); len(reasons) < 4 {
				reasons = append(reasons, text)
			}
		}
		if p.err == nil || len(p.rows) > 0 {
			read++
		}
		for i, row := range p.rows {
			if s.Single {
				if len(out.rows) == 0 {
					out.rows, out.fresh = append(out.rows, slices.Clone(row)), append(out.fresh, p.fresh)
				} else {
					fillIn(out.rows[0], row)
					out.fresh[0] = out.fresh[0] || p.fresh
				}
				continue
			}
			k := keyOf(keys, row)
			if times[k] > 1 {
				row = slices.Clone(row)
				rename(s, row, p.index, i, at)
				k = keyOf(keys, row)
			}
			n, known := at[k]
			if known {
				fillIn(out.rows[n], row)
				out.fresh[n] = out.fresh[n] || p.fresh
				continue
			}
			at[k] = len(out.rows)
			out.rows, out.fresh = append(out.rows, slices.Clone(row)), append(out.fresh, p.fresh)
		}
	}
	if len(out.sources) == 0 {
		return out, false
	}
	switch {
	case failed > 0 && read == 0:
		out.status = report.Failed
	case failed > 0:
		out.status = report.Partial
	}
	out.reason = strings.Join(reasons, "; ")
	for _, row := range out.rows {
		derive(s, row)
	}
	return out, true
}

// fillIn takes over what a row does not have yet.
func fillIn(row, from []any) {
	for i, x := range from {
		if row[i] == nil {
			row[i] = x
		}
	}
}

func keyOf(keys []int, row []any) string {
	var b strings.Builder
	for _, k := range keys {
		if row[k] != nil {
			fmt.Fprint(&b, row[k])
		}
		b.WriteByte(0)
	}
	return b.String()
}

// rename puts the index behind a name that is there already.
func rename(s *inventory.Section, row []any, index []string, i int, at map[string]int) {
	col := s.Index("name")
	name, _ := row[col].(string)
	keys := s.Keys()
	for n := 1; ; n++ {
		mark := fmt.Sprint(n)
		if n == 1 && i < len(index) && index[i] != "" {
			mark = index[i]
		}
		row[col] = strings.TrimSpace(name + " [" + mark + "]")
		if _, known := at[keyOf(keys, row)]; !known {
			return
		}
	}
}

// section is the part of a report.
func (a *assembled) report() report.Section {
	s := report.Section{Name: a.section.Name, Status: a.status, Reason: a.reason, Sources: a.sources, Rows: a.rows}
	s.Columns = columnsOf(a.section)
	return s
}
