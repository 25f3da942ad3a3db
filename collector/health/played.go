package health

import (
	"context"

	"muster/collector/store"
	"muster/internal/inventory"
)

// played is the past of a case, as a series store would give it.
type played struct {
	device inventory.DeviceID
	series map[string]*playedSeries
}

type playedSeries struct {
	measurement, field string
	labels             map[string]string
	at                 []int64 // Unix ms
	v                  []float64
}

func (p *played) add(n Numbers) {
	if p.series == nil {
		p.series = map[string]*playedSeries{}
	}
	for i, s := range n.Layout {
		key := s.Measurement + "." + s.Field
		for _, l := range s.Labels {
			key += " " + l.Key + "=" + l.Value
		}
		x := p.series[key]
		if x == nil {
			x = &playedSeries{measurement: s.Measurement, field: s.Field, labels: map[string]string{store.LabelDevice: string(p.device)}}
			for _, l := range s.Labels {
				x.labels[l.Key] = l.Value
			}
			p.series[key] = x
		}
		x.at, x.v = append(x.at, n.At.UnixMilli()), append(x.v, n.Values[i])
	}
}

// Query implements Series.
func (p *played) Query(_ context.Context, q store.SeriesQuery) ([]store.SeriesResult, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	var out []store.SeriesResult
	from, _ := q.Span()
	from -= q.Reach().Milliseconds()
next:
	for _, key := range sortedKeys(p.series) {
		x := p.series[key]
		if x.measurement != q.Measurement || x.field != q.Field {
			continue
		}
		for _, m := range q.Matchers {
			if !m.Match(x.labels[m.Label]) {
				continue next
			}
		}
		steps := store.NewSteps(q)
		for i, at := range x.at {
			if at >= from {
				steps.Add(at, x.v[i])
			}
		}
		if points := steps.Done(); len(points) > 0 {
			out = append(out, store.SeriesResult{Labels: x.labels, Points: points})
		}
	}
	return out, nil
}
