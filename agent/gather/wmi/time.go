package wmi

import (
	"strconv"
	"strings"
	"time"
)

// Time is a property that is a date: 20240603081500.123456+120, where the sign
// and the last number are minutes east of Greenwich (DMTF DSP0004, "datetime").
// The zero time when it is none.
func (r Row) Time(name string) time.Time {
	s := r.Text(name)
	if len(s) != 25 || s[14] != '.' || s[21] != '+' && s[21] != '-' {
		return time.Time{}
	}
	minutes, err := strconv.Atoi(s[22:])
	if err != nil || minutes > 14*60 {
		return time.Time{}
	}
	if s[21] == '-' {
		minutes = -minutes
	}
	at, err := time.ParseInLocation("20060102150405", strings.TrimSpace(s[:14]), time.FixedZone("", minutes*60))
	if err != nil || at.Year() < 1990 {
		return time.Time{}
	}
	return at.UTC()
}
