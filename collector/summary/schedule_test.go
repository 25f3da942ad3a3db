package summary

import (
	"strings"
	"testing"
	"time"
)

func TestTimes(t *testing.T) {
	ny, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	weekly := Schedule{Every: Week, Weekday: time.Monday, Hour: 7}
	monthly := Schedule{Every: Month, Day: 28, Hour: 2, Zone: "America/New_York"}
	for _, x := range []struct {
		name            string
		s               Schedule
		now, last, next string
		from, to        string
	}{
		{"before its hour", weekly, "2026-11-30T06:59:59-05:00", "2026-11-23T07:00:00-05:00", "2026-11-30T07:00:00-05:00", "2026-11-16T00:00:00-05:00", "2026-11-23T00:00:00-05:00"},
		{"at its hour", weekly, "2026-11-30T07:00:00-05:00", "2026-11-30T07:00:00-05:00", "2026-12-07T07:00:00-05:00", "2026-11-23T00:00:00-05:00", "2026-11-30T00:00:00-05:00"},
		{"a Sunday", weekly, "2026-11-29T12:00:00-05:00", "2026-11-23T07:00:00-05:00", "2026-11-30T07:00:00-05:00", "2026-11-16T00:00:00-05:00", "2026-11-23T00:00:00-05:00"},
		{"clocks went back", weekly, "2026-11-02T07:30:00-05:00", "2026-11-02T07:00:00-05:00", "2026-11-09T07:00:00-05:00", "2026-10-26T00:00:00-04:00", "2026-11-02T00:00:00-05:00"},
		{"over a new year", monthly, "2027-01-02T00:00:00-05:00", "2026-12-28T02:00:00-05:00", "2027-01-28T02:00:00-05:00", "2026-11-01T00:00:00-04:00", "2026-12-01T00:00:00-05:00"},
		{"a short month", monthly, "2026-03-01T00:00:00-05:00", "2026-02-28T02:00:00-05:00", "2026-03-28T02:00:00-04:00", "2026-01-01T00:00:00-05:00", "2026-02-01T00:00:00-05:00"},
		{"a long one", monthly, "2026-03-31T12:00:00-04:00", "2026-03-28T02:00:00-04:00", "2026-04-28T02:00:00-04:00", "2026-02-01T00:00:00-05:00", "2026-03-01T00:00:00-05:00"},
	} {
		at := func(text string) time.Time {
			m, err := time.Parse(time.RFC3339, text)
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		last, next := x.s.Around(at(x.now).UTC(), ny)
		from, to := x.s.Period(last, ny)
		if !last.Equal(at(x.last)) || !next.Equal(at(x.next)) || !from.Equal(at(x.from)) || !to.Equal(at(x.to)) {
			t.Errorf("%s: last %s, next %s, about %s to %s", x.name, last, next, from, to)
		}
	}
}

// Whatever is set, its last time is not after now, its next one is, and nothing
// lies between.
func FuzzTimes(f *testing.F) {
	f.Add(int64(1_790_000_000), true, 1, 7)
	f.Add(int64(1_772_900_000), false, 28, 2)
	f.Fuzz(func(t *testing.T, now int64, weekly bool, day, hour int) {
		s := Schedule{Name: "x", Every: Month, Day: day, Hour: hour, Channel: "mail", Zone: "Europe/Dublin"}
		if weekly {
			s.Every, s.Weekday = Week, time.Weekday(day)
		}
		if s.Check() != nil || now < 0 || now > 4_000_000_000 {
			return
		}
		at := time.Unix(now, 0)
		last, next := s.Around(at, time.UTC)
		again, _ := s.Around(next.Add(-time.Second), time.UTC)
		if last.After(at) || !next.After(at) || !again.Equal(last) || next.Sub(last) > 32*24*time.Hour {
			t.Errorf("%+v at %s: last %s, next %s, before the next %s", s, at, last, next, again)
		}
		if from, to := s.Period(last, time.UTC); !from.Before(to) || to.After(last) {
			t.Errorf("%s to %s for %s", from, to, last)
		}
	})
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	good := Schedule{Name: "Board", Every: Month, Day: 1, Hour: 7, Channel: "desk", To: []string{"The Board <board@example.org>"}}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Schedule){
		"needs a name":              func(s *Schedule) { s.Name = " x" },
		"without a slash":           func(s *Schedule) { s.Name = "a/b" },
		"week or month is expected": func(s *Schedule) { s.Every = "day" },
		"1 to 28 is expected":       func(s *Schedule) { s.Day = 31 },
		"0 to 23 is expected":       func(s *Schedule) { s.Hour = 24 },
		"needs a channel":           func(s *Schedule) { s.Channel = "" },
		"time zone":                 func(s *Schedule) { s.Zone = "Mars/Base" },
		"an address such as":        func(s *Schedule) { s.To = []string{"a@b.c\r\nBcc: x@y.z"} },
		"send to a list instead":    func(s *Schedule) { s.To = make([]string, MostTo+1) },
	} {
		s := good
		change(&s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said: %v", want, err)
		}
	}
}
