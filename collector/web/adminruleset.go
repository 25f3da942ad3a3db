package web

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/api"
	"muster/collector/web/texts"
	"muster/internal/settings"
)

// unitWords are units as a label names them.
func unitWord(unit string) texts.T {
	switch unit {
	case "":
		return ""
	case "percent":
		return " (%)"
	case "celsius":
		return " (°C)"
	case "share":
		return " (0 to 1)"
	case "dBm":
		return " (dBm)"
	}
	return texts.F(" ({1}s)", unit)
}

// plainNumber is a number as people write it into a field.
func plainNumber(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

func limitLabel(name string, l api.RuleLimit) texts.T {
	if l.Label != "" {
		return texts.F("{1}{2}", l.Label, unitWord(l.Unit))
	}
	return texts.F("{1}{2}", words(name), unitWord(l.Unit))
}

func modelLines(models map[string]float64) string {
	var out []string
	for _, m := range slices.Sorted(maps.Keys(models)) {
		out = append(out, m+" = "+plainNumber(models[m]))
	}
	return strings.Join(out, "\n")
}

// ruleSetForm asks for all of a rule that can be set.
func ruleSetForm(x *api.RuleShow) *form {
	on := "on"
	if x.Rule.State == "disabled" {
		on = "off"
	}
	f := &form{ID: "set", Action: "/admin/rules/" + x.Rule.ID + "/set", Do: "set", Button: "Use this", Busy: "One moment…",
		Text:   "It counts at once, for the whole office. Files of the office stay as they are.",
		Fields: []*field{{Name: "on", Label: "The rule is", Kind: "select", Value: on, Choices: []choice{{"on", "On: it judges"}, {"off", "Off: all that it found ends"}}}}}
	for _, name := range slices.Sorted(maps.Keys(x.Limits)) {
		l := x.Limits[name]
		hint := texts.F("{1} to {2}", plainNumber(l.Least), plainNumber(l.Most))
		if l.Plain != nil {
			hint = texts.List("; ", hint, texts.F("without your change {1}", plainNumber(l.Plain.Default)))
		}
		if u, ok := x.Limits[l.Under]; ok {
			hint = texts.List("; ", hint, texts.F("less than “{1}”", limitLabel(l.Under, u)))
		}
		f.Fields = append(f.Fields, &field{Name: "limit_" + name, Label: limitLabel(name, l), Hint: hint, Value: plainNumber(l.Default), Must: true, Max: 20, Mono: true})
	}
	for _, l := range x.Levels {
		hint := texts.T("Such as 15m, 6h or 2d; 0 is at once.")
		if l.PlainHold != nil {
			hint = texts.List(" ", hint, texts.F("Without your change {1}.", settings.Duration(time.Duration(*l.PlainHold)*time.Second).String()))
		}
		f.Fields = append(f.Fields, &field{Name: "hold_" + l.Severity, Label: texts.F("“{1}” only when it was so for", urgencyWord(l.Severity)), Hint: hint, Value: settings.Duration(time.Duration(l.HoldSeconds) * time.Second).String(), Must: true, Max: 20, Mono: true})
	}
	for _, name := range slices.Sorted(maps.Keys(x.Limits)) {
		l := x.Limits[name]
		f.Fields = append(f.Fields, &field{Name: "models_" + name, Label: texts.F("For some models: {1}", texts.Lower(limitLabel(name, l))), Hint: "One a line, as MODEL = number; * stands for any text.", Kind: "area", Value: modelLines(l.Models), Example: "ST8000* = " + plainNumber(l.Default), Mono: true})
	}
	f.Fields = append(f.Fields,
		&field{Name: "reason", Label: "Why", Hint: "For those who come after.", Max: 500},
		&field{Name: "try", Label: "Only try it: tell what it would have found in the last 7 days, and change nothing", Kind: "check"})
	return f
}

// setting is what somebody wrote. Only what differs from what is there goes
// along, so that two who set different things do not undo each other.
func (f *form) setting(x *api.RuleShow) api.RuleSetting {
	w := api.RuleSetting{Reason: f.value("reason"), Limits: map[string]api.RuleLimitChange{}, Hold: map[string]string{}}
	if on := f.value("on") != "off"; on != (x.Rule.State != "disabled") {
		w.On = &on
	}
	for name, l := range x.Limits {
		var c api.RuleLimitChange
		if n, err := strconv.ParseFloat(strings.ReplaceAll(f.value("limit_"+name), ",", ""), 64); err != nil {
			f.fault("limit_"+name, texts.F("Write a number, such as {1}.", plainNumber(l.Default)))
		} else if n != l.Default {
			c.Default = &n
		}
		models := map[string]float64{}
		for line := range strings.Lines(f.value("models_" + name)) {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			i := strings.LastIndex(line, "=")
			n, err := strconv.ParseFloat(strings.TrimSpace(line[i+1:]), 64)
			if i < 1 || err != nil {
				f.fault("models_"+name, texts.F("Write {1} as MODEL = number.", strconv.Quote(clip(line, 60))))
				continue
			}
			models[strings.TrimSpace(line[:i])] = n
		}
		if !maps.Equal(models, l.Models) {
			c.Models = models
		}
		if c.Default != nil || c.Models != nil {
			w.Limits[name] = c
		}
	}
	for _, l := range x.Levels {
		d, err := settings.ParseDuration(f.value("hold_" + l.Severity))
		switch {
		case err != nil:
			f.fault("hold_"+l.Severity, "Write a time such as 15m, 6h or 2d.")
		case d.D() != time.Duration(l.HoldSeconds)*time.Second:
			w.Hold[l.Severity] = f.value("hold_" + l.Severity)
		}
	}
	return w
}

// blameSetting puts what does not fit the rule under the fields it is about.
func (f *form) blameSetting(err error) bool {
	p, ok := asProblem(err)
	if !ok || p.Kind() != "invalid" {
		return false
	}
	if len(p.Errors) == 0 {
		f.fault("", sentence(p.Detail))
	}
	for _, e := range p.Errors {
		parts := strings.SplitN(strings.TrimPrefix(e.Location, "body."), ".", 3)
		name := parts[0]
		switch {
		case len(parts) > 1 && parts[0] == "hold":
			name = "hold_" + parts[1]
		case len(parts) == 3 && parts[0] == "limits" && parts[2] == "models":
			name = "models_" + parts[1]
		case len(parts) > 1 && parts[0] == "limits":
			name = "limit_" + parts[1]
		}
		f.fault(name, sentence(e.Detail))
	}
	return true
}

// ruleChanged says who set a rule otherwise.
func (s *Site) ruleChanged(r *api.RuleSummary) *sheet {
	c := &sheet{Title: "Set otherwise", Pairs: []named{{"When", at(r.Changed.At)}}}
	if r.Changed.By != "" {
		c.Pairs = append(c.Pairs, named{"By", txt(r.Changed.By)})
	}
	if r.Changed.Reason != "" {
		c.Pairs = append(c.Pairs, named{"Why", txt(r.Changed.Reason)})
	}
	return c
}

func (s *Site) adminRuleSet(v *visit) error {
	id := v.r.PathValue("id")
	here := "/admin/rules/" + id
	if v.form("do") == "restore" {
		ok, err := s.sure(v, here, texts.F("Take back what was set of rule {1}?", id), "Take it back", "The rule is on or off, and has the limits, that Muster and the files of the office say.")
		if !ok || err != nil {
			return err
		}
		if err := v.api.RuleRestore(v.ctx(), api.RuleInput{ID: id}); err != nil {
			return err
		}
		return s.did(v, here, "The rule is as it was before anybody set it.")
	}
	x, err := v.api.RuleShow(v.ctx(), api.RuleInput{ID: id})
	if err != nil {
		return err
	}
	f := ruleSetForm(&x).read(v)
	w := f.setting(&x)
	if !f.asked() {
		return s.ruleDesk(v, f, nil)
	}
	nothing := w.On == nil && len(w.Limits) == 0 && len(w.Hold) == 0
	if f.value("try") != "" {
		past, err := v.api.RuleReplay(v.ctx(), api.RuleReplayInput{ID: id, Body: api.ReplayOrder{Setting: &w}})
		if err != nil {
			if f.blameSetting(err) {
				return s.ruleDesk(v, f, nil)
			}
			return err
		}
		return s.ruleDesk(v, f, &past)
	}
	if nothing {
		return s.did(v, here, "Nothing was to be changed.")
	}
	x, err = v.api.RuleSet(v.ctx(), api.RuleSetInput{ID: id, Body: w})
	if err != nil {
		if f.blameSetting(err) {
			return s.ruleDesk(v, f, nil)
		}
		return err
	}
	if x.Rule.Changed == nil {
		return s.did(v, here, "The rule is as it was before anybody set it.")
	}
	return s.did(v, here, "The rule is set, and counts from now on.")
}
