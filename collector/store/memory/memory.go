// Package memory is a store.Series in maps: for tests of what stands on a
// series store, and as the plain statement of what the others must do. It
// owns nothing but the points; it must not be used where they matter, since
// they end with the process.
package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/metric"
	"muster/internal/report"
)

// Series keeps points in memory. Its exported fields must be set before the
// first call.
type Series struct {
	// Now is the clock that Append compares with.
	Now func() time.Time
	// Fail, when it is set, is asked at the beginning of each call, with the
	// batches of Append and with nil otherwise; an error of it is the answer,
	// and nothing is done. So tests have a store that is gone, refuses, or
	// chokes on one record (store.ErrUnavailable, ErrConfiguration, ErrPoison).
	// It is called by one goroutine at a time.
	Fail func([]store.Batch) error

	mu     sync.Mutex
	series map[string]*line // by name and labels
	cutoff int64            // Unix ms; no points before it are kept
	rolled int64            // Unix ms; before it there are hourly figures only
	closed bool
}

type line struct {
	name   string
	labels map[string]string
	points map[int64]float64
	hours  []store.Hour // ascending
}

var _ store.Series = (*Series)(nil)

// New makes an empty store with the system's clock.
func New() *Series {
	return &Series{Now: time.Now, series: map[string]*line{}, cutoff: math.MinInt64, rolled: math.MinInt64}
}

// Append implements store.Series.
func (s *Series) Append(ctx context.Context, batches []store.Batch) (store.Appended, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var done store.Appended
	if err := s.usable(ctx, batches); err != nil {
		return done, err
	}
	newest := s.Now().Add(store.Ahead).UnixMilli()
	for _, b := range batches {
		for _, p := range b.Points {
			for i, v := range p.Values {
				switch {
				case !store.Usable(v):
					done.NaN++
				case len(p.Values) != len(b.Layout) || !store.Listed(b.Layout[i]):
					done.Unknown++
				case p.At > newest:
					done.Future++
				case p.At < s.cutoff:
					done.TooOld++
				default:
					l := s.line(b.Device, b.Host, b.Layout[i])
					if _, there := l.points[p.At]; there {
						done.Doubles++
					} else {
						l.points[p.At] = v
						done.Samples++
					}
				}
			}
		}
	}
	return done, nil
}

func (s *Series) line(device inventory.DeviceID, host string, x report.Series) *line {
	labels := map[string]string{}
	for _, l := range x.Labels {
		labels[l.Key] = l.Value
	}
	labels[store.LabelDevice] = string(device)
	labels[store.LabelHost] = host
	maps.DeleteFunc(labels, func(_, v string) bool { return v == "" })

	name := metric.Series(x.Measurement, x.Field)
	key := fmt.Sprintf("%q", []any{name, labels}) // maps print in the order of keys
	if s.series[key] == nil {
		s.series[key] = &line{name: name, labels: labels, points: map[int64]float64{}}
	}
	return s.series[key]
}

// Query implements store.Series.
func (s *Series) Query(ctx context.Context, q store.SeriesQuery) ([]store.SeriesResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx, nil); err != nil {
		return nil, err
	}
	if err := q.Check(); err != nil {
		return nil, err
	}
	name := metric.Series(q.Measurement, q.Field)
	var out []store.SeriesResult
	total := 0
	for _, l := range s.series {
		if l.name != name || slices.ContainsFunc(q.Matchers, func(m store.Matcher) bool { return !m.Match(l.labels[m.Label]) }) {
			continue
		}
		steps := store.NewSteps(q)
		for _, h := range l.hours {
			steps.AddHour(h)
		}
		for _, at := range slices.Sorted(maps.Keys(l.points)) {
			steps.Add(at, l.points[at])
		}
		points := steps.Done()
		if len(points) == 0 {
			continue
		}
		total += len(points)
		out = append(out, store.SeriesResult{Labels: maps.Clone(l.labels), Points: points})
	}
	if limit := cmp.Or(q.Limit, store.DefaultLimit); len(out) > limit {
		return nil, fmt.Errorf("%w: more than %d of %s", store.ErrLimit, limit, name)
	}
	if total > store.MaxPoints {
		return nil, fmt.Errorf("%w: more than %d points of %s", store.ErrLimit, store.MaxPoints, name)
	}
	slices.SortFunc(out, func(a, b store.SeriesResult) int { return store.CompareLabels(a.Labels, b.Labels) })
	return out, nil
}

// Retain implements store.Series.
func (s *Series) Retain(ctx context.Context, keep store.SeriesRetention, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx, nil); err != nil {
		return err
	}
	cuts := keep.Cuts(now)
	if cuts.Rolls {
		s.roll(cuts.Raw)
	}
	s.cutoff = max(cuts.Raw, s.rolled)
	for key, l := range s.series {
		maps.DeleteFunc(l.points, func(at int64, _ float64) bool { return at < s.cutoff })
		l.hours = slices.DeleteFunc(l.hours, func(h store.Hour) bool { return h.At < cuts.Hours })
		if len(l.points)+len(l.hours) == 0 {
			delete(s.series, key)
		}
	}
	return nil
}

// roll makes hours of what lies before to and is not made into them yet.
func (s *Series) roll(to int64) {
	if to <= s.rolled {
		return
	}
	for _, l := range s.series {
		hours := store.NewHours(s.rolled, to)
		for _, at := range slices.Sorted(maps.Keys(l.points)) {
			hours.Add(at, l.points[at])
		}
		l.hours = append(l.hours, hours.Done()...)
	}
	s.rolled = to
}

// Stats implements store.Series; memory holds no bytes on disk.
func (s *Series) Stats(ctx context.Context) (store.SeriesStats, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx, nil); err != nil {
		return store.SeriesStats{}, err
	}
	return store.SeriesStats{Series: int64(len(s.series)), Ready: 1}, nil
}

// Sync implements store.Series; there is nothing to be made durable.
func (s *Series) Sync(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.usable(ctx, nil)
}

// Close implements store.Series.
func (s *Series) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

func (s *Series) usable(ctx context.Context, batches []store.Batch) error {
	switch {
	case s.closed:
		return store.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case s.Fail != nil:
		return s.Fail(batches)
	}
	return nil
}
