package health

import (
	"testing"
	"time"

	"muster/collector/store"
)

func TestPresenceBeforeAnythingIsLearned(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for name, c := range map[string]struct {
		o    observed
		want store.Presence
	}{
		"just heard":                {observed{kind: "pc", heard: ago(30 * time.Second), interval: time.Minute}, store.Online},
		"one report late":           {observed{kind: "pc", heard: ago(2 * time.Minute), interval: time.Minute}, store.Online},
		"slow rhythm":               {observed{kind: "pc", heard: ago(12 * time.Minute), interval: 5 * time.Minute}, store.Online},
		"said good night":           {observed{kind: "laptop", heard: ago(time.Minute), stopped: true, interval: time.Minute}, store.Asleep},
		"over the night":            {observed{kind: "pc", heard: ago(15 * time.Hour), interval: time.Minute}, store.Asleep},
		"over the weekend":          {observed{kind: "pc", heard: ago(63 * time.Hour), interval: time.Minute}, store.Asleep},
		"a week":                    {observed{kind: "pc", heard: ago(7 * 24 * time.Hour), interval: time.Minute}, store.Away},
		"a month":                   {observed{kind: "pc", heard: ago(30 * 24 * time.Hour), interval: time.Minute}, store.Missing},
		"a switch does not sleep":   {observed{kind: "switch", heard: ago(15 * time.Hour), interval: time.Minute}, store.Away},
		"a switch gone for days":    {observed{kind: "switch", heard: ago(30 * time.Hour), interval: time.Minute}, store.Missing},
		"a server does not sleep":   {observed{kind: "server", heard: ago(time.Hour), interval: time.Minute}, store.Away},
		"never heard":               {observed{kind: "pc", interval: time.Minute}, store.Missing},
		"retired, though it speaks": {observed{kind: "pc", heard: now, retired: true, interval: time.Minute}, store.Retired},
	} {
		t.Run(name, func(t *testing.T) {
			if got := presence(c.o, now); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// office is the hours of a machine that is on from eight to five on working
// days, for some weeks before a Monday.
func office(weeks int, monday time.Time, skip func(time.Time) bool) *hours {
	h := &hours{}
	for t := monday.AddDate(0, 0, -7*weeks); t.Before(monday); t = t.Add(10 * time.Minute) {
		if d := t.Weekday(); d != time.Saturday && d != time.Sunday && t.Hour() >= 8 && t.Hour() < 17 && (skip == nil || !skip(t)) {
			h.mark(t)
		}
	}
	return h
}

func TestPresenceIsLearned(t *testing.T) {
	monday := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	friday5pm := monday.Add(-2*24*time.Hour - 7*time.Hour - 2*time.Minute)
	at := func(day, hour int) time.Time { return monday.AddDate(0, 0, day).Add(time.Duration(hour) * time.Hour) }
	always := &hours{}
	for x := monday.AddDate(0, 0, -28); x.Before(monday); x = x.Add(10 * time.Minute) {
		always.mark(x)
	}
	for name, c := range map[string]struct {
		week  *hours
		heard time.Time
		stop  bool
		now   time.Time
		want  store.Presence
	}{
		"at night":                             {office(4, monday, nil), at(0, 17), false, at(1, 3), store.Asleep},
		"over the weekend":                     {office(4, monday, nil), friday5pm, false, at(-1, 12), store.Asleep},
		"Monday morning, not long":             {office(4, monday, nil), friday5pm, false, at(0, 8).Add(40 * time.Minute), store.Asleep},
		"Monday at eleven":                     {office(4, monday, nil), friday5pm, false, at(0, 11), store.Away},
		"in the middle of a working day":       {office(4, monday, nil), at(0, 10), false, at(0, 11).Add(5 * time.Minute), store.Away},
		"it said good bye at noon":             {office(4, monday, nil), at(0, 12), true, at(0, 16), store.Asleep},
		"two weeks of work without it":         {office(4, monday, nil), friday5pm, false, at(12, 9), store.Missing},
		"a machine that always runs, at night": {always, at(0, 1), false, at(0, 3), store.Away},
		"a night worker by day": {func() *hours {
			h := &hours{}
			for x := monday.AddDate(0, 0, -28); x.Before(monday); x = x.Add(10 * time.Minute) {
				if x.Hour() >= 22 || x.Hour() < 6 {
					h.mark(x)
				}
			}
			return h
		}(), at(0, 6), false, at(0, 15), store.Asleep},
		"a holiday in between": {office(4, monday, func(x time.Time) bool { return x.After(monday.AddDate(0, 0, -7)) }), at(0, 9), false, at(0, 11), store.Away},
	} {
		t.Run(name, func(t *testing.T) {
			c.week.mark(c.heard)
			if got := presence(observed{kind: "laptop", heard: c.heard, stopped: c.stop, interval: time.Minute, week: c.week}, c.now); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestHoursForgetAndBearWrongClocks(t *testing.T) {
	h := &hours{}
	monday := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	h.mark(monday.AddDate(-6, 0, 0))
	h.mark(monday)
	h.mark(monday.AddDate(9, 0, 0)) // a clock years ahead, and back again
	h.mark(monday.AddDate(0, 0, 7))
	if !h.usual(monday.AddDate(0, 0, 14)) {
		t.Error("a habit is forgotten because of one wrong clock")
	}
	if _, days := h.between(monday.AddDate(-50, 0, 0), monday); days > 31 {
		t.Errorf("%d days of a month", days)
	}
}
