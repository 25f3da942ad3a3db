package api

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"muster/collector/store"
	"muster/internal/metric"
)

func (s *Server) seriesQuery(ctx context.Context, in *SeriesQueryInput) (SeriesAnswer, error) {
	m, f, err := number(in)
	if err != nil {
		return SeriesAnswer{}, err
	}
	q := store.SeriesQuery{Measurement: m.Name, Field: f.Name, Limit: in.Limit, Aggregate: store.Aggregate(in.Aggregate)}
	if q.Matchers, err = labelMatchers(m, in.Labels); err != nil {
		return SeriesAnswer{}, err
	}
	ids, err := s.seriesDevices(ctx, in)
	if err != nil {
		return SeriesAnswer{}, err
	}
	if ids != nil {
		q.Matchers = append(q.Matchers, *ids)
	}
	if err := s.seriesTime(in, &q, f); err != nil {
		return SeriesAnswer{}, err
	}
	series, err := s.d.Series.Query(ctx, q)
	if err != nil {
		return SeriesAnswer{}, err
	}
	out := SeriesAnswer{
		Name: metric.Series(m.Name, f.Name), Unit: f.Unit, Aggregate: string(q.Aggregate),
		From: q.From, To: q.To, StepSeconds: q.Step.Seconds(), Series: series,
	}
	if q.Aggregate == store.Rate && out.Unit != "" {
		out.Unit += "_per_second"
	}
	if out.Series == nil {
		out.Series = []store.SeriesResult{}
	}
	if s.d.Vitals.Outbox != nil {
		out.BehindSeconds = s.d.Vitals.Outbox().Behind()
	}
	return out, nil
}

// number finds the number that is asked for, by one name or by two.
func number(in *SeriesQueryInput) (metric.Measurement, metric.Field, error) {
	switch {
	case in.Name != "" && in.Measurement+in.Field != "":
		return metric.Measurement{}, metric.Field{}, NewProblem(invalid, "name the number by name, or by measurement and field, not by both")
	case in.Name != "":
		if m, f, ok := metric.Parse(in.Name); ok {
			return m, f, nil
		}
		return metric.Measurement{}, metric.Field{}, NewProblem(invalid, "there is no number %q%s: muster series names lists them", clip(printable(in.Name), 60), near(in.Name, allNumbers()))
	case in.Measurement == "" || in.Field == "":
		return metric.Measurement{}, metric.Field{}, NewProblem(invalid, "say which number: name=cpu_usage_user, or measurement=cpu and field=usage_user")
	}
	m, f, ok := metric.Lookup(in.Measurement, in.Field)
	if !ok {
		whole := metric.Series(in.Measurement, in.Field)
		return m, f, NewProblem(invalid, "there is no number %q%s: muster series names lists them", clip(printable(whole), 60), near(whole, allNumbers()))
	}
	return m, f, nil
}

func allNumbers() []string {
	var out []string
	for _, m := range metric.Catalogue() {
		for _, f := range m.Fields {
			out = append(out, metric.Series(m.Name, f.Name))
		}
	}
	return out
}

// labelMatchers reads conditions: cpu=cpu-total, interface!=lo|docker0.
func labelMatchers(m metric.Measurement, list []string) ([]store.Matcher, error) {
	var names []string
	for _, l := range append(slices.Clone(m.Labels), metric.Added()...) {
		names = append(names, l.Name)
	}
	var out []store.Matcher
	for _, text := range whole(list, names) {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		name, values, ok := strings.Cut(text, "=")
		not := strings.HasSuffix(name, "!")
		name = strings.TrimSpace(strings.TrimSuffix(name, "!"))
		if !ok || name == "" {
			return nil, NewProblem(invalid, "labels: %q is no condition: write it as cpu=cpu-total or interface!=lo", clip(printable(text), 60))
		}
		if !slices.Contains(names, name) {
			return nil, NewProblem(invalid, "%s has no label %q%s: it has %s", m.Name, clip(printable(name), 40), near(name, names), strings.Join(names, ", "))
		}
		out = append(out, store.Matcher{Label: name, Values: strings.Split(values, "|"), Not: not})
	}
	return out, nil
}

// whole mends conditions whose values hold commas, where the list was taken
// apart: "devfs: dev file system, mounted on: /dev" is one value. What does not
// begin with the name of a label goes on with what was before, if that was one.
func whole(list, names []string) []string {
	begins := func(text string) bool {
		name, _, ok := strings.Cut(text, "=")
		return ok && slices.Contains(names, strings.TrimSpace(strings.TrimSuffix(name, "!")))
	}
	var out []string
	for _, text := range list {
		// A word with = is more likely a label that is misspelt.
		name, _, condition := strings.Cut(text, "=")
		word := !strings.ContainsAny(strings.TrimSpace(name), " :/")
		if n := len(out); n > 0 && begins(out[n-1]) && !begins(text) && !(condition && word) {
			out[n-1] += "," + text
			continue
		}
		out = append(out, text)
	}
	return out
}

// seriesDevices narrows to the devices asked for, within scope. The scope is
// kept here, since the series store knows none; nil narrows nothing.
func (s *Server) seriesDevices(ctx context.Context, in *SeriesQueryInput) (*store.Matcher, error) {
	m := store.Matcher{Label: store.LabelDevice}
	if in.Device != "" {
		d, err := s.find(ctx, in.Device)
		if err != nil {
			return nil, err
		}
		m.Values = []string{string(d.ID)}
		if in.Filter == "" {
			return &m, nil
		}
	}
	ids, narrowed, err := s.chosen(ctx, in.Filter)
	if err != nil {
		return nil, err
	}
	if !narrowed {
		return nil, nil
	}
	var chosen []string
	for _, id := range ids {
		if in.Device == "" || string(id) == m.Values[0] {
			chosen = append(chosen, string(id))
		}
	}
	m.Values = chosen
	return &m, nil
}

// seriesTime fills in range, step and aggregate.
func (s *Server) seriesTime(in *SeriesQueryInput, q *store.SeriesQuery, f metric.Field) error {
	now := s.d.Now()
	from, to, err := span(in.From, in.To, now)
	if err != nil {
		return err
	}
	if to.IsZero() {
		to = now
	}
	if from.IsZero() {
		from = to.Add(-time.Hour)
	}
	if !from.Before(to) {
		return NewProblem(invalid, "from (%s) is not before to (%s)", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	q.From, q.To = from.UTC(), to.UTC()
	switch in.Step {
	case "":
		// A 300th of the range fills a chart; whole minutes fit the rhythm of
		// the agents.
		steps := math.Ceil(to.Sub(from).Minutes() / 300)
		q.Step = time.Duration(steps) * time.Minute
	case "0":
		q.Step = 0
	default:
		d, ok := age(in.Step)
		if !ok || d%time.Millisecond != 0 || d == 0 {
			return NewProblem(invalid, "step: %q is no duration: write it as 30s, 5m or 1h; 0 is points as stored", clip(printable(in.Step), 20))
		}
		q.Step = d
	}
	if q.Step == 0 {
		if q.Aggregate != "" && q.Aggregate != store.Last {
			return NewProblem(invalid, "points as stored (step 0) have no aggregate: leave it out, or give a step")
		}
		q.Aggregate = store.Last
		return nil
	}
	if q.Aggregate == "" {
		q.Aggregate = store.Mean
		if f.Nature == metric.Counter {
			q.Aggregate = store.Rate
		}
	}
	return nil
}

func (s *Server) seriesNames(_ context.Context, in *SeriesNamesInput) (SeriesNames, error) {
	out := SeriesNames{Names: []SeriesName{}}
	for _, m := range metric.Catalogue() {
		var labels []string
		for _, l := range m.Labels {
			labels = append(labels, l.Name)
		}
		for _, f := range m.Fields {
			name := metric.Series(m.Name, f.Name)
			if !strings.Contains(name, strings.ToLower(in.Match)) {
				continue
			}
			out.Names = append(out.Names, SeriesName{
				Name: name, Measurement: m.Name, Field: f.Name, Unit: f.Unit,
				Nature: f.Nature.String(), Labels: labels, Default: f.Default, Doc: f.Doc,
			})
		}
	}
	return out, nil
}
