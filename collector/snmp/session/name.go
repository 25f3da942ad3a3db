package session

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Names of objects are dotted, without a leading dot, and below the session
// never take another form: so two are the same object if they are the same text.

// maxParts is how many numbers a name may have (RFC 2578 §3.5).
const maxParts = 128

// checkName reads a name of a question, with or without a leading dot.
func checkName(s string) (string, error) {
	name := strings.TrimPrefix(s, ".")
	rest, first := name, uint64(0)
	for n := 0; ; n++ {
		part, after, more := strings.Cut(rest, ".")
		x, err := strconv.ParseUint(part, 10, 32)
		switch {
		case err != nil || len(part) > 1 && part[0] == '0':
			return "", fmt.Errorf("object identifier %q: parts are numbers of 32 bits", s)
		case n >= maxParts:
			return "", fmt.Errorf("object identifier %q: more than %d parts", s, maxParts)
		case n == 0 && (x > 2 || !more):
			return "", fmt.Errorf("object identifier %q: it begins with 0, 1 or 2 and has two parts at least", s)
		case n == 1 && first < 2 && x > 39:
			return "", fmt.Errorf("object identifier %q: below 0 and 1 are 0 to 39 only", s)
		case n == 1 && x > 1<<32-1-80: // the first two travel as one number
			return "", fmt.Errorf("object identifier %q: parts are numbers of 32 bits", s)
		}
		if !more {
			return name, nil
		}
		rest, first = after, x
	}
}

// cameName is a name that came: checked by who decoded it, but for its length.
func cameName(s string) (string, error) {
	const short = 2 * maxParts // that many parts take more bytes
	if len(s) > short && strings.Count(s, ".") > maxParts {
		return "", fmt.Errorf("%w: name of more than %d parts", ErrForm, maxParts)
	}
	return strings.TrimPrefix(s, "."), nil
}

// below is what stands behind a column in a name, false when the name lies
// elsewhere.
func below(column, name string) (index string, ok bool) {
	if len(name) < len(column)+2 || name[len(column)] != '.' || name[:len(column)] != column {
		return "", false
	}
	return name[len(column)+1:], true
}

// compareNames orders names, and what stands behind columns, as MIBs do: by the
// value of their parts.
func compareNames(a, b string) int {
	n := min(len(a), len(b))
	i, start := 0, 0 // start of the part that differs
	for ; i < n && a[i] == b[i]; i++ {
		if a[i] == '.' {
			start = i + 1
		}
	}
	if i == n && (len(a) == n || a[n] == '.') && (len(b) == n || b[n] == '.') {
		return cmp.Compare(len(a), len(b))
	}
	// Of two numbers without leading zeros the longer one is greater.
	if c := cmp.Compare(partLen(a[start:]), partLen(b[start:])); c != 0 {
		return c
	}
	return cmp.Compare(a[start:], b[start:])
}

func partLen(s string) int {
	if n := strings.IndexByte(s, '.'); n >= 0 {
		return n
	}
	return len(s)
}

// nameBytes is how many bytes a name takes on the wire (X.690 §8.19): a group of
// seven bits each, and the first two parts are one.
func nameBytes(name string) int {
	n := -1
	for len(name) > 0 {
		size := partLen(name)
		x, err := strconv.ParseUint(name[:size], 10, 64)
		for n++; err == nil && x >= 0x80; n++ {
			x >>= 7
		}
		name = name[min(size+1, len(name)):]
	}
	return n
}
