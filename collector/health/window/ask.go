package window

import (
	"math"
	"slices"
	"time"
)

// Over is a window that ends with the newest point or at now.
type Over struct {
	t     *Track
	s     *Spec
	from  time.Time
	fine  bool // points answer
	pts   []point
	steps []Bucket
}

// Over asks of the time from now-d to now. It answers false when the track
// has nothing of that time, or no point yet beside a recalled past.
func (t *Track) Over(s *Spec, now time.Time, d time.Duration) (Over, bool) {
	o := Over{t: t, s: s, from: now.Add(-d)}
	// Steps answer only what points cannot.
	if o.fine = d <= s.Recent || s.Bucket == 0; o.fine {
		o.pts = t.since(o.from)
		return o, len(o.pts) > 0
	}
	o.steps = t.Buckets(s, o.from)
	return o, len(o.steps) > 0 && len(t.points) > 0
}

// Count is the number of points.
func (o Over) Count() float64 {
	if o.fine {
		return float64(len(o.pts))
	}
	n := 0.0
	for _, b := range o.steps {
		n += float64(b.N)
	}
	return n
}

// Min is the least value.
func (o Over) Min() float64 {
	m := math.Inf(1)
	for _, p := range o.pts {
		m = min(m, p.v)
	}
	for _, b := range o.steps {
		m = min(m, float64(b.Min))
	}
	return m
}

// Max is the greatest value.
func (o Over) Max() float64 {
	m := math.Inf(-1)
	for _, p := range o.pts {
		m = max(m, p.v)
	}
	for _, b := range o.steps {
		m = max(m, float64(b.Max))
	}
	return m
}

// Mean is the mean of all points.
func (o Over) Mean() float64 {
	sum := 0.0
	for _, p := range o.pts {
		sum += p.v
	}
	for _, b := range o.steps {
		sum += float64(b.Sum)
	}
	return sum / o.Count()
}

// First is the oldest value.
func (o Over) First() float64 {
	if o.fine {
		return o.pts[0].v
	}
	return float64(o.steps[0].First)
}

// Last is the newest value.
func (o Over) Last() float64 { return o.t.points[len(o.t.points)-1].v }

// Rise is the sum of the rises to each point of the window, also from the last
// one before it. A fall is a restart of the source and counts nothing.
func (o Over) Rise() float64 {
	r := 0.0
	if o.fine {
		i := len(o.t.points) - len(o.pts)
		for ; i < len(o.t.points); i++ {
			if i > 0 {
				r += max(o.t.points[i].v-o.t.points[i-1].v, 0)
			}
		}
		return r
	}
	for _, b := range o.steps {
		r += float64(b.Rise)
	}
	return r
}

// Rate is the rise per second.
func (o Over) Rate() float64 {
	if !o.fine {
		from, to := o.steps[0].Start, o.t.points[len(o.t.points)-1].at
		if to <= from {
			return math.NaN()
		}
		return o.Rise() / float64(to-from)
	}
	i := max(len(o.t.points)-len(o.pts)-1, 0)
	from, to := o.t.points[i].at, o.t.points[len(o.t.points)-1].at
	if to <= from {
		return math.NaN()
	}
	return o.Rise() / float64(to-from)
}

// Values are the points, or of steps their means, for what needs an order.
func (o Over) Values() []float64 {
	out := make([]float64, 0, len(o.pts)+len(o.steps))
	for _, p := range o.pts {
		out = append(out, p.v)
	}
	for _, b := range o.steps {
		out = append(out, float64(b.Sum)/float64(b.N))
	}
	return out
}

// Quantile is the q-th quantile of the points (of steps: of their means), by
// linear interpolation (Hyndman and Fan, type 7).
func (o Over) Quantile(q float64) float64 { return Quantile(o.Values(), q) }

// Quantile of values, which are put in order.
func Quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	slices.Sort(v)
	at := q * float64(len(v)-1)
	i := int(at)
	if i+1 >= len(v) {
		return v[len(v)-1]
	}
	return v[i] + (at-float64(i))*(v[i+1]-v[i])
}

// ShareAbove is the share of points above x; of steps, those whose mean is.
func (o Over) ShareAbove(x float64) float64 {
	v, n := o.Values(), 0
	for _, y := range v {
		if y > x {
			n++
		}
	}
	return float64(n) / float64(len(v))
}

// DaysAbove is the number of days (UTC) on which the number was x or more, or
// rose by that much if it is a counter.
func (o Over) DaysAbove(x float64) float64 {
	const day = 24 * 60 * 60
	most := map[uint32]float64{}
	put := func(at uint32, max, rise float64) {
		d := at / day
		if o.s.Counter {
			most[d] += rise
		} else if old, ok := most[d]; !ok || max > old {
			most[d] = max
		}
	}
	for i := len(o.t.points) - len(o.pts); o.fine && i < len(o.t.points); i++ {
		p, rise := o.t.points[i], 0.0
		if i > 0 {
			rise = max(p.v-o.t.points[i-1].v, 0)
		}
		put(p.at, p.v, rise)
	}
	for _, b := range o.steps {
		put(b.Start, float64(b.Max), float64(b.Rise))
	}
	n := 0.0
	for _, m := range most {
		if m >= x {
			n++
		}
	}
	return n
}

// XY are the points, or of steps their least values, with days as the axis,
// counted back from now: what a forecast is made from.
func (o Over) XY(now time.Time) (x, y []float64) {
	const day = 24 * 60 * 60
	n := now.Unix()
	for _, p := range o.pts {
		x, y = append(x, float64(int64(p.at)-n)/day), append(y, p.v)
	}
	for _, b := range o.steps {
		x, y = append(x, float64(int64(b.Start)+int64(o.s.Bucket/time.Second)/2-n)/day), append(y, float64(b.Min))
	}
	return x, y
}

// Ratios are, point for point, the growth of a by that of b: what each took,
// where a counts time and b counts turns. Points at which b did not grow are
// left out.
func Ratios(a, b *Track, now time.Time, d time.Duration) []float64 {
	var out []float64
	pa, pb := a.since(now.Add(-d)), b.since(now.Add(-d))
	before := func(t *Track, n int) (point, bool) {
		if i := len(t.points) - n - 1; i >= 0 {
			return t.points[i], true
		}
		return point{}, false
	}
	la, oka := before(a, len(pa))
	lb, okb := before(b, len(pb))
	j := 0
	for _, p := range pa {
		for j < len(pb) && pb[j].at < p.at {
			j++
		}
		if j == len(pb) {
			break
		}
		q := pb[j]
		if q.at != p.at {
			continue
		}
		if oka && okb && la.at == lb.at && q.v > lb.v && p.v >= la.v {
			out = append(out, (p.v-la.v)/(q.v-lb.v))
		}
		la, lb, oka, okb = p, q, true, true
	}
	return out
}
