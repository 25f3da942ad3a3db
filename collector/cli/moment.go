package cli

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// moment is a time as somebody wrote it.
type moment struct {
	at  time.Time
	day bool // a day was named, not a time in it; at is its start
}

// agoForm reads 2h, -2h, 2h ago, 3 days ago.
var agoForm = regexp.MustCompile(`\A-?([0-9]{1,9}) ?([a-z]+)( ago)?\z`)

// parseMoment reads a time as people write it: RFC 3339; a day or a day with a
// time, in the zone of now unless it ends in Z; now, today, yesterday; or how
// long ago (2h ago, -2h, 2h; units s, min, h, d, w, month, y and their names).
// Today and yesterday are days. Years are held to what the API takes.
func parseMoment(text string, now time.Time) (moment, error) {
	t := strings.ToLower(strings.Join(strings.Fields(text), " "))
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch t {
	case "now":
		return moment{at: now}, nil
	case "today":
		return moment{at: midnight, day: true}, nil
	case "yesterday":
		return moment{at: midnight.AddDate(0, 0, -1), day: true}, nil
	}
	upper := strings.ToUpper(t)
	for _, form := range []string{
		time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04Z07:00", "2006-01-02T15:04Z07:00",
		time.DateTime, "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04",
		time.DateOnly,
	} {
		at, err := time.ParseInLocation(form, upper, now.Location())
		if err != nil {
			continue
		}
		if at.Year() < 1970 || at.Year() >= 2200 {
			return moment{}, fmt.Errorf("%q is not between the years 1970 and 2200", cut(clean(text), 40))
		}
		return moment{at: at, day: form == time.DateOnly}, nil
	}
	if at, ok := ago(t, now); ok {
		return moment{at: at}, nil
	}
	return moment{}, fmt.Errorf("%q is no time: write 2026-11-20, \"2026-11-20 14:00\", 2026-11-20T14:00:00Z, \"2h ago\", -2h or yesterday", cut(clean(text), 40))
}

// ago counts back from now. Days and longer follow the calendar, so that a day
// ago is the same hour of the clock when summer time began in between.
func ago(t string, now time.Time) (time.Time, bool) {
	m := agoForm.FindStringSubmatch(t)
	if m == nil {
		return time.Time{}, false
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return time.Time{}, false
	}
	const century = 100 * 366
	var at time.Time
	switch m[2] {
	case "s", "sec", "secs", "second", "seconds":
		at = now.Add(-time.Duration(n) * time.Second)
	case "m", "min", "mins", "minute", "minutes":
		at = now.Add(-time.Duration(min(n, century*24*60)) * time.Minute)
	case "h", "hour", "hours":
		at = now.Add(-time.Duration(min(n, century*24)) * time.Hour)
	case "d", "day", "days":
		at = now.AddDate(0, 0, -min(n, century))
	case "w", "week", "weeks":
		at = now.AddDate(0, 0, -7*min(n, century))
	case "month", "months":
		at = now.AddDate(0, -min(n, century), 0)
	case "y", "year", "years":
		at = now.AddDate(-min(n, century), 0, 0)
	default:
		return time.Time{}, false
	}
	return at, at.Year() >= 1970
}

// start is the moment as the API takes it.
func (m moment) start() string { return m.at.UTC().Format(time.RFC3339Nano) }

// end is the moment as the end of a range: a day counts to its end.
func (m moment) end() string {
	if m.day {
		return m.at.AddDate(0, 0, 1).UTC().Format(time.RFC3339Nano)
	}
	return m.start()
}

// since, until and at read the flags of those names; empty stays empty.
func (s *session) since(text string) (string, error) {
	return s.momentFlag("--since", text, moment.start)
}
func (s *session) until(text string) (string, error) {
	return s.momentFlag("--until", text, moment.end)
}
func (s *session) at(text string) (string, error) { return s.momentFlag("--at", text, moment.start) }

func (s *session) momentFlag(flag, text string, form func(moment) string) (string, error) {
	if text == "" {
		return "", nil
	}
	m, err := parseMoment(text, s.clock())
	if err != nil {
		return "", usage("%s: %w", flag, err)
	}
	return form(m), nil
}

// expiry reads when something ends, and beginning when it begins: a time to
// come. The API knows durations; what is written without a zone has to be put
// into ours. Empty stays empty.
func (s *session) expiry(flag, text string) (string, error) { return s.ahead(flag, text, moment.end) }
func (s *session) beginning(flag, text string) (string, error) {
	return s.ahead(flag, text, moment.start)
}

// span reads durations as the API does, which counts them from now.
var spanForm = regexp.MustCompile(`\A([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h|d|w|y))+\z`)

func (s *session) ahead(flag, text string, form func(moment) string) (string, error) {
	now := s.clock()
	short := strings.ToLower(strings.TrimSpace(text))
	if short == "" || spanForm.MatchString(short) {
		return short, nil
	}
	if at, ok := morning(short, now); ok {
		return form(moment{at: at}), nil
	}
	m, err := parseMoment(text, now)
	if err != nil || agoForm.MatchString(short) {
		day := now.AddDate(0, 0, 1)
		return "", usage("%s: %q is no time to come: write 4h or 3d from now, tomorrow, monday, %s or \"%s 14:00\"",
			flag, cut(clean(text), 40), day.Format(time.DateOnly), day.Format(time.DateOnly))
	}
	return form(m), nil
}

// officeOpens is the hour of the day that tomorrow and weekdays mean.
const officeOpens = 8

// morning is the beginning of work tomorrow, or on the next day of a name;
// today's is a week from now.
func morning(text string, now time.Time) (time.Time, bool) {
	after := 0
	if text == "tomorrow" {
		after = 1
	}
	for day := time.Sunday; day <= time.Saturday; day++ {
		if name := strings.ToLower(day.String()); text == name || text == name[:3] {
			after = (int(day-now.Weekday())+6)%7 + 1
		}
	}
	return time.Date(now.Year(), now.Month(), now.Day()+after, officeOpens, 0, 0, 0, now.Location()), after > 0
}

// refAt reads REF or REF@TIME (or @TIME) and puts the time into the form of
// the API. A name that has an @ of its own stays as it is.
func (s *session) refAt(text string) string {
	i := strings.LastIndexByte(text, '@')
	if i < 0 {
		return text
	}
	m, err := parseMoment(text[i+1:], s.clock())
	if err != nil {
		return text
	}
	return text[:i+1] + m.start()
}
