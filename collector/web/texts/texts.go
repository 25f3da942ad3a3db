// Package texts owns the words of the pages and their translations: what a text
// is, which texts there are, and what they are called in other languages. It
// must not know pages, operations or stores.
//
// English is what stands where a text is used, and its key. en.json lists all
// texts; a translation is a file beside it. See docs/contributing.md.
package texts

import (
	"fmt"
	"strconv"
	"strings"
)

// T is a text for people: either a constant in English, or one that F, Count,
// List or As made, which keeps its parts apart until it is known in which
// language it shall be read. As a string it is of use to nobody but Say: two of
// them are never glued together, which a test sees to.
type T string

// A text with parts begins with mark; then comes what it is, then the parts,
// each behind its length. So no part can be taken for something else, whatever
// stands in it.
const (
	mark     = "\x01"
	isAs     = 'd' // data, as it is
	isFormat = 'f' // a format and its values
	isCount  = 'n' // a number, the form for one, the form for many
	isList   = 'l' // what stands between, and the parts

	isLower   = 's' // a text that begins small
	isCapital = 'c' // one that begins with a capital
)

func made(kind byte, parts ...string) T {
	var b strings.Builder
	b.WriteString(mark)
	b.WriteByte(kind)
	for _, p := range parts {
		b.WriteString(strconv.Itoa(len(p)))
		b.WriteByte(':')
		b.WriteString(p)
	}
	return T(b.String())
}

// parts takes apart what made put together; kind 0: a constant.
func (t T) parts() (kind byte, parts []string) {
	s, ok := strings.CutPrefix(string(t), mark)
	if !ok || s == "" {
		return 0, nil
	}
	kind, s = s[0], s[1:]
	for s != "" {
		length, rest, ok := strings.Cut(s, ":")
		n, err := strconv.Atoi(length)
		if !ok || err != nil || n < 0 || n > len(rest) {
			return 0, nil
		}
		parts, s = append(parts, rest[:n]), rest[n:]
	}
	return kind, parts
}

// As is data, which is the same in every language: a name, an address, what the
// API says.
func As(s string) T {
	if s == "" {
		return ""
	}
	return made(isAs, s)
}

// Known is a text of another part of the collector, such as what a fact is. The
// list of texts has it too; one that it does not have is the same in every
// language.
func Known(s string) T {
	if strings.HasPrefix(s, mark) {
		return As(s)
	}
	return T(s)
}

// part is a value in a text: a text, or data.
func part(v any) string {
	switch v := v.(type) {
	case T:
		return string(v)
	case string:
		return string(As(v))
	case int:
		return string(As(whole(int64(v))))
	case int64:
		return string(As(whole(v)))
	}
	return string(As(fmt.Sprint(v)))
}

// F is a text with values: {1} in it stands for the first of them. Whole numbers
// are written with their thousands apart.
func F(format T, values ...any) T {
	parts := make([]string, 0, 1+len(values))
	parts = append(parts, string(format))
	for _, v := range values {
		parts = append(parts, part(v))
	}
	return made(isFormat, parts...)
}

// Count is a number and what it counts, for one and for many. Where a form says
// no {n}, the number stands before it. Languages have their own number of forms.
func Count(n int, one, many T) T {
	return made(isCount, strconv.Itoa(n), string(one), string(many))
}

// List is several texts, and what stands between them. Empty ones are left out.
func List(between string, list ...T) T {
	parts := []string{between}
	for _, t := range list {
		if t != "" {
			parts = append(parts, string(t))
		}
	}
	switch len(parts) {
	case 1:
		return ""
	case 2:
		return T(parts[1])
	}
	return made(isList, parts...)
}

// Lower is a text as it stands within a sentence: it begins small, unless it
// begins with an abbreviation.
func Lower(t T) T { return made(isLower, string(t)) }

// Capital is a text as it stands at the beginning of a sentence.
func Capital(t T) T { return made(isCapital, string(t)) }

// Cut takes a sign of the program off the beginning of a constant, and says
// whether it was there.
func (t T) Cut(sign string) (T, bool) {
	s, ok := strings.CutPrefix(string(t), sign)
	return T(s), ok
}

// String is the text in English.
func (t T) String() string { return (*Language)(nil).Say(t) }

// MarshalText is the text in English.
func (t T) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// whole writes a number with its thousands apart.
func whole(n int64) string {
	s := strconv.FormatInt(n, 10)
	digits := strings.TrimPrefix(s, "-")
	sign := s[:len(s)-len(digits)]
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// filled puts values into a format. What it does not have stays.
func filled(format string, value func(int) (string, bool)) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(format, '{')
		if i < 0 || i+2 >= len(format) {
			b.WriteString(format)
			return b.String()
		}
		b.WriteString(format[:i])
		if n := int(format[i+1]) - '0'; format[i+2] == '}' && n >= 1 && n <= 9 {
			if v, ok := value(n); ok {
				b.WriteString(v)
				format = format[i+3:]
				continue
			}
		}
		b.WriteByte('{')
		format = format[i+1:]
	}
}
