// Package drain moves samples from the outbox to the series store: one record
// after another, many at a time, as fast as the store takes them. It owns
// what happens when the store is slow, loading, gone, or refuses one record.
//
// It must not know which store it feeds, nor how the outbox keeps its files.
package drain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"muster/collector/store"
	"muster/internal/backoff"
	"muster/internal/report"
)

// Source gives records in order. Next blocks until there are some or ctx
// ends; Done says that all up to id are in the store; Poison puts one record
// aside so that the others can go on; Again goes back to the oldest record that
// is kept, for a store that lost what it took last.
type Source interface {
	Next(ctx context.Context, maxRecords, maxBytes int) ([]Record, error)
	Done(id uint64) error
	Poison(id uint64, reason string) error
	Again()
}

// Record is one outbox record.
type Record struct {
	ID   uint64
	Body []byte
}

// Options of a Drain. Zero fields take the defaults.
type Options struct {
	Source  Source
	Series  store.Series
	Layouts func(ctx context.Context, h report.LayoutHash) (report.Layout, error)
	Log     *slog.Logger
	// Records in one write: enough that the store's commit is spread over
	// thousands of samples. 1,000.
	Records int
	// Wait is the ceiling of the pause after the first failure; tests shorten
	// it. 1 second.
	Wait time.Duration
	Now  func() time.Time
	Rand func() float64 // as backoff.Backoff's
}

// Drain feeds one series store. Make it with New, keep it going with Run.
type Drain struct {
	o       Options
	layouts map[report.LayoutHash]report.Layout
	waits   backoff.Backoff
	odd     int           // failures in a row that are not understood
	told    time.Time     // when the log was told last that nothing is taken
	poke    chan struct{} // for Try

	mu    sync.Mutex
	pace  pace
	stats Stats
	state State
}

// Stats counts what was moved.
type Stats struct{ Records, Samples, Doubles, Poisoned, Failures int64 }

// State is how the store that is fed does.
type State struct {
	Since   time.Time // when it stopped taking; zero: it takes
	Error   string    // why, in its words
	Refuses bool      // until somebody changes something: store.ErrConfiguration
	Tries   int       // since then
	NextAt  time.Time // when it is tried again
	Rate    float64   // records a second that it took lately, while there were some; 0: not known
}

const (
	batchBytes = 4 << 20
	// tries is how often a record is refused before it is put aside.
	tries = 3
	// longestWait is the ceiling of all waits: what a store that is back has
	// to wait for us at most.
	longestWait = 15 * time.Second
	// longestAsked bounds what a store may ask for by Retry-After: a proxy in
	// between that asks for a day must not keep a day's numbers from people.
	longestAsked = 5 * time.Minute
	// tellEvery is how often the log says that a store is still gone.
	tellEvery = 10 * time.Minute
)

// New makes a drain that moves nothing yet.
func New(o Options) *Drain {
	if o.Records == 0 {
		o.Records = 1000
	}
	if o.Wait == 0 {
		o.Wait = time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Drain{o: o, layouts: map[report.LayoutHash]report.Layout{}, pace: newPace(o.Records), poke: make(chan struct{}, 1),
		waits: backoff.Backoff{Min: o.Wait, Max: max(longestWait, o.Wait), Rand: o.Rand}}
}

// Stats is what was moved so far.
func (d *Drain) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stats
}

// State is how the store does now.
func (d *Drain) State() State {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.state
	s.Rate = d.pace.rate()
	return s
}

// Try ends a wait, so that the store is tried at once.
func (d *Drain) Try() {
	select {
	case d.poke <- struct{}{}:
	default:
	}
}

func (d *Drain) count(f func(*Stats)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(&d.stats)
}

// errSource marks errors of the outbox, which end the drain.
var errSource = errors.New("outbox")

// Run moves records until ctx ends, the outbox fails, or the store cannot be
// trusted any more. A store that is gone is asked again for ever: the outbox
// holds what it does not take.
func (d *Drain) Run(ctx context.Context) error {
	for {
		recs, err := d.o.Source.Next(ctx, d.next(), batchBytes)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read outbox: %w", err)
		}
		if len(recs) == 0 {
			continue
		}
		begin := d.o.Now()
		err = d.move(ctx, recs)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errSource), errors.Is(err, store.ErrFatal), errors.Is(err, store.ErrClosed):
			return err
		case err != nil:
			if errors.Is(err, store.ErrLoading) {
				// It is opened anew in the middle of its work, and what it
				// took without a sync may be gone.
				d.o.Source.Again()
			}
			if !d.wait(ctx, len(recs), err) {
				return nil
			}
			continue
		}
		if err := d.o.Source.Done(recs[len(recs)-1].ID); err != nil {
			return fmt.Errorf("advance outbox: %w", err)
		}
		d.went(len(recs), begin)
	}
}

// next is how many records are to be written together. One record alone does
// not tell whether it or the store is at fault.
func (d *Drain) next() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.odd >= tries {
		return d.pace.safe
	}
	return d.pace.size
}

// went notes that the store takes.
func (d *Drain) went(n int, begin time.Time) {
	now := d.o.Now()
	d.mu.Lock()
	was := d.state
	d.pace.went(n, now.Sub(begin), now)
	d.state = State{}
	d.mu.Unlock()
	d.odd = 0
	d.waits.Reset()
	if !was.Since.IsZero() && !d.told.IsZero() {
		d.o.Log.Info("the series store takes samples again", "after", now.Sub(was.Since).Round(time.Second), "tries", was.Tries)
	}
	d.told = time.Time{}
}

// wait notes that the store took nothing and waits for the next try: drawn at
// random and longer each time, what the store asked for, or until Try. It is
// false when ctx ended.
func (d *Drain) wait(ctx context.Context, n int, cause error) bool {
	now := d.o.Now()
	var pause time.Duration
	if u, ok := errors.AsType[*store.Unavailable](cause); ok {
		pause = d.waits.Obey(min(u.After, longestAsked))
	} else {
		pause = d.waits.Next()
	}
	d.mu.Lock()
	d.stats.Failures++
	first := d.state.Since.IsZero()
	if first {
		d.state.Since = now
	}
	d.pace.failed(n, first)
	d.state.Error, d.state.Refuses = cause.Error(), errors.Is(cause, store.ErrConfiguration)
	d.state.Tries++
	d.state.NextAt = now.Add(pause)
	s := d.state
	d.mu.Unlock()
	if d.told.IsZero() || now.Sub(d.told) >= tellEvery {
		d.told = now
		level := slog.LevelWarn
		if s.Refuses {
			level = slog.LevelError
		}
		d.o.Log.Log(ctx, level, "the series store takes nothing; samples wait in the outbox", "since", s.Since, "tries", s.Tries, "error", cause)
	}
	return d.pause(ctx, pause)
}

func (d *Drain) pause(ctx context.Context, pause time.Duration) bool {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-d.poke:
		d.waits.Reset() // somebody expects it back: should it need a moment, that is not waited for long
	case <-t.C:
	}
	return true
}
