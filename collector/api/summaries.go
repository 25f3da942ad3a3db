package api

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"muster/collector/account"
	"muster/collector/store"
	"muster/collector/summary"
)

// Summaries mails figures at set times. Without Schedules this collector does
// not.
type Summaries struct {
	Schedules summary.Schedules
	// Send puts one in line now; see summary.Sender.
	Send func(ctx context.Context, x summary.Schedule, to []string) (letter string, _ error)
}

// mailKind is the kind of channels that summaries go through.
const mailKind = "mail"

func (s *Server) schedules() (summary.Schedules, error) {
	if s.d.Summaries.Schedules == nil || s.d.Summaries.Send == nil {
		return nil, NewProblem(notOffered, "this collector mails no summaries")
	}
	return s.d.Summaries.Schedules, nil
}

// SummaryFigures is what summaries are counted over.
func (s *Server) SummaryFigures() summary.Sources {
	return summary.Sources{Inventory: s.d.Inventory, Health: s.d.Health, Log: s.d.Log, Title: func(id string) string {
		if r, ok := s.rules().Find(id); ok {
			return r.Title
		}
		return ""
	}}
}

// summaryShow counts of a time what who asks may see.
func (s *Server) summaryShow(ctx context.Context, in *SummaryInput) (Summary, error) {
	now := s.d.Now()
	days := in.Days
	if days == 0 {
		days = 30
	}
	o := summary.Order{Scope: scopeOf(ctx), From: now.AddDate(0, 0, -days), To: now, Now: now}
	var err error
	if in.From != "" {
		if o.From, err = moment("from", in.From, now); err != nil {
			return Summary{}, err
		}
	}
	if in.To != "" {
		if o.To, err = moment("to", in.To, now); err != nil {
			return Summary{}, err
		}
	}
	if !o.From.Before(o.To) || o.To.Sub(o.From) > 400*24*time.Hour {
		return Summary{}, NewProblem(invalid, "from and to: a time of at most 400 days is expected, from before to")
	}
	known := []string{}
	for _, p := range summary.Parts() {
		known = append(known, string(p))
	}
	parts, err := words("part", in.Parts, known)
	if err != nil {
		return Summary{}, err
	}
	for _, p := range parts {
		o.Parts = append(o.Parts, summary.Part(p))
	}
	if o.Scope, err = s.within(ctx, in.Agency, in.Site); err != nil {
		return Summary{}, err
	}
	out := Summary{}
	if out.Figures, err = s.SummaryFigures().Count(ctx, o); err != nil {
		return Summary{}, err
	}
	out.Place, err = summary.Place(ctx, s.d.Inventory, o.Scope)
	return out, err
}

// within is the part of what who asks may see that is at an agency or a site.
func (s *Server) within(ctx context.Context, agency, site string) (store.Scope, error) {
	mine := scopeOf(ctx)
	switch {
	case site != "":
		x, err := s.site(ctx, site)
		return store.Scope{Sites: []int64{x.ID}}, err
	case agency != "":
		a, err := s.agency(ctx, agency)
		if err != nil {
			return mine, err
		}
		if mine.All || slices.Contains(mine.Agencies, a.ID) {
			return store.Scope{Agencies: []int64{a.ID}}, nil
		}
		// Who sees some sites of an agency sees no more by naming it.
		sites, err := s.d.Inventory.Sites(ctx, mine)
		var out store.Scope
		for _, x := range sites {
			if x.Agency == a.Name {
				out.Sites = append(out.Sites, x.ID)
			}
		}
		return out, err
	}
	return mine, nil
}

// seesAll says whether who asks may see all that a schedule tells of.
func (s *Server) seesAll(ctx context.Context, of store.Scope) (bool, error) {
	mine := scopeOf(ctx)
	if mine.All || of.All {
		return mine.All, nil
	}
	for _, id := range of.Agencies {
		if !slices.Contains(mine.Agencies, id) {
			return false, nil
		}
	}
	sites, err := s.d.Inventory.Sites(ctx, mine)
	for _, id := range of.Sites {
		if !slices.ContainsFunc(sites, func(x store.Site) bool { return x.ID == id }) {
			return false, err
		}
	}
	return true, err
}

func (s *Server) summaryList(ctx context.Context, _ *NoInput) (ScheduleList, error) {
	k, err := s.schedules()
	if err != nil {
		return ScheduleList{}, err
	}
	list, err := k.Summaries(ctx)
	if err != nil {
		return ScheduleList{}, err
	}
	out := ScheduleList{Summaries: []Schedule{}}
	for _, x := range list {
		sees, err := s.seesAll(ctx, x.Scope)
		if err != nil {
			return ScheduleList{}, err
		}
		if !sees {
			continue
		}
		shown, err := s.shownSchedule(ctx, x)
		if err != nil {
			return ScheduleList{}, err
		}
		out.Summaries = append(out.Summaries, shown)
	}
	return out, nil
}

// shownSchedule leaves addresses, which are of persons, to administrators.
func (s *Server) shownSchedule(ctx context.Context, x summary.Schedule) (Schedule, error) {
	out := Schedule{Name: x.Name, ChangedAt: x.ChangedAt, SchedulePut: SchedulePut{Every: string(x.Every), Hour: x.Hour, Zone: x.Zone, Channel: x.Channel, Off: x.Off}}
	if x.Every == summary.Week {
		out.Weekday = weekdays()[x.Weekday]
	} else {
		out.Day = x.Day
	}
	if actorOf(ctx).Can(account.Administer) == nil {
		out.To, out.ChangedBy = x.To, x.ChangedBy
	}
	if !x.Off {
		_, out.Next = x.Around(s.d.Now(), s.office())
	}
	agencies, err := s.d.Inventory.Agencies(ctx, scopeOf(ctx))
	if err != nil {
		return out, err
	}
	for _, a := range agencies {
		if slices.Contains(x.Scope.Agencies, a.ID) {
			out.Agencies = append(out.Agencies, a.Name)
		}
	}
	sites, err := s.d.Inventory.Sites(ctx, scopeOf(ctx))
	if err != nil {
		return out, err
	}
	for _, p := range sites {
		if slices.Contains(x.Scope.Sites, p.ID) {
			out.Sites = append(out.Sites, p.Agency+"/"+p.Name)
		}
	}
	out.Place, err = summary.Place(ctx, s.d.Inventory, x.Scope)
	return out, err
}

// office is the zone of the collector.
func (s *Server) office() *time.Location {
	if z, err := time.LoadLocation(s.d.Zone); err == nil {
		return z
	}
	return time.UTC
}

func (s *Server) summarySet(ctx context.Context, in *SchedulePutInput) (Schedule, error) {
	k, err := s.schedules()
	if err != nil {
		return Schedule{}, err
	}
	n, err := s.notices()
	if err != nil {
		return Schedule{}, err
	}
	c, err := n.channel(ctx, in.Body.Channel)
	if err != nil {
		return Schedule{}, err
	}
	if c.Kind != mailKind {
		return Schedule{}, NewProblem(invalid, "channel %s is of kind %s: summaries go through channels of kind %s", c.Name, c.Kind, mailKind)
	}
	b := in.Body
	x := summary.Schedule{Name: strings.TrimSpace(in.Name), Every: summary.Every(b.Every), Hour: b.Hour, Zone: strings.TrimSpace(b.Zone), Channel: c.Name, To: trimmed(b.To), Off: b.Off,
		ChangedAt: s.d.Now(), ChangedBy: actorOf(ctx).Name}
	switch x.Every {
	case summary.Week:
		if x.Weekday = time.Monday; b.Weekday != "" {
			x.Weekday = time.Weekday(slices.Index(weekdays(), b.Weekday))
		}
	case summary.Month:
		x.Day = max(b.Day, 1)
	}
	if x.Scope, _, _, err = s.scope(ctx, trimmed(b.Agencies), trimmed(b.Sites)); err != nil {
		return Schedule{}, err
	}
	if err := x.Check(); err != nil {
		return Schedule{}, NewProblem(invalid, "%v", err)
	}
	x.Since = x.ChangedAt
	list, err := k.Summaries(ctx)
	if err != nil {
		return Schedule{}, err
	}
	for _, old := range list {
		if strings.EqualFold(old.Name, x.Name) {
			if x.Name = old.Name; old.SameTimes(x) {
				x.Since = old.Since
			}
		}
	}
	onto(ctx, x.Name)
	note(ctx, "channel", x.Channel)
	note(ctx, "every", string(x.Every))
	if err := k.PutSummary(ctx, x); err != nil {
		return Schedule{}, err
	}
	return s.shownSchedule(ctx, x)
}

// scheduleOf finds one by name.
func (s *Server) scheduleOf(ctx context.Context, name string) (summary.Schedule, error) {
	k, err := s.schedules()
	if err != nil {
		return summary.Schedule{}, err
	}
	list, err := k.Summaries(ctx)
	if err != nil {
		return summary.Schedule{}, err
	}
	var names []string
	for _, x := range list {
		if strings.EqualFold(x.Name, strings.TrimSpace(name)) {
			return x, nil
		}
		names = append(names, x.Name)
	}
	return summary.Schedule{}, NewProblem(notFound, "no summary is called %q%s: muster summary list shows them", clip(printable(name), 80), near(name, names))
}

func (s *Server) summaryDelete(ctx context.Context, in *ChannelInput) (Nothing, error) {
	x, err := s.scheduleOf(ctx, in.Name)
	if err != nil {
		return Nothing{}, err
	}
	onto(ctx, x.Name)
	return Nothing{}, lost(s.d.Summaries.Schedules.DeleteSummary(ctx, x.Name), "the summary %q is not there any more", x.Name)
}

func (s *Server) summarySend(ctx context.Context, in *SummarySendInput) (SummarySent, error) {
	x, err := s.scheduleOf(ctx, in.Name)
	if err != nil {
		return SummarySent{}, err
	}
	n, err := s.notices()
	if err != nil {
		return SummarySent{}, err
	}
	c, err := n.channel(ctx, x.Channel)
	if err != nil {
		return SummarySent{}, err
	}
	if c.Off {
		return SummarySent{}, NewProblem(conflict, "channel %s is switched off: switch it on first", c.Name)
	}
	to := trimmed(in.Body.To)
	for _, a := range to {
		if err := summary.CheckAddress(a); err != nil {
			return SummarySent{}, NewProblem(invalid, "%v", err)
		}
	}
	onto(ctx, x.Name)
	note(ctx, "channel", c.Name)
	id, err := s.d.Summaries.Send(ctx, x, to)
	return SummarySent{Notice: id}, err
}

// SummaryCSV is figures as a table: one value a row.
func SummaryCSV(f summary.Figures) ([]byte, error) {
	var b bytes.Buffer
	err := writeCSV(&b, Summary{Figures: f})
	return b.Bytes(), err
}

// Each tells figures as rows of a table.
func (f Summary) Each(yield func(part, about, measure string, value any) error) error {
	return f.rows(func(row []any) error {
		part, _ := row[0].(string)
		about, _ := row[1].(string)
		measure, _ := row[2].(string)
		return yield(part, about, measure, row[3])
	})
}

func (Summary) columns() []string { return []string{"part", "about", "measure", "value"} }

func (f Summary) rows(yield func([]any) error) error {
	var failed error
	add := func(part, about, measure string, value any) {
		if failed == nil {
			failed = yield([]any{part, about, measure, value})
		}
	}
	add("time", "", "from", f.From)
	add("time", "", "to", f.To)
	i := f.Incidents
	for _, x := range []struct {
		measure string
		n       int
	}{{"opened", i.Opened}, {"resolved", i.Resolved}, {"open", i.Open}, {"unclaimed", i.Unclaimed}, {"useful", i.Useful}, {"useless", i.Useless}, {"wrong", i.Wrong}, {"before_call", i.BeforeCall}} {
		add("incidents", "", x.measure, x.n)
	}
	for _, x := range []struct {
		about string
		t     summary.Took
	}{{"claim", i.Claim}, {"resolve", i.Resolve}} {
		add("incidents", x.about, "count", x.t.Count)
		if x.t.Count > 0 {
			add("incidents", x.about, "median_seconds", x.t.MedianSeconds)
			add("incidents", x.about, "p90_seconds", x.t.P90Seconds)
		}
	}
	for _, r := range f.Rules {
		add("rule", r.ID, "title", r.Title)
		add("rule", r.ID, "opened", r.Opened)
		add("rule", r.ID, "useful", r.Useful)
		add("rule", r.ID, "useless", r.Useless)
		add("rule", r.ID, "wrong", r.Wrong)
	}
	for _, c := range f.Caught {
		add("caught", c.Title, c.Device, c.Replaced)
	}
	add("fleet", "", "devices", f.Fleet.Devices)
	add("fleet", "", "new", f.Fleet.New)
	for _, x := range []struct {
		part string
		list []summary.Number
	}{{"kind", f.Fleet.Kinds}, {"system", f.Fleet.Systems}, {"presence", f.Fleet.Presence}} {
		for _, c := range x.list {
			add(x.part, c.Name, "devices", c.Count)
		}
	}
	for _, x := range []struct {
		part   string
		groups []summary.Theme
	}{{"quality", f.Quality}, {"replacement", f.Replacement}} {
		for _, g := range x.groups {
			for _, q := range g.Questions {
				var n any = q.Count
				if q.Count < 0 {
					n = nil
				}
				add(x.part, g.Title, q.Word, n)
			}
		}
	}
	return failed
}
