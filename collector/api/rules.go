package api

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"muster/collector/health"
	"muster/collector/health/rule"
	"muster/collector/store"
	"muster/internal/settings"
)

// marks are what became of rules' incidents, by rule.
func (s *Server) marks(ctx context.Context) (map[string]store.RuleMark, error) {
	out := map[string]store.RuleMark{}
	if s.d.Health == nil {
		return out, nil
	}
	list, err := s.d.Health.RuleMarks(ctx)
	for _, m := range list {
		out[m.Rule] = m
	}
	return out, err
}

func outcomes(m store.RuleMark) RuleOutcomes {
	return RuleOutcomes{Useful: m.Useful, Useless: m.Useless, Wrong: m.Wrong, Since: m.Since}
}

func summed(ctx context.Context, r *rule.Rule, m store.RuleMark) RuleSummary {
	out := RuleSummary{
		ID: r.ID, Title: r.Title, Family: r.Family, Subject: r.Subject, Severities: []string{},
		State: "on", Lowered: health.Lowered(m), Open: m.Open, Outcomes: outcomes(m),
	}
	for _, l := range r.Levels {
		out.Severities = append(out.Severities, string(l.Severity))
	}
	if r.Office {
		out.Office = path.Base(r.File)
	}
	if r.Made != nil {
		out.Changed = &RuleChanged{At: r.Made.At, Text: r.Made.Text()}
		if personal(ctx) {
			out.Changed.By, out.Changed.Reason = r.Made.By, r.Made.Reason
		}
	}
	switch {
	case r.Disabled:
		out.State = "disabled"
	case m.Off != "":
		out.State, out.Why, out.OffAt = "off", m.Off, m.OffAt
	}
	return out
}

func (s *Server) ruleList(ctx context.Context, _ *NoInput) (RuleList, error) {
	if s.d.Judge == nil {
		return RuleList{}, NewProblem(notOffered, "this collector does not judge")
	}
	marks, err := s.marks(ctx)
	if err != nil {
		return RuleList{}, err
	}
	set := s.d.Judge.Rules()
	out := RuleList{Rules: []RuleSummary{}}
	for _, r := range set.Rules {
		out.Rules = append(out.Rules, summed(ctx, r, marks[r.ID]))
	}
	for _, p := range set.Problems {
		p.File = path.Base(p.File) // where the folder lies is the collector's own business
		out.Problems = append(out.Problems, p.Error())
	}
	return out, nil
}

func (s *Server) ruleShow(ctx context.Context, in *RuleInput) (RuleShow, error) {
	r, set, err := s.rule(in.ID)
	if err != nil {
		return RuleShow{}, err
	}
	marks, err := s.marks(ctx)
	if err != nil {
		return RuleShow{}, err
	}
	out := RuleShow{
		Rule: summed(ctx, r, marks[r.ID]), Texts: *textsOf(set, r.ID), Kinds: r.Kinds, OS: r.OS,
		Backlog: r.Document.Backlog, Hygiene: r.Hygiene, Muted: r.Muted, Outage: r.Outage, BlockedMinutes: r.Blocked,
		Levels: []RuleLevel{}, Inputs: []RuleIngredient{},
	}
	if len(out.Kinds) == 0 {
		out.Kinds = []string{"pc", "server"} // as health has it
	}
	for i, l := range r.Levels {
		x := RuleLevel{Severity: string(l.Severity), When: l.When.Text, HoldSeconds: int64(l.Hold / time.Second), Samples: l.Samples, ClearForSeconds: int64(l.ClearFor / time.Second)}
		if l.Clear != nil {
			x.Clear = l.Clear.Text
		}
		if r.Plain != nil && r.Plain.Levels[i].Hold.D() != l.Hold {
			x.PlainHold = new(int64(r.Plain.Levels[i].Hold.D() / time.Second))
		}
		out.Levels = append(out.Levels, x)
	}
	for name, l := range r.Limits {
		if out.Limits == nil {
			out.Limits = map[string]RuleLimit{}
		}
		out.Limits[name] = limitOf(r, name, l)
	}
	for _, slot := range r.Inputs {
		in := &set.Inputs[slot]
		out.Inputs = append(out.Inputs, RuleIngredient{Name: in.String(), Doc: docOf(in)})
	}
	for _, e := range r.Shown {
		switch {
		case e.Value == nil:
			out.Evidence = append(out.Evidence, "chart of "+e.Chart.Measurement+"."+e.Chart.Field)
		default:
			out.Evidence = append(out.Evidence, e.Label)
		}
	}
	for _, c := range r.Cases {
		out.Cases = append(out.Cases, c.Name)
	}
	return out, nil
}

// ruleReset needs the right to manage: it reaches every site's list.
func (s *Server) ruleReset(ctx context.Context, in *RuleInput) (RuleShow, error) {
	r, _, err := s.rule(in.ID)
	if err != nil {
		return RuleShow{}, err
	}
	h, err := s.healthStore()
	if err != nil {
		return RuleShow{}, err
	}
	onto(ctx, r.ID)
	if err := h.ResetRule(ctx, r.ID, s.d.Now()); err != nil {
		return RuleShow{}, err
	}
	return s.ruleShow(ctx, &RuleInput{ID: r.ID})
}

// Bounds of a replay.
const (
	replaySince  = 7 * 24 * time.Hour
	replayTime   = 40 * time.Second // less than an operation may take
	replayNormal = 50               // devices
)

// ruleToReplay is the rule in use, or the one whose text comes along.
func (s *Server) ruleToReplay(in *RuleReplayInput) (*rule.Rule, *rule.Set, error) {
	if in.Body.Setting != nil {
		return s.ruleAsSet(in)
	}
	if in.Body.Text == "" {
		return s.rule(in.ID)
	}
	set, err := s.d.Draft(in.ID+".yaml", []byte(in.Body.Text))
	var ps settings.Problems
	if errors.As(err, &ps) {
		return nil, nil, NewProblem(invalid, "%s", ps.Error())
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read rule %s: %w", in.ID, err)
	}
	r, ok := set.Find(in.ID)
	if !ok {
		return nil, nil, NewProblem(invalid, "the text holds no rule %s", in.ID)
	}
	return r, set, nil
}

// ruleReplay holds a rule against the past of devices. It reads much, so it
// needs the right that people's SQL needs, and one goes on at a time.
func (s *Server) ruleReplay(ctx context.Context, in *RuleReplayInput) (Replay, error) {
	if s.d.Replay == nil || s.d.Draft == nil {
		return Replay{}, NewProblem(notOffered, "this collector cannot replay rules")
	}
	r, set, err := s.ruleToReplay(in)
	if err != nil {
		return Replay{}, err
	}
	if wholeFleet(r.Subject) {
		return Replay{}, NewProblem(invalid, "rule %s is about many devices at once and cannot be replayed", r.ID)
	}
	now := s.d.Now()
	since := now.Add(-replaySince)
	if in.Body.Since != "" {
		if since, err = moment("since", in.Body.Since, now); err != nil {
			return Replay{}, err
		}
	}
	if !since.Before(now) || now.Sub(since) > health.LongestReplay {
		return Replay{}, NewProblem(invalid, "since: %s is not within the last %d days", since.Format(time.RFC3339), int(health.LongestReplay.Hours()/24))
	}
	filter, err := filterOf(ctx, in.Body.Filter)
	if err != nil {
		return Replay{}, err
	}
	onto(ctx, r.ID)
	note(ctx, "since", since.Format(time.RFC3339))
	limit := in.Body.Limit
	if limit == 0 {
		limit = replayNormal
	}
	page, err := s.d.Inventory.Devices(ctx, store.DeviceQuery{Scope: scopeOf(ctx), Filter: filter, Limit: min(limit, health.MostReplayed), Personal: personal(ctx), Now: now})
	if err != nil {
		return Replay{}, err
	}
	select {
	case s.replaying <- struct{}{}:
		defer func() { <-s.replaying }()
	default:
		return Replay{}, NewProblem(busy, "another replay goes on: try again when it has ended")
	}
	ctx, cancel := context.WithTimeout(ctx, replayTime)
	defer cancel()
	out := Replay{Rule: r.ID, Title: r.Title, Since: since, Matched: page.Total, Findings: []health.Replayed{}}
	m := &judged{newMask(ctx), set}
	for _, d := range page.Devices {
		list, err := s.d.Replay(ctx, set, r.ID, []store.Device{d}, since)
		if ctx.Err() != nil && out.Looked > 0 {
			out.Stopped = true
			break
		}
		if err != nil {
			return Replay{}, fmt.Errorf("replay %s: %w", r.ID, err)
		}
		for _, x := range list {
			x.Evidence = m.evidence(r.ID, x.Evidence)
			m.component(r.ID, &x.Component, &x.Label)
			out.Findings = append(out.Findings, x)
		}
		out.Looked++
	}
	slices.SortStableFunc(out.Findings, func(a, b health.Replayed) int {
		if c := a.From.Compare(b.From); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	out.Hidden = m.list()
	return out, nil
}
