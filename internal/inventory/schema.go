package inventory

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// DeviceID names a device for ever: a UUIDv7 in text form, given by the
// collector, never derived from hardware.
type DeviceID string

// Meta is what a section says of itself.
type Meta struct {
	Name    string        // singular, snake_case; also the name of the SQL view
	Doc     string        // one sentence for people
	Single  bool          // one row per device, without a key
	Linger  time.Duration // a row closes only after being absent this long
	Cadence time.Duration // how often a gatherer reads it unless a group says otherwise

	// OnRequest has it read only where a cadence is set for it, in the agent's
	// settings or by a group: what tells of a person's habits is not for every
	// office.
	OnRequest bool

	// Where each side reads it; empty when that side cannot give it.
	Windows, Darwin, Linux, SNMP string
}

// Sectioner is a row type of the catalogue.
type Sectioner interface{ Section() Meta }

// Kind is the type of a column's values.
type Kind uint8

// The kinds. On the wire and in tables a value of each is the Go type named
// behind it, or nil for "not known".
const (
	Text  Kind = iota // string
	Int               // int64
	Float             // float64
	Bool              // bool
	Time              // int64, Unix milliseconds UTC
	Bytes             // []byte
	List              // string: the items as a JSON array of strings
)

var kindNames = [...]string{"text", "int", "float", "bool", "time", "bytes", "list"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", k)
}

// Column describes one column of a section.
type Column struct {
	Name     string
	Kind     Kind
	Unit     string   // as the catalogue spells units: byte, second, celsius …
	Doc      string   // one sentence
	Enum     []string // values the catalogue knows; others are kept as they come
	Key      bool
	Latest   bool
	Dict     bool
	Version  bool
	Personal bool

	field int // index in the row struct
}

// Section describes one section.
type Section struct {
	Meta
	Columns []Column

	row  reflect.Type
	byID map[string]int
}

// Column finds a column by name.
func (s *Section) Column(name string) (Column, bool) {
	i, ok := s.byID[name]
	if !ok {
		return Column{}, false
	}
	return s.Columns[i], true
}

// Index is the position of a column in Columns, or -1.
func (s *Section) Index(name string) int {
	if i, ok := s.byID[name]; ok {
		return i
	}
	return -1
}

// Keys lists the positions of the key columns in Columns.
func (s *Section) Keys() []int {
	var at []int
	for i, c := range s.Columns {
		if c.Key {
			at = append(at, i)
		}
	}
	return at
}

// Schema lists every section in the catalogue's order. The value is shared:
// callers must not change it.
func Schema() []*Section { return catalogue().list }

// Lookup finds a section by name.
func Lookup(name string) (*Section, bool) {
	s, ok := catalogue().byName[name]
	return s, ok
}

type index struct {
	list   []*Section
	byName map[string]*Section
	byType map[reflect.Type]*Section
}

// catalogue reads the structs once. A fault in a tag is a fault of the
// program, found by the first test that runs, hence the panic.
var catalogue = sync.OnceValue(func() index {
	x := index{byName: map[string]*Section{}, byType: map[reflect.Type]*Section{}}
	for _, row := range all() {
		s, err := describe(row)
		if err != nil {
			panic("inventory: " + err.Error())
		}
		if x.byName[s.Name] != nil {
			panic("inventory: two sections are named " + s.Name)
		}
		x.list = append(x.list, s)
		x.byName[s.Name] = s
		x.byType[s.row] = s
	}
	return x
})

func describe(row Sectioner) (*Section, error) {
	t := reflect.TypeOf(row)
	s := &Section{Meta: row.Section(), row: t, byID: map[string]int{}}
	for i := range t.NumField() {
		f := t.Field(i)
		tag, ok := f.Tag.Lookup("inv")
		if !ok {
			return nil, fmt.Errorf("%s.%s has no inv tag", t.Name(), f.Name)
		}
		name, opts, _ := strings.Cut(tag, ",")
		c := Column{Name: name, Unit: f.Tag.Get("unit"), Doc: f.Tag.Get("doc"), field: i}
		for o := range strings.SplitSeq(opts, ",") {
			switch o {
			case "":
			case "key":
				c.Key = true
			case "latest":
				c.Latest = true
			case "dict":
				c.Dict = true
			case "version":
				c.Version = true
			case "personal":
				c.Personal = true
			default:
				return nil, fmt.Errorf("%s.%s: unknown option %q", t.Name(), f.Name, o)
			}
		}
		if e := f.Tag.Get("enum"); e != "" {
			c.Enum = strings.Split(e, "|")
		}
		k, ok := kindOf(f.Type)
		if !ok {
			return nil, fmt.Errorf("%s.%s: type %s cannot be a column", t.Name(), f.Name, f.Type)
		}
		c.Kind = k
		switch {
		case (c.Dict || c.Version) && k != Text:
			return nil, fmt.Errorf("%s.%s: only text can be dict or version", t.Name(), f.Name)
		case c.Key && (c.Latest || k == Float || k == List || k == Bytes):
			return nil, fmt.Errorf("%s.%s: a key is a kept text, int, bool or time", t.Name(), f.Name)
		}
		if _, twice := s.byID[name]; twice || name == "" {
			return nil, fmt.Errorf("%s.%s: column %q is empty or named twice", t.Name(), f.Name, name)
		}
		s.byID[name] = len(s.Columns)
		s.Columns = append(s.Columns, c)
	}
	if keyed := slices.ContainsFunc(s.Columns, func(c Column) bool { return c.Key }); keyed == s.Single {
		return nil, fmt.Errorf("section %s: either one row or a key", s.Name)
	}
	return s, nil
}

var timeType = reflect.TypeFor[time.Time]()

func kindOf(t reflect.Type) (Kind, bool) {
	if t.Kind() == reflect.Pointer {
		switch t.Elem().Kind() {
		case reflect.Int64:
			return Int, true
		case reflect.Float64:
			return Float, true
		case reflect.Bool:
			return Bool, true
		}
		return 0, false
	}
	switch {
	case t == timeType:
		return Time, true
	case t.Kind() == reflect.String:
		return Text, true
	case t.Kind() == reflect.Int64:
		return Int, true
	case t.Kind() == reflect.Float64:
		return Float, true
	case t.Kind() == reflect.Bool:
		return Bool, true
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return Bytes, true
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		return List, true
	}
	return 0, false
}
