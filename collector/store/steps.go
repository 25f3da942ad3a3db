package store

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"muster/internal/metric"
	"muster/internal/report"
)

// farRate is how far apart two points of a counter may be for a rate, at
// least: the slowest rhythm of an agent or a poll is five minutes (DESIGN §4),
// and half a minute is for its jitter.
const farRate = 5*time.Minute + 30*time.Second

// Reach is how far apart two points of a counter may be to make a rate, and
// so how far before From a store must read: a step, or five and a half
// minutes if that is longer. Other aggregates reach nowhere.
func (q SeriesQuery) Reach() time.Duration {
	if q.Aggregate != Rate {
		return 0
	}
	return max(q.Step, farRate)
}

// Check says what is wrong with a query, as ErrQuery.
func (q SeriesQuery) Check() error {
	bad := func(format string, a ...any) error {
		return fmt.Errorf("%w: %s", ErrQuery, fmt.Sprintf(format, a...))
	}
	if _, _, ok := metric.Lookup(q.Measurement, q.Field); !ok {
		return bad("%q of %q is not in the metric catalogue", q.Field, q.Measurement)
	}
	switch {
	case !q.To.After(q.From):
		return bad("it ends at %s, not after its start at %s", q.To.Format(time.RFC3339), q.From.Format(time.RFC3339))
	case q.Step < 0 || q.Step%time.Millisecond != 0:
		return bad("the step %s is not a whole number of milliseconds", q.Step)
	case q.Limit < 0:
		return bad("the limit %d is negative", q.Limit)
	}
	switch q.Aggregate {
	case "", Last:
	case Mean, Min, Max, Rate:
		if q.Step == 0 {
			return bad("%s needs a step", q.Aggregate)
		}
	default:
		return bad("the aggregate %q is none of mean, min, max, last, rate", q.Aggregate)
	}
	for _, m := range q.Matchers {
		if m.Label == "" {
			return bad("a matcher names no label")
		}
	}
	return nil
}

// Span is the query's range in Unix milliseconds: from is in, to is not.
func (q SeriesQuery) Span() (from, to int64) {
	return ceilMilli(q.From), ceilMilli(q.To)
}

// ceilMilli rounds up: a point of a whole millisecond is at or after t exactly
// when it is at or after the result.
func ceilMilli(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.Nanosecond()%int(time.Millisecond) != 0 {
		ms++
	}
	return ms
}

// Steps makes the points of one series into the steps a query asks for, so
// that all stores count alike. It is fed in the order of time, from
// Reach before the query's start on.
type Steps struct {
	from, to, step, reach int64 // ms
	as                    Aggregate

	out []TimeValue

	open    bool
	start   int64 // of the open step
	n       int
	value   float64 // last, min or max
	sum     float64 // of values, or of rises
	seconds float64 // of the pairs that count

	before   bool // there is a point before
	beforeAt int64
	beforeV  float64
}

// NewSteps begins for a query that Check found good.
func NewSteps(q SeriesQuery) *Steps {
	from, to := q.Span()
	s := &Steps{from: from, to: to, step: q.Step.Milliseconds(), reach: q.Reach().Milliseconds(), as: q.Aggregate}
	if s.as == "" {
		s.as = Last
	}
	return s
}

// Add takes the next point. Points out of the query's range are passed over,
// apart from their part in a rate.
func (s *Steps) Add(at int64, v float64) {
	if at >= s.to {
		return
	}
	rise, seconds, pair := s.pair(at, v)
	if at < s.from {
		return
	}
	if s.step == 0 {
		s.out = append(s.out, TimeValue{At: time.UnixMilli(at).UTC(), Value: v})
		return
	}
	s.at(at)
	s.n++
	switch s.as {
	case Mean:
		s.sum += v
	case Min:
		if s.n == 1 || v < s.value {
			s.value = v
		}
	case Max:
		if s.n == 1 || v > s.value {
			s.value = v
		}
	case Last:
		s.value = v
	case Rate:
		if pair {
			s.sum += rise
			s.seconds += seconds
		}
	}
}

func (s *Steps) pair(at int64, v float64) (rise, seconds float64, ok bool) {
	if s.as != Rate {
		return 0, 0, false
	}
	ok = s.before && at > s.beforeAt && at-s.beforeAt <= s.reach && v >= s.beforeV
	rise, seconds = v-s.beforeV, float64(at-s.beforeAt)/1000
	s.before, s.beforeAt, s.beforeV = true, at, v
	return rise, seconds, ok
}

func (s *Steps) close() {
	if !s.open {
		return
	}
	s.open = false
	v := s.value
	switch s.as {
	case Mean:
		v = s.sum / float64(s.n)
	case Rate:
		if s.seconds == 0 {
			return
		}
		v = s.sum / s.seconds
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return // a sum beyond float64: nothing that can be said
	}
	s.out = append(s.out, TimeValue{At: time.UnixMilli(s.start).UTC(), Value: v})
}

// Done gives the points of the series and is ready for the next one.
func (s *Steps) Done() []TimeValue {
	s.close()
	out := s.out
	s.out, s.before = nil, false
	return out
}

// floor is the multiple of step at or before t, also for t before 1970.
func floor(t, step int64) int64 {
	r := t % step
	if r < 0 {
		r += step
	}
	return t - r
}

// Listed says whether the metric catalogue knows a series of a layout: its
// name, and each of its labels. A label without text is as if it were not
// there, one that comes twice or stands for the device makes the series void.
func Listed(s report.Series) bool {
	m, _, ok := metric.Lookup(s.Measurement, s.Field)
	if !ok {
		return false
	}
	for i, l := range s.Labels {
		if !slices.ContainsFunc(m.Labels, func(x metric.Label) bool { return x.Name == l.Key }) {
			return false
		}
		if slices.ContainsFunc(s.Labels[:i], func(x report.Label) bool { return x.Key == l.Key }) {
			return false
		}
	}
	return true
}

// Usable says whether a value can be kept.
func Usable(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// CompareLabels orders label sets by their first differing key, then value.
func CompareLabels(a, b map[string]string) int {
	ka, kb := slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b))
	for i := range min(len(ka), len(kb)) {
		if c := cmp.Or(cmp.Compare(ka[i], kb[i]), cmp.Compare(a[ka[i]], b[kb[i]])); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(ka), len(kb))
}

// Match says whether a label's value (empty: the series does not have it)
// passes.
func (m Matcher) Match(value string) bool {
	return slices.Contains(m.Values, value) != m.Not
}
