package rule

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/metric"
	"muster/internal/report"
	"muster/internal/settings"
)

// Case is a made-up device and what a rule must say of it. Times count from
// the case's start.
type Case struct {
	Name   string
	Device CaseDevice
	Steps  []CaseStep // by time
	Peers  []CaseStep // of each other device of its model; none: there is none
	Every  time.Duration
	Silent [2]time.Duration // nothing is said from the first to the second; both zero: it always speaks
	Expect []Expectation
	End    time.Duration
}

// CaseDevice is the device of a case.
type CaseDevice struct {
	Kind, OS, Model, Chassis string
	Seen                     time.Duration // how long it was known before the start
}

// CaseStep is what the device says at one time.
type CaseStep struct {
	At     time.Duration
	Rows   map[string]CaseRows
	Layout report.Layout
	Values report.Values
	Events []CaseEvent
}

// CaseRows are the rows of a section. Times in them are relative to the step.
type CaseRows struct {
	Table inventory.Table
	Times []CaseTime
}

// CaseTime is a time in a table: the step's, and so much later.
type CaseTime struct {
	Row, Column int
	After       time.Duration
}

// CaseEvent is something that happened.
type CaseEvent struct {
	Kind       string
	Count      int64
	Attributes map[string]string
}

// Expectation is what the rule must say at a time.
type Expectation struct {
	At        time.Duration
	State     string // none, pending, unseen, info, warn, critical; backlog and flapping with a severity
	Backlog   bool
	Component string // empty: any
}

// parseCases reads the cases of a document.
func (d *Document) parseCases() ([]Case, settings.Problems) {
	var out []Case
	var ps settings.Problems
	for i, c := range d.Cases {
		p := &caseParser{key: fmt.Sprintf("cases[%d]", i), steps: map[time.Duration]*CaseStep{}}
		out = append(out, p.parse(c))
		ps = append(ps, p.problems...)
	}
	return out, ps
}

type caseParser struct {
	key      string
	steps    map[time.Duration]*CaseStep
	problems settings.Problems
	end      time.Duration
}

func (p *caseParser) bad(key, text, want string, a ...any) {
	p.problems.Add(p.key+key, text, want, a...)
}

func (p *caseParser) step(at time.Duration) *CaseStep {
	s := p.steps[at]
	if s == nil {
		s = &CaseStep{At: at, Rows: map[string]CaseRows{}}
		p.steps[at] = s
	}
	p.end = max(p.end, at)
	return s
}

// maxSteps bounds a case: a year of days, or a day of minutes.
const maxSteps = 5000

func (p *caseParser) parse(c CaseDocument) Case {
	out := Case{Name: c.Name}
	if c.Name == "" {
		p.bad(".name", "", "a name is expected, such as: grows for a week")
	}
	out.Device = p.device(c.Device)
	every := c.Every.D()
	if every == 0 {
		every = 5 * time.Minute
	}
	out.Every = every
	if c.Silent != "" {
		from, to, _ := strings.Cut(c.Silent, " ")
		a, err := parseSpan(from)
		b, err2 := time.Duration(math.MaxInt64), error(nil)
		if to != "" {
			b, err2 = parseSpan(to)
		}
		if err != nil || err2 != nil || b <= a {
			p.bad(".silent", c.Silent, "a time such as 3d, or two, is expected")
		}
		out.Silent = [2]time.Duration{a, b}
	}
	for name, rows := range c.Rows {
		p.rows(name, rows)
	}
	for _, name := range slices.Sorted(keys(c.Samples)) {
		p.samples(".samples.", name, c.Samples[name], every)
	}
	others := &caseParser{key: p.key, steps: map[time.Duration]*CaseStep{}}
	for _, name := range slices.Sorted(keys(c.Peers)) {
		others.samples(".peers.", name, c.Peers[name], every)
	}
	p.problems = append(p.problems, others.problems...)
	out.Peers = others.inOrder()
	for i, text := range c.Events {
		p.event(fmt.Sprintf(".events[%d]", i), text)
	}
	for i, text := range c.Expect {
		if e, ok := p.expectation(fmt.Sprintf(".expect[%d]", i), text); ok {
			out.Expect = append(out.Expect, e)
			p.end = max(p.end, e.At)
		}
	}
	if len(c.Expect) == 0 {
		p.bad(".expect", "", "at least one expectation is expected, such as: 36h warn")
	}
	out.Steps = p.inOrder()
	slices.SortStableFunc(out.Expect, func(a, b Expectation) int { return cmp.Compare(a.At, b.At) })
	out.End = p.end
	return out
}

// inOrder lists the steps by time.
func (p *caseParser) inOrder() []CaseStep {
	var out []CaseStep
	for _, s := range p.steps {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b CaseStep) int { return cmp.Compare(a.At, b.At) })
	return out
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func (p *caseParser) device(text string) CaseDevice {
	d := CaseDevice{Kind: "pc", OS: "windows", Model: "Desk 1", Chassis: "desktop"}
	_, pairs, err := words(text)
	if err != nil {
		p.bad(".device", text, "%v", err)
	}
	for k, v := range pairs {
		switch k {
		case "kind":
			d.Kind = v
		case "os":
			d.OS = v
		case "model":
			d.Model = v
		case "chassis":
			d.Chassis = v
		case "seen":
			s, err := parseSpan(v)
			if err != nil {
				p.bad(".device", v, "a time such as 30d is expected")
			}
			d.Seen = s
		default:
			p.bad(".device", k, "there are kind, os, model, chassis, seen")
		}
	}
	return d
}

func (p *caseParser) rows(name string, rows []string) {
	key := ".rows." + name
	section, at, late := strings.Cut(name, "@")
	section = strings.TrimSpace(section)
	var when time.Duration
	if late {
		d, err := parseSpan(strings.TrimSpace(at))
		if err != nil {
			p.bad(key, name, "a section, or one with a time such as: disk @3d")
			return
		}
		when = d
	}
	sec, ok := inventory.Lookup(section)
	if !ok {
		p.bad(key, section, "there is no such section%s", settings.Nearest(section, allNames()))
		return
	}
	var out CaseRows
	for _, c := range sec.Columns {
		out.Table.Columns = append(out.Table.Columns, c.Name)
	}
	for n, text := range rows {
		plain, pairs, err := words(text)
		if err != nil || len(plain) > 0 {
			p.bad(fmt.Sprintf("%s[%d]", key, n), text, "column=value pairs are expected")
			continue
		}
		row := make([]any, len(sec.Columns))
		for k, v := range pairs {
			i := sec.Index(k)
			if i < 0 {
				p.bad(fmt.Sprintf("%s[%d]", key, n), k, "section %s has no such column", section)
				continue
			}
			value, after, err := cell(sec.Columns[i], v)
			if err != nil {
				p.bad(fmt.Sprintf("%s[%d]", key, n), v, "%s: %v", k, err)
			}
			row[i] = value
			if sec.Columns[i].Kind == inventory.Time {
				out.Times = append(out.Times, CaseTime{Row: n, Column: i, After: after})
			}
		}
		out.Table.Rows = append(out.Table.Rows, row)
	}
	p.step(when).Rows[section] = out
}

// cell reads the value of a column; of a time how much later it is.
func cell(c inventory.Column, v string) (any, time.Duration, error) {
	switch c.Kind {
	case inventory.Text:
		return v, 0, nil
	case inventory.Int:
		n, err := strconv.ParseFloat(v, 64)
		return int64(n), 0, err
	case inventory.Float:
		n, err := strconv.ParseFloat(v, 64)
		return n, 0, err
	case inventory.Bool:
		b, err := strconv.ParseBool(v)
		return b, 0, err
	case inventory.List:
		b, err := json.Marshal(strings.Split(v, "|"))
		return string(b), 0, err
	case inventory.Time:
		sign := time.Duration(1)
		if rest, ok := strings.CutPrefix(v, "-"); ok {
			v, sign = rest, -1
		}
		d, err := parseSpan(strings.TrimPrefix(v, "+"))
		if err != nil {
			return nil, 0, fmt.Errorf("a time is written as -3d (ago) or +10d (ahead)")
		}
		return int64(0), sign * d, nil
	}
	return nil, 0, fmt.Errorf("a column of kind %s cannot stand in a case", c.Kind)
}

func (p *caseParser) samples(under, name, text string, every time.Duration) {
	key := under + name
	plain, pairs, err := words(name)
	if err != nil || len(plain) != 1 {
		p.bad(key, name, "a number and its labels are expected, such as: disk.free path=C:")
		return
	}
	measurement, field, _ := strings.Cut(plain[0], ".")
	if _, _, ok := metric.Lookup(measurement, field); !ok {
		p.bad(key, plain[0], "there is no such number in the catalogue")
		return
	}
	s := report.Series{Measurement: measurement, Field: field}
	for _, k := range slices.Sorted(keys(pairs)) {
		s.Labels = append(s.Labels, report.Label{Key: k, Value: pairs[k]})
	}
	values, err := series(text)
	if err != nil {
		p.bad(key, text, "%v", err)
		return
	}
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		st := p.step(time.Duration(i) * every)
		st.Layout = append(st.Layout, s)
		st.Values = append(st.Values, v)
	}
	p.end = max(p.end, time.Duration(len(values)-1)*every)
}

// series reads 0x5 3+1x4 _x2: five times 0, then 3 4 5 6, then two gaps.
func series(text string) ([]float64, error) {
	var out []float64
	for word := range strings.FieldsSeq(text) {
		body, times, repeated := strings.Cut(word, "x")
		n := 1
		if repeated {
			var err error
			if n, err = strconv.Atoi(times); err != nil || n < 1 || n > maxSteps {
				return nil, fmt.Errorf("%q: a count from 1 to %d is expected after x", word, maxSteps)
			}
		}
		if len(out)+n > maxSteps {
			return nil, fmt.Errorf("more than %d values", maxSteps)
		}
		start, step := math.NaN(), 0.0
		if body != "_" {
			first, rise := body, ""
			// The sign of the step is the last one that is not at the start
			// and not of an exponent.
			for i := len(body) - 1; i > 0; i-- {
				if (body[i] == '+' || body[i] == '-') && body[i-1] != 'e' && body[i-1] != 'E' {
					first, rise = body[:i], body[i:]
					break
				}
			}
			var err, err2 error
			start, err = strconv.ParseFloat(first, 64)
			if rise != "" {
				step, err2 = strconv.ParseFloat(rise, 64)
			}
			if err != nil || err2 != nil {
				return nil, fmt.Errorf("%q: values are written as 3, 0x5, 3+1x4, _ for none", word)
			}
		}
		for i := range n {
			out = append(out, start+step*float64(i))
		}
	}
	return out, nil
}

func (p *caseParser) event(key, text string) {
	plain, pairs, err := words(text)
	if err != nil || len(plain) < 2 {
		p.bad(key, text, "a time and a kind are expected, such as: 30h disk_error cause=hardware x3")
		return
	}
	at, err := parseSpan(plain[0])
	if err != nil {
		p.bad(key, plain[0], "a time such as 30h is expected")
		return
	}
	k, ok := event.Lookup(plain[1])
	if !ok {
		p.bad(key, plain[1], "there is no such kind of event%s", settings.Nearest(plain[1], allNames()))
		return
	}
	for a := range pairs {
		if _, ok := k.Attribute(a); !ok {
			p.bad(key, a, "%s has no such attribute", k.Name)
		}
	}
	e := CaseEvent{Kind: k.Name, Count: 1, Attributes: pairs}
	if len(plain) == 3 {
		n, err := strconv.ParseInt(strings.TrimPrefix(plain[2], "x"), 10, 64)
		if err != nil || n < 1 {
			p.bad(key, plain[2], "a count such as x3 is expected")
		}
		e.Count = n
	}
	s := p.step(at)
	s.Events = append(s.Events, e)
}

// expectations are the words an expectation may use.
func expectations() []string {
	return []string{"none", "pending", "unseen", string(Info), string(Warn), string(Critical)}
}

func (p *caseParser) expectation(key, text string) (Expectation, bool) {
	plain, pairs, err := words(text)
	var e Expectation
	if err != nil || len(plain) < 2 || len(pairs) > 0 {
		p.bad(key, text, "a time and a state are expected, such as: 36h warn")
		return e, false
	}
	if e.At, err = parseSpan(plain[0]); err != nil {
		p.bad(key, plain[0], "a time such as 36h is expected")
		return e, false
	}
	for _, w := range plain[1:] {
		switch {
		case slices.Contains(expectations(), w) && e.State == "":
			e.State = w
		case w == "backlog":
			e.Backlog = true
		case e.Component == "":
			e.Component = w
		}
	}
	if e.State == "" {
		p.bad(key, text, "one of %s is expected", strings.Join(expectations(), ", "))
	}
	return e, e.State != ""
}

// words takes a line apart: plain words, and name=value pairs. A value, or a
// word, with blanks stands in single or double quotes.
func words(text string) (plain []string, pairs map[string]string, _ error) {
	pairs = map[string]string{}
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimLeft(text, " \t") {
		var word strings.Builder
		name, paired := "", false
		for text != "" && text[0] != ' ' && text[0] != '\t' {
			switch c := text[0]; {
			case c == '\'' || c == '"':
				inner, rest, ok := strings.Cut(text[1:], string(c))
				if !ok {
					return nil, nil, fmt.Errorf("a quote is not closed")
				}
				word.WriteString(inner)
				text = rest
			case c == '=' && !paired:
				name, paired = word.String(), true
				word.Reset()
				text = text[1:]
			default:
				word.WriteByte(c)
				text = text[1:]
			}
		}
		if !paired {
			plain = append(plain, word.String())
			continue
		}
		if _, twice := pairs[name]; twice || name == "" {
			return nil, nil, fmt.Errorf("%q stands twice, or has no name", name)
		}
		pairs[name] = word.String()
	}
	return plain, pairs, nil
}
