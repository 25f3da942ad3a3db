package drain

import (
	"context"
	"errors"
	"fmt"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// hopeless is after how many refusals for a reason that is not understood,
// with nothing taken between them, a batch is not taken apart any further:
// then it is the store.
const hopeless = 16

// later says that the same records may go in later as they are.
func later(err error) bool {
	for _, kind := range []error{store.ErrUnavailable, store.ErrConfiguration, store.ErrLoading, store.ErrClosed, store.ErrFatal, errSource, errLookup} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// move writes records: all together if the store lets it; otherwise those it
// refuses for what they hold are looked for and put aside. An error is one of
// waiting; all of the records come again then.
func (d *Drain) move(ctx context.Context, recs []Record) error {
	recs, err := d.write(ctx, recs)
	switch {
	case err == nil || ctx.Err() != nil || later(err):
		return err
	case errors.Is(err, store.ErrPoison):
	default:
		if d.odd++; d.odd < tries {
			return err
		}
	}
	d.o.Log.Warn("the series store refuses a write; the record at fault is looked for", "records", len(recs), "error", err)
	return d.sift(ctx, recs, err)
}

// part is records that are to be written together.
type part struct {
	recs    []Record
	refused int   // how often the store refused them, in whatever company
	last    error // why
}

// sift writes by halves what was refused, so that the rest goes in, and puts
// aside each record that was refused three times. Where the store does not say
// that it is the record (store.ErrPoison), it is believed to be only when
// others go in before and after it.
func (d *Drain) sift(ctx context.Context, recs []Record, cause error) error {
	todo := halves(part{recs, 1, cause})
	var suspects []part
	var good []Record // that went in lately
	for failures := 0; len(todo) > 0; {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		var err error
		p.recs, err = d.write(ctx, p.recs)
		switch {
		case len(p.recs) == 0 && err == nil:
			continue
		case err == nil:
			good = p.recs[:1]
			continue
		case ctx.Err() != nil || later(err):
			return err
		}
		p.refused++
		p.last = err
		failures++
		poison := errors.Is(err, store.ErrPoison)
		switch {
		case !poison && good == nil && failures >= hopeless:
			return err
		case len(p.recs) > 1:
			todo = append(todo, halves(p)...)
		case !poison:
			suspects = append(suspects, p)
		case p.refused < tries:
			todo = append(todo, p)
		default:
			if err := d.aside(p.recs[0], err); err != nil {
				return err
			}
		}
	}
	for _, p := range suspects {
		if err := d.convict(ctx, p, good); err != nil {
			return err
		}
	}
	return nil
}

// halves is what to write of a part that was refused, the earlier half last.
func halves(p part) []part {
	n := len(p.recs)
	if n == 1 {
		return []part{p}
	}
	return []part{{p.recs[n/2:], p.refused, p.last}, {p.recs[:n/2], p.refused, p.last}}
}

// convict puts one record aside that was refused without being called bad, if
// it is refused again and again and another one goes in after it.
func (d *Drain) convict(ctx context.Context, p part, good []Record) error {
	if good == nil {
		return p.last
	}
	for n := 1; n < tries; n++ {
		if !d.pause(ctx, d.o.Wait) {
			return ctx.Err()
		}
		if _, p.last = d.write(ctx, p.recs); p.last == nil || ctx.Err() != nil || later(p.last) {
			return p.last
		}
	}
	if _, err := d.write(ctx, good); err != nil {
		return err
	}
	return d.aside(p.recs[0], p.last)
}

func (d *Drain) aside(r Record, reason error) error {
	d.count(func(s *Stats) { s.Poisoned++ })
	d.o.Log.Error("record put aside", "id", r.ID, "reason", reason)
	if err := d.o.Source.Poison(r.ID, reason.Error()); err != nil {
		return fmt.Errorf("%w: put record aside: %w", errSource, err)
	}
	return nil
}

// errLayout: samples of a layout that neither they brought nor the inventory
// store has, such as after it was set back to a backup; or not samples of that
// layout at all.
var errLayout = errors.New("its numbers cannot be named")

// errLookup is a failure of who knows the layouts: nothing is wrong with the
// record, nor with the series store.
var errLookup = errors.New("look up the layout of samples")

// write hands records to the store. Those that cannot be read it puts aside;
// it gives back the rest, whatever became of them.
func (d *Drain) write(ctx context.Context, recs []Record) ([]Record, error) {
	rest := make([]Record, 0, len(recs))
	var batches []store.Batch
	at := map[target]int{}
	for _, rec := range recs {
		s, err := store.DecodeSamples(rec.Body)
		if err == nil {
			batches, err = d.add(ctx, batches, at, s)
		}
		switch {
		case err == nil:
			rest = append(rest, rec)
		case errors.Is(err, errLookup):
			return recs, err
		default:
			if err := d.aside(rec, err); err != nil {
				return recs, err
			}
		}
	}
	if len(batches) == 0 {
		return rest, nil
	}
	done, err := d.o.Series.Append(ctx, batches)
	if err != nil {
		return rest, err
	}
	d.count(func(s *Stats) {
		s.Records += int64(len(rest))
		s.Samples += int64(done.Samples)
		s.Doubles += int64(done.Doubles)
	})
	return rest, nil
}

// target is what the points of a batch have in common, but for the name of
// the device, which may change from one record to the next.
type target struct {
	device inventory.DeviceID
	layout report.LayoutHash
}

// add sorts the samples of a record into batches.
func (d *Drain) add(ctx context.Context, batches []store.Batch, at map[target]int, s *store.Samples) ([]store.Batch, error) {
	// Its own are taken from it: those at hand make room for one another.
	own := make(map[report.LayoutHash]report.Layout, len(s.Layouts))
	for _, l := range s.Layouts {
		own[l.Hash()] = l
		d.remember(l.Hash(), l)
	}
	for i := range s.Samples {
		smp := &s.Samples[i]
		l, err := own[smp.Layout], error(nil)
		if l == nil {
			l, err = d.layout(ctx, smp.Layout)
		}
		switch {
		case errors.Is(err, store.ErrNotFound):
			return batches, fmt.Errorf("%w: layout %x is not known", errLayout, smp.Layout)
		case err != nil:
			return batches, fmt.Errorf("%w: %w", errLookup, err)
		case len(l) != len(smp.Values):
			return batches, fmt.Errorf("%w: %d values of the %d of layout %x", errLayout, len(smp.Values), len(l), smp.Layout)
		}
		k := target{s.Device, smp.Layout}
		j, ok := at[k]
		if !ok || batches[j].Host != s.Host {
			j = len(batches)
			at[k] = j
			batches = append(batches, store.Batch{Device: s.Device, Host: s.Host, Hash: smp.Layout, Layout: l})
		}
		batches[j].Points = append(batches[j].Points, store.Point{At: s.At(i), Values: smp.Values})
	}
	return batches, nil
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
