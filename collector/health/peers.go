package health

import (
	"math"
	"time"

	"muster/collector/health/rule"
	"muster/collector/health/window"
)

// peers are the same number on devices of one model and role.
type peers struct {
	at     time.Time
	groups map[peerKey]peerStats
}

type peerKey struct {
	number int
	per    rule.Ref
	group  string
}

// peerStats is how a number is spread over devices of a kind.
type peerStats struct {
	n                   int
	median, spread, p95 float64
}

const (
	peersEvery = 15 * time.Minute
	leastPeers = 8
)

func newPeers() peers { return peers{groups: map[peerKey]peerStats{}} }

// peersOf is the group that a device is compared in; empty when it has none.
func peersOf(d *device) string {
	if d.info.Model == "" {
		return ""
	}
	return d.info.Kind + "\x00" + d.info.Model
}

// learn works the groups out anew, of the numbers that rules compare.
func (x *peers) learn(j *Judge, now time.Time) {
	x.at = now
	x.groups = map[peerKey]peerStats{}
	for _, slot := range j.plan.compared {
		in := &j.plan.set.Inputs[slot]
		n := j.plan.byNumber[rule.Ref{Measurement: in.Source, Field: in.Field}]
		values := map[string][]float64{}
		for _, id := range j.order {
			d := j.devices[id]
			g := peersOf(d)
			if g == "" || now.Sub(d.heard) > time.Hour {
				continue
			}
			for k, t := range d.tracks {
				if k.number == n {
					if v, ok := x.compared(j, d, in, k.part, t, now); ok {
						values[g] = append(values[g], v)
					}
				}
			}
		}
		for g, v := range values {
			if s, ok := spreadOf(v); ok {
				x.groups[peerKey{n, in.Per, g}] = s
			}
		}
	}
}

// compared is what is compared: the median of the last hour, of each device.
func (x *peers) compared(j *Judge, d *device, in *rule.Input, part string, t *window.Track, now time.Time) (float64, bool) {
	np := &j.plan.numbers[j.plan.byNumber[rule.Ref{Measurement: in.Source, Field: in.Field}]]
	if in.Per.Field != "" {
		other := d.tracks[trackKey{j.plan.byNumber[in.Per], part}]
		if other == nil {
			return 0, false
		}
		v := window.Ratios(t, other, now, time.Hour)
		return window.Quantile(v, 0.5), len(v) > 0
	}
	if np.slow {
		p, ok := t.Last()
		return p.V, ok
	}
	o, ok := t.Over(&np.spec, now, min(time.Hour, np.spec.Recent))
	if !ok {
		return 0, false
	}
	if np.spec.Counter {
		x := o.Rate()
		return x, !math.IsNaN(x)
	}
	return o.Quantile(0.5), true
}

// spreadOf is the spread of peers: without the top tenth, so that those who are
// in trouble do not hide each other (after Nexthink; reference/health.md 3a).
func spreadOf(v []float64) (peerStats, bool) {
	if len(v) < leastPeers {
		return peerStats{}, false
	}
	s := peerStats{n: len(v), p95: window.Quantile(v, 0.95)} // puts them in order
	kept := v[:len(v)-len(v)/10]
	s.median = window.Quantile(kept, 0.5)
	s.spread = robust(kept, s.median)
	return s, true
}

// robust is a deviation that a few wild values do not move: 1.4826 times the
// median absolute deviation, the interquartile range by 1.349, or half a
// percent of the median, whichever is most.
func robust(v []float64, median float64) float64 {
	dev := make([]float64, len(v))
	for i, x := range v {
		dev[i] = math.Abs(x - median)
	}
	mad := window.Quantile(dev, 0.5)
	all := append([]float64(nil), v...)
	iqr := window.Quantile(all, 0.75) - window.Quantile(all, 0.25)
	return max(1.4826*mad, iqr/1.349, 0.005*math.Abs(median))
}

// value answers an input about peers.
func (x *peers) value(v *view, in *rule.Input, last float64) rule.Value {
	n := v.j.plan.byNumber[rule.Ref{Measurement: in.Source, Field: in.Field}]
	s, ok := x.groups[peerKey{n, in.Per, peersOf(v.d)}]
	if !ok {
		return rule.Value{}
	}
	switch in.Op {
	case "peers_median":
		return known(s.median)
	case "peers_p95":
		return known(s.p95)
	}
	if s.spread == 0 {
		return rule.Value{} // all the same: how far is far cannot be said
	}
	return known((last - s.median) / s.spread)
}
