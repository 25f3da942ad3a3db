package poll

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"muster/collector/snmp/session"
)

// broken is how many questions in a row may stay without an answer until the
// rest is not asked any more: a device that dies in the middle of a round would
// else cost the patience of each table that is left.
const broken = 2

// breaker counts answers, and stops asking one who stopped answering.
type breaker struct {
	session.Asker
	mu      sync.Mutex
	answers int
	silent  int // questions in a row
	last    error
	lie     error // the first answer that cannot be true
}

// lied is the first answer of the round that cannot be true, or nil.
func (b *breaker) lied() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lie
}

func (b *breaker) open() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.silent >= broken {
		return b.last
	}
	return nil
}

// note takes in how a question went; some says that an answer came even so.
func (b *breaker) note(err error, some bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lie == nil && (errors.Is(err, session.ErrLoop) || errors.Is(err, session.ErrGarbage) || errors.Is(err, session.ErrLimit)) {
		b.lie = err
	}
	nobody := errors.Is(err, session.ErrTimeout) || errors.Is(err, session.ErrRefused)
	switch {
	case nobody && some:
		b.last, b.silent = err, 1
	case nobody:
		b.last = err
		b.silent++
		return
	default:
		b.silent = 0
	}
	// An error that is neither means that something did come, unless it is ours.
	if err == nil || some || !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		b.answers++
	}
}

func (b *breaker) Get(ctx context.Context, oids ...string) ([]session.Variable, error) {
	if err := b.open(); err != nil {
		return nil, err
	}
	vs, err := b.Asker.Get(ctx, oids...)
	b.note(err, len(vs) > 0)
	return vs, err
}

func (b *breaker) Table(ctx context.Context, columns []string, l session.Limits) (session.Table, error) {
	if err := b.open(); err != nil {
		return session.Table{Fault: err}, err
	}
	t, err := b.Asker.Table(ctx, columns, l)
	fault := err
	if fault == nil {
		fault = t.Fault
	}
	if l.Rows != 0 && errors.Is(fault, session.ErrLimit) {
		fault = nil // the asker wanted no more
	}
	if fault != nil && len(columns) > 0 {
		fault = fmt.Errorf("table of %s: %w", columns[0], fault)
	}
	b.note(fault, len(t.Rows) > 0)
	return t, err
}

func (b *breaker) Walk(ctx context.Context, root string, l session.Limits) ([]session.Variable, error) {
	if err := b.open(); err != nil {
		return nil, err
	}
	vs, err := b.Asker.Walk(ctx, root, l)
	if l.Rows != 0 && errors.Is(err, session.ErrLimit) {
		b.note(nil, true) // the asker wanted no more
		return vs, err
	}
	b.note(err, len(vs) > 0)
	return vs, err
}

// In asks the same device in a context. One that stays silent there may still
// answer elsewhere, as switches do for VLANs they do not have, so silence is
// counted apart.
func (b *breaker) In(context string) session.Asker {
	return &breaker{Asker: b.Asker.In(context)}
}
