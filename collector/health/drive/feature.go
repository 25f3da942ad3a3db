package drive

import (
	"math"
	"time"
)

// Feature is what a term of the model looks at. Each is 0 for a drive without a
// mark, and never falls when a counter is higher.
type Feature string

// The features. Counts weigh by their doublings: log2(1+n).
const (
	// HasReallocated: sectors replaced so far.
	HasReallocated Feature = "reallocated"
	// HasPending: sectors that do not read now (197 or 198, whichever is more:
	// most drives count the same sectors in both).
	HasPending Feature = "pending"
	// HasUncorrectable: reads that failed so far.
	HasUncorrectable Feature = "uncorrectable"
	// Reallocates: sectors replaced within 7 days.
	Reallocates Feature = "reallocated_rise_7d"
	// Pends: sectors that became unreadable within 7 days.
	Pends Feature = "pending_rise_7d"
	// Moves: 1 on the day any of the counters rose, half of it two days later.
	Moves Feature = "moves"
)

// Features lists them.
func Features() []Feature {
	return []Feature{
		HasReallocated,
		HasPending,
		HasUncorrectable,
		Reallocates,
		Pends,
		Moves,
	}
}

const (
	week = 7 * 24 * time.Hour
	// A rise is worth half after this long.
	halfLife = 48 * time.Hour
)

// Of gives the feature's value as it goes into the sum, and the reading behind
// it as people know it.
func (f Feature) Of(h *History, now time.Time) (x, reading float64) {
	doublings := func(v float64) (float64, float64) {
		if !(v > 0) { // also when it was never told
			return 0, max(0, v)
		}
		return math.Log2(1 + v), v
	}
	switch f {
	case HasReallocated:
		return doublings(h.Now(Reallocated))
	case HasPending:
		return doublings(most(h.Now(Pending), h.Now(Offline)))
	case HasUncorrectable:
		return doublings(h.Now(Uncorrectable))
	case Reallocates:
		return doublings(h.Rise(Reallocated, week, now))
	case Pends:
		return doublings(max(h.Rise(Pending, week, now), h.Rise(Offline, week, now)))
	case Moves:
		d, ok := h.sinceRise(now)
		if !ok {
			return 0, math.NaN()
		}
		return math.Exp2(-float64(d) / float64(halfLife)), d.Hours() / 24
	}
	return 0, math.NaN()
}

// most is the greater of those that are told.
func most(a, b float64) float64 {
	switch {
	case math.IsNaN(a):
		return b
	case math.IsNaN(b):
		return a
	}
	return max(a, b)
}
