package api

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// clip bounds a text to n characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// printable takes out what would break a line of a log or a list.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
}

// plainText says whether people's text has nothing but text in it; lines are
// for notes.
func plainText(s string, lines bool) error {
	for _, r := range s {
		if r == utf8.RuneError || unicode.IsControl(r) && (!lines || r != '\n' && r != '\t') {
			return NewProblem(invalid, "there is a character in %q that is no text", clip(printable(s), 40))
		}
	}
	return nil
}

var (
	ageForm   = regexp.MustCompile(`\A([0-9]{1,9})(s|m|h|d|w|y)\z`)
	labelForm = regexp.MustCompile(`\A[\pL\pN][\pL\pN._+-]{0,62}\z`)
)

// age reads a duration as people write it: 90m, 12h, 7d, 2w, 1y, or as Go
// does (1h30m).
func age(text string) (time.Duration, bool) {
	m := ageForm.FindStringSubmatch(text)
	if m == nil {
		d, err := time.ParseDuration(text)
		return d, err == nil && d >= 0
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return 0, false
	}
	unit := map[string]time.Duration{
		"s": time.Second, "m": time.Minute, "h": time.Hour,
		"d": 24 * time.Hour, "w": 7 * 24 * time.Hour, "y": 365 * 24 * time.Hour,
	}[m[2]]
	if n > int64(200*365*24*time.Hour/unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// moment reads a time as people write it; an age counts back from now. The
// empty text is the zero time.
func moment(what, text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	switch text {
	case "":
		return time.Time{}, nil
	case "now":
		return now, nil
	}
	if d, ok := age(text); ok {
		return now.Add(-d), nil
	}
	if t, ok := instant(text); ok {
		return t, nil
	}
	return time.Time{}, NewProblem(invalid, "%s: %q is no time: write 2026-11-01, \"2026-11-01 14:05\", 2026-11-01T14:05:00Z, or an age such as 12h or 7d", what, clip(text, 40))
}

// instant reads a date or a time, UTC where no zone is given. Years are held
// to what databases and JSON take.
func instant(text string) (time.Time, bool) {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), t.Year() >= 1970 && t.Year() < 2200
		}
	}
	return time.Time{}, false
}

// later reads when something ends: a duration from now, or a time.
func later(what, text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	if d, ok := age(text); ok {
		return now.Add(d), nil
	}
	if t, ok := instant(text); ok {
		return t, nil
	}
	return time.Time{}, NewProblem(invalid, "%s: %q is neither a duration such as 24h or 7d nor a time to come such as %s", what, clip(text, 40), now.AddDate(0, 0, 7).Format(time.DateOnly))
}

// span reads a range of time and holds it to its order.
func span(from, to string, now time.Time) (a, b time.Time, err error) {
	if a, err = moment("from", from, now); err != nil {
		return a, b, err
	}
	if b, err = moment("to", to, now); err != nil {
		return a, b, err
	}
	if !a.IsZero() && !b.IsZero() && !a.Before(b) {
		return a, b, NewProblem(invalid, "from: %s is not before the end, %s", a.Format(time.RFC3339), b.Format(time.RFC3339))
	}
	return a, b, nil
}

// near ends a message with the word somebody may have meant.
func near(word string, from []string) string {
	best, distance := "", 3
	if len(word) > 64 {
		return ""
	}
	for _, c := range from {
		// Two slips in a short word make it another one, unless it is a beginning.
		begun := len(word) >= 3 && strings.HasPrefix(strings.ToLower(c), strings.ToLower(word))
		if d := slips(strings.ToLower(word), strings.ToLower(c)); d < distance && (d < 2 || 2*d < len(word) || begun) {
			best, distance = c, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// slips counts the letters to add, leave out, change or swap with their
// neighbour (optimal string alignment).
func slips(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			cost := row[j]
			if a[i] != b[j] {
				cost++
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cost = min(cost, before[j-1]+1)
			}
			next[j+1] = min(cost, row[j+1]+1, next[j]+1)
		}
		before, row = row, next
	}
	return row[len(b)]
}

// labels checks labels and gives them once each, sorted.
func labels(list []string) ([]string, error) {
	var out []string
	for _, l := range list {
		l = strings.TrimSpace(l)
		if !labelForm.MatchString(l) {
			return nil, NewProblem(invalid, "label %q: use 1 to 63 letters, digits and . _ + -, a letter or digit first", clip(printable(l), 70))
		}
		out = append(out, l)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// placeName checks the name of an agency or a site.
func placeName(what, name string) (string, error) {
	name = strings.TrimSpace(name)
	if err := plainText(name, false); err != nil {
		return "", err
	}
	if name == "" || len(name) > 100 || strings.Contains(name, "/") {
		return "", NewProblem(invalid, "the name of %s has 1 to 100 characters and no /, because AGENCY/SITE names a site", what)
	}
	return name, nil
}
