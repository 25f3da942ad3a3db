package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"muster/collector/health/rule"
	"muster/internal/settings"
)

// Rulebook keeps what administrators set otherwise in rules, and uses it at
// once. What does not fit is settings.Problems.
type Rulebook interface {
	// Change makes a rule's change from the one there is.
	Change(ctx context.Context, id string, from func(rule.Change) rule.Change, by, reason string, at time.Time) error
	// Restore forgets it; store.ErrNotFound where there is none.
	Restore(ctx context.Context, id string) error
	// Try is the rules in use with another change of one.
	Try(c rule.Change) (*rule.Set, error)
}

// limitOf is a limit as it is shown.
func limitOf(r *rule.Rule, name string, l rule.Limits) RuleLimit {
	out := RuleLimit{Default: l.Default, Models: l.Models, Label: l.Label, Unit: l.Unit, Under: l.Under}
	out.Least, out.Most = l.Range()
	if r.Plain == nil {
		return out
	}
	p := r.Plain.Limits[name]
	out.Least, out.Most = p.Range() // a tenth of what the files say, not of what is set
	if p.Default != l.Default || !maps.Equal(p.Models, l.Models) {
		out.Plain = &RuleNumber{p.Default, p.Models}
	}
	return out
}

// set is a change with what is wished laid over it. r gives what is not named.
func (w *RuleSetting) set(r *rule.Rule, c rule.Change) (rule.Change, error) {
	if w.On != nil {
		c.State = rule.Off
		if *w.On {
			c.State = rule.On
		}
	}
	if len(w.Limits) > 0 {
		c.Limits = maps.Clone(c.Limits)
		if c.Limits == nil {
			c.Limits = map[string]rule.Changed{}
		}
	}
	for name, x := range w.Limits {
		now, ok := c.Limits[name]
		if !ok {
			l := r.Limits[name]
			now = rule.Changed{Default: l.Default, Models: l.Models}
		}
		if x.Default != nil {
			now.Default = *x.Default
		}
		if x.Models != nil {
			now.Models = x.Models
		}
		c.Limits[name] = now
	}
	if len(w.Hold) > 0 {
		c.Holds = maps.Clone(c.Holds)
		if c.Holds == nil {
			c.Holds = map[string]settings.Duration{}
		}
	}
	for severity, text := range w.Hold {
		d, err := settings.ParseDuration(strings.TrimSpace(text))
		if err != nil {
			return c, settings.Problems{{Key: "hold." + severity, Text: text, Want: "a time such as 15m, 6h or 2d is expected"}}
		}
		c.Holds[severity] = d
	}
	return c, nil
}

// unfit tells what of a change does not fit its rule, each under its key.
func unfit(err error) error {
	var ps settings.Problems
	if !errors.As(err, &ps) {
		return err
	}
	p := NewProblem(invalid, "the rule cannot be set so")
	for _, x := range ps {
		detail := x.Want
		if x.Text != "" {
			detail = x.Text + ": " + detail
		}
		p.Errors = append(p.Errors, Fault{Location: "body." + x.Key, Detail: detail})
	}
	if len(p.Errors) == 1 {
		p.Detail += ": " + ps[0].Error()
	}
	return p
}

// ruleSet needs the right to administer: what is set here decides on what
// everybody is told.
func (s *Server) ruleSet(ctx context.Context, in *RuleSetInput) (RuleShow, error) {
	r, _, err := s.rule(in.ID)
	if err != nil {
		return RuleShow{}, err
	}
	if s.d.Rules == nil {
		return RuleShow{}, NewProblem(notOffered, "this collector keeps no changes of rules: use files of the office")
	}
	onto(ctx, r.ID)
	w := &in.Body
	if w.On == nil && len(w.Limits) == 0 && len(w.Hold) == 0 {
		return RuleShow{}, NewProblem(invalid, "nothing is to be set: name on, limits or hold")
	}
	if _, err := w.set(r, rule.Change{}); err != nil {
		return RuleShow{}, unfit(err)
	}
	if w.On != nil {
		note(ctx, "on", fmt.Sprint(*w.On))
	}
	for _, name := range slices.Sorted(maps.Keys(w.Limits)) {
		if x := w.Limits[name]; x.Default != nil {
			note(ctx, "limit "+clip(name, 60), fmt.Sprintf("%g", *x.Default))
		}
		if x := w.Limits[name]; x.Models != nil {
			note(ctx, "models of "+clip(name, 60), fmt.Sprint(x.Models))
		}
	}
	for _, severity := range slices.Sorted(maps.Keys(w.Hold)) {
		note(ctx, "hold "+clip(severity, 60), w.Hold[severity])
	}
	note(ctx, "reason", w.Reason)
	err = s.d.Rules.Change(ctx, r.ID, func(c rule.Change) rule.Change {
		c, _ = w.set(r, c) // it was read above
		return c
	}, actorOf(ctx).Name, strings.TrimSpace(w.Reason), s.d.Now())
	if err != nil {
		return RuleShow{}, unfit(err)
	}
	return s.ruleShow(ctx, &RuleInput{ID: r.ID})
}

// ruleRestore works for rules that are no more, too: what was set of them
// would stay for ever.
func (s *Server) ruleRestore(ctx context.Context, in *RuleInput) (Nothing, error) {
	if s.d.Judge == nil || s.d.Rules == nil {
		return Nothing{}, NewProblem(notOffered, "this collector keeps no changes of rules: use files of the office")
	}
	onto(ctx, strings.ToUpper(in.ID))
	return Nothing{}, s.d.Rules.Restore(ctx, in.ID)
}

// ruleAsSet is the rule in use as it would be set.
func (s *Server) ruleAsSet(in *RuleReplayInput) (*rule.Rule, *rule.Set, error) {
	r, _, err := s.rule(in.ID)
	if err != nil {
		return nil, nil, err
	}
	if s.d.Rules == nil || in.Body.Text != "" {
		return nil, nil, NewProblem(invalid, "name either the text of a rule or how it is to be set")
	}
	c := rule.Change{Rule: r.ID}
	if r.Made != nil {
		c = r.Made.Change
	}
	if c, err = in.Body.Setting.set(r, c); err != nil {
		return nil, nil, unfit(err)
	}
	set, err := s.d.Rules.Try(c)
	if err != nil {
		return nil, nil, unfit(err)
	}
	r, _ = set.Find(r.ID)
	return r, set, nil
}
