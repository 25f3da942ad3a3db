package health

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"muster/collector/health/rule"
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Replayed is a finding that a rule would have made of what the stores hold.
type Replayed struct {
	Device    inventory.DeviceID `json:"device"`
	Name      string             `json:"name"`
	Component string             `json:"component,omitempty"`
	Label     string             `json:"label,omitempty"`
	Severity  string             `json:"severity"` // the worst
	Backlog   bool               `json:"backlog,omitempty"`
	From      time.Time          `json:"from"`
	To        time.Time          `json:"to,omitzero"` // it ended; none: it would fire now
	Evidence  []store.Evidence   `json:"evidence,omitempty"`
}

// Bounds of a replay.
const (
	MostReplayed  = 200                 // devices
	LongestReplay = 90 * 24 * time.Hour //
	replayStep    = 5 * time.Minute     // between two samples, at least
	replayReads   = 300                 // readings of sections of one device
)

// Replay holds one rule of a set against what the stores hold of some devices
// since a time. Nothing is recorded and nobody is told. It answers findings by
// time, and how many devices were looked at.
func Replay(ctx context.Context, o Options, ruleID string, devices []store.Device, since time.Time) ([]Replayed, error) {
	r, ok := o.Rules.Find(ruleID)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnknownRule, ruleID)
	}
	if fleetSubject(r.Subject) {
		return nil, fmt.Errorf("rule %s is about many devices at once and cannot be replayed", r.ID)
	}
	if len(devices) > MostReplayed {
		devices = devices[:MostReplayed]
	}
	now := o.Now()
	if now.Sub(since) > LongestReplay {
		since = now.Add(-LongestReplay)
	}
	one := &rule.Set{Rules: []*rule.Rule{r}, Inputs: o.Rules.Inputs}
	var out []Replayed
	for _, x := range devices {
		found, err := replayOne(ctx, o, one, r, x, since, now)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	slices.SortFunc(out, func(a, b Replayed) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Name, b.Name)) })
	return out, nil
}

func replayOne(ctx context.Context, o Options, set *rule.Set, r *rule.Rule, x store.Device, since, now time.Time) ([]Replayed, error) {
	clock := since
	found := map[string]*Replayed{}
	var out []*Replayed
	j, err := New(Options{Rules: set, Now: func() time.Time { return clock }, Interval: o.Interval, Zone: o.Zone, Flaws: o.Flaws,
		Record: func(d *store.Judged) {
			for _, f := range d.Findings {
				switch f.State {
				case store.Firing:
					w := found[f.Component]
					if w == nil {
						w = &Replayed{Device: x.ID, Name: x.Name, Component: f.Component, Label: f.Label, Backlog: f.Backlog, From: f.FiredAt}
						found[f.Component] = w
						out = append(out, w)
					}
					w.Severity, w.Evidence = f.Worst, f.Evidence
				case store.Resolved:
					if w := found[f.Component]; w != nil {
						w.To = f.ResolvedAt
						delete(found, f.Component)
					}
				}
			}
		}})
	if err != nil {
		return nil, err
	}
	list, err := history(ctx, o, j.plan, x, since, now)
	if err != nil {
		return nil, err
	}
	info := Info{ID: x.ID, Name: x.Name, Kind: x.Kind, Model: x.Model, FirstSeen: x.FirstSeen, Site: x.Site, Agency: x.Agency}
	if info.FirstSeen.Before(since) {
		info.FirstSeen = since.AddDate(0, 0, -30) // what was there already is not backlog of the replay
	}
	j.Meet(info)
	for _, ob := range list {
		clock = ob.At
		if err := j.Observe(ctx, ob); err != nil {
			return nil, err
		}
		if err := j.Flush(ctx); err != nil {
			return nil, err
		}
	}
	var all []Replayed
	for _, w := range out {
		all = append(all, *w)
	}
	return all, nil
}

// history makes observations of what the stores hold of a device: as far as
// the rules of a plan ask for it.
func history(ctx context.Context, o Options, p *plan, x store.Device, since, now time.Time) ([]Observation, error) {
	at := map[time.Time]*Observation{}
	of := func(t time.Time) *Observation {
		ob := at[t]
		if ob == nil {
			ob = &Observation{Device: x.ID, At: t, ReceivedAt: t}
			at[t] = ob
		}
		return ob
	}
	if err := sectionsOf(ctx, o, p, x, since, of); err != nil {
		return nil, err
	}
	var kinds []string
	longest := time.Duration(0)
	for k, kp := range p.kinds {
		kinds, longest = append(kinds, k), max(longest, kp.window)
	}
	if len(kinds) > 0 {
		events, err := o.Inventory.Events(ctx, store.EventQuery{Scope: store.Scope{All: true}, Devices: []inventory.DeviceID{x.ID}, Kinds: kinds, From: since.Add(-longest), To: now, Limit: 20_000})
		if err != nil {
			return nil, fmt.Errorf("replay events: %w", err)
		}
		for _, e := range events {
			ob := of(e.At)
			ob.Events = append(ob.Events, store.EventReading{Kind: e.Kind, At: e.At, Count: e.Count, Attributes: e.Attributes})
		}
	}
	for i := range p.numbers {
		n := &p.numbers[i]
		q := store.SeriesQuery{Measurement: n.ref.Measurement, Field: n.ref.Field, From: since, To: now, Aggregate: store.Last,
			Matchers: []store.Matcher{{Label: store.LabelDevice, Values: []string{string(x.ID)}}}}
		if !n.slow {
			q.Step = replayStep
		}
		list, err := o.Series.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("replay numbers: %w", err)
		}
		for _, s := range list {
			series := report.Series{Measurement: n.ref.Measurement, Field: n.ref.Field}
			for _, k := range sortedKeys(s.Labels) {
				if k != store.LabelDevice && k != store.LabelHost {
					series.Labels = append(series.Labels, report.Label{Key: k, Value: s.Labels[k]})
				}
			}
			for _, pt := range s.Points {
				ob := of(pt.At)
				if len(ob.Samples) == 0 {
					ob.Samples = []Numbers{{At: pt.At}}
				}
				ob.Samples[0].Layout = append(ob.Samples[0].Layout, series)
				ob.Samples[0].Values = append(ob.Samples[0].Values, pt.Value)
			}
		}
	}
	out := make([]Observation, 0, len(at))
	for _, ob := range at {
		for i := range ob.Samples {
			ob.Samples[i].Hash = ob.Samples[i].Layout.Hash()
		}
		out = append(out, *ob)
	}
	slices.SortFunc(out, func(a, b Observation) int { return a.At.Compare(b.At) })
	return out, nil
}

// sectionsOf brings the rows as they were at the start, and after each change.
func sectionsOf(ctx context.Context, o Options, p *plan, x store.Device, since time.Time, of func(time.Time) *Observation) error {
	names := append(sortedKeys(p.sections), "system", "os")
	slices.Sort(names)
	names = slices.Compact(names)
	times := []time.Time{since}
	journal, err := o.Inventory.Journal(ctx, store.JournalQuery{Scope: store.Scope{All: true}, Devices: []inventory.DeviceID{x.ID}, Sections: names, From: since, Limit: 5000})
	if err != nil {
		return fmt.Errorf("replay changes: %w", err)
	}
	for _, c := range journal {
		times = append(times, c.At)
	}
	slices.SortFunc(times, time.Time.Compare)
	times = slices.CompactFunc(times, time.Time.Equal)
	if len(times) > replayReads {
		times = times[len(times)-replayReads:]
	}
	for _, t := range times {
		views, err := o.Inventory.Sections(ctx, x.ID, t, names)
		if err != nil {
			return fmt.Errorf("replay sections: %w", err)
		}
		ob := of(t)
		for _, v := range views {
			if sec, ok := inventory.Lookup(v.Name); ok && len(v.Table.Rows) > 0 {
				ob.Sections = append(ob.Sections, store.SectionReading{Section: sec, Status: report.OK, At: t, Table: v.Table})
			}
		}
	}
	return nil
}
