// Package syslog reads lines of text logs such as /var/log/messages, and
// follows their files through rotation.
//
// It owns the forms of a line (RFC 3164 and the ISO times of rsyslog, with the
// words that busybox adds) and how far a file was read. It must not know what
// a line means.
package syslog

import (
	"bytes"
	"strconv"
	"time"
)

// Line is one line.
type Line struct {
	At      time.Time
	Program string // without path and number of the process
	PID     int
	Text    string
}

const (
	maxLine    = 4 << 10
	maxProgram = 64
)

// Parse reads a line. Times without a year are of the year before now, times
// without a zone of the place given.
func Parse(b []byte, now time.Time, place *time.Location) (Line, bool) {
	b = bytes.TrimRight(b, "\r\n\x00 ")
	if len(b) > maxLine {
		b = b[:maxLine]
	}
	at, rest, ok := stamp(b, now, place)
	if !ok {
		return Line{}, false
	}
	_, rest, ok = bytes.Cut(rest, []byte(" ")) // the host
	if !ok {
		return Line{}, false
	}
	if word, behind, more := bytes.Cut(rest, []byte(" ")); more && facility(word) {
		rest = behind
	}
	tag, text, ok := bytes.Cut(rest, []byte(":"))
	if !ok || len(tag) == 0 || bytes.IndexByte(tag, ' ') >= 0 {
		return Line{}, false
	}
	l := Line{At: at, Text: string(bytes.TrimLeft(text, " "))}
	if i := bytes.IndexByte(tag, '['); i >= 0 && tag[len(tag)-1] == ']' {
		if n, err := strconv.Atoi(string(tag[i+1 : len(tag)-1])); err == nil && n >= 0 {
			l.PID, tag = n, tag[:i]
		}
	}
	tag = tag[bytes.LastIndexByte(tag, '/')+1:]
	l.Program = string(tag[:min(len(tag), maxProgram)])
	return l, true
}

// facility tells "daemon.info", which busybox's syslogd writes behind the host.
func facility(w []byte) bool {
	name, level, ok := bytes.Cut(w, []byte("."))
	if !ok || len(name) < 3 || bytes.ContainsAny(w, "[:/") {
		return false
	}
	switch string(level) {
	case "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug":
		return true
	}
	return false
}

func stamp(b []byte, now time.Time, place *time.Location) (at time.Time, rest []byte, ok bool) {
	if len(b) > 20 && b[4] == '-' && (b[10] == 'T' || b[10] == ' ') {
		word, rest, ok := bytes.Cut(b, []byte(" "))
		if !ok {
			return at, nil, false
		}
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999-0700", "2006-01-02T15:04:05.999999999"} {
			if at, err := time.ParseInLocation(layout, string(word), place); err == nil && at.Year() > 1990 && at.Year() < 2500 {
				return at.UTC(), rest, true
			}
		}
		return at, nil, false
	}
	if len(b) < 16 || b[15] != ' ' {
		return at, nil, false
	}
	at, err := time.ParseInLocation(time.Stamp, string(b[:15]), place)
	if err != nil {
		return at, nil, false
	}
	here := now.In(place)
	at = time.Date(here.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, place)
	if at.After(now.Add(24 * time.Hour)) { // of December, read in January
		at = at.AddDate(-1, 0, 0)
	}
	return at.UTC(), b[16:], true
}
