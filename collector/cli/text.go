package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// clean is a text as one line of a terminal may show it. What devices say is
// hostile: control characters move the cursor, change the title or answer in
// the user's name; marks of direction make one name look like another.
// Whatever is white space becomes a blank, whatever does not print is left
// out, and bytes that are no UTF-8 become U+FFFD.
func clean(s string) string {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] >= ' ' && s[i] < 0x7f
	}
	if plain {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return -1
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// hostile reports characters that no value of a file for other programs needs
// as they are: controls, marks of direction (UAX #9), separators of lines that
// programs disagree about, and the invisible tags of plane 14.
func hostile(r rune) bool {
	switch {
	case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
		return true
	case r == '\u2028', r == '\u2029', r == '\ufeff', r >= 0xe0000 && r <= 0xe007f:
		return true
	}
	return false
}

// tame is clean for CSV: lines and tabs of a note stay, because a quoted field
// may hold them; everything else that is hostile is left out.
func tame(s string) string {
	return strings.Map(func(r rune) rune {
		if hostile(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// formula are the characters that make a spreadsheet calculate, with their
// full-width variants, which some turn into the narrow ones (OWASP, CSV
// injection). It is the same list as the API's own CSV.
const formula = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"

// guarded puts an apostrophe before what a spreadsheet would calculate.
func guarded(s string) string {
	if r, n := utf8.DecodeRuneInString(s); n > 0 && strings.ContainsRune(formula, r) {
		return "'" + s
	}
	return s
}

// writeJSON writes text that encoding/json made, with hostile characters as
// escapes: the values stay exact and a terminal stays quiet. Outside of strings
// JSON has none of them but line ends.
func writeJSON(w io.Writer, text []byte) error {
	b := bufio.NewWriter(w)
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == '\n' || !hostile(r):
			b.Write(text[:n])
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(b, `\u%04x`, r)
		}
		text = text[n:]
	}
	return b.Flush()
}

// columns is how many columns of a terminal a text takes: none for marks that
// stand on the character before, two for what East Asian fonts draw wide (UAX
// #11; the blocks are enough to keep a table straight).
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case r >= 0x1100 && r <= 0x115f, // Hangul Jamo
		r >= 0x2e80 && r <= 0x303e,   // CJK radicals and punctuation
		r >= 0x3041 && r <= 0xa4cf,   // Kana, CJK, Yi
		r >= 0xac00 && r <= 0xd7a3,   // Hangul
		r >= 0xf900 && r <= 0xfaff,   // CJK compatibility
		r >= 0xfe30 && r <= 0xfe6f,   // CJK forms
		r >= 0xff00 && r <= 0xff60,   // full-width forms
		r >= 0x1f300 && r <= 0x1f64f, // pictographs
		r >= 0x1f900 && r <= 0x1f9ff,
		r >= 0x20000 && r <= 0x3fffd: // CJK extensions
		return 2
	}
	return 1
}

// cut shortens a text to n columns, the last of them an ellipsis.
func cut(s string, n int) string {
	if columns(s) <= n {
		return s
	}
	var b strings.Builder
	room := n - 1
	for _, r := range s {
		if room -= runeColumns(r); room < 0 {
			break
		}
		b.WriteRune(r)
	}
	return b.String() + "…"
}

// quoteWord writes an argument as somebody would type it.
func quoteWord(s string) string {
	s = cut(clean(s), 60)
	if s == "" || strings.ContainsAny(s, " \"'<>|&;()$*?") {
		return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"`
	}
	return s
}

// shellWord writes an argument so that a command that is shown can be run: it is
// whole, unlike in sentences, and a shell takes it as one word. Double quotes
// are known to every shell; single ones keep what those would read.
func shellWord(s string) string {
	s = clean(s)
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_@%+=:,./-", r)
	}
	switch {
	case s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }):
		return s
	case !strings.ContainsAny(s, "\"$`\\!%"):
		return `"` + s + `"`
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// near is the word that somebody may have meant, or nothing.
func near(word string, known []string) string {
	best, least := "", 3
	if len(word) > 64 {
		return ""
	}
	for _, k := range known {
		// Two slips in a short word make it another one.
		if d := slips(strings.ToLower(word), k); d < least && (d < 2 || 2*d < len(word)) {
			best, least = k, d
		}
		if len(word) >= 3 && strings.HasPrefix(k, strings.ToLower(word)) && least > 1 {
			best, least = k, 1
		}
	}
	return best
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

// firstLine is what stands before the first line end of a file or prompt.
func firstLine(b []byte) string {
	line, _, _ := bytes.Cut(b, []byte{'\n'})
	return strings.TrimSuffix(string(line), "\r")
}
