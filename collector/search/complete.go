package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Suggestion is one way to go on at the cursor: Text replaces the bytes from
// From to Until of the filter.
type Suggestion struct {
	Text        string
	Doc         string
	From, Until int
}

// MaxSuggestions bounds what Complete gives.
const MaxSuggestions = 50

// Complete suggests how to go on at a cursor (a byte offset): fields first,
// then, behind an operator, values. More values than the catalogue knows come
// from values, which may be nil; it is given what has been typed of the value
// and may answer with anything, for what does not begin so is dropped.
func (g Grammar) Complete(text string, cursor int, values func(f Field, typed string) []string) []Suggestion {
	if len(text) > MaxLength || !utf8.ValidString(text) {
		return nil
	}
	cursor = max(0, min(cursor, len(text)))
	for cursor > 0 && cursor < len(text) && !utf8.RuneStart(text[cursor]) {
		cursor--
	}
	from := termStart(text[:cursor])
	typed := text[from:cursor]
	for strings.HasPrefix(typed, "-") {
		from, typed = from+1, typed[1:]
	}
	n := fieldName(typed)
	op, size := opAt(typed, n)
	if n == len(typed) || size == 0 {
		return g.completeField(typed, from, cursor)
	}
	p := &parser{g: g, text: text}
	f, err := p.field(typed[:n], from)
	if err != nil || !f.takes(op) && op != Ne {
		return nil
	}
	from += n + size
	known := f.Values
	if f.Kind == Service {
		// The state stands behind a second operator.
		if i := strings.LastIndexByte(text[from:cursor], '='); i >= 0 && strings.Count(text[from:from+i], `"`)%2 == 0 {
			from += i + 1
			known, values = g.serviceStates(), nil
		}
	}
	typed = strings.ReplaceAll(strings.TrimPrefix(text[from:cursor], `"`), `""`, `"`)
	list := known
	if values != nil {
		list = append(append([]string(nil), known...), values(f, typed)...)
	}
	var out []Suggestion
	seen := map[string]bool{}
	for _, v := range list {
		if len(out) == MaxSuggestions {
			break
		}
		if seen[v] || v == "" || !hasPrefixFold(v, typed) || strings.ContainsFunc(v, unicode.IsControl) || !utf8.ValidString(v) {
			continue
		}
		seen[v] = true
		out = append(out, Suggestion{Text: quote(v), From: from, Until: cursor})
	}
	return out
}

func (g Grammar) serviceStates() []string {
	for _, s := range g.Sections {
		if s.Name == "service" {
			if c, ok := s.Column("state"); ok {
				return c.Enum
			}
		}
	}
	return nil
}

func (g Grammar) completeField(typed string, from, until int) []Suggestion {
	var out []Suggestion
	add := func(text, doc string) {
		if len(out) < MaxSuggestions {
			out = append(out, Suggestion{Text: text, Doc: doc, From: from, Until: until})
		}
	}
	lower := strings.ToLower(typed)
	section, column, dotted := strings.Cut(lower, ".")
	if dotted {
		for _, s := range g.Sections {
			if s.Name != section {
				continue
			}
			for _, c := range s.Columns {
				if f, ok := columnField(s, c); ok && strings.HasPrefix(c.Name, column) {
					add(f.Name+firstOp(f), f.Doc)
				}
			}
		}
		return out
	}
	for _, f := range Fields() {
		match := strings.HasPrefix(f.Name, lower)
		for _, a := range f.Aliases {
			match = match || lower != "" && strings.HasPrefix(a, lower)
		}
		if match {
			add(f.Name+firstOp(f), f.Doc)
		}
	}
	if lower != "" { // at an empty cursor the fields alone are enough
		for _, s := range g.Sections {
			if strings.HasPrefix(s.Name, lower) {
				add(s.Name+".", s.Doc)
			}
		}
	}
	return out
}

// firstOp is the operator people mostly want: none for numbers, where it may
// be either < or >.
func firstOp(f Field) string {
	switch f.Kind {
	case Number, Bytes, Seconds, BitRate, Percent, Time, Space, Disk:
		return ""
	}
	return ":"
}

// termStart finds where the term at the end of a text begins.
func termStart(text string) int {
	start, quoted := 0, false
	for i, r := range text {
		switch {
		case r == '"':
			quoted = !quoted
		case !quoted && endsWord(r):
			start = i + utf8.RuneLen(r)
		}
	}
	return start
}

func hasPrefixFold(s, prefix string) bool {
	return strings.HasPrefix(strings.ToLower(s), strings.ToLower(prefix))
}
