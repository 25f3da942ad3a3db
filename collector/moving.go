package collector

import (
	"errors"
	"fmt"

	"muster/collector/api"
	"muster/collector/outbox"
	"muster/collector/store"
)

// outboxStatus is how far the stores of numbers are behind.
func (c *collector) outboxStatus() api.OutboxStatus {
	s, now := c.outbox.Stats(), c.now()
	out := api.OutboxStatus{Bytes: s.Bytes, LimitBytes: s.Limit, Fill: s.Fill, Newest: s.Newest, Arriving: s.Rate,
		Kept: s.Aside, KeptBytes: s.AsideBytes, Lost: int64(s.AsideLost), Closed: c.emptying.Load(), Stores: []api.OutboxStore{}}
	for _, k := range s.Sinks {
		x := api.OutboxStore{Name: k.Name, State: api.StoreCurrent, Records: int64(k.Records), Bytes: k.Bytes,
			BehindSeconds: k.Age.Seconds(), Done: k.Done, Again: int64(k.Replay), Poisoned: int64(k.Poisoned)}
		if k.Records > 0 {
			x.OldestAt = new(now.Add(-k.Age).UTC())
		}
		d := c.drain.State()
		x.Rate = d.Rate
		switch {
		case !d.Since.IsZero():
			x.State = api.StoreUnavailable
			if d.Refuses {
				x.State = api.StoreRefuses
			}
			x.Since, x.NextAt, x.Error, x.Tries = new(d.Since.UTC()), new(d.NextAt.UTC()), d.Error, d.Tries
		case x.BehindSeconds >= api.BehindAfter:
			x.State = api.StoreBehind
			if gain := x.Rate - s.Rate; gain > 0 {
				x.CaughtUpIn = new(float64(k.Records+k.Replay) / gain)
			}
		}
		out.Records += x.Records
		out.LagSeconds = max(out.LagSeconds, x.BehindSeconds)
		out.Poisoned += x.Poisoned
		out.Stores = append(out.Stores, x)
	}
	return out
}

// moving is the outbox as people handle it.
type moving struct{ c *collector }

// Aside lists records that stores refuse.
func (m moving) Aside(limit int) ([]api.AsideRecord, int, error) {
	list := m.c.outbox.Asides()
	var out []api.AsideRecord
	for i := len(list) - 1; i >= 0 && len(out) < limit; i-- {
		a := list[i]
		r := api.AsideRecord{Number: a.Number, Store: a.Sink, CameAt: a.At.UTC(), AsideAt: a.Since.UTC(), Reason: a.Reason, Bytes: a.Bytes}
		body, err := m.c.outbox.ReadAside(a.Number)
		if errors.Is(err, outbox.ErrNoAside) {
			continue // somebody was faster
		}
		if err == nil {
			if s, err := store.DecodeSamples(body); err == nil {
				r.Device, r.Host, r.Readings = s.Device, s.Host, len(s.Samples)
			}
		}
		out = append(out, r)
	}
	return out, len(list), nil
}

// Retry takes records back.
func (m moving) Retry(numbers []uint64) (int, error) {
	n, err := m.c.outbox.Retry(numbers)
	m.c.drain.Try()
	return n, plainly(err)
}

// Drop removes records for good.
func (m moving) Drop(numbers []uint64) (int, error) {
	n, err := m.c.outbox.Drop(numbers)
	return n, plainly(err)
}

// plainly tells errors of the outbox in the words of the stores.
func plainly(err error) error {
	switch {
	case errors.Is(err, outbox.ErrNoAside):
		return fmt.Errorf("%w: %w", err, store.ErrNotFound)
	case err != nil && outbox.Later(err):
		return api.NewProblem("busy", "the outbox has no room: take fewer back, or wait until the stores have taken what waits (muster outbox list)")
	}
	return err
}

// Drain tries the stores at once.
func (m moving) Drain(closed *bool) {
	if closed != nil && m.c.emptying.Swap(*closed) != *closed {
		if *closed {
			m.c.log.Warn("no reports are taken, so that the outbox runs empty")
		} else {
			m.c.log.Info("reports are taken again")
		}
	}
	m.c.drain.Try()
}
