// Package drain moves samples from the outbox to the series store: one record
// after another, many at a time, as fast as the store takes them. It owns
// what happens when the store is slow, loading or refuses one record.
//
// It must not know which store it feeds, nor how the outbox keeps its files.
package drain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
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

// Options of a Drain.
type Options struct {
	Source  Source
	Series  store.Series
	Layouts func(ctx context.Context, h report.LayoutHash) (report.Layout, error)
	Log     *slog.Logger
	// Records in one write: enough that the store's commit is spread over
	// thousands of samples.
	Records int
	// Wait is the pause after a failed write; tests shorten it.
	Wait time.Duration
}

// Drain feeds one series store. Make it with New, keep it going with Run.
type Drain struct {
	o       Options
	layouts map[report.LayoutHash]report.Layout
	stats   struct{ records, samples, doubles, poisoned, failures atomic.Int64 }
}

// Stats counts what was moved.
type Stats struct{ Records, Samples, Doubles, Poisoned, Failures int64 }

// New makes a drain that moves nothing yet.
func New(o Options) *Drain {
	if o.Records == 0 {
		o.Records = 1000
	}
	if o.Wait == 0 {
		o.Wait = 2 * time.Second
	}
	return &Drain{o: o, layouts: map[report.LayoutHash]report.Layout{}}
}

// Stats is what was moved so far.
func (d *Drain) Stats() Stats {
	return Stats{Records: d.stats.records.Load(), Samples: d.stats.samples.Load(), Doubles: d.stats.doubles.Load(),
		Poisoned: d.stats.poisoned.Load(), Failures: d.stats.failures.Load()}
}

const (
	batchBytes = 4 << 20
	tries      = 3 // of a single record before it is put aside
)

// Run moves records until ctx ends. A store that fails is asked again for
// ever: the outbox holds what it does not take.
func (d *Drain) Run(ctx context.Context) error {
	for {
		recs, err := d.o.Source.Next(ctx, d.o.Records, batchBytes)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read outbox: %w", err)
		}
		if len(recs) == 0 {
			continue
		}
		last := recs[len(recs)-1].ID
		err = d.move(ctx, recs)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, store.ErrLoading):
			// It is opened anew in the middle of its work, and what it took
			// without a sync may be gone.
			d.o.Log.Warn("series store opens again; it is given what is kept once more", "error", err)
			d.o.Source.Again()
			if !sleep(ctx, d.o.Wait) {
				return nil
			}
			continue
		case err != nil:
			return err
		}
		if err := d.o.Source.Done(last); err != nil {
			return fmt.Errorf("advance outbox: %w", err)
		}
	}
}

// move writes records, all together if the store lets it, one by one if not.
func (d *Drain) move(ctx context.Context, recs []Record) error {
	for {
		bad, err := d.write(ctx, recs)
		for _, b := range bad {
			if err := d.poison(b.rec, b.reason); err != nil {
				return err
			}
			recs = slices.DeleteFunc(recs, func(r Record) bool { return r.ID == b.rec.ID })
		}
		if err == nil || ctx.Err() != nil || len(recs) == 0 {
			return ctx.Err()
		}
		d.stats.failures.Add(1)
		if errors.Is(err, store.ErrLoading) {
			return err
		}
		d.o.Log.Warn("series store refused a write", "records", len(recs), "error", err)
		if len(recs) > 1 {
			return d.each(ctx, recs)
		}
		if !sleep(ctx, d.o.Wait) {
			return ctx.Err()
		}
	}
}

// each writes records singly, so that the one the store cannot take is found.
func (d *Drain) each(ctx context.Context, recs []Record) error {
	for i := 0; i < len(recs); {
		var last error
		failed := true
		for range tries {
			_, last = d.write(ctx, recs[i:i+1])
			if last == nil {
				failed = false
				break
			}
			if errors.Is(last, store.ErrLoading) {
				return last
			}
			if !sleep(ctx, d.o.Wait) {
				return ctx.Err()
			}
		}
		if !failed {
			i++
			continue
		}
		// One bad record, or a store that is down? It was this one only if
		// the next goes through and this one then still does not.
		if i+1 == len(recs) {
			return d.move(ctx, recs[i:])
		}
		if _, err := d.write(ctx, recs[i+1:i+2]); errors.Is(err, store.ErrLoading) {
			return err
		} else if err != nil {
			continue
		}
		if _, last = d.write(ctx, recs[i:i+1]); errors.Is(last, store.ErrLoading) {
			return last
		} else if last != nil {
			if err := d.poison(recs[i], last.Error()); err != nil {
				return err
			}
		}
		i += 2
	}
	return nil
}

func (d *Drain) poison(r Record, reason string) error {
	d.stats.poisoned.Add(1)
	d.o.Log.Error("record put aside", "id", r.ID, "reason", reason)
	if err := d.o.Source.Poison(r.ID, reason); err != nil {
		return fmt.Errorf("put record aside: %w", err)
	}
	return nil
}

type badRecord struct {
	rec    Record
	reason string
}

// write hands records to the store and names those that cannot be read.
func (d *Drain) write(ctx context.Context, recs []Record) ([]badRecord, error) {
	type key struct {
		device inventory.DeviceID
		layout report.LayoutHash
	}
	var bad []badRecord
	var batches []store.Batch
	at := map[key]int{}
	for _, rec := range recs {
		s, err := store.DecodeSamples(rec.Body)
		if err != nil {
			bad = append(bad, badRecord{rec, err.Error()})
			continue
		}
		for _, l := range s.Layouts {
			d.remember(l.Hash(), l)
		}
		for i := range s.Samples {
			smp := &s.Samples[i]
			l, err := d.layout(ctx, smp.Layout)
			if errors.Is(err, store.ErrNotFound) || err == nil && len(l) != len(smp.Values) {
				// Not acknowledged before a crash, so it comes again with its
				// layout; or not a sample of that layout at all.
				bad = append(bad, badRecord{rec, "its layout is not known, or has another length"})
				break
			}
			if err != nil {
				return bad, err
			}
			k := key{s.Device, smp.Layout}
			j, ok := at[k]
			if !ok || batches[j].Host != s.Host {
				j = len(batches)
				at[k] = j
				batches = append(batches, store.Batch{Device: s.Device, Host: s.Host, Hash: smp.Layout, Layout: l})
			}
			batches[j].Points = append(batches[j].Points, store.Point{At: s.At(i), Values: smp.Values})
		}
	}
	if len(batches) == 0 {
		return bad, nil
	}
	done, err := d.o.Series.Append(ctx, batches)
	if err != nil {
		return bad, err
	}
	d.stats.records.Add(int64(len(recs) - len(bad)))
	d.stats.samples.Add(int64(done.Samples))
	d.stats.doubles.Add(int64(done.Doubles))
	return bad, nil
}

func (d *Drain) layout(ctx context.Context, h report.LayoutHash) (report.Layout, error) {
	if l, ok := d.layouts[h]; ok {
		return l, nil
	}
	l, err := d.o.Layouts(ctx, h)
	if err == nil {
		d.remember(h, l)
	}
	return l, err
}

// mostLayouts is how many layouts are kept at hand, at some 10 KB each. One
// that is not costs a query.
const mostLayouts = 10_000

func (d *Drain) remember(h report.LayoutHash, l report.Layout) {
	if _, ok := d.layouts[h]; !ok && len(d.layouts) >= mostLayouts {
		for other := range d.layouts { // any one
			delete(d.layouts, other)
			break
		}
	}
	d.layouts[h] = l
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
