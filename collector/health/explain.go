package health

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/collector/health/rule"
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/metric"
)

// Explanation is what a rule says of one component, and why. State to Since are
// what the judge found and holds on to; levels, inputs and evidence are asked
// anew, as of AsOf. Both can differ for good reason: what fires goes on until
// its end has been true for long enough.
type Explanation struct {
	Device    inventory.DeviceID `json:"device"`
	Name      string             `json:"name"`
	Rule      string             `json:"rule"`
	Title     string             `json:"title"`
	Component string             `json:"component,omitempty"`
	Label     string             `json:"label,omitempty"`
	State     string             `json:"state"` // none, pending, firing, unseen
	Severity  string             `json:"severity,omitempty"`
	Since     time.Time          `json:"since,omitzero"`
	JudgedAt  time.Time          `json:"judged_at,omitzero"` // the device's newest report
	AsOf      time.Time          `json:"as_of,omitzero"`     // what levels and inputs are true of: that report, or the present for rules about silence
	Off       string             `json:"off,omitempty"`      // why the rule is switched off
	Backlog   bool               `json:"backlog,omitempty"`
	Flapping  bool               `json:"flapping,omitempty"`

	Levels   []LevelNow       `json:"levels"`
	Inputs   []InputNow       `json:"inputs"`
	Unseen   []string         `json:"unseen,omitempty"` // inputs that are not known
	Evidence []store.Evidence `json:"evidence,omitempty"`
	Others   []string         `json:"others,omitempty"` // other rules that fire on the device

	Meaning    string   `json:"meaning"`
	Likelihood string   `json:"likelihood,omitempty"`
	Checks     []string `json:"checks"`
	Disproof   string   `json:"disproof"`
	Escalate   string   `json:"escalate"`
	Source     string   `json:"source"`
	Basis      string   `json:"basis"`
}

// LevelNow is one severity of a rule and whether it is true now.
type LevelNow struct {
	Severity string    `json:"severity"`
	When     string    `json:"when"`
	Now      string    `json:"now"` // true, false, unknown
	Since    time.Time `json:"since,omitzero"`
	Hold     string    `json:"hold,omitempty"`
	Samples  int       `json:"samples,omitempty"`
	Clear    string    `json:"clear,omitempty"`
	Over     string    `json:"over,omitempty"` // whether its end is true now
}

// InputNow is one thing a rule asks for, as it is now.
type InputNow struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"` // none: not known
	Doc   string `json:"doc,omitempty"`

	// At is when the device told it: its section was read, its newest sample
	// taken. For what the collector works out it is Explanation.AsOf, and zero
	// for what has no time, such as limits.
	At time.Time `json:"at,omitzero"`
}

// ErrUnknownRule says that no rule has that ID.
var ErrUnknownRule = errors.New("there is no such rule")

// Explain says what a rule says of a device, or each rule that is for such
// devices when ruleID is empty: of one component, or of each when component is
// empty.
func (j *Judge) Explain(ctx context.Context, id inventory.DeviceID, ruleID, component string) ([]Explanation, error) {
	j.mu.Lock()
	_, ok := j.plan.set.Find(ruleID)
	j.mu.Unlock()
	if !ok && ruleID != "" {
		return nil, fmt.Errorf("%w: %s", ErrUnknownRule, ruleID)
	}
	// A device that has not reported since the start is known from the store.
	d, err := j.device(ctx, Observation{Device: id, ReceivedAt: j.o.Now()})
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, fmt.Errorf("explain: device %s: %w", id, store.ErrNotFound)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []Explanation
	for _, r := range j.plan.set.Rules {
		if r.ID != ruleID && (ruleID != "" || !j.concerns(r, d) && j.off[r.ID] == "") {
			continue
		}
		for _, p := range d.partsOf(r) {
			if component == "" || p.key == component || slices.Contains(p.names, component) {
				out = append(out, j.explain(d, r, p))
			}
		}
	}
	return out, nil
}

func (j *Judge) explain(d *device, r *rule.Rule, p *part) Explanation {
	now := newest(d.at, d.info.FirstSeen)
	if slices.Contains(j.plan.silent, j.plan.index(r.ID)) {
		now = j.o.Now() // silence goes on after the last report, and is judged then
	}
	v := &view{j: j, d: d, r: r, part: p, now: now}
	e := Explanation{AsOf: now, Device: d.info.ID, Name: d.info.Name, Rule: r.ID, Title: r.Title, Component: p.key, Label: p.label, State: "none", JudgedAt: d.at,
		Off: j.off[r.ID], Meaning: r.Meaning, Likelihood: r.Likelihood, Checks: r.Checks, Disproof: r.Disproof, Escalate: r.Escalate, Source: r.Source, Basis: r.Basis}
	st := d.states[stateKey{r.ID, p.key}]
	unknown := true
	for i, l := range r.Levels {
		n := LevelNow{Severity: string(l.Severity), When: l.When.Text, Samples: l.Samples, Hold: span(l.Hold)}
		verdict, err := l.When.Judge(v)
		n.Now = verdictWord(verdict, err)
		unknown = unknown && verdict == rule.Unknown
		if l.Clear != nil {
			n.Clear = l.Clear.Text
			over, err := l.Clear.Judge(v)
			n.Over = verdictWord(over, err)
		}
		if st != nil {
			n.Since = st.since[i]
		}
		e.Levels = append(e.Levels, n)
	}
	switch {
	case st != nil:
		e.State, e.Severity, e.Since, e.Backlog, e.Flapping = string(st.f.State), st.f.Severity, st.f.Since, st.f.Backlog, st.f.Flapping
	case unknown:
		e.State = "unseen"
	}
	for _, slot := range r.Inputs {
		in := &j.plan.set.Inputs[slot]
		x := InputNow{Name: in.String(), Value: valueWords(in, v.Value(slot), v.unit(in)), Doc: docOf(in), At: v.told(in)}
		if x.Value == "" {
			e.Unseen = append(e.Unseen, x.Name+v.why(in))
		}
		e.Inputs = append(e.Inputs, x)
	}
	e.Evidence = evidence(r, v)
	for k, s := range d.states {
		if s.level > 0 && k.rule != r.ID {
			e.Others = append(e.Others, k.rule+" "+s.f.Title)
		}
	}
	slices.Sort(e.Others)
	e.Others = slices.Compact(e.Others)
	return e
}

func span(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return duration(d.Seconds())
}

func verdictWord(v rule.Verdict, err error) string {
	if err != nil {
		return err.Error()
	}
	return map[rule.Verdict]string{rule.Unknown: "unknown", rule.False: "false", rule.True: "true"}[v]
}

// valueWords is an input's value in words; empty when it is not known.
func valueWords(in *rule.Input, x rule.Value, unit string) string {
	if !x.Known {
		return ""
	}
	switch in.Type {
	case rule.Flag:
		return map[bool]string{true: "yes", false: "no"}[x.F]
	case rule.Text:
		if x.T == "" {
			return `""`
		}
		return x.T
	case rule.List:
		return "[" + strings.Join(x.L, ", ") + "]"
	}
	return Quantity(x.N, unit)
}

// unit is the unit of an input's value. Where the catalogue says that another
// column tells it (sensor.value_unit), it is what that says of the component.
func (v *view) unit(in *rule.Input) string {
	unit := unitOf(in)
	if in.Kind != rule.Column && in.Kind != rule.Past {
		return unit
	}
	sp, rs := v.j.plan.sections[in.Source], v.d.rows[in.Source]
	if sp == nil || rs == nil || sp.section.Index(unit) < 0 {
		return unit
	}
	i, kept := sp.at[unit]
	row := rs.by[v.key(in)]
	if !kept || row == nil {
		return ""
	}
	return textOf(row[i])
}

// told is when an input was told.
func (v *view) told(in *rule.Input) time.Time {
	switch in.Kind {
	case rule.Column, rule.Age, rule.Past, rule.Rows, rule.Gone:
		if rs := v.d.rows[in.Source]; rs != nil && rs.read {
			return rs.at
		}
	case rule.Sample, rule.Window, rule.Future:
		t, _ := v.track(rule.Ref{Measurement: in.Source, Field: in.Field}, v.key(in))
		if t == nil {
			return time.Time{}
		}
		if last, ok := t.Last(); ok {
			return time.Unix(last.At, 0).UTC()
		}
	case rule.Derived, rule.Events, rule.Firing:
		return v.now
	}
	return time.Time{}
}

// unitOf is the unit of an input's value.
func unitOf(in *rule.Input) string {
	switch in.Kind {
	case rule.Age, rule.Future:
		return "days"
	case rule.Derived: // their names end with their unit
		for _, unit := range []string{"minute", "hour", "day"} {
			if strings.HasSuffix(in.Field, "_"+unit+"s") {
				return unit
			}
		}
		if strings.HasSuffix(in.Field, "_percent") {
			return "percent"
		}
	case rule.Column, rule.Past:
		if s, ok := inventory.Lookup(in.Source); ok {
			c, _ := s.Column(in.Field)
			return c.Unit
		}
	case rule.Sample, rule.Window:
		switch in.Op {
		case "count", "days_above", "z", "peers_z", "share_above":
			return ""
		}
		_, f, _ := metric.Lookup(in.Source, in.Field)
		return f.Unit
	}
	return ""
}

// docOf is what the catalogue says of an input.
func docOf(in *rule.Input) string {
	switch in.Kind {
	case rule.Column, rule.Past, rule.Age:
		if s, ok := inventory.Lookup(in.Source); ok {
			c, _ := s.Column(in.Field)
			return c.Doc
		}
	case rule.Sample, rule.Window, rule.Future:
		_, f, _ := metric.Lookup(in.Source, in.Field)
		return f.Doc
	case rule.Derived:
		for _, d := range rule.DerivedInputs() {
			if d.Group == in.Source && d.Name == in.Field {
				return d.Doc
			}
		}
	}
	return ""
}

// Rules are those in use.
func (j *Judge) Rules() *rule.Set {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.plan.set
}

// why says why an input is not known, where there is more to say than that
// nobody told.
func (v *view) why(in *rule.Input) string {
	ref := rule.Ref{Measurement: in.Source, Field: in.Field}
	switch in.Kind {
	case rule.Future:
		t, np := v.track(ref, v.key(in))
		if t == nil || t.Len() == 0 {
			return ": never sent"
		}
		return ": no forecast: " + v.foretell(in, t, np).no.String()
	case rule.Sample, rule.Window:
		t, _ := v.track(ref, v.key(in))
		if t == nil || t.Len() == 0 {
			return ": never sent"
		}
		last, _ := t.Last()
		if age := v.now.Sub(time.Unix(last.At, 0)); age > time.Hour {
			return ": last sent " + duration(age.Seconds()) + " before the newest report"
		}
	case rule.Column, rule.Age, rule.Rows:
		if rs := v.d.rows[in.Source]; rs == nil || !rs.read {
			return ": section " + in.Source + " was never read"
		}
	case rule.Events:
		if !v.j.plan.tells(in.Source, v.d.info) {
			return ": this kind of system does not tell it"
		}
	}
	return ""
}
