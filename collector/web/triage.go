package web

import (
	"context"
	"html/template"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/store"
	"muster/collector/web/texts"
	"muster/internal/inventory"
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
	Open     bool
	Mini     bool
}

// row is one incident in a list.
type row struct {
	Blind bool // its numbers could not be had
	store.Incident
	Line    texts.T // of evidence
	Tag     texts.T // New, Worse
	Picture template.HTML
	Value   string
	Caption texts.T
	Port    string
	PortRef string // device of the port
	Me      bool   // its owner is who looks
	ToMe    bool   // it was escalated to who looks
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
		if list, err := v.api.TargetList(v.ctx(), api.TargetListInput{Limit: 2000}); err == nil {
			refused, silent := 0, 0
			for _, t := range list.Targets {
				switch t.State {
				case "wrong_credential":
					refused++
				case "silent", "dead":
					silent++
				}
			}
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
	for _, severity := range []string{"critical", "warn", "info"} {
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

// rows fills in what is shown beside each incident: evidence, picture, port.
func (s *Site) rows(v *visit, list []store.Incident) ([]row, error) {
	found, err := v.api.FindingList(v.ctx(), api.FindingListInput{Limit: 5000, Backlog: "both"})
	if err != nil {
		return nil, err
	}
	by := map[int64][]store.Finding{}
	for _, f := range found.Findings {
		if f.Incident != 0 {
			by[f.Incident] = append(by[f.Incident], f)
		}
	}
	var alone []string
	for i, x := range list {
		if len(x.Devices) == 1 && x.Severity != "info" && i < 60 {
			alone = append(alone, string(x.Devices[0].ID))
		}
	}
	ports := s.plugged(v, alone)
	out := make([]row, len(list))
	gate := make(chan struct{}, 8)
	var wg sync.WaitGroup
	for i, x := range list {
		r := &out[i]
		*r = v.row(x)
		// What gave it its title comes first.
		fs := by[x.Number]
		slices.SortStableFunc(fs, func(a, b store.Finding) int { return boolOrder(a.Rule == x.Rule, b.Rule == x.Rule) })
		r.Line = evidenceLine(fs, x)
		r.Tag = tag(x, v.now)
		if x.Severity == "info" || i >= 60 {
			continue
		}
		if len(x.Devices) == 1 {
			p := ports[x.Devices[0].ID]
			r.Port, r.PortRef = p.Word, p.Ref
		}
		wg.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			s.picture(v, r, fs)
		})
	}
	wg.Wait()
	return out, nil
}

// deviceNames names the devices of an incident: both of two, else the first one
// and how many more there are.
func deviceNames(list []store.IncidentDevice, all int) texts.T {
	all = max(all, len(list))
	var names []string
	for _, d := range list {
		if d.Name != "" {
			names = append(names, d.Name)
		}
	}
	switch {
	case len(names) == 0:
		return count(all, "device", "devices")
	case all == 1:
		return texts.As(names[0])
	case all == 2 && len(names) == 2:
		return texts.F("{1}, {2}", names[0], names[1])
	}
	return texts.F("{1} and {2}", names[0], count(all-1, "more", "more"))
}

// row is an incident as who looks at it has to do with it.
func (v *visit) row(i store.Incident) row {
	return row{Incident: i, Me: i.Assignee != "" && i.Assignee == v.actor.Name, ToMe: i.Escalated != "" && strings.EqualFold(i.Escalated, v.actor.Name)}
}

// tag says what is new about an incident.
func tag(i store.Incident, now time.Time) texts.T {
	switch {
	case now.Sub(i.OpenedAt) < time.Hour:
		return "New"
	case len(i.Devices) > 0 && i.UpdatedAt.After(i.OpenedAt) && now.Sub(i.UpdatedAt) < time.Hour && i.Told != "" && i.Told != i.Severity:
		return "Worse"
	}
	return ""
}

// evidenceLine is the numbers behind an incident in one line: of its first
// finding, and how many more there are.
func evidenceLine(fs []store.Finding, i store.Incident) texts.T {
	if len(fs) == 0 {
		return ""
	}
	f := fs[0]
	var parts []string
	for _, e := range f.Evidence {
		if e.Value != "" && e.Measurement == "" {
			parts = append(parts, e.Label+": "+apart(e.Value))
		}
		if len(parts) == 3 {
			break
		}
	}
	line := strings.Join(parts, " · ")
	same := !slices.ContainsFunc(fs, func(x store.Finding) bool { return x.Rule == f.Rule && x.Label != f.Label })
	if f.Label != "" && (len(i.Devices) == 1 || same) {
		if line != "" {
			line = f.Label + " · " + line
		} else {
			line = f.Label
		}
	}
	return texts.As(line)
}

// picture draws the first chart among the evidence. Numbers that cannot be had
// leave the picture out: the line of words stays.
func (s *Site) picture(v *visit, r *row, fs []store.Finding) {
	for _, f := range fs {
		for _, e := range f.Evidence {
			if e.Measurement == "" || e.Field == "" {
				continue
			}
			l, unit, err := s.line(v, f, e, 40)
			r.Blind = away(err)
			if err != nil || len(l.At) < 2 {
				return
			}
			name, over := chartName(e), spanWord(e.Hours)
			if young(&l) {
				over = texts.F("since {1}", s.clock(v).At(l.From))
			}
			r.Value = amount(last(l.Value), unit)
			r.Caption = texts.F("{1}, {2}", texts.Lower(name), over)
			r.Picture = spark(l, urgencyClass(r.Severity), v.lang.Say(texts.F("{1}: from {2} to {3}, {4}", name, amount(firstOf(l.Value), unit), r.Value, over)))
			return
		}
	}
}

// patience is how long a page waits for numbers over time, all of them together:
// one whose store is slow or lies behind a dead cable says that they are missing,
// and shows the rest.
const patience = 4 * time.Second

// series asks for numbers over time, as long as the page has patience.
func (s *Site) series(v *visit, in api.SeriesQueryInput) (api.SeriesAnswer, error) {
	v.numbers.Do(func() { v.until = time.Now().Add(s.patience) })
	ctx, stop := context.WithDeadline(v.ctx(), v.until)
	defer stop()
	return v.api.SeriesQuery(ctx, in)
}

// away says that the store of numbers over time is what failed, not a question.
func away(err error) bool {
	p, ok := asProblem(err)
	return err != nil && (!ok || p.Status >= http.StatusInternalServerError)
}

// chartName is what a chart shows.
func chartName(e store.Evidence) texts.T {
	if e.Label != "" {
		return texts.As(e.Label)
	}
	if w := numberWord(e.Measurement, e.Field); w != "" {
		return w
	}
	return texts.As(words(e.Field))
}

// young lets a line begin where its numbers do, when most of its time has none:
// of a device that came today, a month would be a dot at the right.
func young(l *line) bool {
	if len(l.At) == 0 || l.At[0].Sub(l.From) < l.To.Sub(l.From)*3/4 {
		return false
	}
	l.From = l.At[0]
	return true
}

// line asks for the numbers of an evidence's chart.
func (s *Site) line(v *visit, f store.Finding, e store.Evidence, points int) (line, string, error) {
	hours := max(e.Hours, 1)
	to := v.now
	if !f.ResolvedAt.IsZero() {
		to = f.ResolvedAt
	}
	from := to.Add(-time.Duration(hours) * time.Hour)
	step := max(time.Duration(hours)*time.Hour/time.Duration(points), time.Minute).Truncate(time.Minute)
	in := api.SeriesQueryInput{Measurement: e.Measurement, Field: e.Field, Device: string(f.Device),
		From: from.UTC().Format(time.RFC3339), To: to.UTC().Format(time.RFC3339), Step: step.String(), Limit: 20}
	for k, x := range e.Labels {
		in.Labels = append(in.Labels, k+"="+x)
	}
	a, err := s.series(v, in)
	l := line{From: from, To: to, Limit: math.NaN(), Bottom: math.NaN()}
	if err != nil || len(a.Series) == 0 {
		return l, "", err
	}
	for _, p := range a.Series[0].Points {
		l.At, l.Value = append(l.At, p.At), append(l.Value, p.Value)
	}
	return l, a.Unit, nil
}

func last(v []float64) float64 {
	for _, x := range slices.Backward(v) {
		if !math.IsNaN(x) {
			return x
		}
	}
	return math.NaN()
}

func firstOf(v []float64) float64 {
	for _, x := range v {
		if !math.IsNaN(x) {
			return x
		}
	}
	return math.NaN()
}

// spanWord is hours as people count them.
func spanWord(hours int) texts.T {
	switch {
	case hours <= 1:
		return "1 hour"
	case hours < 48:
		return count(hours, "hour", "hours")
	case hours < 24*60:
		return count(hours/24, "day", "days")
	}
	return count(hours/24/30, "month", "months")
}

func lower(s string) string {
	if len(s) > 1 && s[1] >= 'A' && s[1] <= 'Z' {
		return s // an abbreviation
	}
	return strings.ToLower(s[:min(len(s), 1)]) + s[min(len(s), 1):]
}

// portWord is a port in a line of a list, and the device that it is of.
type portWord struct{ Word, Ref string }

// plugged is the ports that devices hang on, of those whose port is known.
func (s *Site) plugged(v *visit, devices []string) map[inventory.DeviceID]portWord {
	out := map[inventory.DeviceID]portWord{}
	if len(devices) == 0 {
		return out
	}
	list, err := v.api.PortPlaces(v.ctx(), api.PortPlacesInput{Devices: devices})
	if err != nil {
		return out // the list is worth showing without them
	}
	for _, p := range list.Places {
		out[p.Device.ID] = portWord{p.Switch.Name + " · " + p.Port, string(p.Switch.ID)}
	}
	return out
}

// today counts the incidents to act on today, for the top bar of every page.
func (s *Site) today(v *visit) int {
	list, err := v.api.IncidentList(v.ctx(), api.IncidentListInput{Severities: []string{"critical"}, Limit: 100})
	if err != nil {
		return 0 // the page is worth showing without it
	}
	return len(list.Incidents)
}
