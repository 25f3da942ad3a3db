package main

import (
	"math"
	"time"

	"muster/collector/health/drive"
)

// level of a finding.
type level int

const (
	none level = iota
	warn
	critical
)

// limits are the numbers in the conditions of D02, D03 and D04 for hard disks:
// those at first sight, which list what is there already, and those for what is
// new, which tell somebody.
type limits struct {
	firstPending, firstReallocated float64
	newPending, newRise, newTotal  float64
}

// proposed are what docs/health-drive-model.md proposes, for warn and for
// critical.
func proposed() (warn, critical limits) {
	return limits{firstPending: 1, firstReallocated: 16, newPending: 3, newRise: 32, newTotal: math.Inf(1)},
		limits{firstPending: 24, firstReallocated: 200, newPending: 40, newRise: math.Inf(1), newTotal: 1100}
}

// A drive with sectors of 4 KiB that counts in units of 512 bytes tells 8 for
// one bad sector and 16 for two.
const oneLarge, twoLarge = 8, 16

// sectors is what a number of pending sectors stands for.
func sectors(pending float64) float64 {
	switch pending {
	case oneLarge:
		return 1
	case twoLarge:
		return 2
	}
	return pending
}

// meets holds a drive's past against limits. first says that it is seen for the
// first time.
func (l limits) meets(h *drive.History, now time.Time, first bool) bool {
	pending := max(told(h, drive.Pending), told(h, drive.Offline))
	spent := told(h, drive.Reallocated)
	if first {
		return pending >= l.firstPending && pending != oneLarge || spent >= l.firstReallocated
	}
	return sectors(pending) >= l.newPending || spent >= l.newTotal ||
		h.Rise(drive.Reallocated, 7*day, now) >= l.newRise
}

// meetsUncorrectable is the part of D03 about 187, which the daily data do not
// have.
func meetsUncorrectable(h *drive.History, now time.Time, kind string, first bool, at level) bool {
	rise := h.Rise(drive.Uncorrectable, 7*day, now)
	switch {
	case at == critical:
		return !first && rise >= 10
	case first:
		return kind == "ssd" && told(h, drive.Uncorrectable) >= 1
	}
	return rise >= 1
}

func told(h *drive.History, c drive.Counter) float64 {
	if v := h.Now(c); v == v {
		return v
	}
	return 0
}

// baseline is a plain state that is told about whenever it is there.
type baseline struct {
	name string
	is   func(spent, pending float64) bool
}

// baselines are what anyone would try first, to be beaten at the same number of
// false alarms.
func baselines() []baseline {
	return []baseline{
		{"any pending", func(_, pending float64) bool { return pending > 0 }},
		{"reallocated from 16, or any pending", func(spent, pending float64) bool { return spent >= 16 || pending > 0 }},
		{"reallocated from 1100", func(spent, _ float64) bool { return spent >= 1100 }},
		{"reallocated from 16 and any pending, or from 1100, or pending from 40", func(spent, pending float64) bool {
			return spent >= 16 && pending > 0 || spent >= 1100 || pending >= 40
		}},
	}
}

func (b baseline) alerts(ps []past) []int {
	out := make([]int, len(ps))
	for i, p := range ps {
		out[i] = alert(p, 1, func(h *drive.History, _ int, _ bool) bool {
			return b.is(told(h, drive.Reallocated), max(told(h, drive.Pending), told(h, drive.Offline)))
		})
	}
	return out
}

// alert is the first reading on which a drive is told about, -1 for never. What
// is new must have been so for as many readings in a row as samples says; what
// was there at first sight is listed at once.
func alert(p past, samples int, meets func(h *drive.History, i int, first bool) bool) int {
	var h drive.History
	row := 0
	for i, r := range p.readings {
		h.Add(r)
		first := h.Known() < day
		if !meets(&h, i, first) {
			row = 0
			continue
		}
		if row++; first || row >= samples {
			return i
		}
	}
	return -1
}

// figures of alerts on drives of which some fail.
type figures struct {
	fails, caught, caughtFirst int
	falseAlarms, backlog       int
	drives, days               int
	leads                      []float64 // days before the failure
}

// add counts a drive whose alert is its i-th reading. An alert on the day of
// the failure warned nobody.
func (f *figures) add(p past, i int) {
	f.drives++
	f.days += len(p.readings)
	if p.fails {
		f.fails++
	}
	switch {
	case i < 0:
	case p.fails:
		lead := p.readings[len(p.readings)-1].At.Sub(p.readings[i].At).Hours() / 24
		if lead < 1 {
			return
		}
		f.caught++
		f.leads = append(f.leads, lead)
		if i == 0 {
			f.caughtFirst++
		}
	case i == 0:
		f.backlog++
	default:
		f.falseAlarms++
	}
}

func (f figures) recall() float64 { return float64(f.caught) / float64(f.fails) }

// perYear are false alarms about what is new, per drive and year.
func (f figures) perYear() float64 { return float64(f.falseAlarms) * 365 / float64(f.days) }

func (f figures) per1000Days() float64 { return float64(f.falseAlarms) * 1000 / float64(f.days) }

func (f figures) backlogShare() float64 { return float64(f.backlog) / float64(f.drives) }

func (f figures) precision() float64 {
	return float64(f.caught) / float64(f.caught+f.falseAlarms+f.backlog)
}
