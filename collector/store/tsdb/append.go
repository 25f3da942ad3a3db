package tsdb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	promtsdb "github.com/prometheus/prometheus/tsdb"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/metric"
	"muster/internal/report"
)

const (
	// commitSamples is when a commit is made within one Append. From 2,000 on
	// its own cost does not show any more.
	commitSamples = 4000
	// knownSpan is how much of the past is looked up at once to tell doubles.
	knownSpan = time.Hour
	// idleAfter is when what was remembered of a device is forgotten.
	idleAfter = 2 * time.Hour
	// freshSeries is how many new series one device may begin between two
	// tidyings. The largest layout has 5,000; a sender that invents labels
	// would else fill the memory of all.
	freshSeries = 20_000
)

// leftOut stands for a series that is not written: in an entry, because the
// catalogue does not know it; from value, because its device has begun enough.
const leftOut = storage.SeriesRef(math.MaxUint64)

type appender = storage.Appender

// Append writes batches, in commits of some thousand samples, one caller at a
// time. It returns when the points are readable.
func (s *Store) Append(ctx context.Context, batches []store.Batch) (store.Appended, error) {
	db, release, err := s.acquire(ctx, true)
	if err != nil {
		return store.Appended{}, err
	}
	defer release()
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return store.Appended{}, fmt.Errorf("wait for another write: %w", ctx.Err())
	}
	s.mu.Lock()
	p := s.phase
	s.mu.Unlock()
	if p == closed {
		return store.Appended{}, store.ErrClosed
	}
	if p != open { // the write before broke it; the caller comes again
		return store.Appended{}, fmt.Errorf("%w: it is being opened again", store.ErrLoading)
	}

	w := &s.w
	w.begin(s, db)
	for i := range batches {
		if err = w.batch(ctx, &batches[i]); err != nil {
			break
		}
	}
	// What was taken before an error is good.
	if e := w.flush(); err == nil {
		err = e
	}
	done := w.done
	w.s, w.db = nil, nil
	if err != nil {
		return done, fmt.Errorf("append to series store: %w", err)
	}
	return done, nil
}

// key names what is remembered: a renamed device begins new series, so the
// host's name is part of it.
type key struct {
	device inventory.DeviceID
	host   string
	hash   report.LayoutHash
}

// entry is what is remembered of a device's layout, so that a warm sample is
// not looked up: 8 bytes a series.
type entry struct {
	refs []storage.SeriesRef // 0: not looked up yet
	last int64               // no point after it was written
	used int64               // Unix ms

	// known says which points at or before last are there; nil when the last
	// point was in order.
	known *known
}

// known is one hour of a device's layout: which of its series have a point at
// which time. Without it, what the outbox sends again after a start would go
// through the database's out-of-order path, at 25 µs a sample against 0.1.
type known struct {
	from, to int64
	at       map[int64][]uint64 // a bit for each series
}

func (k *known) has(at int64, i int) bool {
	bits := k.at[at]
	return bits != nil && bits[i/64]&(1<<(i%64)) != 0
}

func (k *known) set(at int64, i, n int) {
	bits := k.at[at]
	if bits == nil {
		bits = make([]uint64, (n+63)/64)
		k.at[at] = bits
	}
	bits[i/64] |= 1 << (i % 64)
}

// writer is the state of whoever has the turn.
type writer struct {
	entries map[key]*entry
	began   map[inventory.DeviceID]int // new series since the last tidying

	// Of one Append.
	s       *Store
	db      *promtsdb.DB
	app     appender
	pending int
	now     int64 // Unix ms
	done    store.Appended
	taken   store.Appended // of done, what is not committed yet
}

func (w *writer) reset() {
	w.entries = map[key]*entry{}
	w.began = map[inventory.DeviceID]int{}
}

// tidy forgets devices that were silent, and lets each begin new series again.
func (w *writer) tidy(now time.Time) {
	clear(w.began)
	for k, e := range w.entries {
		if e.used < now.Add(-idleAfter).UnixMilli() {
			delete(w.entries, k)
		}
	}
}

func (w *writer) begin(s *Store, db *promtsdb.DB) {
	w.s, w.db = s, db
	w.app, w.pending = nil, 0
	w.now = s.o.Now().UnixMilli()
	w.done, w.taken = store.Appended{}, store.Appended{}
}

// flush commits what is pending.
func (w *writer) flush() error {
	if w.app == nil {
		return nil
	}
	app := w.app
	w.app, w.pending = nil, 0
	w.s.logFail.Store(false)
	err := w.s.commit(app)
	if err == nil && w.s.logFail.Load() {
		err = errors.New("write points behind their series to the log")
	}
	if err != nil {
		_ = app.Rollback()
		w.forget()
		w.s.broken()
		// ErrLoading too, so that no caller takes the records for the cause.
		return fmt.Errorf("%w again, because it could not write: %w", store.ErrLoading, err)
	}
	w.done.Add(w.taken)
	w.taken = store.Appended{}
	return nil
}

// forget drops all that was remembered, because some of it was not written.
func (w *writer) forget() {
	w.app, w.pending, w.taken = nil, 0, store.Appended{}
	w.entries = map[key]*entry{}
}

func (w *writer) batch(ctx context.Context, b *store.Batch) error {
	k := key{b.Device, b.Host, b.Hash}
	e := w.entries[k]
	if e == nil || len(e.refs) != len(b.Layout) {
		var err error
		if e, err = w.meet(b); err != nil {
			return err
		}
		w.entries[key{
			inventory.DeviceID(strings.Clone(string(b.Device))), strings.Clone(b.Host), b.Hash,
		}] = e
	}
	e.used = w.now
	for i := range b.Points {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.point(ctx, b, e, &b.Points[i]); err != nil {
			return err
		}
		if w.pending >= commitSamples {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// meet begins to remember a layout. What was written for it before is not
// known, but nothing can be after the newest point of all series.
func (w *writer) meet(b *store.Batch) (*entry, error) {
	if err := w.flush(); err != nil { // the newest may be pending
		return nil, err
	}
	e := &entry{refs: make([]storage.SeriesRef, len(b.Layout)), last: w.db.Head().MaxTime()}
	for _, block := range w.db.Blocks() { // the head is empty when its log was lost
		e.last = max(e.last, block.MaxTime())
	}
	for i := range b.Layout {
		if !store.Listed(b.Layout[i]) {
			e.refs[i] = leftOut
		}
	}
	return e, nil
}

func (w *writer) point(ctx context.Context, b *store.Batch, e *entry, p *store.Point) error {
	if len(p.Values) != len(e.refs) {
		for _, v := range p.Values {
			if store.Usable(v) {
				w.done.Unknown++
			} else {
				w.done.NaN++
			}
		}
		return nil
	}
	if p.At > w.now+store.Ahead.Milliseconds() || p.At < w.s.cutoff.Load() {
		w.refuse(e, p)
		return nil
	}
	inOrder := p.At > e.last
	if !inOrder {
		if err := w.know(ctx, b, e, p.At); err != nil {
			return err
		}
	}
	for i, v := range p.Values {
		if !store.Usable(v) {
			w.done.NaN++
			continue
		}
		ref := e.refs[i]
		if ref == leftOut {
			w.done.Unknown++
			continue
		}
		if !inOrder && e.known.has(p.At, i) {
			w.done.Doubles++
			continue
		}
		if w.app == nil {
			w.app = w.db.Appender(ctx)
		}
		got, err := w.value(b, i, ref, p.At, v)
		switch {
		case err == nil:
			if got == leftOut {
				w.done.Unknown++
				continue
			}
			e.refs[i] = got
			w.taken.Samples++
			w.pending++
			if !inOrder {
				e.known.set(p.At, i, len(e.refs))
			}
		case errors.Is(err, storage.ErrDuplicateSampleForTimestamp):
			w.done.Doubles++
		case errors.Is(err, storage.ErrTooOldSample), errors.Is(err, storage.ErrOutOfBounds), errors.Is(err, storage.ErrOutOfOrderSample):
			w.done.TooOld++
		default:
			return err
		}
	}
	if inOrder {
		e.last, e.known = p.At, nil
	}
	return nil
}

func (w *writer) refuse(e *entry, p *store.Point) {
	for i, v := range p.Values {
		switch {
		case !store.Usable(v):
			w.done.NaN++
		case e.refs[i] == leftOut:
			w.done.Unknown++
		case p.At > w.now:
			w.done.Future++
		default:
			w.done.TooOld++
		}
	}
}

// value appends one sample. A reference that is not known yet, or whose series
// left the head for want of samples, is looked up by labels.
func (w *writer) value(b *store.Batch, i int, ref storage.SeriesRef, at int64, v float64) (storage.SeriesRef, error) {
	if ref != 0 {
		got, err := w.app.Append(ref, labels.EmptyLabels(), at, v)
		if err == nil || !errors.Is(err, promtsdb.ErrInvalidSample) {
			return got, err
		}
	}
	l := labelsOf(b.Layout[i], b.Device, b.Host)
	if g, ok := w.app.(storage.GetRef); ok {
		if old, _ := g.GetRef(l, l.Hash()); old == 0 {
			if w.began[b.Device] >= freshSeries {
				if w.began[b.Device] == freshSeries {
					w.began[b.Device]++
					w.s.o.Log.Error("device begins too many series; the newest are left out", "device", string(b.Device), "host", b.Host, "series", metric.Series(b.Layout[i].Measurement, b.Layout[i].Field))
				}
				return leftOut, nil
			}
			w.began[b.Device]++
		}
	}
	return w.app.Append(0, l, at, v)
}

// know makes sure that e.known covers at.
func (w *writer) know(ctx context.Context, b *store.Batch, e *entry, at int64) error {
	if e.known != nil && e.known.from <= at && at < e.known.to {
		return nil
	}
	if err := w.flush(); err != nil { // only what is committed can be read
		return err
	}
	span := knownSpan.Milliseconds()
	from := at - ((at%span)+span)%span
	k := &known{from: from, to: from + span, at: map[int64][]uint64{}}

	q, err := w.db.Querier(k.from, k.to-1)
	if err != nil {
		return fmt.Errorf("look up points: %w", err)
	}
	defer q.Close()
	who := []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, store.LabelDevice, string(b.Device))}
	set := q.Select(ctx, false, nil, who...)
	var place map[uint64]int // by hash of labels
	for set.Next() {
		if place == nil {
			place = make(map[uint64]int, len(b.Layout))
			for i, s := range b.Layout {
				if e.refs[i] != leftOut {
					place[labelsOf(s, b.Device, b.Host).Hash()] = i
				}
			}
		}
		x := set.At()
		i, ok := place[x.Labels().Hash()]
		if !ok {
			continue
		}
		it := x.Iterator(nil)
		for it.Next() != 0 {
			k.set(it.AtT(), i, len(e.refs))
		}
		if err := it.Err(); err != nil {
			return fmt.Errorf("look up points: %w", err)
		}
	}
	if err := set.Err(); err != nil {
		return fmt.Errorf("look up points: %w", err)
	}
	e.known = k
	return nil
}

// labelsOf is the full set of a series, its name included.
func labelsOf(s report.Series, device inventory.DeviceID, host string) labels.Labels {
	b := labels.NewScratchBuilder(len(s.Labels) + 3)
	add := func(k, v string) {
		if v != "" {
			b.Add(k, v)
		}
	}
	add(labels.MetricName, metric.Series(s.Measurement, s.Field))
	add(store.LabelDevice, string(device))
	add(store.LabelHost, host)
	for _, l := range s.Labels {
		add(l.Key, l.Value)
	}
	b.Sort()
	return b.Labels()
}
