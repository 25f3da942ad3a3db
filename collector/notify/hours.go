package notify

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Hours is a time of the day on some weekdays, in a time zone. The zero value
// is always. A window that ends before it begins runs into the next day, and
// belongs to the weekday on which it begins.
type Hours struct {
	From string         `json:"from,omitempty"` // 08:00
	To   string         `json:"to,omitempty"`   // 17:30; the same as From: the whole day
	Days []time.Weekday `json:"days,omitempty"` // 0 is Sunday; none: all
	Zone string         `json:"zone,omitempty"` // of the IANA database, such as America/New_York; empty: the collector's
}

func (h Hours) check() error {
	if (h.From == "") != (h.To == "") {
		return errors.New("hours need both a beginning and an end")
	}
	for _, text := range []string{h.From, h.To} {
		if _, err := clock(text); text != "" && err != nil {
			return err
		}
	}
	return checkDays(h.Days, h.Zone)
}

func checkDays(days []time.Weekday, zone string) error {
	for _, d := range days {
		if d < time.Sunday || d > time.Saturday {
			return fmt.Errorf("weekday %d: 0 (Sunday) to 6 (Saturday) is expected", int(d))
		}
	}
	if _, err := location(zone); err != nil {
		return err
	}
	return nil
}

// location loads a zone by name; empty is the machine's own.
func location(zone string) (*time.Location, error) {
	if zone == "" {
		return time.Local, nil
	}
	if strings.Contains(zone, "..") {
		return nil, fmt.Errorf("time zone %q is not known", zone)
	}
	l, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("time zone %q is not known: one such as America/New_York is expected", zone)
	}
	return l, nil
}

// inZone is location for a zone that was checked when it was stored. One that this
// machine no longer knows is taken as UTC: late by hours, but not lost.
func inZone(zone string) *time.Location {
	l, err := location(zone)
	if err != nil {
		return time.UTC
	}
	return l
}

// clock reads HH:MM as the time since midnight.
func clock(text string) (time.Duration, error) {
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != 5 {
		return 0, fmt.Errorf("time of day %q: one such as 07:30 is expected", text)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// on is a clock's time on the n-th day after now's. A time that a change of
// clocks leaves out is as time.Date has it.
func on(now time.Time, n int, at time.Duration) time.Time {
	y, m, d := now.Date()
	return time.Date(y, m, d+n, int(at/time.Hour), int(at/time.Minute)%60, 0, 0, now.Location())
}

func (h Hours) always() bool { return h.From == "" && len(h.Days) == 0 }

// next is now if it is within the hours, else when they begin.
func (h Hours) next(now time.Time) time.Time {
	if h.always() {
		return now
	}
	var from, to time.Duration
	if h.From != "" {
		from, _ = clock(h.From) // Check has read them
		to, _ = clock(h.To)
	}
	local := now.In(inZone(h.Zone))
	for n := -1; n <= 8; n++ {
		begin := on(local, n, from)
		if !has(h.Days, begin.Weekday()) {
			continue
		}
		end := on(local, n, to)
		if to <= from {
			end = on(local, n+1, to)
		}
		switch {
		case now.Before(begin):
			return begin
		case now.Before(end):
			return now
		}
	}
	return now // no such day: better now than never
}

func has(days []time.Weekday, d time.Weekday) bool {
	if len(days) == 0 {
		return true
	}
	for _, have := range days {
		if have == d {
			return true
		}
	}
	return false
}
