package forecast

import (
	"math"
	"slices"
)

// ninety is how many deviations to either side hold nine in ten outcomes of a
// normal distribution.
const ninety = 1.645

// few widens what is known from four quarters only: Student's quantile for four
// degrees of freedom is 2.132 where the normal one is 1.645.
const few = 2.132 / ninety

// most is how many points a line is drawn through. More are drawn together:
// pairs grow with the square.
const most = 64

type buffer [most]Point

// line is what was fitted: level at the last point, slope, half of the slope's
// interval, and the three parts of the variance (see the package).
type line struct {
	level, slope, half float64
	a, b, c            float64
}

// meets gives how far ahead the two edges of the line meet a limit that is gap
// away, gap and slope of the same sign. From (gap - s·h)² = z²(a + b·h + c·h²),
// whose lesser root is the early edge and whose greater the late one.
func (l line) meets(gap float64) (early, late float64) {
	s := math.Abs(l.slope)
	const z2 = ninety * ninety
	p, q, r := s*s-z2*l.c, 2*gap*s+z2*l.b, gap*gap-z2*l.a
	root := math.Sqrt(max(0, q*q-4*p*r))
	late = (q + root) / (2 * p)
	if r <= 0 { // within the scatter of it already
		return 0, late
	}
	return 2 * r / (q + root), late // the same as (q-root)/2p without taking alike from alike
}

// fit draws the line through points in order.
func fit(pts []Point, o Options) line {
	n := len(pts)
	var room [most * (most - 1) / 2]float64
	slopes := room[:0]
	for i := range pts {
		for j := i + 1; j < n; j++ {
			slopes = append(slopes, (pts[j].Y-pts[i].Y)/(pts[j].X-pts[i].X))
		}
	}
	slices.Sort(slopes)
	pairs := len(slopes)
	last := pts[n-1].X
	l := line{slope: (slopes[(pairs-1)/2] + slopes[pairs/2]) / 2}

	// Sen 1968: the ranks that bound the slope, by the variance of Kendall's S.
	// With few points the bound is outside of what there is, and the least and
	// greatest slopes stand.
	away := ninety * math.Sqrt(float64(n*(n-1)*(2*n+5))/18)
	lo := max(0, int(math.Floor((float64(pairs)-away)/2)))
	hi := min(pairs-1, int(math.Ceil((float64(pairs)+away)/2)))
	half := max(slopes[hi]-l.slope, l.slope-slopes[lo])

	var off, rest, work [most]float64
	for i, p := range pts {
		off[i] = p.Y - l.slope*(p.X-last)
	}
	copy(work[:], off[:n])
	l.level = median(work[:n])
	for i := range n {
		rest[i] = off[i] - l.level
		work[i] = math.Abs(rest[i])
	}
	// 1.4826 MAD is a deviation where scatter is normal (Rousseeuw and Croux
	// 1993); a number that shows steps of s may be anywhere within one, with the
	// deviation s/√12 of a uniform distribution.
	scatter := 1.4826 * median(work[:n])
	l.a = scatter*scatter + o.Step*o.Step/12

	// Wandering, per step. Differences over a quarter of the stretch vary no
	// more than those over one step when points scatter, and as many times more
	// as there are steps when each builds on the one before; less a good
	// quarter, which the line has taken away. Half the steps count as all of it:
	// to take wandering for scatter is the worse mistake.
	wide := max(2, n/4)
	one, many := spread(rest[:n], 1), spread(rest[:n], wide)
	perStep := 0.0
	if one > 0 {
		perStep = one * min(1, max(0, many/one-1)/max(1, float64(wide)/2-1))
	}
	span := last - pts[0].X
	l.b = few * few * perStep * float64(n-1) / span
	slope := half / ninety
	l.c = slope*slope + 1.25*l.b/span + o.Step*o.Step/(6*span*span)
	l.half = ninety * math.Sqrt(l.c)
	return l
}

// spread is the variance of differences over that many steps. What is four
// deviations out counts as four, so that wild points do not pass for wandering.
func spread(rest []float64, steps int) float64 {
	var room [most]float64
	d := room[:0]
	for i := steps; i < len(rest); i++ {
		d = append(d, math.Abs(rest[i]-rest[i-steps]))
	}
	out := 4 * 1.4826 * median(d)
	sum := 0.0
	for _, x := range d {
		sum += min(x, out)
	}
	// 1.2533 mean |d| is a deviation where d is normal.
	s := 1.2533 * sum / float64(len(d))
	return s * s
}

// median puts v in order.
func median(v []float64) float64 {
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// holt gives where Holt's linear smoothing (1957) meets the limit. Its usual
// weights for daily figures: half of what is new for the level, a fifth for the
// trend.
func holt(pts []Point, threshold float64) float64 {
	const forLevel, forTrend = 0.5, 0.2
	level, trend := pts[0].Y, (pts[1].Y-pts[0].Y)/(pts[1].X-pts[0].X)
	for i := 1; i < len(pts); i++ {
		d := pts[i].X - pts[i-1].X
		was := level
		level = forLevel*pts[i].Y + (1-forLevel)*(level+trend*d)
		trend = forTrend*(level-was)/d + (1-forTrend)*trend
	}
	if gap := threshold - level; gap*trend > 0 {
		return pts[len(pts)-1].X + gap/trend
	}
	return math.Inf(1)
}
