package tsdb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"

	"muster/collector/store"
	"muster/internal/metric"
)

// Query implements store.Series. Where what it reads is written into a block
// and thrown away under its hands, it asks again: then the block answers. The
// database keeps a reader from that only within its newest part, not where
// points that came late are read with it.
func (s *Store) Query(ctx context.Context, q store.SeriesQuery) ([]store.SeriesResult, error) {
	for try := 1; ; try++ {
		out, err := s.query(ctx, q)
		if err == nil || try == mostTries || !movedAway(err) {
			return out, err
		}
	}
}

// mostTries is how often a query is asked: what is in a block stays.
const mostTries = 3

// movedAway says that a part of the newest data was no longer where the
// database's own index had it a moment ago.
func movedAway(err error) bool {
	var gone *chunks.CorruptionErr
	return errors.As(err, &gone) || errors.Is(err, storage.ErrNotFound)
}

// query asks once. Points are counted into steps as they are read, so that only
// the answer is in memory.
func (s *Store) query(ctx context.Context, q store.SeriesQuery) ([]store.SeriesResult, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	name := metric.Series(q.Measurement, q.Field)
	ms, some, err := matchers(name, q.Matchers)
	if err != nil {
		return nil, err
	}
	db, release, err := s.acquire(ctx, false)
	if err != nil {
		return nil, err
	}
	defer release()
	if !some {
		return nil, ctx.Err()
	}

	from, to := q.Span()
	old, err := s.hourly.read(ctx, q, ms)
	if err != nil {
		return nil, fmt.Errorf("query hourly figures: %w", err)
	}
	first := max(from-q.Reach().Milliseconds(), s.cutoff.Load())
	if first >= to && len(old) == 0 {
		return nil, ctx.Err()
	}
	reader, err := db.Querier(min(first, to-1), to-1)
	if err != nil {
		return nil, fmt.Errorf("query series store: %w", err)
	}
	defer reader.Close()

	limit := cmp.Or(q.Limit, store.DefaultLimit)
	steps := store.NewSteps(q)
	var out []store.SeriesResult
	var it chunkenc.Iterator
	total, mixed := 0, false
	add := func(l labels.Labels) error {
		points := steps.Done()
		if len(points) == 0 {
			return nil
		}
		if len(out) == limit {
			return fmt.Errorf("%w: more than %d of %s", store.ErrLimit, limit, name)
		}
		if total += len(points); total > store.MaxPoints {
			return fmt.Errorf("%w: more than %d points of %s", store.ErrLimit, store.MaxPoints, name)
		}
		out = append(out, store.SeriesResult{Labels: labelMap(l), Points: points})
		return nil
	}
	set := reader.Select(ctx, true, nil, ms...) // in the order of labels
	for set.Next() {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("query series store: %w", err)
		}
		x := set.At()
		if len(old) > 0 {
			key := x.Labels().String()
			old[key].feed(steps)
			delete(old, key)
		}
		it = x.Iterator(it)
		for it.Next() != chunkenc.ValNone {
			at, v := it.At()
			if at >= first {
				steps.Add(at, v)
			}
		}
		if err := it.Err(); err != nil {
			return nil, fmt.Errorf("query series store: %w", err)
		}
		if err := add(x.Labels()); err != nil {
			return nil, err
		}
	}
	if err := set.Err(); err != nil {
		return nil, fmt.Errorf("query series store: %w", err)
	}
	for _, p := range old { // of which there are no points any more
		p.feed(steps)
		if err := add(p.labels); err != nil {
			return nil, err
		}
		mixed = true
	}
	if mixed {
		slices.SortFunc(out, func(a, b store.SeriesResult) int { return store.CompareLabels(a.Labels, b.Labels) })
	}
	return out, nil
}

// matchers translates, always with the name; some is false when nothing can
// match.
func matchers(name string, in []store.Matcher) (out []*labels.Matcher, some bool, err error) {
	out = append(out, labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, name))
	for _, m := range in {
		if len(m.Values) == 0 {
			if !m.Not {
				return nil, false, nil
			}
			continue
		}
		kind, value := labels.MatchEqual, m.Values[0]
		if m.Not {
			kind = labels.MatchNotEqual
		}
		if len(m.Values) > 1 {
			// The database knows alternatives of plain texts from patterns and
			// looks each up in its index.
			kind = labels.MatchRegexp
			if m.Not {
				kind = labels.MatchNotRegexp
			}
			quoted := make([]string, len(m.Values))
			for i, v := range m.Values {
				quoted[i] = regexp.QuoteMeta(v)
			}
			value = strings.Join(quoted, "|")
		}
		x, err := labels.NewMatcher(kind, m.Label, value)
		if err != nil {
			return nil, false, fmt.Errorf("%w: values of label %q: %w", store.ErrQuery, m.Label, err)
		}
		out = append(out, x)
	}
	return out, true, nil
}

func labelMap(l labels.Labels) map[string]string {
	m := make(map[string]string, l.Len()-1)
	l.Range(func(x labels.Label) {
		if x.Name != labels.MetricName {
			m[strings.Clone(x.Name)] = strings.Clone(x.Value) // blocks hand out their mapped memory
		}
	})
	return m
}
