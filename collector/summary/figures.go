package summary

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"muster/collector/search"
	"muster/collector/store"
)

// Figures are what is told of a time.
type Figures struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	At   time.Time `json:"at" doc:"When the fleet was counted: that is as of then, and not of the time above."`

	Incidents   IncidentFigures `json:"incidents"`
	Rules       []RuleFigures   `json:"rules" nullable:"false" doc:"Those that led incidents of this time, the most first."`
	Caught      []CaughtPart    `json:"caught" nullable:"false" doc:"Parts that were replaced, at most 20."`
	Fleet       FleetFigures    `json:"fleet"`
	Quality     []Theme         `json:"quality" nullable:"false"`
	Replacement []Theme         `json:"replacement" nullable:"false"`
}

// IncidentFigures are those that opened in the time, without what was there when its
// device came.
type IncidentFigures struct {
	Opened     int  `json:"opened"`
	Resolved   int  `json:"resolved" doc:"Of those opened, by now."`
	Open       int  `json:"open" doc:"Of those opened, still."`
	Unclaimed  int  `json:"unclaimed" doc:"Of these, nobody works on."`
	Useful     int  `json:"useful" doc:"People said that there was something to do."`
	Useless    int  `json:"useless" doc:"True, and not worth the time."`
	Wrong      int  `json:"wrong" doc:"False alarms."`
	BeforeCall int  `json:"before_call" doc:"Of the useful ones, found before anybody had called about them."`
	Claim      Took `json:"claim" doc:"From opening until somebody claimed it."`
	Resolve    Took `json:"resolve" doc:"From opening until it was resolved."`
}

// Took is how long something took.
type Took struct {
	Count         int     `json:"count" doc:"How many it is known of."`
	MedianSeconds float64 `json:"median_seconds"`
	P90Seconds    float64 `json:"p90_seconds" doc:"Nine of ten took no longer."`
}

// RuleFigures is what became of the incidents that a rule led.
type RuleFigures struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Opened  int    `json:"opened"`
	Useful  int    `json:"useful"`
	Useless int    `json:"useless"`
	Wrong   int    `json:"wrong" doc:"False alarms."`
}

// CaughtPart is a part that was replaced because of an incident.
type CaughtPart struct {
	Number     int64     `json:"number"`
	Title      string    `json:"title"`
	Device     string    `json:"device,omitempty" doc:"The first one's name."`
	Replaced   string    `json:"replaced"`
	ResolvedAt time.Time `json:"resolved_at"`
}

// FleetFigures is how many devices there are. Retired ones count as that only.
type FleetFigures struct {
	Devices  int      `json:"devices" doc:"In use."`
	New      int      `json:"new" doc:"Of these, first seen in the time."`
	Kinds    []Number `json:"kinds" nullable:"false"`
	Systems  []Number `json:"systems" nullable:"false"`
	Presence []Number `json:"presence" nullable:"false"`
}

// Number is how many are of a kind; an empty name is not known.
type Number struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// Part is a part of the figures.
type Part string

// The parts. Counting devices by searches takes the longest.
const (
	OfIncidents   Part = "incidents"
	OfFleet       Part = "fleet"
	OfQuality     Part = "quality"
	OfReplacement Part = "replacement"
)

// Parts are all there are.
func Parts() []Part { return []Part{OfIncidents, OfFleet, OfQuality, OfReplacement} }

// mostCaught is how many parts are listed.
const mostCaught = 20

// Sources are what figures are counted over.
type Sources struct {
	Inventory store.Inventory
	Health    store.Health             // nil: nobody judges
	Title     func(rule string) string // of a rule; empty when there is none
	Log       *slog.Logger
}

// Order is which figures are wanted.
type Order struct {
	Scope    store.Scope
	From, To time.Time
	Now      time.Time
	Parts    []Part // empty: all
}

// Count counts.
func (s Sources) Count(ctx context.Context, o Order) (Figures, error) {
	f := Figures{From: o.From, To: o.To, At: o.Now, Rules: []RuleFigures{}, Caught: []CaughtPart{}, Quality: []Theme{}, Replacement: []Theme{},
		Fleet: FleetFigures{Kinds: []Number{}, Systems: []Number{}, Presence: []Number{}}}
	wants := func(p Part) bool { return len(o.Parts) == 0 || slices.Contains(o.Parts, p) }
	if wants(OfIncidents) && s.Health != nil {
		if err := s.incidents(ctx, o, &f); err != nil {
			return f, fmt.Errorf("count incidents: %w", err)
		}
	}
	if wants(OfFleet) {
		if err := s.fleet(ctx, o, &f.Fleet); err != nil {
			return f, err
		}
	}
	if wants(OfQuality) {
		f.Quality = s.Ask(ctx, o.Scope, o.Now, Quality())
	}
	if wants(OfReplacement) {
		f.Replacement = s.Ask(ctx, o.Scope, o.Now, Replacement(o.Now))
	}
	return f, ctx.Err()
}

// atOnce is how many incidents are read at once.
const atOnce = 5000

func (s Sources) incidents(ctx context.Context, o Order, f *Figures) error {
	var claim, resolve []time.Duration
	rules := map[string]*RuleFigures{}
	// A list is cut at its limit, so a time with more is asked for in halves.
	var read func(from, to time.Time) error
	read = func(from, to time.Time) error {
		list, err := s.Health.Incidents(ctx, store.IncidentQuery{Scope: o.Scope, Backlog: new(false), From: from, To: to, Limit: atOnce,
			Statuses: []store.IncidentStatus{store.New, store.Claimed, store.Escalated, store.Snoozed, store.Closed}})
		if err != nil {
			return err
		}
		if half := to.Sub(from) / 2; len(list) == atOnce && half >= time.Millisecond {
			if err := read(from, from.Add(half)); err != nil {
				return err
			}
			return read(from.Add(half), to)
		}
		for i := range list {
			f.add(&list[i], rules, &claim, &resolve, s.Title)
		}
		return nil
	}
	if err := read(o.From, o.To); err != nil {
		return err
	}
	f.Incidents.Claim, f.Incidents.Resolve = timeOf(claim), timeOf(resolve)
	for _, r := range rules {
		f.Rules = append(f.Rules, *r)
	}
	slices.SortFunc(f.Rules, func(a, b RuleFigures) int { return cmp.Or(b.Opened-a.Opened, cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(f.Caught, func(a, b CaughtPart) int {
		return cmp.Or(b.ResolvedAt.Compare(a.ResolvedAt), cmp.Compare(a.Number, b.Number))
	})
	f.Caught = f.Caught[:min(len(f.Caught), mostCaught)]
	return nil
}

// add counts one incident.
func (f *Figures) add(i *store.Incident, rules map[string]*RuleFigures, claim, resolve *[]time.Duration, title func(string) string) {
	x := &f.Incidents
	x.Opened++
	r := rules[i.Rule]
	if r == nil {
		r = &RuleFigures{ID: i.Rule, Title: i.Title}
		if t := title(i.Rule); t != "" {
			r.Title = t
		}
		rules[i.Rule] = r
	}
	r.Opened++
	if !i.ClaimedAt.IsZero() {
		*claim = append(*claim, max(i.ClaimedAt.Sub(i.OpenedAt), 0))
	}
	if i.Status != store.Closed {
		x.Open++
		if i.Assignee == "" {
			x.Unclaimed++
		}
		return
	}
	x.Resolved++
	*resolve = append(*resolve, max(i.ResolvedAt.Sub(i.OpenedAt), 0))
	switch i.Useful {
	case "yes":
		x.Useful++
		r.Useful++
		if !i.Called {
			x.BeforeCall++
		}
	case "no":
		x.Useless++
		r.Useless++
	case "wrong":
		x.Wrong++
		r.Wrong++
	}
	if i.Replaced != "" {
		c := CaughtPart{Number: i.Number, Title: i.Title, Replaced: i.Replaced, ResolvedAt: i.ResolvedAt}
		if len(i.Devices) > 0 {
			c.Device = i.Devices[0].Name
		}
		f.Caught = append(f.Caught, c)
	}
}

// timeOf is median and ninth tenth: the smallest that so many do not exceed.
func timeOf(list []time.Duration) Took {
	if len(list) == 0 {
		return Took{}
	}
	slices.Sort(list)
	at := func(share int) float64 { return list[(len(list)*share+99)/100-1].Seconds() }
	return Took{Count: len(list), MedianSeconds: at(50), P90Seconds: at(90)}
}

func (s Sources) fleet(ctx context.Context, o Order, f *FleetFigures) error {
	b, err := s.Inventory.Breakdown(ctx, store.DeviceQuery{Scope: o.Scope, Now: o.Now})
	if err != nil {
		return err
	}
	kinds, systems, presence := map[string]int{}, map[string]int{}, map[string]int{}
	for _, g := range b.Groups {
		presence[string(g.Presence)] += g.Count
		if g.Presence == store.Retired {
			continue
		}
		f.Devices += g.Count
		kinds[g.Kind] += g.Count
		if g.Kind == "pc" || g.Kind == "server" {
			systems[g.OS] += g.Count
		}
	}
	f.Kinds, f.Systems, f.Presence = counts(kinds), counts(systems), counts(presence)
	filter := fmt.Sprintf("first>=%s first<%s -state:retired", o.From.UTC().Format(time.RFC3339), o.To.UTC().Format(time.RFC3339))
	f.New, err = s.count(ctx, o.Scope, o.Now, filter)
	return err
}

func counts(of map[string]int) []Number {
	out := []Number{}
	for name, n := range of {
		out = append(out, Number{name, n})
	}
	slices.SortFunc(out, func(a, b Number) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Name, b.Name)) })
	return out
}

// Ask counts the answers of questions. What cannot be counted is told as -1,
// and leaves the others standing.
func (s Sources) Ask(ctx context.Context, scope store.Scope, now time.Time, groups []Theme) []Theme {
	for i := range groups {
		for k := range groups[i].Questions {
			q := &groups[i].Questions[k]
			n, err := s.count(ctx, scope, now, q.Filter)
			if err != nil {
				n = -1
				s.Log.WarnContext(ctx, "a question to the fleet has no answer", "filter", q.Filter, "error", err)
			}
			q.Count = n
		}
	}
	return groups
}

func (s Sources) count(ctx context.Context, scope store.Scope, now time.Time, filter string) (int, error) {
	e, err := search.Parse(filter)
	if err != nil {
		return 0, err
	}
	page, err := s.Inventory.Devices(ctx, store.DeviceQuery{Scope: scope, Filter: e, Limit: 1, Now: now})
	return page.Total, err
}
