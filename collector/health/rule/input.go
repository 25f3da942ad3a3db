package rule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/metric"
)

// Type is what an input's values are.
type Type uint8

// The types.
const (
	Number Type = iota // float64
	Flag               // bool
	Text               // string
	List               // []string
)

func (t Type) String() string { return [...]string{"number", "flag", "text", "list"}[t] }

// Kind says where an input comes from.
type Kind uint8

// The kinds.
const (
	Column  Kind = iota // a column of the component's or the device's row
	Age                 // days since (or until) a column's time
	Past                // a column over its history
	Rows                // how many rows of a section match
	Gone                // 1 when the component's row was there and is no longer
	Sample              // a number as last sampled
	Window              // a number over a time
	Future              // a forecast of a number
	Events              // events of a kind over a time
	Firing              // whether another rule fires on the device, at a severity or worse
	Limit               // a limit of the rule, by model
	Derived             // worked out by the collector; see DerivedInputs
	Name                // the component's name
)

// Input is one thing that a condition asks for. Two conditions that ask for
// the same share it.
type Input struct {
	Kind    Kind
	Type    Type
	Subject string // whose it is: Device, or that of the rule

	Source string // measurement, section, kind of event, rule or derived group
	Field  string // field or column
	Per    Ref    // a second number: the growth of the first by that of this one
	Op     string
	Window time.Duration
	Amount float64 // a further argument, such as the threshold of share_above
	Word   string  // a further argument, such as the manner of a forecast
	Axis   Ref     // a forecast's axis when it is not time
	Part   string  // of a forecast
	Match  []Match // of events and rows
	Or     *Value  // what it is worth while it is not known
}

// Ref names a field of the metric catalogue.
type Ref struct{ Measurement, Field string }

// ParseRef reads measurement.field; false when the catalogue does not have it.
func ParseRef(s string) (Ref, bool) {
	m, f, _ := strings.Cut(s, ".")
	_, _, ok := metric.Lookup(m, f)
	return Ref{m, f}, ok
}

// Match is a condition on an attribute or a column: one of Values, or all but
// them.
type Match struct {
	Name   string
	Values []string
	Not    bool
}

// Holds says whether a value passes.
func (m Match) Holds(v string) bool { return slices.Contains(m.Values, v) != m.Not }

// String is the input as a rule writes it; equal inputs have equal texts.
func (i Input) String() string {
	var args []string
	if i.Kind == Future || i.Op == "share_above" || i.Op == "days_above" {
		if i.Kind == Future {
			args = append(args, number(i.Amount))
		}
	}
	if i.Window > 0 {
		args = append(args, fmt.Sprintf("%q", span(i.Window)))
	}
	if i.Kind == Window && takesAmount(i.Op) {
		args = append(args, number(i.Amount))
	}
	if i.Word != "" {
		args = append(args, fmt.Sprintf("%q", i.Word))
	}
	if i.Axis.Field != "" {
		args = append(args, i.Axis.Measurement+"."+i.Axis.Field)
	}
	if len(i.Match) > 0 {
		var pairs []string
		for _, m := range i.Match {
			v := strings.Join(m.Values, "|")
			if m.Not {
				v = "!" + v
			}
			pairs = append(pairs, fmt.Sprintf("%q: %q", m.Name, v))
		}
		args = append(args, "{"+strings.Join(pairs, ", ")+"}")
	}
	list := "(" + strings.Join(args, ", ") + ")"
	switch i.Kind {
	case Name:
		return "component"
	case Column, Sample, Derived:
		or := ""
		if i.Or != nil {
			or = ".or(" + i.Or.text(i.Type) + ")"
		}
		return i.Source + "." + i.Field + or
	case Limit:
		return "limit." + i.Field
	case Firing:
		if i.Word != "" {
			return fmt.Sprintf("firing(%q, %q)", i.Source, i.Word)
		}
		return fmt.Sprintf("firing(%q)", i.Source)
	case Gone:
		return i.Source + ".gone()"
	case Rows, Events:
		return i.Source + "." + i.Op + list
	case Future:
		return i.Source + "." + i.Field + ".reaches" + list + "." + i.Part
	}
	per := ""
	if i.Per.Field != "" {
		per = ".per(" + i.Per.Measurement + "." + i.Per.Field + ")"
	}
	return i.Source + "." + i.Field + per + "." + i.Op + list
}

// text is a value as a rule writes it.
func (v Value) text(t Type) string {
	switch t {
	case Number:
		return number(v.N)
	case Flag:
		return fmt.Sprint(v.F)
	}
	return fmt.Sprintf("%q", v.T)
}

func number(x float64) string { return strings.TrimSuffix(fmt.Sprintf("%g", x), ".0") }

// Operation is a word of the language that stands behind a name.
type Operation struct {
	Name    string
	Of      string // metric, column, time, event, section
	Doc     string
	Result  Type
	Window  bool // takes a time such as "7d"
	Amount  bool // and then a number
	Filter  bool // and then a {"name": "value|other"} to choose by
	Text    bool // or the name of an attribute
	Counter bool // of numbers: makes sense for counters only
}

// Operations lists them, for the compiler, for messages and for docs.
func Operations() []Operation {
	const m, c, t, e, s = "metric", "column", "time", "event", "section"
	return []Operation{
		{Name: "min", Of: m, Window: true, Doc: "least value"},
		{Name: "max", Of: m, Window: true, Doc: "greatest value"},
		{Name: "mean", Of: m, Window: true, Doc: "mean value"},
		{Name: "median", Of: m, Window: true, Doc: "median value"},
		{Name: "p95", Of: m, Window: true, Doc: "95th percentile"},
		{Name: "first", Of: m, Window: true, Doc: "oldest value in the window"},
		{Name: "count", Of: m, Window: true, Doc: "number of samples"},
		{Name: "delta", Of: m, Window: true, Doc: "last less first value"},
		{Name: "rise", Of: m, Window: true, Doc: "sum of its rises; what a reset takes back does not count"},
		{Name: "rate", Of: m, Window: true, Doc: "rise per second", Counter: true},
		{Name: "slope", Of: m, Window: true, Doc: "change per day (Theil–Sen)"},
		{Name: "share_above", Of: m, Window: true, Amount: true, Doc: "share of samples above a value, 0 to 1"},
		{Name: "days_above", Of: m, Window: true, Amount: true, Doc: "number of days on which it was (of counters: rose by) that much or more"},
		{Name: "usual", Of: m, Window: true, Doc: "median of its own past at this hour of the week"},
		{Name: "spread", Of: m, Window: true, Doc: "how much its own past varies at this hour of the week, as a robust deviation"},
		{Name: "z", Of: m, Window: true, Doc: "how far from its own past at this hour of the week, in robust deviations"},
		{Name: "peers_z", Of: m, Doc: "how far from devices of the same model and role, in robust deviations"},
		{Name: "peers_median", Of: m, Doc: "median among devices of the same model and role"},
		{Name: "peers_p95", Of: m, Doc: "95th percentile among devices of the same model and role"},

		{Name: "highest", Of: c, Window: true, Doc: "greatest value the column had"},
		{Name: "lowest", Of: c, Window: true, Doc: "least value the column had"},

		{Name: "days_ago", Of: t, Doc: "days since that time"},
		{Name: "days_ahead", Of: t, Doc: "days until that time"},

		{Name: "count", Of: e, Window: true, Filter: true, Doc: "how often it happened"},
		{Name: "days", Of: e, Window: true, Filter: true, Doc: "on how many days it happened"},
		{Name: "most", Of: e, Window: true, Text: true, Doc: "how often with the same value of an attribute, at most"},

		{Name: "rows", Of: s, Filter: true, Doc: "number of rows"},
		{Name: "gone", Of: s, Result: Flag, Doc: "the component was there and is no longer"},
	}
}

func findOperation(of, name string) (Operation, bool) {
	for _, o := range Operations() {
		if o.Of == of && o.Name == name {
			return o, true
		}
	}
	return Operation{}, false
}

func takesAmount(op string) bool {
	o, _ := findOperation("metric", op)
	return o.Amount
}

func operationNames(of string) string {
	var out []string
	for _, o := range Operations() {
		if o.Of == of {
			out = append(out, o.Name)
		}
	}
	return strings.Join(out, ", ")
}

// DerivedInput is something that the collector works out itself.
type DerivedInput struct {
	Group, Name string
	Subject     string // of the rules that may ask for it; empty: all
	Type        Type
	Doc         string
}

// DerivedInputs lists them.
func DerivedInputs() []DerivedInput {
	return []DerivedInput{
		{"component", "observed_days", "", Number, "days since the component was first seen"},
		{"device", "observed_days", "", Number, "days since the device was first seen"},
		{"device", "kind", "", Text, "kind of device: pc, server, switch …"},
		{"device", "portable", "", Flag, "a laptop, tablet or the like"},

		{"presence", "state", Device, Text, "online, asleep, away, missing"},
		{"presence", "silent_minutes", Device, Number, "minutes since it was last heard of"},
		{"presence", "silent_usual_hours", Device, Number, "of the silence, the hours in which it is usually heard"},
		{"presence", "silent_usual_days", Device, Number, "of the silence, the days on which it is usually heard"},
		{"presence", "site_reporting_percent", Device, Number, "share of the other devices of its site that report"},

		{"drive_risk", "points", "drive", Number, "points of the drive risk model"},
		{"drive_risk", "top_percent", "drive", Number, "how near the top of the fleet's drives, by points: 1 is the riskiest hundredth"},
		{"drive_risk", "listed", "drive", Flag, "on the daily list of the riskiest hundredth, today or within two weeks: what was listed and has not changed rests that long"},
		{"drive_risk", "probability", "drive", Number, "share of such drives that failed, in the data the model was made from"},

		{"weak_signs", "families", Device, Number, "families of rules with a finding in the last 7 days"},
		{"known_flaws", "overdue_days", Device, Number, "days past its date of the oldest missing patch against a flaw known to be used"},

		{"unusual", "alert", "series", Flag, "the number left its own habits"},
		{"unusual", "score", "series", Number, "how unusual, 0 to 1"},
		{"unusual", "words", "series", Text, "what it is, and what is usual of it"},
		{"unusual", "peers_z", "series", Number, "how far from devices of the same model and role, in robust deviations"},
		{"unusual", "peers_words", "series", Text, "what it is, and what is usual of such devices"},

		{"cause", "members", "cause", Number, "devices of the group on which the rule began to fire"},
		{"cause", "size", "cause", Number, "devices of the group"},
		{"cause", "share", "cause", Number, "members by size, 0 to 1"},
		{"cause", "lift", "cause", Number, "share in the group by share in the fleet"},
		{"cause", "p_value", "cause", Number, "chance of that many by luck, times the number of groups looked at"},

		{"change", "devices", "change", Number, "devices that have the change and a week before and after it"},
		{"change", "ratio", "change", Number, "rate of faults after by rate before"},
		{"change", "p_value", "change", Number, "chance of such a ratio by luck, times the number of changes looked at"},

		{"site", "active", "site", Number, "devices of the site that were there before"},
		{"site", "silent", "site", Number, "of them, those that fell silent together"},
		{"site", "silent_share", "site", Number, "silent by active, 0 to 1"},
		{"site", "power_lost", "site", Number, "of them, those that stopped uncleanly in the same minutes"},
	}
}

func findDerived(group, name string) (DerivedInput, bool) {
	for _, d := range DerivedInputs() {
		if d.Group == group && d.Name == name {
			return d, true
		}
	}
	return DerivedInput{}, false
}

// Parts of a forecast.
func forecastParts() []string {
	return []string{"early_days", "likely_days", "late_days", "per_day"}
}

// Manners of a forecast: which reasons to refuse apply; see package forecast.
func Manners() []string { return []string{"space", "wear", "memory", "battery"} }
