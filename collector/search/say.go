package search

import (
	"fmt"
	"strings"
	"time"
)

// Phrase is a piece of a filter said in words; Strong is what somebody wrote,
// the rest is between.
type Phrase struct {
	Text   string `json:"text"`
	Strong bool   `json:"strong,omitempty"`
}

// Say reads a filter back in plain English, so that one sees how it was
// understood. nil gives nothing.
func Say(e Expr) []Phrase {
	var s sayer
	s.say(e, false)
	return s.out
}

type sayer struct{ out []Phrase }

func (s *sayer) add(text string, strong bool) {
	if n := len(s.out); n > 0 && s.out[n-1].Strong == strong {
		s.out[n-1].Text += text
		return
	}
	s.out = append(s.out, Phrase{text, strong})
}

func (s *sayer) say(e Expr, inside bool) {
	join := func(list []Expr, word string) {
		for i, x := range list {
			if i > 0 {
				s.add(word, false)
			}
			s.say(x, true)
		}
	}
	switch e := e.(type) {
	case And:
		join(e, ", ")
	case Or:
		if inside {
			s.add("(", false)
		}
		join(e, " or ")
		if inside {
			s.add(")", false)
		}
	case Not:
		if t, ok := e.X.(Term); ok {
			s.term(t, true)
			return
		}
		s.add("not (", false)
		s.say(e.X, false)
		s.add(")", false)
	case Term:
		s.term(e, false)
	}
}

// called is a field as people call it.
func called(f Field) string {
	switch f.Name {
	case "ram":
		return "memory"
	case "os":
		return "operating system"
	case "cpu":
		return "processor"
	case "ip":
		return "IP address"
	case "mac":
		return "MAC address"
	case "uuid":
		return "UUID"
	case "eol":
		return "end of its system’s updates"
	case "first":
		return "first seen"
	case "free":
		return "free space"
	case "state":
		return "presence"
	case "severity":
		return "urgency"
	case "agent":
		return "agent version"
	case "asset":
		return "asset tag"
	}
	return strings.NewReplacer(".", " ", "_", " ").Replace(f.Name)
}

func (s *sayer) term(t Term, not bool) {
	value := t.Value.Text
	no := ""
	if not {
		no = "not "
	}
	switch {
	case t.Field.Kind == Free:
		s.add(no+"with ", false)
		s.add(value, true)
		s.add(" in its name, serial, model, user or address", false)
		return
	case t.Op == Known:
		if not {
			s.add("no "+called(t.Field)+" known", true)
		} else {
			s.add("any "+called(t.Field), true)
		}
		return
	case t.Value.Form == FormAge:
		s.age(t, not)
		return
	case t.Field.Kind == Software || t.Field.Kind == Service:
		verb := "has "
		if not {
			verb = "does not have "
		}
		s.add(verb+"the "+map[Kind]string{Software: "program ", Service: "service "}[t.Field.Kind], false)
		s.add(value, true)
		if t.Sub != nil {
			word := " in a version "
			if t.Field.Kind == Service {
				word = " that is "
			}
			s.add(word, false)
			s.add(strings.TrimSpace(compared(t.Sub.Op, Version)+" "+t.Sub.Value.Text), true)
		}
		return
	case t.Field.Kind == Port:
		s.add(no+"plugged in at ", false)
		s.add(value, true)
		return
	}
	s.add(called(t.Field)+" "+no+compared(t.Op, t.Field.Kind)+" ", false)
	s.add(value, true)
}

// compared is an operator in words.
func compared(op Op, k Kind) string {
	switch op {
	case Lt:
		if k == Time || k == Version {
			return "before"
		}
		return "less than"
	case Le:
		return "at most"
	case Gt:
		if k == Time || k == Version {
			return "after"
		}
		return "more than"
	case Ge:
		return "at least"
	case Eq:
		return "is exactly"
	case Ne:
		return "is not"
	case Glob:
		return "fits"
	}
	switch k {
	case Text, Address, Mac, List, Disk:
		return "contains"
	}
	return "is"
}

// age says a distance into the past: "seen" fields count from now back.
func (s *sayer) age(t Term, not bool) {
	long, a := length(t.Value.Age), ""
	if !strings.Contains(long, " ") {
		a = "a "
		if long == "hour" {
			a = "an "
		}
	}
	older := t.Op == Gt || t.Op == Ge
	if not {
		older = !older
	}
	name := called(t.Field)
	if name == "seen" {
		if older {
			s.add("not heard of ", false)
			s.add("for "+a+long, true)
		} else {
			s.add("heard of ", false)
			s.add("in the last "+long, true)
		}
		return
	}
	s.add(name+" ", false)
	if older {
		s.add("more than "+a+long+" ago", true)
	} else {
		s.add("in the last "+long, true)
	}
}

func length(d time.Duration) string {
	for _, u := range []struct {
		d    time.Duration
		word string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if n := d / u.d; d >= u.d && d%u.d == 0 {
			if n == 1 {
				return u.word
			}
			return fmt.Sprintf("%d %ss", n, u.word)
		}
	}
	return d.String()
}
