package web

import (
	"regexp"
	"strings"
	"time"
)

// dayForms are the ways in which a day is written at a desk; those without a
// year are of the last twelve months.
var dayForms = []struct {
	form string
	year bool
}{
	{"1/2/2006", true}, {"1/2/06", true}, {"Jan 2, 2006", true}, {"January 2, 2006", true}, {"Jan 2 2006", true}, {"January 2 2006", true},
	{"1/2", false}, {"Jan 2", false}, {"January 2", false},
}

// howLong is an age as the API takes it.
var howLong = regexp.MustCompile(`^\d+(\.\d+)?[smhdwy]$`)

// dayWritten reads a day as people write it: Nov 27, 11/27/2026, last Tuesday,
// yesterday. What the API reads by itself, it leaves as it is. A day begins at
// its midnight in the office's zone; ok is false for what is neither.
func dayWritten(text string, zone *time.Location, now time.Time) (at string, ok bool) {
	text = strings.Join(strings.Fields(text), " ")
	now = now.In(zone)
	y, m, d := now.Date()
	back := func(days int) (string, bool) {
		return time.Date(y, m, d-days, 0, 0, 0, 0, zone).UTC().Format(time.RFC3339), true
	}
	word := strings.TrimPrefix(strings.ToLower(text), "last ")
	switch {
	case howLong.MatchString(word), word == "now":
		return word, true
	case word == "today":
		return back(0)
	case word == "yesterday":
		return back(1)
	case word == "week":
		return back(7)
	case word == "month":
		return back(30)
	}
	for n := range 7 {
		name := strings.ToLower(now.AddDate(0, 0, -n-1).Weekday().String())
		if word == name || word == name[:3] {
			return back(n + 1)
		}
	}
	for _, f := range dayForms {
		// Months begin with a capital, whatever somebody typed.
		t, err := time.ParseInLocation(f.form, strings.ToUpper(text[:min(1, len(text))])+strings.ToLower(text[min(1, len(text)):]), zone)
		if err != nil {
			continue
		}
		if !f.year {
			t = time.Date(y, t.Month(), t.Day(), 0, 0, 0, 0, zone)
			if t.After(now) {
				t = t.AddDate(-1, 0, 0)
			}
		}
		return t.UTC().Format(time.RFC3339), true
	}
	for _, f := range []string{time.DateOnly, "2006-01-02 15:04", time.RFC3339} {
		if t, err := time.ParseInLocation(f, text, zone); err == nil {
			return t.UTC().Format(time.RFC3339), true
		}
	}
	return "", false
}
