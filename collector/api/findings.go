package api

import (
	"context"
	"strings"

	"muster/collector/health"
	"muster/collector/store"
	"muster/internal/inventory"
)

// aboutDevices is the devices that a filter chooses; none is false. Without a
// filter nothing narrows: the store keeps to the caller's scope by itself.
func (s *Server) aboutDevices(ctx context.Context, filter string) (ids []inventory.DeviceID, some bool, err error) {
	if strings.TrimSpace(filter) == "" {
		return nil, true, nil
	}
	ids, narrowed, err := s.chosen(ctx, filter)
	return ids, !narrowed || len(ids) > 0, err
}

// ruleNames checks IDs of rules: a misspelt one would look like one that finds
// nothing.
func (s *Server) ruleNames(list []string) ([]string, error) {
	var out []string
	for _, id := range list {
		if strings.TrimSpace(id) == "" {
			continue
		}
		r, _, err := s.rule(id)
		if err != nil {
			return nil, err
		}
		out = append(out, r.ID)
	}
	return out, nil
}

func (s *Server) findingList(ctx context.Context, in *FindingListInput) (FindingList, error) {
	h, err := s.healthStore()
	if err != nil {
		return FindingList{}, err
	}
	q := store.FindingQuery{Scope: scopeOf(ctx), Incident: in.Incident, Limit: orDefault(in.Limit) + 1}
	otherwise := "no"
	if strings.TrimSpace(in.Filter) != "" || in.Incident != 0 {
		otherwise = "both"
	}
	out := FindingList{Findings: []store.Finding{}}
	q.Backlog, out.Backlog = either(in.Backlog, otherwise)
	if q.Rules, err = s.ruleNames(in.Rules); err != nil {
		return FindingList{}, err
	}
	states, err := words("state", in.States, []string{string(store.Pending), string(store.Firing), string(store.Resolved)})
	if err != nil {
		return FindingList{}, err
	}
	for _, x := range states {
		q.States = append(q.States, store.FindingState(x))
	}
	if q.Severities, err = words("severity", in.Severities, severities()); err != nil {
		return FindingList{}, err
	}
	if q.From, q.To, err = span(in.From, in.To, s.d.Now()); err != nil {
		return FindingList{}, err
	}
	if in.Incident != 0 {
		// One that is not there is not one without findings.
		if _, err := s.incident(ctx, in.Incident); err != nil {
			return FindingList{}, err
		}
	}
	ids, some, err := s.aboutDevices(ctx, in.Filter)
	if err != nil || !some {
		out.NoDevice = err == nil
		return out, err
	}
	q.Devices = ids
	list, err := h.Findings(ctx, q)
	if err != nil {
		return FindingList{}, err
	}
	if len(list) >= q.Limit {
		list, out.More = list[:q.Limit-1], true
	}
	m := s.judged(ctx)
	for _, f := range list {
		out.Findings = append(out.Findings, m.finding(f))
	}
	out.Hidden = m.list()
	return out, nil
}

// finding is one in scope.
func (s *Server) finding(ctx context.Context, id int64) (store.Finding, error) {
	h, err := s.healthStore()
	if err != nil {
		return store.Finding{}, err
	}
	f, err := h.Finding(ctx, scopeOf(ctx), id)
	return f, lost(err, "there is no finding %d here: muster finding list shows them", id)
}

func (s *Server) findingShow(ctx context.Context, in *FindingInput) (FindingShow, error) {
	f, err := s.finding(ctx, in.ID)
	if err != nil {
		return FindingShow{}, err
	}
	m := s.judged(ctx)
	out := FindingShow{Finding: m.finding(f), Texts: textsOf(m.set, f.Rule)}
	out.Hidden = m.list()
	return out, nil
}

func (s *Server) findingExplain(ctx context.Context, in *FindingInput) (Explanations, error) {
	f, err := s.finding(ctx, in.ID)
	if err != nil {
		return Explanations{}, err
	}
	if f.Device == "" {
		return Explanations{}, NewProblem(invalid, "finding %d is about no device: muster rule show %s tells of its rule", f.ID, f.Rule)
	}
	if _, _, err := s.rule(f.Rule); err != nil {
		return Explanations{}, err
	}
	out, err := s.explain(ctx, f.Device, f.Rule, f.Component)
	if err == nil && len(out.Explanations) == 0 {
		err = NewProblem(notFound, "what finding %d was about is no longer there, so there is nothing to judge now: muster finding show %d tells what it was", f.ID, f.ID)
	}
	return out, err
}

func (s *Server) ruleExplain(ctx context.Context, in *RuleExplainInput) (Explanations, error) {
	d, err := s.find(ctx, in.Device)
	if err != nil {
		return Explanations{}, err
	}
	if in.Rule == "" {
		return s.explain(ctx, d.ID, "", in.Component)
	}
	r, _, err := s.rule(in.Rule)
	if err != nil {
		return Explanations{}, err
	}
	if wholeFleet(r.Subject) {
		return Explanations{}, NewProblem(invalid, "rule %s is about many devices at once: it says nothing of one", r.ID)
	}
	out, err := s.explain(ctx, d.ID, r.ID, in.Component)
	if err == nil && in.Component != "" && len(out.Explanations) == 0 {
		err = NewProblem(notFound, "%s has nothing called %q that rule %s judges: leave the component out to see each", d.Name, clip(printable(in.Component), 80), r.ID)
	}
	return out, err
}

// wholeFleet are the subjects of which one device is only a part.
func wholeFleet(subject string) bool {
	return subject == "cause" || subject == "change" || subject == "site"
}

func (s *Server) explain(ctx context.Context, id inventory.DeviceID, ruleID, component string) (Explanations, error) {
	list, err := s.d.Judge.Explain(ctx, id, ruleID, component)
	if err != nil {
		return Explanations{}, err
	}
	m := s.judged(ctx)
	out := Explanations{Explanations: make([]health.Explanation, len(list))}
	for i, e := range list {
		out.Explanations[i] = m.explanation(e)
	}
	out.Hidden = m.list()
	return out, nil
}
