package profile

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"muster/collector/snmp/session"
)

// reader asks one device during one round and remembers what it answered, so
// that several tasks ask once.
type reader struct {
	a       session.Asker
	objects map[string]answer
	columns map[string]*column
	tables  map[string]*fetched
	silent  int   // questions in a row that were not answered
	down    error // why nothing is asked any more
	unheard error // why it is not known whether the device has something that was asked for twice
	heard   bool  // something was answered
	round   int   // which reading of the device it is; 0: that of who it is
}

// answer is what came for a single object.
type answer struct {
	session.Value
	err error
}

// column is one column of a table, by index.
type column struct {
	order []string
	cells map[string]session.Value
	err   error // why it is not complete
}

// fetched is columns of one table.
type fetched struct {
	session.Table
	at map[string]int // place of each column in a row
}

func newReader(a session.Asker) *reader {
	return &reader{a: a, objects: map[string]answer{}, columns: map[string]*column{}, tables: map[string]*fetched{}}
}

// patience is how many questions in a row may stay without an answer before
// the rest of a round is given up: each costs seconds.
const patience = 2

// note follows whether the device still answers.
func (r *reader) note(err error) {
	switch {
	case err == nil:
		r.silent, r.heard = 0, true
	case errors.Is(err, session.ErrCredential), errors.Is(err, session.ErrRefused), errors.Is(err, session.ErrClosed),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		r.down = err
	case errors.Is(err, session.ErrTimeout):
		if r.silent++; r.silent >= patience {
			r.down = err
		}
	default:
		r.silent, r.heard = 0, true // it did answer something
	}
}

// prefetch asks for single objects in one go.
func (r *reader) prefetch(ctx context.Context, oids []string) {
	var ask []string
	for _, oid := range oids {
		if _, ok := r.objects[oid]; !ok && oid != "" && !slices.Contains(ask, oid) {
			ask = append(ask, oid)
		}
	}
	if len(ask) == 0 {
		return
	}
	if r.down != nil {
		for _, oid := range ask {
			r.objects[oid] = answer{err: r.down}
		}
		return
	}
	got, err := r.a.Get(ctx, ask...)
	r.note(err)
	at := byName(got)
	for _, oid := range ask {
		v, ok := at[oid]
		switch {
		case ok:
			r.objects[oid] = answer{Value: v}
		case err != nil:
			r.objects[oid] = answer{err: err}
		default:
			r.objects[oid] = answer{}
		}
	}
}

// object is a single object; Missing when the device does not have it or did
// not answer, which err tells.
func (r *reader) object(ctx context.Context, oid string) answer {
	r.prefetch(ctx, []string{oid})
	return r.objects[oid]
}

// surely is prefetch, asked once more where nothing was answered: what hangs on
// it is not left to one lost packet.
func (r *reader) surely(ctx context.Context, oids []string) {
	r.prefetch(ctx, oids)
	lost := false
	for _, oid := range oids {
		if errors.Is(r.objects[oid].err, session.ErrTimeout) {
			delete(r.objects, oid)
			lost = true
		}
	}
	if lost {
		r.prefetch(ctx, oids)
	}
}

// has says whether there is anything below oid, and asks once more where
// nothing was answered.
func (r *reader) has(ctx context.Context, oid string) bool {
	for again := false; ; again = true {
		if r.down != nil {
			r.unheard = r.down
			return false
		}
		got, err := r.a.Walk(ctx, oid, session.Limits{Rows: 1, Requests: 4})
		if len(got) > 0 || errors.Is(err, session.ErrLimit) {
			err = nil
		}
		r.note(err)
		if !errors.Is(err, session.ErrTimeout) {
			return len(got) > 0
		}
		if again {
			r.unheard = err
			return false
		}
	}
}

// mostTable is how long one table may take: a quarter of what a round has, so
// that a table that a device answers slowly leaves time for the others.
const mostTable = 12 * time.Second

// table asks for columns of one table.
func (r *reader) table(ctx context.Context, l session.Limits, columns ...string) session.Table {
	if r.down != nil {
		return session.Table{Fault: r.down}
	}
	if l.Time == 0 {
		l.Time = mostTable
	}
	t, err := r.a.Table(ctx, columns, l)
	if len(t.Rows) > 0 {
		r.silent, r.heard = 0, true
		if errors.Is(t.Fault, context.DeadlineExceeded) || errors.Is(t.Fault, context.Canceled) {
			r.note(t.Fault)
		}
	} else {
		r.note(err)
	}
	if err != nil && t.Fault == nil {
		t.Fault = err
	}
	return t
}

// column asks for one column, once a round.
func (r *reader) column(ctx context.Context, oid string) *column {
	if c := r.columns[oid]; c != nil {
		return c
	}
	t := r.table(ctx, session.Limits{Rows: mostRows}, oid)
	c := &column{cells: make(map[string]session.Value, len(t.Rows)), err: t.Fault}
	for _, row := range t.Rows {
		if row.Cells[0].Kind != session.Missing {
			c.order = append(c.order, row.Index)
			c.cells[row.Index] = row.Cells[0]
		}
	}
	r.columns[oid] = c
	return c
}

// reason is an error as people read it in a section.
func reason(err error) string {
	if err == nil {
		return ""
	}
	s := strings.Join(strings.Fields(err.Error()), " ")
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}

// fault is the first of several.
func fault(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// finite says that a number can be kept.
func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// gone is what a task says when a table that had rows has none.
func gone(what string) error {
	return fmt.Errorf("%s: the device gives no rows where it gave some before", what)
}
