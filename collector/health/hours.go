package health

import "time"

// hours are the hours of the week in which a device was heard, week by week:
// what it usually does is learned from them. The zero value has learned
// nothing.
type hours struct {
	weeks [learnWeeks]week // newest first
	since time.Time        // the first hour that was marked
}

type week struct {
	start int64 // Unix days of its Sunday; 0: none
	heard [7]uint32
}

// learnWeeks is how many weeks are remembered: enough that a holiday does not
// become a habit, few enough that a new working time does.
const learnWeeks = 4

// mark notes that the device was heard at a local time.
func (h *hours) mark(local time.Time) {
	start, day := weekOf(local)
	if h.since.IsZero() || local.Before(h.since) {
		h.since = local
	}
	for i := range h.weeks {
		w := &h.weeks[i]
		if w.start == start {
			w.heard[day] |= 1 << local.Hour()
			return
		}
		if w.start < start {
			copy(h.weeks[i+1:], h.weeks[i:len(h.weeks)-1])
			*w = week{start: start}
			w.heard[day] |= 1 << local.Hour()
			return
		}
	}
}

// weekOf is the week of a local time, and the day in it.
func weekOf(local time.Time) (start int64, day int) {
	y, m, d := local.Date()
	days := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
	day = int(local.Weekday())
	return days - int64(day), day
}

// learned says whether there is enough to speak of a habit: a whole week.
func (h *hours) learned(local time.Time) bool {
	return !h.since.IsZero() && local.Sub(h.since) >= 7*24*time.Hour
}

// usual says whether the device is usually heard at this hour of the week: in
// half of the weeks before this one that are known, or, when those were all
// holidays, the device was not heard in at all.
func (h *hours) usual(local time.Time) bool {
	start, day := weekOf(local)
	known, yes := 0, 0
	for _, w := range h.weeks {
		if w.start == 0 || w.start >= start || w.heard == [7]uint32{} {
			continue
		}
		known++
		if w.heard[day]&(1<<local.Hour()) != 0 {
			yes++
		}
	}
	return known > 0 && 2*yes >= known && yes > 0
}

// between counts the usual hours and the days with any, of the time from a to
// b; it looks at no more than a month of it.
func (h *hours) between(a, b time.Time) (inHours float64, days int) {
	if b.Sub(a) > 31*24*time.Hour {
		a = b.Add(-31 * 24 * time.Hour)
	}
	last := -1
	for t := a; t.Before(b); {
		next := t.Truncate(time.Hour).Add(time.Hour)
		if next.After(b) {
			next = b
		}
		if h.usual(t) {
			inHours += next.Sub(t).Hours()
			if t.YearDay() != last {
				last = t.YearDay()
				days++
			}
		}
		t = next
	}
	return inHours, days
}
