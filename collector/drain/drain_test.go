package drain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

var layout = report.Layout{{Measurement: "system", Field: "load1"}}

// queue is an outbox in memory.
type queue struct {
	mu     sync.Mutex
	recs   []Record
	done   uint64
	poison map[uint64]string
	broken error // of putting aside
	wake   chan struct{}
}

func newQueue(recs ...Record) *queue {
	return &queue{recs: recs, poison: map[uint64]string{}, wake: make(chan struct{}, 1)}
}

func (q *queue) Next(ctx context.Context, most, _ int) ([]Record, error) {
	for {
		q.mu.Lock()
		var out []Record
		for _, r := range q.recs {
			if r.ID > q.done && len(out) < most && q.poison[r.ID] == "" {
				out = append(out, r)
			}
		}
		q.mu.Unlock()
		if len(out) > 0 {
			return out, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-q.wake:
		}
	}
}

func (q *queue) Done(id uint64) error { q.mu.Lock(); defer q.mu.Unlock(); q.done = id; return nil }

func (q *queue) Again() { q.mu.Lock(); defer q.mu.Unlock(); q.done = 0 }

func (q *queue) reached() uint64 { q.mu.Lock(); defer q.mu.Unlock(); return q.done }

func (q *queue) Poison(id uint64, why string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.poison[id] = why
	return q.broken
}

// numbers is a series store that refuses as it is told.
type numbers struct {
	store.Series
	mu     sync.Mutex
	got    map[int64]bool // by time
	refuse func(bs []store.Batch) error
}

func (n *numbers) Append(_ context.Context, bs []store.Batch) (store.Appended, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.refuse != nil {
		if err := n.refuse(bs); err != nil {
			return store.Appended{}, err
		}
	}
	a := store.Appended{}
	for _, b := range bs {
		for _, p := range b.Points {
			if n.got[p.At] {
				a.Doubles++
			} else {
				a.Samples++
			}
			n.got[p.At] = true
		}
	}
	return a, nil
}

func record(t *testing.T, id uint64) Record {
	s := store.Samples{Device: inventory.DeviceID(fmt.Sprint("d", id%3)), Time: int64(id),
		Samples: []report.Sample{{Layout: layout.Hash(), Values: report.Values{float64(id)}}}}
	b, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return Record{ID: id, Body: b}
}

// fill puts records from 1 to n into a new queue.
func fill(t *testing.T, n uint64) *queue {
	q := newQueue()
	for id := uint64(1); id <= n; id++ {
		q.recs = append(q.recs, record(t, id))
	}
	return q
}

func drainOf(q *queue, n *numbers, records int) *Drain {
	return New(Options{Source: q, Series: n, Log: slog.New(slog.DiscardHandler), Records: records,
		Layouts: func(_ context.Context, h report.LayoutHash) (report.Layout, error) {
			if h == layout.Hash() {
				return layout, nil
			}
			return nil, store.ErrNotFound
		}})
}

func run(t *testing.T, q *queue, n *numbers, until uint64) Stats {
	t.Helper()
	d := drainOf(q, n, 10)
	end := begin(t, d)
	waitFor(q, until)
	end(nil)
	return d.Stats()
}

// begin starts a drain; the function that it gives ends it and says what it
// should have ended with.
func begin(t *testing.T, d *Drain) func(want error) {
	ctx, cancel := context.WithCancel(t.Context())
	end := make(chan error, 1)
	go func() { end <- d.Run(ctx) }()
	return func(want error) {
		t.Helper()
		cancel()
		if err := <-end; !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("the drain ended with %v, want %v", err, want)
		}
	}
}

// waitFor waits in the bubble's time until all up to id are done, an hour at most.
func waitFor(q *queue, id uint64) {
	for range 3600 {
		time.Sleep(time.Second)
		if q.reached() >= id {
			return
		}
	}
}

func TestMovesEverythingOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, n := newQueue(), &numbers{got: map[int64]bool{}}
		for id := uint64(1); id <= 95; id++ {
			q.recs = append(q.recs, record(t, id))
		}
		s := run(t, q, n, 95)
		if s.Samples != 95 || s.Doubles != 0 || s.Records != 95 || len(q.poison) != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestStoreDownForAWhileLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		for id := uint64(1); id <= 30; id++ {
			q.recs = append(q.recs, record(t, id))
		}
		start := time.Now()
		n := &numbers{got: map[int64]bool{}}
		n.refuse = func([]store.Batch) error {
			if time.Since(start) < 10*time.Minute {
				return errors.New("connection refused")
			}
			return nil
		}
		run(t, q, n, 30)
		if len(q.poison) != 0 || len(n.got) != 30 {
			t.Errorf("%d records put aside, %d samples arrived; want 0 and 30", len(q.poison), len(n.got))
		}
	})
}

func TestOneBadRecordDoesNotBlockTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		for id := uint64(1); id <= 30; id++ {
			q.recs = append(q.recs, record(t, id))
		}
		n := &numbers{got: map[int64]bool{}}
		n.refuse = func(bs []store.Batch) error {
			for _, b := range bs {
				for _, p := range b.Points {
					if p.At == 7 {
						return errors.New("field type conflict")
					}
				}
			}
			return nil
		}
		run(t, q, n, 30)
		if _, ok := q.poison[7]; !ok || len(q.poison) != 1 || len(n.got) != 29 {
			t.Errorf("put aside %v, %d samples arrived; want record 7 and 29", q.poison, len(n.got))
		}
	})
}

func TestUnreadableRecordsArePutAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := store.Samples{Device: "d", Time: 5, Samples: []report.Sample{{Layout: report.LayoutHash{1}, Values: report.Values{1}}}}
		unknown, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		q, n := newQueue(record(t, 1), Record{ID: 2, Body: []byte("garbage")}, Record{ID: 3, Body: unknown}, record(t, 4)), &numbers{got: map[int64]bool{}}
		run(t, q, n, 4)
		if len(q.poison) != 2 || len(n.got) != 2 {
			t.Errorf("put aside %v, %d samples arrived", q.poison, len(n.got))
		}
	})
}

func TestLoadingStoreIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, n := newQueue(record(t, 1), record(t, 2)), &numbers{got: map[int64]bool{}}
		tries := 0
		n.refuse = func([]store.Batch) error {
			if tries++; tries < 50 {
				return fmt.Errorf("%w: 40%%", store.ErrLoading)
			}
			return nil
		}
		run(t, q, n, 2)
		if len(q.poison) != 0 || len(n.got) != 2 {
			t.Errorf("put aside %v, %d samples arrived", q.poison, len(n.got))
		}
	})
}

// Of more layouts than are kept at hand, those of a record are its own all the
// same: at this moment the inventory store need not have them yet.
func TestLayoutsOfARecordAreItsOwn(t *testing.T) {
	q, n := newQueue(), &numbers{got: map[int64]bool{}}
	d := drainOf(q, n, 10)
	for i := range mostLayouts {
		d.remember(report.LayoutHash{1, byte(i), byte(i >> 8)}, layout)
	}
	for id := range uint64(100) {
		s := store.Samples{Device: "d", Time: int64(id)}
		for k := range 16 {
			l := report.Layout{{Measurement: "system", Field: fmt.Sprint("f", id, "x", k)}}
			s.Layouts = append(s.Layouts, l)
			s.Samples = append(s.Samples, report.Sample{Layout: l.Hash(), At: int64(k), Values: report.Values{1}})
		}
		b, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		q.recs = append(q.recs, Record{ID: id + 1, Body: b})
	}
	end := begin(t, d)
	waitFor(q, 100)
	end(nil)
	if got := d.Stats(); got.Poisoned != 0 || got.Records != 100 {
		t.Errorf("%+v", got)
	}
}
