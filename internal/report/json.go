package report

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"muster/internal/inventory"
)

// The JSON form is for scripts: names instead of numbers, rows as objects,
// samples with their names. It says the same as the CBOR form.
type jsonEnvelope struct {
	Version int          `json:"version"`
	Epoch   uint64       `json:"epoch"`
	Oldest  uint64       `json:"oldest"`
	Reports []jsonReport `json:"reports"`
}

type jsonReport struct {
	Seq      uint64                 `json:"seq"`
	Time     time.Time              `json:"time"`
	Sections map[string]jsonSection `json:"sections"`
	Samples  []jsonSample           `json:"samples"`
	Events   []jsonEvent            `json:"events"`
}

type jsonSection struct {
	Status  string           `json:"status"`
	Reason  string           `json:"reason"`
	Sources []string         `json:"sources"`
	Rows    []map[string]any `json:"rows"`
}

type jsonSample struct {
	Measurement string            `json:"measurement"`
	Field       string            `json:"field"`
	Labels      map[string]string `json:"labels"`
	Value       *float64          `json:"value"`
}

type jsonEvent struct {
	Kind       string            `json:"kind"`
	Time       time.Time         `json:"time"`
	Attributes map[string]string `json:"attributes"`
	Count      int64             `json:"count"`
}

// maxDepth bounds how deep JSON may nest before it is parsed at all.
const maxDepth = 10

func decodeJSON(b []byte) (*Envelope, error) {
	if err := checkDepth(b); err != nil {
		return nil, err
	}
	var j jsonEnvelope
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&j); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if j.Version != Version {
		return nil, fmt.Errorf("%w %d: this collector speaks %d", ErrVersion, j.Version, Version)
	}
	if len(j.Reports) > MaxReports {
		return nil, fmt.Errorf("%w: %d reports, at most %d", ErrTooLarge, len(j.Reports), MaxReports)
	}
	e := &Envelope{Version: j.Version, Epoch: j.Epoch, Oldest: j.Oldest}
	for i, jr := range j.Reports {
		r, err := jr.report()
		if err != nil {
			return nil, fmt.Errorf("%w: report %d: %w", ErrMalformed, i+1, err)
		}
		e.Reports = append(e.Reports, r)
	}
	return e, e.check()
}

func (j jsonReport) report() (Report, error) {
	if j.Time.IsZero() {
		return Report{}, fmt.Errorf("time is missing (RFC 3339)")
	}
	r := Report{Seq: j.Seq, Time: j.Time.UnixMilli()}
	// The root of a script's report covers what it sends; it never claims to
	// know what it sent before, so it stays zero and is not compared.
	for _, name := range slices.Sorted(maps.Keys(j.Sections)) {
		js := j.Sections[name]
		s := Section{Name: name, Reason: js.Reason, Sources: js.Sources}
		if js.Status != "" {
			st, err := ParseStatus(js.Status)
			if err != nil {
				return Report{}, err
			}
			s.Status = st
		}
		cols := map[string]int{}
		for _, row := range js.Rows {
			for _, c := range slices.Sorted(maps.Keys(row)) {
				if _, ok := cols[c]; !ok {
					cols[c] = len(s.Columns)
					s.Columns = append(s.Columns, c)
				}
			}
		}
		for _, row := range js.Rows {
			out := make([]any, len(s.Columns))
			for c, v := range row {
				out[cols[c]] = v
			}
			s.Rows = append(s.Rows, out)
		}
		if sec, ok := inventory.Lookup(name); ok {
			if t, _, err := sec.Conform(s.Table()); err == nil {
				s.Seal(sec, t)
			}
		}
		r.Sections = append(r.Sections, s)
	}
	if err := j.addSamples(&r); err != nil {
		return Report{}, err
	}
	for _, je := range j.Events {
		at := int64(0)
		if !je.Time.IsZero() {
			at = r.Time - je.Time.UnixMilli()
		}
		r.Events = append(r.Events, Event{Kind: je.Kind, At: at, Attributes: je.Attributes, Count: je.Count})
	}
	b, err := r.Encode()
	if err != nil {
		return Report{}, err
	}
	sum := sha256.Sum256(b)
	copy(r.Body[:], sum[:])
	return r, nil
}

func (j jsonReport) addSamples(r *Report) error {
	if len(j.Samples) == 0 {
		return nil
	}
	l := make(Layout, 0, len(j.Samples))
	s := Sample{}
	for _, js := range j.Samples {
		if js.Value == nil {
			return fmt.Errorf("sample %s_%s has no value", js.Measurement, js.Field)
		}
		labels := make([]Label, 0, len(js.Labels))
		for k, v := range js.Labels {
			labels = append(labels, Label{Key: k, Value: v})
		}
		slices.SortFunc(labels, func(a, b Label) int { return cmp.Compare(a.Key, b.Key) })
		l = append(l, Series{Measurement: js.Measurement, Field: js.Field, Labels: labels})
		s.Values = append(s.Values, *js.Value)
	}
	s.Layout = l.Hash()
	r.Layouts = append(r.Layouts, l)
	r.Samples = append(r.Samples, s)
	return nil
}

// checkDepth refuses deep nesting before the parser builds anything of it.
func checkDepth(b []byte) error {
	depth, inText, escaped := 0, false, false
	for _, c := range b {
		switch {
		case escaped:
			escaped = false
		case inText:
			switch c {
			case '\\':
				escaped = true
			case '"':
				inText = false
			}
		case c == '"':
			inText = true
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return fmt.Errorf("%w: nested deeper than %d", ErrMalformed, maxDepth)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}
