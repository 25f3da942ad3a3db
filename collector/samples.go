package collector

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"muster/collector/config"
	"muster/collector/drain"
	"muster/collector/outbox"
	"muster/collector/store"
	"muster/internal/segment"
)

// seriesSink is the outbox's name of the series store, and whether it is given
// what is kept again at each start: the embedded store does not sync each
// commit, InfluxDB does. One that takes the place of another begins with the
// oldest that is kept.
func seriesSink(c config.Config) outbox.Sink {
	if c.Stores.Series == "influx" {
		return outbox.Sink{Name: "influx"}
	}
	return outbox.Sink{Name: "series", Replay: true}
}

func openOutbox(dir string, c config.Config, now func() time.Time) (*outbox.Outbox, error) {
	b, err := outbox.Open(filepath.Join(dir, "outbox"), outbox.Options{MaxBytes: int64(c.Outbox.Size), Keep: time.Duration(c.Outbox.Keep), Now: now,
		Sinks: []outbox.Sink{seriesSink(c)}})
	if errors.Is(err, segment.ErrLocked) {
		return nil, fmt.Errorf("another collector runs with the data folder %s: stop it, or name another with --data", dir)
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// outboxSide is the end of the outbox that intake writes to.
type outboxSide struct {
	b        *outbox.Outbox
	emptying *atomic.Bool
}

// Append makes records durable.
func (s outboxSide) Append(recs [][]byte) error {
	_, _, err := s.b.Append(recs)
	if err != nil && outbox.Later(err) {
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	return err
}

// Room is false while agents should wait: the last fifth is for what is on
// its way already.
func (s outboxSide) Room() bool { return !s.emptying.Load() && s.b.Fill() < 0.8 }

// outboxSource is the other end, from which the drain reads.
type outboxSource struct{ c *outbox.Cursor }

// Next gives records in order.
func (s outboxSource) Next(ctx context.Context, most, bytes int) ([]drain.Record, error) {
	recs, err := s.c.Next(ctx, most, bytes)
	out := make([]drain.Record, len(recs))
	for i, r := range recs {
		out[i] = drain.Record{ID: r.ID, Body: r.Body}
	}
	return out, err
}

// Done says that the store has all up to id.
func (s outboxSource) Done(id uint64) error { return s.c.Done(id) }

// Again begins with the oldest record that is kept.
func (s outboxSource) Again() { s.c.Again() }

// Poison puts one record aside.
func (s outboxSource) Poison(id uint64, reason string) error { return s.c.Poison(id, reason) }

// drainSource is that end for the store of the settings.
func drainSource(c config.Config, cur *outbox.Cursor) drain.Source {
	if c.Stores.Series == "influx" {
		return &gathering{outboxSource: outboxSource{cur}, every: gatherEvery}
	}
	return outboxSource{cur}
}

// gatherEvery is how long reports are gathered for InfluxDB, where a request
// and its fsync cost as much as many reports.
const gatherEvery = time.Second

// gathering hands out few records at most so often; many, as after the store
// was away, at once.
type gathering struct {
	outboxSource
	every time.Duration
	last  time.Time
	few   bool // were handed out last
}

// Next gives records in order, once there was time to gather some.
func (g *gathering) Next(ctx context.Context, most, bytes int) ([]drain.Record, error) {
	if wait := g.every - time.Since(g.last); g.few && wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-t.C:
		}
	}
	recs, err := g.outboxSource.Next(ctx, most, bytes)
	g.last, g.few = time.Now(), len(recs) < most/2
	return recs, err
}
