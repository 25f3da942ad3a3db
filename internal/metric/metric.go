package metric

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Type is the type of a field in InfluxDB. Samples carry all of them as
// float64; the embedded store keeps them so.
type Type uint8

// The types.
const (
	Float Type = iota
	Int        // whole number; written as float64(int)
	Bool       // 1 or 0 in samples, true or false in InfluxDB
)

func (t Type) String() string {
	switch t {
	case Float:
		return "float"
	case Int:
		return "int"
	case Bool:
		return "bool"
	}
	return fmt.Sprintf("type(%d)", uint8(t))
}

// Nature says how a number behaves in time.
type Nature uint8

// The natures.
const (
	Gauge   Nature = iota // a reading; take mean, minimum, maximum, last
	Counter               // only grows until its source restarts; take the rate
)

func (n Nature) String() string {
	switch n {
	case Gauge:
		return "gauge"
	case Counter:
		return "counter"
	}
	return fmt.Sprintf("nature(%d)", uint8(n))
}

// The sides a number can come from. Sides lists them.
const (
	Windows = "windows"
	Darwin  = "darwin"
	Linux   = "linux"
	SNMP    = "snmp"
)

// Sides lists the sides in the order of the catalogue's columns.
func Sides() []string { return []string{Windows, Darwin, Linux, SNMP} }

// Label is a tag of a measurement.
type Label struct {
	Name string
	Doc  string

	// Typical is how many values one office PC (or, for what only SNMP gives,
	// one 48-port switch) has by default; Max is where a sender stops.
	Typical, Max int

	// Follows names the label that already decides this one, as a mount point
	// decides its file system. Such a label adds no series, and a store that
	// pays for each label may leave it out.
	Follows string
}

// Field is one number of a measurement.
type Field struct {
	Name   string
	Unit   string // one of Units
	Doc    string
	Type   Type
	Nature Nature

	// Default marks the fields an agent sends unless told otherwise: at most
	// 60 series for a PC, enough for every health rule. Everything a profile
	// of the SNMP poller reads is sent.
	Default bool

	// On holds the sides that have the field, when not all sides of the
	// measurement do.
	On []string

	// Media holds the kinds of drive that have the field (hdd, ssd, nvme),
	// when not all do. Only fields of drives use it.
	Media []string

	// Own marks a field that Muster adds to a measurement of Telegraf.
	Own bool
}

// Measurement is a group of fields that are read together.
type Measurement struct {
	Name   string
	Doc    string
	Labels []Label
	Fields []Field

	// Every is how often it is read; 0 means when it happens, such as once a
	// boot.
	Every time.Duration

	// Where each side reads it; empty when that side cannot give it.
	Windows, Darwin, Linux, SNMP string

	// Telegraf is the plugin whose names these are, or empty.
	Telegraf string
}

// Source is where a side reads the measurement, or empty.
func (m Measurement) Source(side string) string {
	switch side {
	case Windows:
		return m.Windows
	case Darwin:
		return m.Darwin
	case Linux:
		return m.Linux
	case SNMP:
		return m.SNMP
	}
	return ""
}

// Has tells whether a side can give a field of the measurement.
func (m Measurement) Has(side string, f Field) bool {
	return m.Source(side) != "" && (len(f.On) == 0 || slices.Contains(f.On, side))
}

// Field finds a field by name.
func (m Measurement) Field(name string) (Field, bool) {
	for _, f := range m.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

// Added lists the labels that every series carries beside its own.
func Added() []Label {
	return []Label{
		{Name: "device_id", Doc: "The device, by the id the collector gave it."},
		{Name: "host", Doc: "The device's name when the sample was stored.", Follows: "device_id"},
	}
}

// Units lists every unit of the catalogue, in the singular, as columns of
// the inventory spell them.
func Units() []string {
	return []string{
		"ampere",
		"bit_per_second",
		"byte",
		"celsius",
		"centisecond", // TimeTicks of RFC 2578
		"code",        // one of the values the doc lists; not a quantity
		"count",
		"cubic_meter_per_second",
		"dbm",
		"decibel",
		"flag", // 0 or 1
		"hertz",
		"hour",
		"megabit_per_second",
		"microsecond",
		"millisecond",
		"minute",
		"nanosecond",
		"packet",
		"pascal",
		"percent", // 0 to 100
		"rpm",
		"second",
		"volt",
		"watt",
		"watt_hour",
	}
}

// Catalogue lists every measurement. The value is shared: callers must not
// change it.
func Catalogue() []Measurement { return catalogue().list }

// Lookup finds a field by the names InfluxDB has for it.
func Lookup(measurement, field string) (Measurement, Field, bool) {
	x := catalogue()
	at, ok := x.bySeries[series{measurement, field}]
	if !ok {
		return Measurement{}, Field{}, false
	}
	m := x.list[at.measurement]
	return m, m.Fields[at.field], true
}

// Find finds a measurement by name.
func Find(measurement string) (Measurement, bool) {
	x := catalogue()
	i, ok := x.byName[measurement]
	if !ok {
		return Measurement{}, false
	}
	return x.list[i], true
}

// Series is a field's name in the embedded store.
func Series(measurement, field string) string { return measurement + "_" + field }

// Parse takes a name of the embedded store apart. No two fields of the
// catalogue share such a name, so there is at most one answer, even where one
// measurement's name begins another's (disk and diskio_…).
func Parse(name string) (Measurement, Field, bool) {
	x := catalogue()
	at, ok := x.byStore[name]
	if !ok {
		return Measurement{}, Field{}, false
	}
	m := x.list[at.measurement]
	return m, m.Fields[at.field], true
}

type series struct{ measurement, field string }

type place struct{ measurement, field int }

type index struct {
	list     []Measurement
	byName   map[string]int
	bySeries map[series]place
	byStore  map[string]place
}

// catalogue joins the lists once. Names that clash are a fault of the
// program, found by the first test that runs, hence the panic.
var catalogue = sync.OnceValue(func() index {
	x := index{
		list:     slices.Concat(host(), drive(), probe(), gear()),
		byName:   map[string]int{},
		bySeries: map[series]place{},
		byStore:  map[string]place{},
	}
	for i, m := range x.list {
		if _, twice := x.byName[m.Name]; twice {
			panic("metric: two measurements are named " + m.Name)
		}
		x.byName[m.Name] = i
		for j, f := range m.Fields {
			name := Series(m.Name, f.Name)
			if at, twice := x.byStore[name]; twice {
				panic(fmt.Sprintf("metric: %s.%s and %s are both %s in the embedded store",
					m.Name, f.Name, x.list[at.measurement].Name, name))
			}
			x.byStore[name] = place{i, j}
			x.bySeries[series{m.Name, f.Name}] = place{i, j}
		}
	}
	return x
})

// The lists are written with these, one field a line.

func gauge(name string, t Type, unit, doc string) Field {
	return Field{Name: name, Type: t, Unit: unit, Doc: doc, Nature: Gauge}
}

func counter(name string, t Type, unit, doc string) Field {
	return Field{Name: name, Type: t, Unit: unit, Doc: doc, Nature: Counter}
}

func (f Field) sent() Field { f.Default = true; return f }
func (f Field) own() Field  { f.Own = true; return f }

func (f Field) on(sides string) Field {
	f.On = strings.Fields(sides)
	return f
}

func (f Field) of(media string) Field {
	f.Media = strings.Fields(media)
	return f
}
