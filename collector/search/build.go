package search

import (
	"fmt"
	"slices"
	"strings"
)

// Choice is one way to compare a field's values, for those who put a condition
// together without the language: Text goes between field and value.
type Choice struct {
	Text  string // an operator, perhaps with - before it for the opposite
	Word  string // in words, between the field's name and the value
	Value bool   // a value follows
	// Second is what a second value is, which narrows the first; empty: there is
	// none. Text then is what stands before either: ":<" of name:value<second.
	Second string
}

// Choices lists the ways to compare a field, the usual one first.
func (f Field) Choices() []Choice {
	var out []Choice
	add := func(text, word string, value bool) { out = append(out, Choice{Text: text, Word: word, Value: value}) }
	for _, op := range f.Ops() {
		word := compared(op, f.Kind)
		switch op {
		case Known:
			add(":*", "is known", false)
			add("-:*", "is not known", false)
		case Has:
			switch {
			case f.Kind == Software || f.Kind == Service:
				add(":", "has", true)
				add("-:", "does not have", true)
				if f.Kind == Software {
					out = append(out,
						Choice{":<", "has, in a version before", true, "version"},
						Choice{":>=", "has, in this version or a later one", true, "version"},
						Choice{":=", "has, in exactly the version", true, "version"},
						Choice{"-:>=", "does not have in this version or a later one", true, "version"})
				}
			case word == "contains":
				add(":", word, true)
				add("-:", "does not contain", true)
			default:
				add(":", "is", true)
				if f.Kind == Word || f.Kind == Port || f.Kind == Yes {
					add("-:", "is not", true)
				}
			}
		case Eq:
			if word := compared(Has, f.Kind); word == "contains" { // else it is said already
				add("=", "is exactly", true)
			}
		case Ne:
			if f.Kind != Word && f.Kind != Port && f.Kind != Yes && f.Kind != Software && f.Kind != Service {
				add("!=", "is not", true)
			}
		case Glob:
			add("~", "fits the pattern", true)
		default:
			add(op.String(), word, true)
		}
	}
	return out
}

// Called is the field as people call it.
func (f Field) Called() string { return called(f) }

// Field finds a field, or a column of the catalogue, by name.
func (g Grammar) Field(name string) (Field, error) {
	p := &parser{g: g, text: name}
	f, err := p.field(name, 0)
	if err != nil {
		return f, err
	}
	return f, nil
}

// Add is a filter with one condition more, which must hold too. How is the text
// of one of the field's choices; second is for those that take two values. Errors are *Error and say what value is
// expected.
func (g Grammar) Add(e Expr, f Field, how, value, second string) (Expr, error) {
	i := slices.IndexFunc(f.Choices(), func(c Choice) bool { return c.Text == how })
	if i < 0 {
		return nil, &Error{Pos: 1, Msg: fmt.Sprintf("%s cannot be compared by %q", f.Name, clip(how))}
	}
	c := f.Choices()[i]
	by := strings.TrimPrefix(how, "-")
	if c.Second != "" {
		by = ":"
	}
	text := f.Name + by
	if c.Value {
		if strings.TrimSpace(value) == "" {
			return nil, &Error{Pos: 1, Msg: "the value is missing: write what " + called(f) + " is compared with, as in " + f.Example}
		}
		text += quote(strings.TrimSpace(value))
	}
	if c.Second != "" {
		if strings.TrimSpace(second) == "" {
			return nil, &Error{Pos: 1, Msg: "the " + c.Second + " is missing, as in " + f.Example}
		}
		text += strings.TrimPrefix(strings.TrimPrefix(how, "-"), ":") + quote(strings.TrimSpace(second))
	}
	if strings.HasPrefix(how, "-") {
		text = "-" + text
	}
	more, err := g.Parse(text)
	if err != nil {
		return nil, err
	}
	var all And
	for _, x := range []Expr{e, more} {
		switch x := x.(type) {
		case nil:
		case And:
			all = append(all, x...)
		default:
			all = append(all, x)
		}
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

// Part is one of the conditions that must all hold.
type Part struct {
	Text  string   // in the language
	Words []Phrase // in plain English
	Rest  string   // the filter without it
}

// Parts are the conditions of a filter that must all hold; an Or is one.
func Parts(e Expr) []Part {
	var list And
	switch e := e.(type) {
	case nil:
		return nil
	case And:
		list = e
	default:
		list = And{e}
	}
	out := make([]Part, len(list))
	for i, x := range list {
		rest := slices.Concat(list[:i], list[i+1:])
		out[i] = Part{Text: group(x, func(x Expr) bool { _, is := x.(Or); return is }), Words: Say(x), Rest: rest.String()}
		if len(rest) == 1 { // alone, an Or needs no brackets
			out[i].Rest = rest[0].String()
		}
	}
	return out
}
