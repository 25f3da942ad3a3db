// Package keyfile reads files of sections and keys, for several readers: units
// of systemd, desktop entries, settings of many daemons.
//
// It owns their common form and its limits. It must not know what a key means.
package keyfile

import (
	"bufio"
	"io"
	"strings"
)

// Limits of one file: what is beyond is not read.
const (
	Most    = 256 << 10 // bytes
	maxLine = 64 << 10
)

// Parse calls each for every KEY=VALUE with the section it stands in, without
// brackets; empty before the first. Lines that begin with # or ; are comments,
// also within a value that a backslash at its end continues. Values keep their
// quotes.
func Parse(r io.Reader, each func(section, key, value string)) error {
	section, carry := "", ""
	s := bufio.NewScanner(io.LimitReader(r, Most))
	s.Buffer(make([]byte, 0, 1024), maxLine)
	for s.Scan() {
		line := strings.TrimSpace(s.Text())
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		line = carry + line
		carry = ""
		if strings.HasSuffix(line, `\`) && len(line) < 8<<10 {
			carry = strings.TrimSuffix(line, `\`) + " "
			continue
		}
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			section = strings.TrimSpace(line[1 : len(line)-1])
			continue
		}
		if key, value, ok := strings.Cut(line, "="); ok {
			if key = strings.TrimSpace(key); key != "" {
				each(section, key, strings.TrimSpace(value))
			}
		}
	}
	return s.Err()
}

// Unquote takes one pair of quotes away that surrounds a value.
func Unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}

// Bool reads yes or no as such files write it; ok is false for other words.
func Bool(s string) (value, ok bool) {
	switch strings.ToLower(Unquote(s)) {
	case "yes", "true", "on", "1":
		return true, true
	case "no", "false", "off", "0":
		return false, true
	}
	return false, false
}
