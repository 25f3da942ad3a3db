package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/store"
	"muster/collector/web/texts"
)

// board is the home page: what needs somebody, the worst first.
type board struct {
	Title texts.T // the answer, as a sentence
	Show  string  // all, mine, unclaimed
	Site  string

	All, Mine, Unclaimed int
	Groups               []group
	Apart                api.IncidentsApart
	Fine, Total          int
	Sites                []siteLine
	Blind                []blind
	Day                  []tally   // since one last looked
	Away                 bool      // numbers over time cannot be had
	Looked               time.Time // when that was; zero: the last 24 hours are told
	Places               []string  // sites to choose from
	Empty                bool      // no device at all: the first start
	Work                 bool      // may claim
	Mark                 string    // of what is shown, for the live stream
	First                firstSteps
	Now                  time.Time
}

func (b *board) Head() (texts.T, string) { return b.Title, "triage" }

// group is the incidents of one urgency.
type group struct {
	Severity string
	Note     texts.T
	Rows     []row
	Total    int // of which Rows may be the first
	Open     bool
	Mini     bool
}

// siteLine is how many devices of a site answer.
type siteLine struct {
	Name, Filter  string
	Online, Count int
	Share         string // percent, for a width
	Worst         string
}

// tally is a number of the last day.
type tally struct {
	Count int
	Word  texts.T
	Link  string
}

// longAway is how far back the board tells what happened meanwhile.
const longAway = 30 * 24 * time.Hour

// day counts what came, what got worse and what is over since one last looked;
// of who looks for the first time, since a day.
func (s *Site) day(v *visit, b *board, open []store.Incident) {
	from := v.now.Add(-24 * time.Hour)
	if l, err := v.api.LookShow(v.ctx(), api.LookInput{Now: !v.partial()}); err == nil && !l.Before.IsZero() && v.now.Sub(l.Before) < longAway {
		from, b.Looked = l.Before, l.Before
	}
	came, worse := 0, 0
	for _, i := range open {
		switch {
		case i.OpenedAt.After(from):
			came++
		case i.UpdatedAt.After(from) && i.Told != "" && i.Told != i.Severity:
			worse++
		}
	}
	over, err := v.api.IncidentList(v.ctx(), api.IncidentListInput{Site: b.Site, Statuses: []string{"resolved"}, From: "60d", Limit: 1000})
	if err != nil {
		return // the board is worth showing without it
	}
	caught := 0
	over.Incidents = slices.DeleteFunc(over.Incidents, func(i store.Incident) bool { return !i.ResolvedAt.After(from) })
	for _, i := range over.Incidents {
		if i.Replaced != "" {
			caught++
		}
	}
	b.Day = []tally{{came, "New", ""}, {worse, "Worse", ""}, {len(over.Incidents), "Over", "/incidents?what=resolved"}, {caught, "Caught", "/fleet/reports"}}
}

// unseen adds what gear does not answer, for those who may know of it.
func (s *Site) unseen(v *visit, b *board) {
	if v.can(account.Manage) {
		// One of them: it is the counts that are told.
		if list, err := v.api.TargetList(v.ctx(), api.TargetListInput{Limit: 1}); err == nil {
			refused, silent := list.Counts["wrong_credential"], list.Counts["silent"]+list.Counts["dead"]
			if refused > 0 {
				b.Blind = append(b.Blind, blind{refused, "of the network refuse the password that they are asked with", "", "/network"})
			}
			if silent > 0 {
				b.Blind = append(b.Blind, blind{silent, "of the network do not answer over SNMP", "", "/network"})
			}
		}
	}
}

// blind is something that Muster cannot see.
type blind struct {
	Count  int
	Word   texts.T
	Filter string
	Link   string
}

func (s *Site) triage(v *visit) error {
	q := v.r.URL.Query()
	b := &board{Show: q.Get("show"), Site: q.Get("site"), Work: v.can(account.Work), Now: v.now}
	if b.Show != "mine" && b.Show != "unclaimed" {
		b.Show = "all"
	}
	ctx := v.ctx()
	in := api.IncidentListInput{Site: b.Site, Limit: 300}
	list, err := v.api.IncidentList(ctx, in)
	if err != nil {
		return err
	}
	mine, err := v.api.IncidentList(ctx, api.IncidentListInput{Site: b.Site, Mine: true, Limit: 300})
	if err != nil {
		return err
	}
	facets, err := v.api.DeviceFacets(ctx, api.DeviceFacetsInput{})
	if err != nil {
		return err
	}
	b.All, b.Mine, b.Apart = len(list.Incidents), len(mine.Incidents), list.Apart
	troubled := map[string]bool{}
	today, unclaimedToday := 0, 0
	for _, i := range list.Incidents {
		if i.Assignee == "" {
			b.Unclaimed++
		}
		if i.Severity == "critical" {
			today++
			if i.Assignee == "" {
				unclaimedToday++
			}
		}
		for _, d := range i.Devices {
			troubled[string(d.ID)] = true
		}
	}
	b.facets(facets)
	if b.Site != "" {
		if here, err := v.api.DeviceFacets(ctx, api.DeviceFacetsInput{Filter: siteFilter(facets, b.Site)}); err == nil {
			b.Total = here.Total - facetCount(here, "state", "retired")
		}
	}
	b.Fine = max(b.Total-len(troubled), 0)
	b.Title = headline(today, b.All, b.Site)
	shown := list.Incidents
	switch b.Show {
	case "mine":
		shown = mine.Incidents
	case "unclaimed":
		shown = slices.DeleteFunc(slices.Clone(shown), func(i store.Incident) bool { return i.Assignee != "" })
	}
	b.Mark = markOf(list.Incidents)
	s.day(v, b, list.Incidents)
	s.unseen(v, b)
	if b.Empty {
		b.Title = "Nothing to watch yet. Let us change that."
		if err := s.firstSteps(v, b); err != nil {
			return err
		}
		return s.render(v, http.StatusOK, "first", "", b)
	}
	rows, err := s.rows(v, shown)
	if err != nil {
		return err
	}
	b.Away = slices.ContainsFunc(rows, func(r row) bool { return r.Blind })
	notes := map[string]texts.T{
		"critical": "risk to data or to a service", "warn": "will turn into a call if left alone",
		"info": "nothing to do yet; Muster keeps looking",
	}
	for _, severity := range severities() {
		g := group{Severity: severity, Note: notes[severity], Mini: severity == "info"}
		for _, r := range rows {
			if r.Severity == severity {
				g.Rows = append(g.Rows, r)
			}
		}
		g.Open = len(g.Rows) <= 12
		if len(g.Rows) > 0 {
			b.Groups = append(b.Groups, g)
		}
	}
	if v.partial() {
		return s.render(v, http.StatusOK, "triage", "board", b)
	}
	return s.render(v, http.StatusOK, "triage", "", b)
}

// headline is the answer to "what has to be done today".
func headline(today, all int, site string) texts.T {
	if site == "" {
		switch {
		case today > 0:
			return count(today, "incident needs someone today", "incidents need someone today")
		case all > 0:
			return texts.F("Nothing burns. {1} can be looked at this week", count(all, "incident", "incidents"))
		}
		return "Nothing needs anybody right now"
	}
	where := site[strings.LastIndex(site, "/")+1:]
	switch {
	case today > 0:
		return texts.F("{1} at {2}", count(today, "incident needs someone today", "incidents need someone today"), where)
	case all > 0:
		return texts.F("Nothing burns at {1}. {2} can be looked at this week", where, count(all, "incident", "incidents"))
	}
	return texts.F("Nothing needs anybody at {1} right now", where)
}

// facets fills in what is told around the list.
func (b *board) facets(f api.DeviceFacets) {
	states := map[string]api.FacetValue{}
	for _, x := range f.Facets {
		for _, v := range x.Values {
			switch x.Name {
			case "state":
				states[v.Value] = v
			case "site":
				if v.Value == "" {
					continue
				}
				b.Places = append(b.Places, v.Value)
				b.Sites = append(b.Sites, siteLine{Name: v.Value, Filter: v.Filter, Online: v.Online, Count: v.Count, Share: trim(100 * float64(v.Online) / float64(max(v.Count, 1)))})
			}
		}
	}
	slices.Sort(b.Places)
	near := placeWord(b.Places)
	for i := range b.Sites {
		b.Sites[i].Name = near(b.Sites[i].Name)
	}
	b.Total = f.Total - states["retired"].Count
	b.Empty = f.Total == 0
	if n := states["missing"].Count; n > 0 {
		b.Blind = append(b.Blind, blind{n, "have been silent for longer than is usual for them", "state:missing", ""})
	}
}

// siteFilter is the search for the devices of a site, as the counts have it.
func siteFilter(f api.DeviceFacets, site string) string {
	for _, x := range f.Facets {
		for _, v := range x.Values {
			if x.Name == "site" && v.Value == site {
				return v.Filter
			}
		}
	}
	return ""
}

func facetCount(f api.DeviceFacets, name, value string) int {
	for _, x := range f.Facets {
		for _, v := range x.Values {
			if x.Name == name && v.Value == value {
				return v.Count
			}
		}
	}
	return 0
}

// today counts the incidents to act on today, for the top bar of every page.
func (s *Site) today(v *visit) int {
	list, err := v.api.IncidentList(v.ctx(), api.IncidentListInput{Severities: []string{"critical"}, Limit: 100})
	if err != nil {
		return 0 // the page is worth showing without it
	}
	return len(list.Incidents)
}
