package web

import (
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/web/texts"
)

// The words and forms that pages share: one meaning, one word, everywhere.

// urgency is a severity as people read it: its class, and its word.
func urgency(severity string) (class string, word texts.T) {
	switch severity {
	case "critical":
		return "today", "Act today"
	case "warn":
		return "week", "This week"
	case "info":
		return "watch", "Watch"
	case "":
		return "fine", "No findings"
	}
	return "unknown", "Can’t tell"
}

func urgencyClass(severity string) string { c, _ := urgency(severity); return c }
func urgencyWord(severity string) texts.T { _, w := urgency(severity); return w }

// severities are the urgencies, the worst first.
func severities() []string { return []string{"critical", "warn", "info"} }

// urgencyOrder is the place of a severity among them; none comes last.
func urgencyOrder(severity string) int {
	if i := slices.Index(severities(), severity); i >= 0 {
		return i
	}
	return len(severities())
}

// presence is a state as people read it.
func presenceWord(p string) texts.T {
	switch p {
	case "online":
		return "Online"
	case "asleep":
		return "Asleep"
	case "away":
		return "Away"
	case "missing":
		return "Missing"
	case "retired":
		return "Retired"
	}
	return "Can’t tell"
}

// presenceIcon is its picture; one that is not known has that of what cannot be
// told.
func presenceIcon(p string) string {
	switch p {
	case "online", "asleep", "away", "missing", "retired":
		return p
	}
	return "unknown"
}

// kindWord is a kind of device, of one or of several.
func kindWord(kind string) texts.T {
	switch kind {
	case "pc":
		return "PC"
	case "ups":
		return "UPS"
	case "pdu":
		return "PDU"
	case "nas":
		return "NAS"
	case "":
		return "device"
	}
	return texts.Known(strings.ReplaceAll(kind, "_", " "))
}

// count is a number and what it counts.
func count(n int, one, many texts.T) texts.T { return texts.Count(n, one, many) }

// whole writes a number with its thousands apart.
func whole(n int64) string {
	s := strconv.FormatInt(n, 10)
	neg := strings.TrimPrefix(s, "-")
	for i := len(neg) - 3; i > 0; i -= 3 {
		neg = neg[:i] + "," + neg[i:]
	}
	if n < 0 {
		return "-" + neg
	}
	return neg
}

// apart writes a text that is nothing but a large number with its thousands
// apart.
func apart(s string) string {
	// One word for one amount: pages count in steps of 1,024 everywhere.
	for _, unit := range []string{"K", "M", "G", "T"} {
		if left, ok := strings.CutSuffix(s, " "+unit+"iB"); ok {
			return left + " " + unit + "B"
		}
	}
	if len(s) < 5 || len(s) > 15 {
		return s
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return s
	}
	return whole(n)
}

// placeWord tells places of one agency without it: who works for one need not
// read its name in every line. Of several it stays.
func placeWord(all []string) func(string) string {
	agency := ""
	for i, p := range all {
		a, _, ok := strings.Cut(p, "/")
		if !ok || i > 0 && a != agency {
			return func(s string) string { return s }
		}
		agency = a
	}
	return func(s string) string { return strings.TrimPrefix(s, agency+"/") }
}

// size is a number of bytes.
func size(n int64) string {
	switch {
	case n <= 0:
		return "–"
	case n < 1<<20:
		return fmt.Sprintf("%d KB", n>>10)
	case n < 1<<30:
		return fmt.Sprintf("%d MB", n>>20)
	case n < 10<<30:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/(1<<30)), ".0") + " GB"
	case n < 1<<40:
		return fmt.Sprintf("%.0f GB", float64(n)/(1<<30))
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/(1<<40)), ".0") + " TB"
}

// span is a length of time in one unit, as people say it.
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "now"
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	case d < 90*24*time.Hour:
		return fmt.Sprintf("%d d", int(d.Hours()/24))
	case d < 2*365*24*time.Hour:
		return fmt.Sprintf("%d months", int(d.Hours()/24/30.44))
	}
	return fmt.Sprintf("%d years", int(d.Hours()/24/365.25))
}

// clock tells times in the office's zone.
type clock struct {
	zone *time.Location
	now  time.Time
	lang *texts.Language // of what is written with times
}

func (s *Site) clock(v *visit) clock { return clock{s.o.Zone, v.now, v.lang} }

// Zone is the zone's name, as it is now.
func (c clock) Zone() string { return c.now.In(c.zone).Format("MST") }

// At is a time as short as it is clear: of today the time, of this week the day.
func (c clock) At(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t, now := t.In(c.zone), c.now.In(c.zone)
	y, m, d := now.Date()
	midnight := time.Date(y, m, d, 0, 0, 0, 0, c.zone)
	switch {
	case !t.Before(midnight) && t.Before(midnight.AddDate(0, 0, 1)):
		return t.Format("3:04 PM")
	case !t.Before(midnight.AddDate(0, 0, -6)) && t.Before(midnight):
		return t.Format("Mon 3:04 PM")
	case t.Year() == now.Year():
		return t.Format("Jan 2")
	}
	return t.Format("Jan 2, 2006")
}

// Exact is a time without anything left open.
func (c clock) Exact(t time.Time) string {
	return t.In(c.zone).Format("Mon, Jan 2, 2006, 3:04:05 PM MST")
}

// Time is the element of a time, told as At does, exact when pointed at.
func (c clock) Time(t time.Time) template.HTML { return c.element(t, c.At(t)) }

// Ago is the element of a time, told by how long ago it was.
func (c clock) Ago(t time.Time) template.HTML { return c.element(t, span(c.now.Sub(t))) }

func (c clock) element(t time.Time, text string) template.HTML {
	if t.IsZero() {
		return "–"
	}
	return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339) + `" title="` + template.HTMLEscapeString(c.Exact(t)) + `">` + template.HTMLEscapeString(text) + `</time>`)
}
