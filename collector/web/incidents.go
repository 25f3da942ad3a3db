package web

import (
	"net/http"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/store"
	"muster/collector/web/texts"
)

// incidentList is incidents that the board keeps apart: of any status, of the
// past, matters of upkeep, what was there before.
type incidentList struct {
	What  string // of the choices
	Title texts.T
	Apart texts.T // why there are more than on the board
	Rows  []row
	More  bool
	Work  bool
	Views []view
	Site  string
}

// view is one way to look at incidents.
type view struct {
	Name string
	Word texts.T
	in   api.IncidentListInput
}

func (l *incidentList) Head() (texts.T, string) { return l.Title, "triage" }

// views are the ways, the first one first.
func views() []view {
	closed := []string{"resolved"}
	return []view{
		{"open", "All that is open", api.IncidentListInput{All: true, Statuses: []string{"new", "claimed", "escalated", "snoozed"}}},
		{"snoozed", "Snoozed", api.IncidentListInput{Statuses: []string{"snoozed"}, Backlog: "both", Hygiene: "both"}},
		{"escalated", "Escalated", api.IncidentListInput{Statuses: []string{"escalated"}, Backlog: "both", Hygiene: "both"}},
		{"upkeep", "Upkeep", api.IncidentListInput{Hygiene: "yes", Backlog: "both"}},
		{"before", "There when its device came", api.IncidentListInput{Backlog: "yes", Hygiene: "both"}},
		{"resolved", "Resolved in 30 days", api.IncidentListInput{Statuses: closed, From: "30d", Backlog: "both", Hygiene: "both"}},
	}
}

// keptApart counts the incidents that the board does not show.
func keptApart(list []store.Incident) (n int) {
	for _, i := range list {
		if i.Hygiene || i.Backlog || i.Status == store.Snoozed {
			n++
		}
	}
	return n
}

func (s *Site) incidents(v *visit) error {
	q := v.r.URL.Query()
	l := &incidentList{What: q.Get("what"), Work: v.can(account.Work), Views: views(), Site: q.Get("site")}
	chosen := l.Views[0]
	for _, x := range l.Views {
		if x.Name == l.What {
			chosen = x
		}
	}
	l.What = chosen.Name
	in := chosen.in
	in.Limit, in.Site = 200, l.Site
	list, err := v.api.IncidentList(v.ctx(), in)
	if err != nil {
		return err
	}
	l.More = list.More
	l.Title = texts.F("{1}: {2}", count(len(list.Incidents), "incident", "incidents"), texts.Lower(chosen.Word))
	if apart := keptApart(list.Incidents); chosen.Name == "open" && apart > 0 {
		l.Apart = texts.F("{1} on the board of triage; the other {2} kept apart: upkeep, what was there when its device came, and what is snoozed", count(len(list.Incidents)-apart, "is", "are"), count(apart, "is", "are"))
	}
	if l.Rows, err = s.rows(v, list.Incidents); err != nil {
		return err
	}
	return s.render(v, http.StatusOK, "incidents", "", l)
}
