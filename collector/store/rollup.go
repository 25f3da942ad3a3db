package store

import (
	"time"

	"muster/internal/metric"
)

// SeriesRetention is how long numbers are kept: as they came, and after that
// as hourly figures. Raw is 0, or not less than Hourly: there are no hourly
// figures, and Hourly is how long numbers are kept. Hourly is 0: for ever.
type SeriesRetention struct {
	Raw, Hourly time.Duration
}

// Cuts are the times that a retention draws, in Unix milliseconds.
type Cuts struct {
	// Rolls: there are hourly figures, of all hours before Raw, which is the
	// beginning of a day (UTC).
	Rolls bool
	Raw   int64 // numbers as they came are dropped before it; math.MinInt64: never
	Hours int64 // hourly figures are dropped before it; math.MinInt64: never
}

// Cuts draws the times as of now.
func (r SeriesRetention) Cuts(now time.Time) Cuts {
	c := Cuts{Raw: never, Hours: never}
	if r.Hourly > 0 {
		c.Hours = floor(now.Add(-r.Hourly).UnixMilli(), hourMS)
	}
	switch {
	case r.Raw > 0 && (r.Hourly == 0 || r.Raw < r.Hourly):
		c.Rolls, c.Raw = true, floor(now.Add(-r.Raw).UnixMilli(), dayMS)
	case r.Hourly > 0:
		c.Raw = now.Add(-r.Hourly).UnixMilli()
	}
	return c
}

const (
	never  = -1 << 63
	hourMS = int64(time.Hour / time.Millisecond)
	dayMS  = 24 * hourMS
)

// Hour is what remains of the points of a series in one hour.
type Hour struct {
	At    int64 // start, Unix ms; a multiple of an hour
	Count int   // of points; 0: nothing is known
	Mean  float64
	Min   float64
	Max   float64
	Last  float64
	// Rise and Seconds are of the pairs of a counter's points that end in the
	// hour, as Rate takes them, with HourReach.
	Rise, Seconds float64
}

// HourReach is how far apart two points of a counter may be to count into Rise
// and Seconds, and so how far before an hour its points must be known.
const HourReach = time.Hour

// Figures are the names under which the parts of an Hour are kept.
func Figures() []string {
	return []string{
		"count",
		"mean",
		"min",
		"max",
		"last",
		"rise",    // of counters only
		"seconds", // of counters only
	}
}

// FiguresOf are those of a field.
func FiguresOf(f metric.Field) []string {
	if f.Nature == metric.Counter {
		return Figures()
	}
	return Figures()[:5]
}

// Figures are those that a query needs.
func (q SeriesQuery) Figures() []string {
	switch q.Aggregate {
	case Mean:
		return []string{"count", "mean"}
	case Min:
		return []string{"count", "min"}
	case Max:
		return []string{"count", "max"}
	case Rate:
		return []string{"count", "rise", "seconds"}
	}
	return []string{"count", "last"}
}

// Figure is a part of the hour by its name.
func (h *Hour) Figure(name string) float64 {
	if name == "count" {
		return float64(h.Count)
	}
	if p := h.part(name); p != nil {
		return *p
	}
	return 0
}

// Set sets a part of the hour by its name.
func (h *Hour) Set(name string, v float64) {
	if name == "count" {
		h.Count = int(v)
	} else if p := h.part(name); p != nil {
		*p = v
	}
}

func (h *Hour) part(name string) *float64 {
	switch name {
	case "mean":
		return &h.Mean
	case "min":
		return &h.Min
	case "max":
		return &h.Max
	case "last":
		return &h.Last
	case "rise":
		return &h.Rise
	case "seconds":
		return &h.Seconds
	}
	return nil
}

// Hours makes the points of one series into hours, so that all stores count
// alike. It is fed in the order of time, from HourReach before its start on.
type Hours struct {
	from, to int64
	out      []Hour
	sum      float64
	before   bool
	beforeAt int64
	beforeV  float64
}

// NewHours begins for the hours from from to to (Unix ms; to is not in).
func NewHours(from, to int64) *Hours { return &Hours{from: from, to: to} }

// Add takes the next point.
func (x *Hours) Add(at int64, v float64) {
	if at >= x.to {
		return
	}
	pair := x.before && at > x.beforeAt && at-x.beforeAt <= HourReach.Milliseconds() && v >= x.beforeV
	rise, seconds := v-x.beforeV, float64(at-x.beforeAt)/1000
	x.before, x.beforeAt, x.beforeV = true, at, v
	if at < x.from {
		return
	}
	start := floor(at, hourMS)
	if n := len(x.out); n == 0 || x.out[n-1].At != start {
		x.close()
		x.out = append(x.out, Hour{At: start, Min: v, Max: v})
	}
	h := &x.out[len(x.out)-1]
	h.Count++
	x.sum += v
	h.Min, h.Max, h.Last = min(h.Min, v), max(h.Max, v), v
	if pair {
		h.Rise += rise
		h.Seconds += seconds
	}
}

func (x *Hours) close() {
	if n := len(x.out); n > 0 {
		h := &x.out[n-1]
		h.Mean = x.sum / float64(h.Count)
		if !Usable(h.Mean) { // a sum beyond float64
			h.Mean = h.Min/2 + h.Max/2
		}
	}
	x.sum = 0
}

// Done gives the hours that have points, and is ready for the next series.
func (x *Hours) Done() []Hour {
	x.close()
	out := x.out
	*x = Hours{from: x.from, to: x.to}
	return out
}

// AddHour takes the next hour, whose points are not there any more. A step
// shorter than an hour has it at the hour's start, as have points as stored,
// with the last value. Hours that begin before the query's start are passed
// over.
func (s *Steps) AddHour(h Hour) {
	if h.At < s.from || h.At >= s.to || h.Count == 0 {
		return
	}
	if s.step == 0 {
		s.out = append(s.out, TimeValue{At: time.UnixMilli(h.At).UTC(), Value: h.Last})
		return
	}
	s.at(h.At)
	switch s.as {
	case Mean:
		s.sum += h.Mean * float64(h.Count)
	case Min:
		if s.n == 0 || h.Min < s.value {
			s.value = h.Min
		}
	case Max:
		if s.n == 0 || h.Max > s.value {
			s.value = h.Max
		}
	case Last:
		s.value = h.Last
	case Rate:
		s.sum += h.Rise
		s.seconds += h.Seconds
	}
	s.n += h.Count
}

// at opens the step of a time.
func (s *Steps) at(at int64) {
	if start := floor(at, s.step); !s.open || start != s.start {
		s.close()
		s.open, s.start = true, start
		s.n, s.sum, s.seconds = 0, 0, 0
	}
}

// Parted tells a query apart at the time before which only hourly figures are:
// whether it wants some of them, and whether it wants points.
func (q SeriesQuery) Parted(rolled int64) (hours, points bool) {
	from, to := q.Span()
	return from < rolled, to > rolled
}
