package settings

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Problem is one setting that cannot stand. It reads like a compiler's error:
//
//	muster.yaml:12:9: outbox.size is "8": a size such as 64MiB is expected
type Problem struct {
	File   string // as the caller named it; empty for a flag or a default
	Line   int    // from 1; 0 when the setting does not come from a file
	Column int    // from 1, in characters
	Key    string // dotted path such as "web.address"; empty for the file itself
	Text   string // the offending text as written; empty when there is none
	Want   string // what is expected, or what to do
}

// Error is the one line that a person reads.
func (p Problem) Error() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
		}
		b.WriteString(": ")
	}
	switch {
	case p.Key != "" && p.Text != "":
		fmt.Fprintf(&b, "%s is %s: ", p.Key, strconv.Quote(clip(p.Text)))
	case p.Key != "":
		b.WriteString(p.Key + ": ")
	case p.Text != "":
		b.WriteString(strconv.Quote(clip(p.Text)) + ": ")
	}
	b.WriteString(p.Want)
	return b.String()
}

// Problems is everything wrong with a file, in the order of its lines: whoever
// mends a file wants to see all of it at once.
type Problems []Problem

// Error joins one line each.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Add appends one problem of a key; it is what a Check method uses.
func (ps *Problems) Add(key, text, want string, args ...any) {
	*ps = append(*ps, Problem{Key: key, Text: text, Want: fmt.Sprintf(want, args...)})
}

// Err is nil when nothing is wrong, so that callers do not meet a non-nil
// error interface around an empty list.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return ps
}

// below moves the problems of an inner struct under its key.
func (ps Problems) below(key string) Problems {
	for i := range ps {
		ps[i].Key = join(key, ps[i].Key)
	}
	return ps
}

// at is below for a place in a list.
func (ps Problems) at(i int) Problems {
	if len(ps) == 0 {
		return nil
	}
	return ps.below("[" + strconv.Itoa(i) + "]")
}

func join(parent, key string) string {
	switch {
	case parent == "":
		return key
	case key == "":
		return parent
	case strings.HasPrefix(key, "["):
		return parent + key
	}
	return parent + "." + key
}
