package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/web/texts"
)

// form is one of a page of administration: what it asks, where it goes, and
// what was wrong with what somebody wrote.
type form struct {
	ID      string  // of the page's forms
	Title   texts.T // on what opens it; empty: it is there at once
	Text    texts.T // above the fields
	Action  string
	Do      string // which act of the page
	Button  texts.T
	Busy    texts.T // on the button while it takes long
	Icon    string
	Get     bool // it asks by its address
	Quiet   bool // a button among others
	Danger  bool
	Word    texts.T // what a button of a row is about, for who cannot see the row
	Fields  []*field
	Hidden  []sent
	Problem texts.T // what fits no field
	Open    bool
}

// field is one of a form.
type field struct {
	ID      string
	Name    string
	Label   texts.T
	Hint    texts.T
	Kind    string // text when empty; area, number, select, check, choices, secret, date, time
	Value   string
	Chosen  []string // of choices
	Choices []choice
	Must    bool // it cannot be left out
	Mono    bool
	Max     int
	Example string
	Problem texts.T
}

type choice struct {
	Value string
	Text  texts.T
}

// sent is what a form sends without being asked for it.
type sent struct{ Name, Value string }

// Picked says whether a choice is taken.
func (f *field) Picked(value string) bool {
	if f.Kind == "choices" {
		return slices.Contains(f.Chosen, value)
	}
	return f.Value == value
}

// Describes are the IDs of what tells more about the field.
func (f *field) Describes() string {
	var out []string
	if f.Hint != "" {
		out = append(out, f.ID+"-hint")
	}
	if f.Problem != "" {
		out = append(out, f.ID+"-bad")
	}
	return strings.Join(out, " ")
}

// named gives the fields their IDs.
func (f *form) named() *form {
	for _, x := range f.Fields {
		x.ID = f.ID + "-" + x.Name
		if x.Max == 0 {
			x.Max = 4000
		}
	}
	return f
}

// read takes what was sent. Secrets are not shown again.
func (f *form) read(v *visit) *form {
	f.Open = true
	for _, x := range f.Fields {
		x.Value, x.Chosen = v.form(x.Name), v.r.PostForm[x.Name]
	}
	return f
}

func (f *form) at(name string) *field {
	for _, x := range f.Fields {
		if x.Name == name {
			return x
		}
	}
	return &field{}
}

func (f *form) value(name string) string { return f.at(name).Value }

// set fills a field.
func (f *form) set(name, value string) *form {
	f.at(name).Value = value
	return f
}

// fault says what is wrong with a field.
func (f *form) fault(name string, text texts.T) {
	if x := f.at(name); x.Name != "" {
		x.Problem = texts.List(" ", x.Problem, text)
		return
	}
	f.Problem = texts.List(" ", f.Problem, text)
}

func (f *form) wrong() bool {
	return f.Problem != "" || slices.ContainsFunc(f.Fields, func(x *field) bool { return x.Problem != "" })
}

// asked says whether what must be there is.
func (f *form) asked() bool {
	for _, x := range f.Fields {
		if x.Must && x.Value == "" {
			x.Problem = "This is needed."
		}
	}
	return !f.wrong()
}

// blame puts what the API says under the fields it is about. It is false when
// it is not about what somebody wrote.
func (f *form) blame(err error) bool {
	p, ok := asProblem(err)
	if !ok || p.Status >= 500 || p.Status == http.StatusForbidden {
		return false
	}
	if len(p.Errors) == 0 {
		name, rest, cut := strings.Cut(p.Detail, ": ")
		if cut && f.at(name).Name != "" {
			f.fault(name, sentence(rest))
		} else if first, _, _ := strings.Cut(p.Detail, " "); f.at(first).Name != "" {
			f.fault(first, sentence(p.Detail))
		} else if p.Kind() == "bad_filter" {
			f.fault("filter", sentence(p.Detail))
		} else {
			f.fault(f.quoted(p.Detail), sentence(p.Detail))
		}
		return true
	}
	for _, e := range p.Errors {
		name, _, _ := strings.Cut(e.Location[strings.LastIndex(e.Location, ".")+1:], "[")
		if f.at(name).Name != "" {
			f.fault(name, sentence(e.Detail))
		} else {
			f.fault("", sentence(strings.TrimPrefix(e.Location, "body.")+": "+e.Detail))
		}
	}
	return true
}

// quoted is the field whose value a text quotes; none: empty.
func (f *form) quoted(text string) string {
	for _, x := range f.Fields {
		if x.Value != "" && x.Kind != "secret" && strings.Contains(text, strconv.Quote(x.Value)) {
			return x.Name
		}
	}
	return ""
}

// or is the form that was not taken, if it is this one.
func (f *form) or(again *form) *form {
	if again != nil && again.ID == f.ID {
		return again.named()
	}
	return f.named()
}

// button is a form of one button.
func button(action, do string, text, word texts.T, hidden ...sent) *form {
	return &form{Action: action, Do: do, Button: text, Word: word, Quiet: true, Hidden: hidden}
}

// slot is what a table or a list shows in one place.
type slot struct {
	Text, Sub texts.T
	To        string // leads there
	Icon      string
	Class     string
	Num, Mono bool
	At        time.Time // instead of Text
	Ago       bool      // At as how long ago it was
}

func txt(s string) slot { return slot{Text: texts.As(s)} }

// asThey are lines of the API, as they are.
func asThey(list []string) []texts.T {
	var out []texts.T
	for _, s := range list {
		out = append(out, texts.As(s))
	}
	return out
}

func say(t texts.T) slot              { return slot{Text: t} }
func at(t time.Time) slot             { return slot{At: t} }
func ago(t time.Time) slot            { return slot{At: t, Ago: true} }
func tallied(n int) slot              { return slot{Text: texts.As(whole(int64(n))), Num: true} }
func leads(to string, t texts.T) slot { return slot{Text: t, To: to} }

// state is a word with its picture: fine, week, today, watch or unknown.
func state(class string, word texts.T) slot {
	return slot{Text: word, Icon: class, Class: "u u--" + class}
}
