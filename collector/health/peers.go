package health

import (
	"errors"
	"math"
	"time"

	"muster/collector/health/anomaly"
	"muster/collector/health/rule"
	"muster/collector/health/window"
)

// peers are the same number on devices of one model and role.
type peers struct {
	at     time.Time
	groups map[peerKey]peerStats
}

type peerKey struct {
	comparison
	group string
}

// peerStats is how a number is spread over devices of a kind.
type peerStats struct {
	n           int
	median, p95 float64
	s           anomaly.Spread // without the highest tenth; none when all are the same
}

const peersEvery = 15 * time.Minute

func newPeers() peers { return peers{groups: map[peerKey]peerStats{}} }

// peersOf is the group that a device is compared in; empty when it has none.
func peersOf(d *device) string {
	if d.info.Model == "" {
		return ""
	}
	return d.info.Kind + "\x00" + d.info.Model
}

// comparison is a number that rules compare; with per, its ratio to another.
type comparison struct{ ref, per rule.Ref }

// learn works the groups out anew, of the numbers that rules compare.
func (x *peers) learn(j *Judge, now time.Time) {
	x.at = now
	x.groups = map[peerKey]peerStats{}
	for _, c := range j.plan.compared {
		values := map[string][]float64{}
		for _, id := range j.order {
			d := j.devices[id]
			g := peersOf(d)
			if g == "" || now.Sub(d.heard) > time.Hour {
				continue
			}
			for k, t := range d.tracks {
				if k.number == j.plan.byNumber[c.ref] {
					if v, ok := x.compared(j, d, c, k.part, t, now); ok {
						values[g] = append(values[g], v)
					}
				}
			}
		}
		least := nobodyMinds(&j.plan.numbers[j.plan.byNumber[c.ref]], c.per)
		for g, v := range values {
			s, err := anomaly.PeerSpread(v, 0, least)
			if err == nil || errors.Is(err, anomaly.ErrNoSpread) {
				x.groups[peerKey{c, g}] = peerStats{n: len(v), median: window.Quantile(v, 0.5), p95: window.Quantile(v, 0.95), s: s}
			}
		}
	}
}

// compared is what is compared: the median of the last hour, of each device.
func (x *peers) compared(j *Judge, d *device, c comparison, part string, t *window.Track, now time.Time) (float64, bool) {
	np := &j.plan.numbers[j.plan.byNumber[c.ref]]
	if c.per.Field != "" {
		other := d.tracks[trackKey{j.plan.byNumber[c.per], part}]
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

// value answers an input about peers.
func (x *peers) value(v *view, c comparison, op string, last float64) rule.Value {
	s, ok := x.groups[peerKey{c, peersOf(v.d)}]
	if !ok {
		return rule.Value{}
	}
	switch op {
	case "peers_median":
		return known(s.median)
	case "peers_p95":
		return known(s.p95)
	}
	if s.s.N == 0 {
		return rule.Value{} // all the same: how far is far cannot be said
	}
	return known(s.s.Z(last))
}
