package drive

import (
	"math"
	"time"
)

// History is what is kept of one drive: its counters now, how much they rose,
// and when. The zero value is empty. It takes the same few hundred bytes
// however long the drive is watched.
type History struct {
	first, last int64 // Unix seconds
	rose        int64 // when a counter last rose; 0 never
	now         [counters]float32
	total       [counters]float32 // rises since the first reading
	days        [keptDays]mark    // a ring: the last reading of each day
	head, n     uint8
}

// mark is where the totals stood at a day's last reading.
type mark struct {
	at    uint32 // Unix seconds
	total [counters]float32
}

const (
	keptDays = 31
	daySecs  = 24 * 60 * 60
	// How far back a clock is put before what comes is not late, but right: an
	// agent keeps reports for 7 days.
	clockBack = 30 * daySecs
)

// Add takes a reading. It answers false for one that is not newer than the
// last: it is late, or comes again, and changes nothing. One that is older by a
// month means that the clock was wrong before: the past is begun anew.
func (h *History) Add(r Reading) bool {
	at := r.At.Unix()
	if at <= 0 || at > math.MaxUint32 {
		return false
	}
	if h.last != 0 && at <= h.last {
		if h.last-at < clockBack {
			return false
		}
		*h = History{}
	}
	c := r.counts()
	if h.last == 0 {
		h.first = at
		h.now = c
	} else {
		for i, v := range c {
			was := h.now[i]
			switch {
			case v != v: // not told: it stands where it stood
				continue
			case v > was: // false where nothing was told before
				h.total[i] += v - was
				h.rose = at
			}
			h.now[i] = v
		}
	}
	h.last = at
	m := mark{uint32(at), h.total}
	if h.n > 0 && h.days[h.head].at/daySecs == m.at/daySecs {
		h.days[h.head] = m
		return true
	}
	h.head = (h.head + 1) % keptDays
	h.days[h.head] = m
	h.n = min(h.n+1, keptDays)
	return true
}

// Known says how long the drive was watched.
func (h *History) Known() time.Duration { return time.Duration(h.last-h.first) * time.Second }

// Last is the time of the newest reading; zero when there is none.
func (h *History) Last() time.Time {
	if h.last == 0 {
		return time.Time{}
	}
	return time.Unix(h.last, 0)
}

// Now is where a counter stands; NaN when it was never told.
func (h *History) Now(c Counter) float64 {
	if h.last == 0 {
		return math.NaN()
	}
	return float64(h.now[c])
}

// Rise is how much a counter rose within d before now, all rises added up; one
// that falls and rises again is no better than one that rises. The reading
// before that time counts as where it stood, so that what happened while nobody
// looked is seen; it goes back to a day's last reading, so up to a day more
// than asked.
func (h *History) Rise(c Counter, d time.Duration, now time.Time) float64 {
	if h.n == 0 {
		return 0
	}
	from := now.Unix() - int64(d/time.Second)
	base := float32(0)
	for i := range int(h.n) {
		m := h.days[(int(h.head)+keptDays-i)%keptDays]
		base = m.total[c]
		if int64(m.at) <= from {
			break
		}
	}
	return float64(h.total[c] - base)
}

// sinceRise is the time since a counter last rose; ok is false when none did.
func (h *History) sinceRise(now time.Time) (d time.Duration, ok bool) {
	if h.rose == 0 {
		return 0, false
	}
	return max(0, time.Duration(now.Unix()-h.rose)*time.Second), true
}
