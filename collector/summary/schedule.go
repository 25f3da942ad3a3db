// Package summary is the figures that a board asks for, and when they are
// mailed. It owns what is counted, over which time, the schedules, and that
// each goes out once for each of its times: over restarts, and when clocks jump.
//
// It must not know HTTP, how a database keeps its rows, or how a mail is sent:
// a message is put in line with those of package notify.
package summary

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"muster/collector/store"
)

// Every is how often a summary is sent.
type Every string

// The rhythms.
const (
	Week  Every = "week"
	Month Every = "month"
)

// Schedule says when a summary goes to whom, about what.
type Schedule struct {
	Name    string       `json:"name"`
	Every   Every        `json:"every"`
	Weekday time.Weekday `json:"weekday,omitempty"` // of weekly ones
	Day     int          `json:"day,omitempty"`     // of the month, 1 to 28
	Hour    int          `json:"hour"`              // 0 to 23
	Zone    string       `json:"zone,omitempty"`    // IANA name; empty: the office's
	Scope   store.Scope  `json:"scope"`             // whose figures
	Channel string       `json:"channel"`           // of kind mail
	To      []string     `json:"to,omitempty"`      // addresses; empty: those of the channel
	Off     bool         `json:"off,omitempty"`

	Since     time.Time `json:"since"` // when it was last said when it goes: times before that are not made up for
	ChangedAt time.Time `json:"changed_at"`
	ChangedBy string    `json:"changed_by"`
}

// Bounds of a schedule.
const (
	MostName = 80 // characters
	MostTo   = 50 // addresses; more people are a list's job
	Most     = 100
)

// Check says what is wrong with a schedule, in words for who wrote it.
func (s Schedule) Check() error {
	switch {
	case s.Name == "" || utf8.RuneCountInString(s.Name) > MostName || strings.TrimSpace(s.Name) != s.Name || strings.ContainsFunc(s.Name, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError || r == '/' }):
		return fmt.Errorf("a summary needs a name of at most %d characters, without a slash", MostName)
	case s.Every != Week && s.Every != Month:
		return fmt.Errorf("every %q: week or month is expected", string(s.Every))
	case s.Every == Week && (s.Weekday < time.Sunday || s.Weekday > time.Saturday):
		return errors.New("a weekly summary needs a weekday")
	case s.Every == Month && (s.Day < 1 || s.Day > 28):
		return fmt.Errorf("day %d: 1 to 28 is expected, which every month has", s.Day)
	case s.Hour < 0 || s.Hour > 23:
		return fmt.Errorf("hour %d: 0 to 23 is expected", s.Hour)
	case s.Channel == "":
		return errors.New("a summary needs a channel of kind mail")
	case len(s.To) > MostTo:
		return fmt.Errorf("to: at most %d addresses are expected: send to a list instead", MostTo)
	}
	if s.Zone != "" {
		if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "Local" {
			return fmt.Errorf("time zone %q is not known: a name such as America/New_York is expected", s.Zone)
		}
	}
	for _, to := range s.To {
		if err := CheckAddress(to); err != nil {
			return err
		}
	}
	return nil
}

// CheckAddress says what is wrong with an address that a summary goes to.
func CheckAddress(to string) error {
	a, err := mail.ParseAddress(to)
	if err != nil || strings.ContainsAny(to, "\r\n\x00") || strings.ContainsAny(a.Address, " <>\t") {
		return fmt.Errorf("to %q: an address such as board@example.org is expected", to)
	}
	return nil
}

// SameTimes says whether both go at the same times.
func (s Schedule) SameTimes(o Schedule) bool {
	return s.Every == o.Every && s.Weekday == o.Weekday && s.Day == o.Day && s.Hour == o.Hour && s.Zone == o.Zone && s.Off == o.Off
}

// zone is where its hours are; office is that of the collector.
func (s Schedule) zone(office *time.Location) *time.Location {
	if z, err := time.LoadLocation(s.Zone); s.Zone != "" && err == nil {
		return z
	}
	return office
}

// Around gives the last time at or before now, and the next one after it.
func (s Schedule) Around(now time.Time, office *time.Location) (last, next time.Time) {
	z := s.zone(office)
	local := now.In(z)
	at := func(n int) time.Time { // n weeks or months from now's
		if s.Every == Month {
			return time.Date(local.Year(), local.Month()+time.Month(n), s.Day, s.Hour, 0, 0, 0, z)
		}
		return time.Date(local.Year(), local.Month(), local.Day()+int(s.Weekday-local.Weekday())+7*n, s.Hour, 0, 0, 0, z)
	}
	for n := -2; n <= 2; n++ {
		t := at(n)
		if t.After(now) {
			return last, t
		}
		last = t
	}
	return last, at(3)
}

// Period is the time that a summary due at a time is about: the seven days
// before that day, or the calendar month before.
func (s Schedule) Period(due time.Time, office *time.Location) (from, to time.Time) {
	d := due.In(s.zone(office))
	if s.Every == Month {
		to = time.Date(d.Year(), d.Month(), 1, 0, 0, 0, 0, d.Location())
		return to.AddDate(0, -1, 0), to
	}
	to = time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, d.Location())
	return to.AddDate(0, 0, -7), to
}

// Schedules keeps schedules.
type Schedules interface {
	// Summaries lists them by name.
	Summaries(ctx context.Context) ([]Schedule, error)
	// PutSummary makes one, or replaces the one of its name, in any case.
	// store.ErrConflict when there are Most already.
	PutSummary(ctx context.Context, s Schedule) error
	// DeleteSummary answers store.ErrNotFound for what is not there.
	DeleteSummary(ctx context.Context, name string) error
}
