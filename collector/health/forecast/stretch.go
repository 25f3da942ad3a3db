package forecast

import "math"

// stretch takes what can be used of points, drawn together to fit the buffer,
// and cuts off what is before the last jump. A threshold of NaN says that there
// is none, so nothing is a recovery.
func stretch(keep *buffer, points []Point, threshold, now float64, o Options) ([]Point, Refusal) {
	pts := usable(keep, points)
	if len(pts) < 3 {
		return nil, NoNumbers
	}
	if days(pts, o) < o.MinDays {
		return nil, TooFewDays
	}
	if o.Jumps {
		from, jumped, recovered := jumps(pts, threshold, now, o)
		if o.Recoveries > 0 && recovered >= o.Recoveries {
			return nil, Recovers
		}
		if from > 0 && now-jumped < o.Quiet*o.Day {
			return nil, Jumped
		}
		pts = pts[from:]
		if len(pts) < 3 || days(pts, o) < o.MinDays {
			return nil, TooFewDays
		}
	}
	if pts[len(pts)-1].X-pts[0].X < o.Horizon/3 {
		return nil, TooShort
	}
	return pts, None
}

// usable copies what is in order and a number. Beyond what the buffer holds,
// neighbours are drawn together into their mean.
func usable(keep *buffer, points []Point) []Point {
	group := (len(points) + most - 1) / most
	out := keep[:0]
	last := math.Inf(-1)
	var sum Point
	n := 0
	for _, p := range points {
		if !(p.X > last) || math.IsInf(p.X, 0) || math.IsNaN(p.Y) || math.IsInf(p.Y, 0) {
			continue
		}
		last = p.X
		sum.X += p.X
		sum.Y += p.Y
		if n++; n == group {
			out = append(out, Point{sum.X / float64(n), sum.Y / float64(n)})
			sum, n = Point{}, 0
		}
	}
	if n > 0 {
		// The newest are never left out.
		out = append(out, Point{sum.X / float64(n), sum.Y / float64(n)})
	}
	return out
}

// days counts the days that have a point.
func days(pts []Point, o Options) int {
	if o.Day <= 0 {
		return len(pts)
	}
	n, was := 0, math.Inf(-1)
	for _, p := range pts {
		if d := math.Floor(p.X / o.Day); d != was {
			n, was = n+1, d
		}
	}
	return n
}

// A jump is a step of more than a fifth of all the number ever moved, if it is
// also several times what it usually moves in a step: among few points each is
// a fifth.
const (
	jumpShare = 0.2
	jumpUsual = 5
)

// jumps finds the index after the last jump (0 for none), where that was, and
// how many led away from the limit within 28 days before now.
func jumps(pts []Point, threshold, now float64, o Options) (from int, at float64, recovered int) {
	least, greatest := math.Inf(1), math.Inf(-1)
	for _, p := range pts {
		least, greatest = min(least, p.Y), max(greatest, p.Y)
	}
	var work [most]float64
	for i := 1; i < len(pts); i++ {
		work[i-1] = math.Abs(pts[i].Y - pts[i-1].Y)
	}
	limit := max(jumpShare*(greatest-least), jumpUsual*median(work[:len(pts)-1]), o.Step)
	for i := 1; i < len(pts); i++ {
		d := pts[i].Y - pts[i-1].Y
		if math.Abs(d) <= limit {
			continue
		}
		from, at = i, pts[i].X
		if away := d * (pts[i].Y - threshold); away > 0 && now-at <= 28*o.Day {
			recovered++
		}
	}
	return from, at, recovered
}

// weekly says that the number follows the week: the day of the week explains
// most of what the line leaves over, and the swing is more than the line moves
// in a week, so that where in the week one asks decides the answer. It takes
// two weeks of points to tell.
func weekly(pts []Point, l line, o Options) bool {
	if o.Day <= 0 || pts[len(pts)-1].X-pts[0].X < 13*o.Day {
		return false
	}
	var sum, n [7]float64
	last := pts[len(pts)-1].X
	rest := func(p Point) float64 { return p.Y - l.level - l.slope*(p.X-last) }
	day := func(p Point) int {
		d := math.Mod(math.Floor(p.X/o.Day), 7)
		if d < 0 {
			d += 7
		}
		return int(d)
	}
	total, mean := 0.0, 0.0
	for _, p := range pts {
		r := rest(p)
		sum[day(p)] += r
		n[day(p)]++
		mean += r / float64(len(pts))
		total += r * r
	}
	total -= float64(len(pts)) * mean * mean
	explained, groups := 0.0, 0.0
	low, high := math.Inf(1), math.Inf(-1)
	for d := range sum {
		if n[d] == 0 {
			continue
		}
		m := sum[d] / n[d]
		explained += n[d] * (m - mean) * (m - mean)
		groups++
		low, high = min(low, m), max(high, m)
	}
	k := float64(len(pts))
	if total <= 0 || k <= groups {
		return false
	}
	// The share that is explained, less what as many groups explain by luck
	// (Ezekiel 1930).
	share := 1 - (total-explained)/total*(k-1)/(k-groups)
	return share >= 0.5 && high-low > 7*o.Day*math.Abs(l.slope)
}
