package web

import (
	"testing"
	"time"
)

func TestDaysAsPeopleWriteThem(t *testing.T) {
	zone := time.FixedZone("EST", -5*3600)
	now := time.Date(2026, 11, 24, 10, 40, 0, 0, zone) // a Tuesday
	for text, want := range map[string]string{
		"7d": "7d", "12h": "12h", "Last Tuesday": "2026-11-17T05:00:00Z", "tue": "2026-11-17T05:00:00Z", "Monday": "2026-11-23T05:00:00Z",
		"yesterday": "2026-11-23T05:00:00Z", "nov 20": "2026-11-20T05:00:00Z", "November 20, 2025": "2025-11-20T05:00:00Z", "Dec 24": "2025-12-24T05:00:00Z",
		"11/20/2026": "2026-11-20T05:00:00Z", "11/20": "2026-11-20T05:00:00Z", "2026-11-20": "2026-11-20T05:00:00Z", "2026-11-20 08:30": "2026-11-20T13:30:00Z",
		"": "", "someday": "", "13/45/2026": "", "…": "",
	} {
		got, ok := dayWritten(text, zone, now)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v, not %q", text, got, ok, want)
		}
	}
}

func FuzzDayWritten(f *testing.F) {
	for _, s := range []string{"last Tuesday", "Nov 27", "1/2", "", "é", "2026-02-30"} {
		f.Add(s)
	}
	now := time.Date(2026, 2, 28, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		if at, ok := dayWritten(s, time.UTC, now); ok == (at == "") {
			t.Errorf("%q: %q, %v", s, at, ok)
		}
	})
}
