package event

import (
	"fmt"
	"slices"
	"sync"
)

// Group says what a kind is about.
type Group uint8

// The groups.
const (
	Fault     Group = iota // something broke or is about to
	Presence               // the device or a person comes or goes
	Change                 // the device is no longer what it was
	Operation              // Muster's own dealings with the device
)

func (g Group) String() string {
	switch g {
	case Fault:
		return "fault"
	case Presence:
		return "presence"
	case Change:
		return "change"
	case Operation:
		return "operation"
	}
	return fmt.Sprintf("group(%d)", uint8(g))
}

// Type says how the text of an attribute reads. On the wire all are text.
type Type uint8

// The types.
const (
	Text  Type = iota
	Int        // decimal
	Float      // decimal with a point
	Bool       // true or false
)

func (t Type) String() string {
	switch t {
	case Text:
		return "text"
	case Int:
		return "int"
	case Float:
		return "float"
	case Bool:
		return "bool"
	}
	return fmt.Sprintf("type(%d)", uint8(t))
}

// Attribute is one thing told of an event.
type Attribute struct {
	Name     string
	Type     Type
	Unit     string // as metric.Units spells them, or empty
	Doc      string
	Values   []string // what it can be, when that is a closed list
	Personal bool     // tells of a person: readers need a right to see it
}

// The places where kinds are seen.
const (
	Windows   = "windows"
	Darwin    = "darwin"
	Linux     = "linux"
	SNMP      = "snmp"
	Collector = "collector"
)

// Source is one place where a kind is seen.
type Source struct {
	OS    string
	Where string // in words: what is read

	// A record of Windows' event log; IDs is empty for other sources. No two
	// kinds share a channel, provider and id unless When tells them apart.
	Channel, Provider string
	IDs               []int

	// Message is the MESSAGE_ID of a journal record of systemd.
	Message string

	// Pattern is a regular expression (RE2) over one line of Where. Literal
	// is a text that all lines that match have, to look for first.
	Pattern, Literal string

	// When narrows a record that means this kind only at times.
	When string
}

// Kind is one kind of event.
type Kind struct {
	Name  string
	Doc   string
	Group Group

	// Urgent kinds are sent at once, not with the next report.
	Urgent bool

	// Key names the attributes that tell one component from another: events
	// of a kind with equal keys may be folded into one with a count.
	Key []string

	Attributes []Attribute
	Sources    []Source
}

// Attribute finds an attribute by name.
func (k Kind) Attribute(name string) (Attribute, bool) {
	for _, a := range k.Attributes {
		if a.Name == name {
			return a, true
		}
	}
	return Attribute{}, false
}

// From lists the sources of one place.
func (k Kind) From(os string) []Source {
	var list []Source
	for _, s := range k.Sources {
		if s.OS == os {
			list = append(list, s)
		}
	}
	return list
}

// Catalogue lists every kind. The value is shared: callers must not change
// it.
func Catalogue() []Kind { return catalogue().list }

// Lookup finds a kind by name.
func Lookup(name string) (Kind, bool) {
	x := catalogue()
	i, ok := x.byName[name]
	if !ok {
		return Kind{}, false
	}
	return x.list[i], true
}

type index struct {
	list   []Kind
	byName map[string]int
}

// catalogue joins the lists once. A name used twice is a fault of the
// program, found by the first test that runs, hence the panic.
var catalogue = sync.OnceValue(func() index {
	x := index{
		list:   slices.Concat(storage(), machine(), program(), presence(), change(), operation(), gear()),
		byName: map[string]int{},
	}
	for i, k := range x.list {
		if _, twice := x.byName[k.Name]; twice {
			panic("event: two kinds are named " + k.Name)
		}
		x.byName[k.Name] = i
	}
	return x
})

// The lists are written with these, one attribute or source a line.

func text(name, doc string, values ...string) Attribute {
	return Attribute{Name: name, Type: Text, Doc: doc, Values: values}
}

func number(name, unit, doc string) Attribute {
	return Attribute{Name: name, Type: Int, Unit: unit, Doc: doc}
}

func float(name, unit, doc string) Attribute {
	return Attribute{Name: name, Type: Float, Unit: unit, Doc: doc}
}

func flag(name, doc string) Attribute {
	return Attribute{Name: name, Type: Bool, Unit: "flag", Doc: doc}
}

func (a Attribute) personal() Attribute { a.Personal = true; return a }

// win is records of Windows' log.
func win(channel, provider string, ids ...int) Source {
	return Source{OS: Windows, Where: "event log", Channel: channel, Provider: provider, IDs: ids}
}

// kmsg is lines of Linux' kernel log, from /dev/kmsg or the journal.
func kmsg(literal, pattern string) Source {
	return Source{OS: Linux, Where: "kernel log", Literal: literal, Pattern: pattern}
}

// journal is records of systemd's journal.
func journal(message, where string) Source {
	return Source{OS: Linux, Where: where, Message: message}
}

// unified is lines of macOS' unified log.
func unified(where, literal, pattern string) Source {
	return Source{OS: Darwin, Where: "unified log, " + where, Literal: literal, Pattern: pattern}
}

// seen is anything else, in words.
func seen(os, where string) Source { return Source{OS: os, Where: where} }

func (s Source) when(condition string) Source { s.When = condition; return s }
