package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"muster/collector/account"
	"muster/collector/search"
	"muster/collector/store"
	"muster/internal/inventory"
)

// apartMost is how far what a list leaves out is counted.
const apartMost = 100

// Bounds of what is looked through for who has an incident.
const (
	mostHanded     = 1000
	mostColleagues = 200
)

// awake are the statuses of incidents that want somebody now.
func awake() []store.IncidentStatus {
	return []store.IncidentStatus{store.New, store.Claimed, store.Escalated}
}

func allStatuses() []string {
	return []string{string(store.New), string(store.Claimed), string(store.Escalated), string(store.Snoozed), string(store.Closed)}
}

func (s *Server) incidentList(ctx context.Context, in *IncidentListInput) (IncidentList, error) {
	h, err := s.healthStore()
	if err != nil {
		return IncidentList{}, err
	}
	out := IncidentList{Incidents: []store.Incident{}}
	q, some, err := s.incidentQuery(ctx, in)
	if err != nil || !some {
		out.NoDevice = err == nil
		return out, err
	}
	limit := orDefault(in.Limit)
	m := s.judged(ctx)
	// The worst severity first, each by rank: a limit must not cut off what is
	// critical for what is ranked high.
	wanted := q.Severities
	for _, severity := range slices.Backward(severities()) {
		if len(wanted) > 0 && !slices.Contains(wanted, severity) {
			continue
		}
		q.Severities, q.Limit = []string{severity}, limit-len(out.Incidents)+1
		list, err := h.Incidents(ctx, q)
		if err != nil {
			return IncidentList{}, err
		}
		for _, i := range list {
			if len(out.Incidents) == limit {
				out.More = true
				break
			}
			out.Incidents = append(out.Incidents, m.incident(q.Scope, i))
		}
		if out.More {
			break
		}
	}
	q.Severities = wanted
	if in.Mine && !out.More {
		if err := s.handed(ctx, h, q, m, limit, &out); err != nil {
			return IncidentList{}, err
		}
	}
	if out.Apart, err = apart(ctx, h, q, in); err != nil {
		return IncidentList{}, err
	}
	out.Hidden = m.list()
	return out, nil
}

// handed adds what others escalated to the caller by name: it waits for them as
// what they claimed does. Escalated incidents are few.
func (s *Server) handed(ctx context.Context, h store.Health, q store.IncidentQuery, m *judged, limit int, out *IncidentList) error {
	if !slices.Contains(q.Statuses, store.Escalated) {
		return nil
	}
	me := actorOf(ctx).Name
	q.Assignee, q.Statuses, q.Limit = nil, []store.IncidentStatus{store.Escalated}, mostHanded
	list, err := h.Incidents(ctx, q)
	if err != nil {
		return err
	}
	for _, i := range list {
		if strings.EqualFold(i.Escalated, me) && i.Assignee != me {
			out.Incidents = append(out.Incidents, m.incident(q.Scope, i))
		}
	}
	slices.SortStableFunc(out.Incidents, func(a, b store.Incident) int {
		by := slices.Index(severities(), b.Severity) - slices.Index(severities(), a.Severity)
		return cmp.Or(by, cmp.Compare(b.Rank, a.Rank))
	})
	if len(out.Incidents) > limit {
		out.Incidents, out.More = out.Incidents[:limit], true
	}
	return nil
}

// colleagues are who can take an incident over: accounts that are on, work on
// incidents and see it, by name.
func (s *Server) colleagues(ctx context.Context, number int64) ([]string, error) {
	users, err := s.d.Accounts.Store.Users(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, u := range users {
		if u.Disabled || u.Name == actorOf(ctx).Name || len(out) == mostColleagues {
			continue
		}
		if !u.Scope.All {
			_, err := s.d.Health.Incident(ctx, u.Scope, number)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		out = append(out, u.Name)
	}
	slices.Sort(out)
	return out, nil
}

// incidentQuery reads what is asked for; some is false when no device is
// chosen, so that nothing can be listed.
func (s *Server) incidentQuery(ctx context.Context, in *IncidentListInput) (q store.IncidentQuery, some bool, err error) {
	q.Scope = scopeOf(ctx)
	statuses, err := words("status", in.Statuses, allStatuses())
	if err != nil {
		return q, false, err
	}
	for _, x := range statuses {
		q.Statuses = append(q.Statuses, store.IncidentStatus(x))
	}
	if q.Severities, err = words("severity", in.Severities, severities()); err != nil {
		return q, false, err
	}
	if q.Families, err = words("family", in.Families, s.families()); err != nil {
		return q, false, err
	}
	if q.Rules, err = s.ruleNames(in.Rules); err != nil {
		return q, false, err
	}
	if q.From, q.To, err = span(in.From, in.To, s.d.Now()); err != nil {
		return q, false, err
	}
	assignee := strings.TrimSpace(in.Assignee)
	switch {
	case in.Mine && in.Unclaimed, in.Mine && assignee != "", in.Unclaimed && assignee != "":
		return q, false, NewProblem(invalid, "mine, unclaimed and assignee exclude each other: keep one")
	case in.Mine:
		assignee = actorOf(ctx).Name
	}
	if assignee != "" || in.Unclaimed {
		q.Assignee = &assignee
	}
	// Whoever claimed one wants to see it, of whatever kind it is.
	otherwise := "no"
	if assignee != "" || in.All {
		otherwise = "both"
	}
	q.Backlog, _ = either(in.Backlog, otherwise)
	q.Hygiene, _ = either(in.Hygiene, otherwise)
	if len(q.Statuses) == 0 && !in.All {
		q.Statuses = awake()
	}
	filter, err := s.atSite(ctx, in.Site, in.Filter)
	if err != nil {
		return q, false, err
	}
	q.Devices, some, err = s.aboutDevices(ctx, filter)
	return q, some, err
}

// families are those that rules have.
func (s *Server) families() []string {
	var out []string
	for _, r := range s.rules().Rules {
		out = append(out, r.Family)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// atSite narrows a filter to a site that the caller sees.
func (s *Server) atSite(ctx context.Context, site, filter string) (string, error) {
	if strings.TrimSpace(site) == "" {
		return filter, nil
	}
	place, err := s.site(ctx, site)
	if err != nil {
		return "", err
	}
	quoted := func(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }
	at := fmt.Sprintf("agency=%s site=%s", quoted(place.Agency), quoted(place.Name))
	if strings.TrimSpace(filter) == "" {
		return at, nil
	}
	// By itself first: a fault is told by its place in what was asked.
	if _, err := search.Parse(filter); err != nil {
		return "", err
	}
	return at + " (" + filter + ")", nil
}

// apart counts what the default of a list leaves out.
func apart(ctx context.Context, h store.Health, q store.IncidentQuery, in *IncidentListInput) (out IncidentsApart, err error) {
	count := func(q store.IncidentQuery) int {
		if err != nil {
			return 0
		}
		var list []store.Incident
		q.Members, q.Limit = 1, apartMost
		list, err = h.Incidents(ctx, q)
		return len(list)
	}
	if in.Backlog == "" && q.Backlog != nil {
		q := q
		q.Backlog = new(true)
		out.Backlog = count(q)
	}
	if in.Hygiene == "" && q.Hygiene != nil {
		q := q
		q.Hygiene, q.Backlog = new(true), nil
		out.Hygiene = count(q)
	}
	if len(in.Statuses) == 0 && !in.All {
		q := q
		q.Statuses = []store.IncidentStatus{store.Snoozed}
		out.Snoozed = count(q)
	}
	return out, err
}

func (s *Server) incidentShow(ctx context.Context, in *IncidentInput) (IncidentShow, error) {
	i, err := s.incident(ctx, in.Number)
	if err != nil {
		return IncidentShow{}, err
	}
	return s.shownIncident(ctx, i)
}

// incident is one in scope.
func (s *Server) incident(ctx context.Context, number int64) (store.Incident, error) {
	h, err := s.healthStore()
	if err != nil {
		return store.Incident{}, err
	}
	i, err := h.Incident(ctx, scopeOf(ctx), number)
	return i, lostIncident(err, number)
}

func lostIncident(err error, number int64) error {
	return lost(err, "there is no incident %d here: muster incident list shows those that need somebody", number)
}

// shownIncident is an incident as somebody may see it, with what helps to work
// on it.
func (s *Server) shownIncident(ctx context.Context, i store.Incident) (IncidentShow, error) {
	m := s.judged(ctx)
	out := IncidentShow{Incident: m.incident(scopeOf(ctx), i), Texts: textsAbout(m.set, &i)}
	marks, err := s.d.Health.RuleMarks(ctx)
	if err != nil {
		return out, err
	}
	for _, mark := range marks {
		if mark.Rule == i.Rule {
			out.Outcomes = outcomes(mark)
		}
	}
	if len(i.Devices) == 1 {
		q := store.IncidentQuery{Scope: scopeOf(ctx), Devices: []inventory.DeviceID{i.Devices[0].ID}, Limit: 20}
		others, err := s.d.Health.Incidents(ctx, q)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return out, err
		}
		for _, o := range others {
			if o.Number != i.Number {
				out.Also = append(out.Also, IncidentBrief{Number: o.Number, Title: o.Title, Severity: o.Severity, Status: o.Status})
			}
		}
	}
	if i.Status != store.Closed && actorOf(ctx).Can(account.Work) == nil {
		if out.Colleagues, err = s.colleagues(ctx, i.Number); err != nil {
			return out, err
		}
	}
	out.Hidden = m.list()
	return out, nil
}
