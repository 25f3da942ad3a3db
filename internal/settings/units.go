package settings

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes, written as 512KiB, 64MiB, 8GiB or 1500B. Decimal
// units (kB, MB, GB, TB) count by 1,000, binary ones by 1,024 (IEC 80000-13).
type Size int64

// Duration is a length of time, written as time.ParseDuration does with three
// more units: d (24 hours), w (7 days) and y (365 days): 90s, 1h30m, 7d, 3y.
type Duration time.Duration

// D is the same length as the standard library's type.
func (d Duration) D() time.Duration { return time.Duration(d) }

type unit struct {
	name  string
	value int64
}

// Longest names first: "MiB" must not be read as "B".
func sizeUnits() []unit {
	return []unit{
		{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
		{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1},
	}
}

// Largest first, so that String takes the largest that divides evenly.
func durationUnits() []unit {
	const day = int64(24 * time.Hour)
	return []unit{
		{"y", 365 * day}, {"w", 7 * day}, {"d", day},
		{"h", int64(time.Hour)}, {"m", int64(time.Minute)}, {"s", int64(time.Second)},
		{"ms", int64(time.Millisecond)}, {"us", int64(time.Microsecond)}, {"ns", 1},
	}
}

// ParseSize reads a Size: a number of at most 18 digits, which may have a
// fraction, and a unit. A bare number other than 0 is refused, because nobody
// can tell whether it means bytes or megabytes.
func ParseSize(s string) (Size, error) {
	text := strings.TrimSpace(s)
	if text == "0" {
		return 0, nil
	}
	for _, u := range sizeUnits() {
		number, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := scale(strings.TrimSpace(number), u.value)
		if err != nil {
			return 0, fmt.Errorf("size %q: %w", clip(s), err)
		}
		return Size(n), nil
	}
	return 0, fmt.Errorf("size %q has no unit: write it like 64MiB or 500kB", clip(s))
}

// ParseDuration reads a Duration: one or more numbers with a unit each. A bare
// number other than 0 is refused.
func ParseDuration(s string) (Duration, error) {
	text := strings.TrimSpace(s)
	if text == "0" {
		return 0, nil
	}
	rest, total := text, int64(0)
	for rest != "" {
		end := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if end <= 0 {
			return 0, fmt.Errorf("duration %q cannot be read: write it like 90s, 15m or 7d", clip(s))
		}
		number := rest[:end]
		rest = rest[end:]
		end = strings.IndexFunc(rest, func(r rune) bool { return (r >= '0' && r <= '9') || r == '.' })
		if end < 0 {
			end = len(rest)
		}
		name := rest[:end]
		rest = rest[end:]
		value := int64(0)
		for _, u := range durationUnits() {
			if u.name == name {
				value = u.value
			}
		}
		if value == 0 {
			return 0, fmt.Errorf("duration %q has the unknown unit %q: use s, m, h, d, w or y", clip(s), clip(name))
		}
		n, err := scale(number, value)
		if err != nil {
			return 0, fmt.Errorf("duration %q: %w", clip(s), err)
		}
		if total > math.MaxInt64-n {
			return 0, fmt.Errorf("duration %q is too long", clip(s))
		}
		total += n
	}
	if text == "" {
		return 0, fmt.Errorf("the duration is empty: write it like 90s, 15m or 7d")
	}
	return Duration(total), nil
}

// scale multiplies an unsigned decimal number with a unit, exactly for whole
// numbers and to the nearest for fractions.
func scale(number string, by int64) (int64, error) {
	if number == "" || len(number) > 18 || strings.Trim(number, "0123456789.") != "" {
		return 0, fmt.Errorf("%q is not a number", clip(number))
	}
	if whole, err := strconv.ParseInt(number, 10, 64); err == nil {
		if whole > math.MaxInt64/by {
			return 0, fmt.Errorf("%s is too large", number)
		}
		return whole * by, nil
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", clip(number))
	}
	f = math.Round(f * float64(by))
	if f >= math.MaxInt64 {
		return 0, fmt.Errorf("%s is too large", number)
	}
	return int64(f), nil
}

// String writes the size in the largest binary unit that divides it evenly, so
// that what is printed can be written back.
func (s Size) String() string {
	if s == 0 {
		return "0"
	}
	for _, u := range sizeUnits()[:4] {
		if int64(s)%u.value == 0 {
			return strconv.FormatInt(int64(s)/u.value, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// String writes the duration in days or smaller units that divide it evenly,
// in a form that can be written back.
func (d Duration) String() string {
	if d == 0 {
		return "0"
	}
	rest, sign := int64(d), ""
	if rest < 0 {
		rest, sign = -rest, "-"
	}
	var b strings.Builder
	// Weeks and years are read but not written: 400d says more than 1y5w.
	for _, u := range durationUnits()[2:] {
		if n := rest / u.value; n > 0 {
			b.WriteString(strconv.FormatInt(n, 10) + u.name)
			rest -= n * u.value
		}
	}
	return sign + b.String()
}

// clip keeps a quoted piece of input short in a message.
func clip(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
