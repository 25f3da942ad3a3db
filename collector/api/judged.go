package api

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"muster/collector/health"
	"muster/collector/health/rule"
	"muster/collector/store"
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/metric"
)

// Judge is what operations ask of the one who judges.
type Judge interface {
	// Rules are those in use.
	Rules() *rule.Set
	// Explain says what a rule says of a device now; see health.Judge.
	Explain(ctx context.Context, id inventory.DeviceID, rule, component string) ([]health.Explanation, error)
	Stats() health.Stats
}

// Replayer holds a rule against what the stores hold of devices; see
// health.Replay.
type Replayer func(ctx context.Context, set *rule.Set, rule string, devices []store.Device, since time.Time) ([]health.Replayed, error)

// healthStore is where findings and incidents are, if this collector judges.
func (s *Server) healthStore() (store.Health, error) {
	if s.d.Health == nil {
		return nil, NewProblem(notOffered, "this collector does not judge")
	}
	return s.d.Health, nil
}

// rules are those in use; none when nobody judges here.
func (s *Server) rules() *rule.Set {
	if s.d.Judge == nil {
		return &rule.Set{}
	}
	return s.d.Judge.Rules()
}

// rule finds one by ID.
func (s *Server) rule(id string) (*rule.Rule, *rule.Set, error) {
	if s.d.Judge == nil {
		return nil, nil, NewProblem(notOffered, "this collector does not judge")
	}
	set := s.d.Judge.Rules()
	r, ok := set.Find(strings.TrimSpace(id))
	if !ok {
		return nil, nil, NewProblem(notFound, "there is no rule %q%s: muster rule list shows them", clip(printable(id), 20), near(id, ruleIDs(set)))
	}
	return r, set, nil
}

func ruleIDs(set *rule.Set) []string {
	var out []string
	for _, r := range set.Rules {
		out = append(out, r.ID)
	}
	return out
}

// textsOf are the texts of a rule; nil when it is no longer in use.
func textsOf(set *rule.Set, id string) *RuleTexts {
	r, ok := set.Find(id)
	if !ok {
		return nil
	}
	return &RuleTexts{Rule: r.ID, Title: r.Title, Meaning: r.Meaning, Checks: orNone(r.Checks), Disproof: r.Disproof,
		Escalate: r.Escalate, Likelihood: r.Likelihood, Source: r.Source, Basis: r.Basis}
}

// textsAbout are the texts of an incident: of the rule that leads, or about a
// rule that was switched off.
func textsAbout(set *rule.Set, i *store.Incident) *RuleTexts {
	if i.Kind != store.RuleIncident {
		return textsOf(set, i.Rule)
	}
	t := &RuleTexts{Rule: health.RuleSwitchedOff(i.Key), Title: i.Title}
	t.Meaning, t.Checks, t.Escalate = health.AboutSwitchedOff(t.Rule)
	return t
}

func orNone(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// judged masks what rules said.
type judged struct {
	*mask
	set *rule.Set
}

func (s *Server) judged(ctx context.Context) *judged { return &judged{newMask(ctx), s.rules()} }

// evidence leaves out what tells of persons, as the judge marked it.
func (m *judged) evidence(id string, list []store.Evidence) []store.Evidence {
	if m.see {
		return list
	}
	out := slices.Clone(list)
	for i := range out {
		if out[i].Personal {
			m.hide(id, out[i].Label)
			out[i].Value = ""
		}
	}
	return out
}

// component leaves out a name that tells of a person.
func (m *judged) component(id string, names ...*string) {
	if m.see {
		return
	}
	if r, ok := m.set.Find(id); ok && !r.On.Personal() {
		return
	}
	for _, name := range names {
		if *name != "" {
			m.hide(id, "component")
			*name = "(hidden)"
		}
	}
}

func (m *judged) finding(f store.Finding) store.Finding {
	f.Evidence = m.evidence(f.Rule, f.Evidence)
	m.component(f.Rule, &f.Component, &f.Label)
	return f
}

func (m *judged) explanation(e health.Explanation) health.Explanation {
	if m.see {
		return e
	}
	e.Evidence = m.evidence(e.Rule, e.Evidence)
	m.component(e.Rule, &e.Component, &e.Label)
	r, ok := m.set.Find(e.Rule)
	personal := map[string]bool{}
	if ok {
		for _, slot := range r.Inputs {
			in := &m.set.Inputs[slot]
			personal[in.String()] = in.Personal()
		}
	}
	e.Inputs = slices.Clone(e.Inputs)
	for i := range e.Inputs {
		if x := &e.Inputs[i]; (!ok || personal[x.Name]) && x.Value != "" {
			m.hide(e.Rule, x.Name)
			x.Value = "(hidden)"
		}
	}
	return e
}

// incident leaves out users of devices, and devices out of scope that the
// terms of its rank name.
func (m *judged) incident(s store.Scope, i store.Incident) store.Incident {
	i.Devices = slices.Clone(i.Devices)
	if i.Devices == nil {
		i.Devices = []store.IncidentDevice{}
	}
	if !m.see {
		for n := range i.Devices {
			if i.Devices[n].User != "" {
				m.hide("device", "user")
				i.Devices[n].User = ""
			}
		}
	}
	if !s.All {
		i.Terms = slices.Clone(i.Terms)
		for n := range i.Terms {
			if t := &i.Terms[n]; t.Name == "risk" && !namesOneOf(i.Devices, t.Why) {
				t.Why = ""
			}
		}
	}
	i.Findings = slices.Clone(i.Findings)
	for n := range i.Findings {
		i.Findings[n] = m.finding(i.Findings[n])
	}
	return i
}

// namesOneOf says whether a term's reason begins with one of the devices, as
// package health writes it.
func namesOneOf(list []store.IncidentDevice, why string) bool {
	return slices.ContainsFunc(list, func(d store.IncidentDevice) bool {
		return d.Name != "" && strings.HasPrefix(why, d.Name+": ") || strings.HasPrefix(why, string(d.ID)+": ")
	})
}

// docOf is what the catalogues say of an input.
func docOf(in *rule.Input) string {
	switch in.Kind {
	case rule.Column, rule.Past, rule.Age:
		if section, ok := inventory.Lookup(in.Source); ok {
			c, _ := section.Column(in.Field)
			return c.Doc
		}
	case rule.Rows, rule.Gone:
		if section, ok := inventory.Lookup(in.Source); ok {
			return section.Doc
		}
	case rule.Sample, rule.Window, rule.Future:
		_, f, _ := metric.Lookup(in.Source, in.Field)
		return f.Doc
	case rule.Events:
		k, _ := event.Lookup(in.Source)
		return k.Doc
	case rule.Derived:
		for _, d := range rule.DerivedInputs() {
			if d.Group == in.Source && d.Name == in.Field {
				return d.Doc
			}
		}
	}
	return ""
}

// words checks a list against the words there are.
func words(what string, list, known []string) ([]string, error) {
	var out []string
	for _, w := range list {
		if w = strings.TrimSpace(w); w == "" {
			continue
		}
		i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, w) })
		if i < 0 {
			return nil, NewProblem(invalid, "there is no %s %q%s: there is %s", what, clip(printable(w), 40), near(w, known), strings.Join(known, ", "))
		}
		if !slices.Contains(out, known[i]) {
			out = append(out, known[i])
		}
	}
	return out, nil
}

func severities() []string {
	return []string{string(rule.Info), string(rule.Warn), string(rule.Critical)}
}

// either reads yes, no or both.
func either(text, otherwise string) (*bool, string) {
	if text == "" {
		text = otherwise
	}
	switch text {
	case "yes":
		return new(true), text
	case "no":
		return new(false), text
	}
	return nil, "both"
}

// lost tells which thing of health is not there.
func lost(err error, format string, args ...any) error {
	if errors.Is(err, store.ErrNotFound) {
		return NewProblem(notFound, format, args...)
	}
	return err
}
