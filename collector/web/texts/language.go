package texts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Language is the pages' texts in one language. Nil is English.
type Language struct {
	Tag  language.Tag
	Name string // as those who speak it call it
	// words are translations by their English; counted those of numbers, by both
	// English forms, each with the forms that the language has.
	words   map[string]string
	counted map[string]map[plural.Form]string
}

// written is the form of a file of a translation.
type written struct {
	Language string                       `json:"language"` // BCP 47
	Name     string                       `json:"name"`
	Texts    map[string]string            `json:"texts"`
	Counted  map[string]map[string]string `json:"counted"`
}

// forms are the names of CLDR's plural forms.
func forms() map[string]plural.Form {
	return map[string]plural.Form{"zero": plural.Zero, "one": plural.One, "two": plural.Two, "few": plural.Few, "many": plural.Many, "other": plural.Other}
}

// counts is the key of a text that depends on a number.
func counts(one, many string) string { return one + "|" + many }

// Read takes up a translation and holds it to the texts there are. The error
// names every text that is wrong, and what about it.
func Read(data []byte, all *Catalogue) (*Language, error) {
	var w written
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return nil, fmt.Errorf("read the translation: %w", err)
	}
	tag, err := language.Parse(w.Language)
	if err != nil {
		return nil, fmt.Errorf("read the translation: language %q is no language tag such as es or pt-BR", w.Language)
	}
	if w.Name == "" {
		return nil, fmt.Errorf("read the translation to %s: name is missing: write what the language calls itself", tag)
	}
	l := &Language{Tag: tag, Name: w.Name, words: w.Texts, counted: map[string]map[plural.Form]string{}}
	var wrong []string
	for _, key := range slices.Sorted(maps.Keys(w.Texts)) {
		if _, ok := all.Texts[key]; !ok {
			wrong = append(wrong, fmt.Sprintf("%q is no text of the pages; see en.json", key))
		} else if why := differ(key, w.Texts[key]); why != "" {
			wrong = append(wrong, fmt.Sprintf("%q: %s", key, why))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(w.Counted)) {
		if _, ok := all.Counted[key]; !ok {
			wrong = append(wrong, fmt.Sprintf("%q counts nothing on the pages; see en.json", key))
			continue
		}
		by := map[plural.Form]string{}
		for name, text := range w.Counted[key] {
			form, ok := forms()[name]
			if !ok {
				wrong = append(wrong, fmt.Sprintf("%q: %q is no form: there are zero, one, two, few, many, other", key, name))
				continue
			}
			by[form] = text
		}
		if by[plural.Other] == "" {
			wrong = append(wrong, fmt.Sprintf("%q: the form other is missing", key))
		}
		l.counted[key] = by
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("the translation to %s cannot be used: %s", tag, strings.Join(wrong, "; "))
	}
	return l, nil
}

// placeholder is what stands in a text for something else: a value, or the
// beginning or end of a mark-up.
var placeholder = regexp.MustCompile(`\{[1-9]\}|</?[a-z]+[0-9]*>`)

// differ says how a translation has other placeholders than its English.
func differ(english, other string) string {
	want, got := placeholder.FindAllString(english, -1), placeholder.FindAllString(other, -1)
	if strings.TrimSpace(other) == "" {
		return "it is empty; leave out what is not translated"
	}
	for _, p := range want {
		i := slices.Index(got, p)
		if i < 0 {
			return p + " is missing"
		}
		got = slices.Delete(got, i, i+1)
	}
	if len(got) > 0 {
		return got[0] + " is not in the English"
	}
	var open []string
	for _, p := range placeholder.FindAllString(other, -1) {
		if name, ok := strings.CutPrefix(p, "</"); ok {
			if len(open) == 0 || open[len(open)-1] != "<"+name {
				return p + " ends what did not begin there"
			}
			open = open[:len(open)-1]
		} else if p[0] == '<' {
			open = append(open, p)
		}
	}
	return ""
}

// String is the tag, as HTML's lang has it.
func (l *Language) String() string {
	if l == nil {
		return "en-US"
	}
	return l.Tag.String()
}

// word is the translation of a constant; without one, its English.
func (l *Language) word(english string) string {
	if l != nil {
		if w, ok := l.words[english]; ok {
			return w
		}
	}
	return english
}

// Say is a text in the language.
func (l *Language) Say(t T) string {
	kind, parts := t.parts()
	switch {
	case kind == isAs && len(parts) == 1:
		return parts[0]
	case kind == isFormat && len(parts) > 0:
		return filled(l.word(parts[0]), func(n int) (string, bool) {
			if n >= len(parts) {
				return "", false
			}
			return l.Say(T(parts[n])), true
		})
	case kind == isCount && len(parts) == 3:
		n, _ := strconv.Atoi(parts[0])
		return l.count(n, parts[1], parts[2])
	case kind == isLower && len(parts) == 1:
		s := l.Say(T(parts[0]))
		first, n := utf8.DecodeRuneInString(s)
		if second, _ := utf8.DecodeRuneInString(s[n:]); unicode.IsUpper(second) {
			return s
		}
		return string(unicode.ToLower(first)) + s[n:]
	case kind == isCapital && len(parts) == 1:
		s := l.Say(T(parts[0]))
		first, n := utf8.DecodeRuneInString(s)
		return string(unicode.ToUpper(first)) + s[n:]
	case kind == isList && len(parts) > 0:
		said := make([]string, 0, len(parts))
		for _, p := range parts[1:] {
			said = append(said, l.Say(T(p)))
		}
		return strings.Join(said, parts[0])
	}
	return l.word(string(t))
}

func (l *Language) count(n int, one, many string) string {
	form := many
	if n == 1 {
		form = one
	}
	if l != nil {
		if by, ok := l.counted[counts(one, many)]; ok {
			abs := max(n, -n)
			form = by[plural.Cardinal.MatchPlural(l.Tag, abs%1_000_000, 0, 0, 0, 0)]
			if form == "" {
				form = by[plural.Other]
			}
		}
	}
	if strings.Contains(form, "{n}") {
		return strings.ReplaceAll(form, "{n}", whole(int64(n)))
	}
	return whole(int64(n)) + " " + form
}
