package simulate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// How a machine is used: when somebody comes and goes, what becomes of it in
// between. All follows from seed, number and day.

// leaving is how a machine goes down.
type leaving uint8

const (
	stops  leaving = iota // shut down; most systems come back by a fast start
	sleeps                // it says so
	closed                // the lid: nobody says a word
	drops                 // it loses power
)

// spell is a time in which a machine is on.
type spell struct {
	from, to time.Time
	home     bool
	away     bool // the collector cannot be reached from there
	end      leaving
}

// habits are a person's.
type habits struct {
	always       bool // it is never off
	come, stay   float64
	shutsDown    bool
	roams        bool // it is carried about
	evenings     float64
	homeDay      time.Weekday // worked at home; Sunday: none
	vpn          bool         // from home the collector can be reached
	holidayStart int          // day of the year's quarter; -1: none
	holidayDays  int
}

func newHabits(r *rand.Rand, n int, rhythm string, laptop bool) habits {
	h := habits{come: 7.4 + 1.7*r.Float64(), stay: 8 + 1.5*r.Float64(), shutsDown: r.Float64() < 0.7, holidayStart: -1}
	if r.Float64() < 0.25 {
		h.holidayStart, h.holidayDays = r.IntN(90), 1+r.IntN(4)
	}
	if laptop {
		h.roams, h.shutsDown = true, r.Float64() < 0.2
		h.evenings = 0.5 * r.Float64()
		h.vpn = r.IntN(2) == 0
		if r.IntN(2) == 0 {
			h.homeDay = time.Weekday(1 + r.IntN(5))
		}
	}
	h.always = rhythm != "office" || n%20 == 0
	return h
}

func dayOf(t time.Time) int64 {
	y, mo, d := t.Date()
	return time.Date(y, mo, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

// plan is the spells of a day.
func (h habits) plan(seed uint64, n int, day time.Time) []spell {
	y, mo, d := day.Date()
	midnight := time.Date(y, mo, d, 0, 0, 0, 0, day.Location())
	if h.always {
		return []spell{{from: midnight, to: midnight.AddDate(0, 0, 1)}}
	}
	number := dayOf(day)
	r := rand.New(rand.NewPCG(seed^0x5B_E11, uint64(n)<<24|uint64(number&0xFFFFFF)))
	hour := func(x float64) time.Time { return midnight.Add(time.Duration(x * float64(time.Hour))) }
	weekend := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
	in := (midnight.YearDay() - 1) % 91
	off := h.holidayStart >= 0 && in >= h.holidayStart && in < h.holidayStart+h.holidayDays || r.Float64() < 0.02
	var out []spell
	if !weekend && !off {
		out = h.work(r, day.Weekday(), hour)
	}
	if h.roams && !off && r.Float64() < h.evenings {
		from := 19 + 1.5*r.Float64()
		out = append(out, spell{from: hour(from), to: hour(from + 0.7 + 1.3*r.Float64()), home: true, away: !h.vpn, end: sleeps})
	}
	return out
}

// work is a working day.
func (h habits) work(r *rand.Rand, today time.Weekday, hour func(float64) time.Time) []spell {
	come := h.come + 0.5*(r.Float64()-0.5)
	leave := min(come+h.stay+0.6*(r.Float64()-0.5), 18.4)
	home := h.roams && today == h.homeDay && h.homeDay != time.Sunday
	end := sleeps
	if h.shutsDown {
		end = stops
	}
	if !h.roams {
		return []spell{{from: hour(come), to: hour(leave), end: end}}
	}
	if r.Float64() < 0.2 {
		leave = 12 + 2.5*r.Float64() // gone for the afternoon
	}
	// Lunch, and meetings: the lid goes down, mostly with a word.
	breaks := [][2]float64{{12 + 0.7*r.Float64(), 0.5 + 0.5*r.Float64()}}
	for range r.IntN(3) {
		breaks = append(breaks, [2]float64{9 + 6*r.Float64(), 0.4 + 0.9*r.Float64()})
	}
	slices.SortFunc(breaks, func(a, b [2]float64) int { return int(1000 * (a[0] - b[0])) })
	var out []spell
	at := come
	for _, b := range breaks {
		if b[0]-at < 0.4 || b[0]+b[1] > leave-0.4 {
			continue
		}
		how := sleeps
		if r.Float64() < 0.2 {
			how = closed
		}
		out = append(out, spell{from: hour(at), to: hour(b[0]), home: home, away: home && !h.vpn, end: how})
		at = b[0] + b[1]
	}
	return append(out, spell{from: hour(at), to: hour(leave), home: home, away: home && !h.vpn, end: end})
}

// spellAt is the spell that the machine is in, if any.
func (m *machine) spellAt(now time.Time) (spell, bool) {
	if day := dayOf(now); day != m.day || m.spells == nil {
		m.day, m.spells = day, m.habits.plan(m.seed, m.n, now)
	}
	for _, s := range m.spells {
		if !now.Before(s.from) && now.Before(s.to) {
			return s, true
		}
	}
	return spell{}, false
}

// busy is how much the machine has to do, 0 to 1: a bow over the working day.
func (m *machine) busy(now time.Time) float64 {
	if m.habits.always {
		return 0.5
	}
	h := float64(now.Hour()) + float64(now.Minute())/60
	return 0.35 + 0.6*max(0, 1-((h-12.5)/6)*((h-12.5)/6))
}

// patchOf is when the machine installs the updates of a month, which come out
// on its second Tuesday, and what they are called.
func (m *machine) patchOf(t time.Time) (time.Time, string) {
	first := time.Date(t.Year(), t.Month(), 1, 18, 0, 0, 0, t.Location())
	tuesday := first.AddDate(0, 0, (int(time.Tuesday)-int(first.Weekday())+7)%7+7)
	return tuesday.Add(time.Duration(12+(m.n*37)%100) * time.Hour), fmt.Sprintf("KB50%02d%02d", t.Year()%100, t.Month())
}
