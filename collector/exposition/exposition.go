// Package exposition writes numbers in the text form that Prometheus and its
// kin read: https://prometheus.io/docs/instrumenting/exposition_formats/,
// version 0.0.4. It owns the form and the rules about names. It must not know
// what is counted, nor who asks.
//
// There is no registry and nothing is kept: whoever serves a page builds its
// families from what the parts count anyway.
package exposition

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// ContentType is that of a page.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Kind says how a number moves.
type Kind string

// The kinds.
const (
	Counter   Kind = "counter" // only up, from 0 at the start of the process; its name ends in _total
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
)

// Family is all numbers of one name.
type Family struct {
	Name    string // letters, digits, underscores; unit at the end: _bytes, _seconds
	Help    string
	Kind    Kind
	Samples []Sample
}

// Sample is one number. NaN is not known and is left out.
type Sample struct {
	Labels []Label
	Value  float64
	// Of a histogram: how many were at most each bound, in order, not
	// cumulative; the last is of those above all bounds. Value is their sum.
	Bounds []float64
	Counts []int64
}

// Label tells samples of a family apart.
type Label struct{ Name, Value string }

// One is a family of a single number.
func One(kind Kind, name, help string, value float64) Family {
	return Family{Name: name, Help: help, Kind: kind, Samples: []Sample{{Value: value}}}
}

// Write writes families in their order. An error is one of w, or of a name or
// a kind that the form does not have.
func Write(w io.Writer, families []Family) error {
	b := bufio.NewWriter(w)
	seen := map[string]bool{}
	for i := range families {
		f := &families[i]
		switch {
		case !named(f.Name) || seen[f.Name]:
			return fmt.Errorf("write metrics: the name %q is no name, or is taken", f.Name)
		case f.Kind == Counter != strings.HasSuffix(f.Name, "_total"):
			return fmt.Errorf("write metrics: %s: names of counters, and only these, end in _total", f.Name)
		}
		seen[f.Name] = true
		fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", f.Name, help(f.Help), f.Name, f.Kind)
		for j := range f.Samples {
			if err := f.Samples[j].write(b, f); err != nil {
				return err
			}
		}
	}
	return b.Flush()
}

func (s *Sample) write(b *bufio.Writer, f *Family) error {
	for _, l := range s.Labels {
		if !named(l.Name) || strings.Contains(l.Name, ":") {
			return fmt.Errorf("write metrics: %s: %q is no name of a label", f.Name, l.Name)
		}
	}
	if f.Kind != Histogram {
		if !math.IsNaN(s.Value) {
			line(b, f.Name, s.Labels, s.Value)
		}
		return nil
	}
	if len(s.Counts) != len(s.Bounds)+1 {
		return fmt.Errorf("write metrics: %s has %d counts for %d bounds", f.Name, len(s.Counts), len(s.Bounds))
	}
	n := int64(0)
	for i, c := range s.Counts {
		n += c
		le := "+Inf"
		if i < len(s.Bounds) {
			le = number(s.Bounds[i])
		}
		line(b, f.Name+"_bucket", append(s.Labels[:len(s.Labels):len(s.Labels)], Label{"le", le}), float64(n))
	}
	line(b, f.Name+"_sum", s.Labels, s.Value)
	line(b, f.Name+"_count", s.Labels, float64(n))
	return nil
}

func line(b *bufio.Writer, name string, labels []Label, value float64) {
	b.WriteString(name)
	for i, l := range labels {
		b.WriteByte("{,"[min(i, 1)])
		fmt.Fprintf(b, `%s="%s"`, l.Name, escape.Replace(strings.ToValidUTF8(l.Value, "�")))
	}
	if len(labels) > 0 {
		b.WriteByte('}')
	}
	b.WriteByte(' ')
	b.WriteString(number(value))
	b.WriteByte('\n')
}

func number(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "+Inf"
	case math.IsInf(v, -1):
		return "-Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

var escape = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

func help(s string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(s)
}

// named is [a-zA-Z_:][a-zA-Z0-9_:]*.
func named(s string) bool {
	for i, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r == ':' || i > 0 && r >= '0' && r <= '9') {
			return false
		}
	}
	return s != ""
}
