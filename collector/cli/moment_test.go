package cli

import (
	"strings"
	"testing"
	"time"
)

func TestMoments(t *testing.T) {
	now := noon() // 2026-11-20 15:00 -05:00
	for in, want := range map[string]string{
		"now":                       "2026-11-20T20:00:00Z",
		"today":                     "2026-11-20T05:00:00Z",
		" Yesterday ":               "2026-11-19T05:00:00Z",
		"2026-11-20":                "2026-11-20T05:00:00Z",
		"2026-11-20 14:00":          "2026-11-20T19:00:00Z",
		"2026-11-20  14:00:30":      "2026-11-20T19:00:30Z",
		"2026-11-20T14:00":          "2026-11-20T19:00:00Z",
		"2026-11-20T14:00:00Z":      "2026-11-20T14:00:00Z",
		"2026-11-20t14:00:00z":      "2026-11-20T14:00:00Z",
		"2026-11-20 14:00Z":         "2026-11-20T14:00:00Z",
		"2026-11-20T14:00:00+02:00": "2026-11-20T12:00:00Z",
		"2h":                        "2026-11-20T18:00:00Z",
		"-2h":                       "2026-11-20T18:00:00Z",
		"2h ago":                    "2026-11-20T18:00:00Z",
		"2 hours ago":               "2026-11-20T18:00:00Z",
		"90 min ago":                "2026-11-20T18:30:00Z",
		"30s":                       "2026-11-20T19:59:30Z",
		"7d":                        "2026-11-13T20:00:00Z",
		"2w":                        "2026-11-06T20:00:00Z",
		"1 month ago":               "2026-10-20T20:00:00Z",
		"1y":                        "2025-11-20T20:00:00Z",
	} {
		m, err := parseMoment(in, now)
		if err != nil {
			t.Errorf("%q: %v", in, err)
		} else if got := m.start(); got != want {
			t.Errorf("%q is %s, want %s", in, got, want)
		}
	}
	for _, in := range []string{
		"", "lunch", "2026-13-01", "2026-11-20 25:00", "20.11.2026", "-", "ago", "5", "5 parsecs ago", "1969-12-31", "2200-01-01", "99999999999d", "999999999d", "100y",
	} {
		if m, err := parseMoment(in, now); err == nil {
			t.Errorf("%q was taken for %s", in, m.start())
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: more than one line: %v", in, err)
		}
	}
}

// What ends later is a duration, which the API counts, or a time to come; work
// begins at eight.
func TestTimesToCome(t *testing.T) {
	s := &session{now: noon} // a Friday
	for in, want := range map[string]string{
		"":                 "",
		"4h":               "4h",
		"1h30m":            "1h30m",
		"3d":               "3d",
		"tomorrow":         "2026-11-21T13:00:00Z",
		"Monday":           "2026-11-23T13:00:00Z",
		"mon":              "2026-11-23T13:00:00Z",
		"friday":           "2026-11-27T13:00:00Z",
		"thu":              "2026-11-26T13:00:00Z",
		"today":            "2026-11-21T05:00:00Z",
		"2026-11-30":       "2026-12-01T05:00:00Z",
		"2026-11-30 14:00": "2026-11-30T19:00:00Z",
	} {
		if got, err := s.expiry("--until", in); err != nil || got != want {
			t.Errorf("%q is %q (%v), want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"2h ago", "-2h", "soon", "moonday", "3 days"} {
		if got, err := s.expiry("--until", in); err == nil || !strings.Contains(err.Error(), "2026-11-21") {
			t.Errorf("%q was taken for %q (%v)", in, got, err)
		}
	}
}

// A day at the end of a range counts to its end, also when the clock is
// changed in it: that of 2026-11-01 has 25 hours in New York.
func TestADayEndsAtItsEnd(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 20, 15, 0, 0, 0, zone)
	m, err := parseMoment("2026-11-01", now)
	if err != nil {
		t.Fatal(err)
	}
	if m.start() != "2026-11-01T04:00:00Z" || m.end() != "2026-11-02T05:00:00Z" {
		t.Errorf("the day is %s to %s", m.start(), m.end())
	}
	if m, _ = parseMoment("2026-11-01 10:00", now); m.end() != m.start() {
		t.Errorf("a time of the day was stretched to %s", m.end())
	}
}

// Whatever is written: no panic, and what is taken is a time that the API
// takes too and that reads back as itself.
func FuzzMoment(f *testing.F) {
	for _, seed := range []string{"now", "yesterday", "2026-11-20", "2026-11-20 14:00", "2h ago", "-2h", "999999999s", "0000-00-00", "2026-11-20T14:00:00.123456789+14:00"} {
		f.Add(seed)
	}
	now := noon()
	f.Fuzz(func(t *testing.T, in string) {
		m, err := parseMoment(in, now)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Fatalf("%q: the error is no clean line: %q", in, err)
			}
			return
		}
		if y := m.at.UTC().Year(); y < 1969 || y > 2200 {
			t.Fatalf("%q is in the year %d", in, y)
		}
		back, err := parseMoment(m.start(), now)
		if err != nil || !back.at.Equal(m.at) {
			t.Fatalf("%q is %s, which reads as %v (%v)", in, m.start(), back.at, err)
		}
	})
}
