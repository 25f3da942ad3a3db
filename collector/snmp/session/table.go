package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"
)

// Defaults of Limits, and what holds besides: a device that lies without end
// must not fill the memory.
const (
	defaultRows     = 100_000
	defaultCells    = 400_000
	defaultRequests = 20_000
	defaultTime     = 5 * time.Minute
	mostBytes       = 32 << 20 // received for one table
)

// filled puts the defaults in, for a table of so many columns.
func (l Limits) filled(columns int) Limits {
	if l.Rows <= 0 {
		l.Rows = min(defaultRows, defaultCells/columns)
	}
	if l.Requests <= 0 {
		l.Requests = defaultRequests
	}
	if l.Time <= 0 {
		l.Time = defaultTime
	}
	return l
}

// widest is how many columns are followed at once. More make questions longer
// than answers, and bring too few rows each.
const widest = 12

// mostTables bounds the row counts that are remembered.
const mostTables = 128

// Table follows columns of one table in a context.
func (v *view) Table(ctx context.Context, columns []string, l Limits) (Table, error) {
	cols, err := names(columns)
	if err != nil {
		return Table{Fault: err}, fmt.Errorf("table: %w", err)
	}
	if len(cols) == 0 {
		return Table{Complete: true}, nil
	}
	if err := v.begin(ctx); err != nil {
		return Table{Fault: err}, err
	}
	defer v.end()
	l = l.filled(len(cols))
	ctx, cancel := context.WithTimeoutCause(ctx, l.Time, fmt.Errorf("%w: not done within %v", ErrLimit, l.Time))
	defer cancel()

	name := ""
	if v.name == "" {
		name = columns[0]
	}
	b := &budget{requests: l.Requests}
	t := &rows{width: len(cols), most: l.Rows, expect: v.learned.Rows[name]}
	w := v.walker(b, t)
	fault := w.columns(ctx, cols, t.expect)
	t.disorder = w.disorder
	if fault == nil && w.bulk && l.Expect > len(t.list) && l.Expect > v.learned.Checked {
		t, fault = v.check(ctx, cols, l, b, t)
	}
	if fault == nil && name != "" {
		v.learn(func(k *Learned) {
			if k.Rows == nil || len(k.Rows) >= mostTables && k.Rows[name] == 0 {
				k.Rows = map[string]int{}
			}
			k.Rows[name] = len(t.list)
		})
	}
	out := Table{Rows: t.sorted(), Complete: fault == nil, Fault: fault}
	if len(out.Rows) == 0 {
		return out, fault
	}
	return out, nil
}

// check asks for a table once more row by row, since GETBULK brought fewer rows
// than the device says there are. There are agents that skip some in it.
func (v *view) check(ctx context.Context, cols []string, l Limits, b *budget, got *rows) (*rows, error) {
	t := &rows{width: len(cols), most: l.Rows, expect: l.Expect}
	w := v.walker(b, t)
	w.bulk = false
	if err := w.columns(ctx, cols, 0); err != nil {
		return got, err
	}
	t.disorder = w.disorder
	if len(t.list) > len(got.list) {
		v.noBulk()
		return t, nil
	}
	v.learn(func(k *Learned) { k.Checked = l.Expect })
	return got, nil
}

// Walk follows everything below root in a context.
func (v *view) Walk(ctx context.Context, root string, l Limits) ([]Variable, error) {
	top, err := checkName(root)
	if err != nil {
		return nil, fmt.Errorf("walk: %w", err)
	}
	if err := v.begin(ctx); err != nil {
		return nil, err
	}
	defer v.end()
	l = l.filled(1)
	ctx, cancel := context.WithTimeoutCause(ctx, l.Time, fmt.Errorf("%w: not done within %v", ErrLimit, l.Time))
	defer cancel()
	t := &list{most: l.Rows, root: top}
	w := v.walker(&budget{requests: l.Requests}, t)
	err = w.columns(ctx, []string{top}, 0)
	return t.variables, err
}

// sink takes what a walk brings.
type sink interface {
	// add takes the value of a column at an index, which refers to the packet.
	// It is false when it has it already. ErrLimit when it takes no more.
	add(column int, index string, v *gosnmp.SnmpPDU) (fresh bool, err error)
}

// rows makes rows of cells.
type rows struct {
	width, most, expect int
	list                []row
	at                  map[string]int // by index
	slab                []Value
	disorder            bool
}

type row struct {
	index string
	cells []Value
	have  []uint64 // bits of columns
}

func (t *rows) add(column int, index string, v *gosnmp.SnmpPDU) (bool, error) {
	// Columns come interleaved: it is most often the row of the cell before.
	n, ok := t.at[index]
	if !ok {
		if len(t.list) >= t.most {
			return false, fmt.Errorf("%w: more than %d rows", ErrLimit, t.most)
		}
		if t.at == nil {
			t.at = make(map[string]int, min(t.expect, 4096))
		}
		n = len(t.list)
		index = strings.Clone(index) // else it holds the whole name
		t.at[index] = n
		if len(t.slab) < t.width {
			t.slab = make([]Value, t.width*min(max(t.expect-n, n/2, 8), 1024))
		}
		t.list = append(t.list, row{index: index, cells: t.slab[:t.width:t.width], have: make([]uint64, (t.width+63)/64)})
		t.slab = t.slab[t.width:]
	}
	r := &t.list[n]
	if bit := uint64(1) << (column % 64); r.have[column/64]&bit != 0 {
		return false, nil
	} else {
		r.have[column/64] |= bit
	}
	r.cells[column] = valueOf(v)
	return true, nil
}

// sorted gives the rows by index; a device that has another order keeps it.
func (t *rows) sorted() []Row {
	if !t.disorder {
		slices.SortFunc(t.list, func(a, b row) int { return compareNames(a.index, b.index) })
	}
	out := make([]Row, len(t.list))
	for i, r := range t.list {
		out[i] = Row{Index: r.index, Cells: r.cells}
	}
	return out
}

// list makes a list of variables.
type list struct {
	most      int
	root      string
	variables []Variable
	last      string
	seen      map[string]bool // once the order was broken
}

func (t *list) add(_ int, index string, v *gosnmp.SnmpPDU) (bool, error) {
	if len(t.variables) >= t.most {
		return false, fmt.Errorf("%w: more than %d variables", ErrLimit, t.most)
	}
	if t.seen == nil && t.last != "" && compareNames(index, t.last) <= 0 {
		t.seen = map[string]bool{}
		for _, old := range t.variables {
			t.seen[old.OID] = true
		}
	}
	if t.seen != nil {
		if t.seen[v.Name] {
			return false, nil
		}
		t.seen[v.Name] = true
	}
	t.last = index
	t.variables = append(t.variables, Variable{OID: v.Name, Value: valueOf(v)})
	return true, nil
}

// noBulkFor is how long an agent is asked row by row before GETBULK is tried
// again: it may have been a bad day, or a new firmware has come.
const noBulkFor = 24 * time.Hour

func (s *Session) noBulk() {
	s.learn(func(l *Learned) { l.NoBulk = s.o.Now().Add(noBulkFor) })
}

// mayBulk says whether the device is asked with GETBULK.
func (s *Session) mayBulk() bool {
	return s.version != gosnmp.Version1 && !s.o.Now().Before(s.learned.NoBulk)
}

// unordered notes that the rows of a column do not come in the order of their
// names. It is kept for people; the walk copes anyway.
func (s *Session) unordered(column string) {
	s.learn(func(l *Learned) {
		if at, found := slices.BinarySearchFunc(l.Unordered, column, strings.Compare); !found && len(l.Unordered) < mostTables {
			l.Unordered = slices.Insert(l.Unordered, at, column)
		}
	})
}
