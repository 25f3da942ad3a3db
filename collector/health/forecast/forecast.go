// Package forecast says when a number reaches a limit, from what it was
// before, as a span and never as one date; and what it will be at a later
// point. Where the past gives no ground for that it refuses and says why.
//
// The axis is whatever the caller counts in: days, seconds, power-on hours.
//
// It must not know where points come from, what a rule does with a date, or
// what time it is: the asker says so.
//
// # The line
//
// The slope is the median of the slopes of all pairs of points (Theil 1950,
// Sen 1968): it bears with nearly three wild points in ten. It is taken over
// the newest stretch without a jump, so that yesterday's clean-up, a new disk
// or a new battery does not bend it.
//
// # The span
//
// Health figures wander: what is written today stays written tomorrow. So the
// points do not scatter around a line independently of each other, and an
// interval that assumes it (or draws points with replacement) is far too
// narrow. Three parts add up here, as variances, h being how far ahead:
//
//	a       scatter of points around the line, rounding included
//	b·h     wandering: what differences over many steps vary more than those
//	        over one (the idea of the variance ratio, Lo and MacKinlay 1988)
//	c·h²    the slope itself: Sen's interval from the ranks of the slopes,
//	        which is exact for independent scatter, and wandering over the span
//
// The span is where the line, moved by 1.645 deviations to either side, meets
// the limit: 90 % of it, the goal that tests hold it to for scatter and for
// wandering alike.
package forecast

import "math"

// Point is a value Y at X.
type Point struct{ X, Y float64 }

// Options say what a number has to show before a forecast is made of it. The
// zero value asks for nothing but three points.
type Options struct {
	// Day is how long a day is on the axis: 1 when X counts days. Checks in
	// days need it; where the axis is no time (power-on hours) it is what
	// stands for a day.
	Day float64
	// MinDays is on how many different days there must be points.
	MinDays int
	// Horizon is how far ahead the asker looks: the past must span a third.
	Horizon float64
	// Jumps cuts the past where the number jumped.
	Jumps bool
	// Quiet is how many days must have passed since the last jump.
	Quiet float64
	// Weekly refuses what goes up and down with the week.
	Weekly bool
	// Recoveries is how often, within 28 days, the number may jump away from
	// the limit; at that count it is refused. Zero: as often as it likes.
	Recoveries int
	// Step is the least difference the number can show: 1 where it is whole.
	Step float64
}

// Space is how the free room of a volume is looked at: people and jobs clean
// up, so everything that hints at it refuses.
func Space(day float64) Options {
	return Options{Day: day, MinDays: 7, Horizon: 28 * day, Jumps: true, Quiet: 3, Weekly: true, Recoveries: 2}
}

// Wear is how the wear of a drive in whole percent is looked at, over hours
// that it ran or over time. It never recovers, and a busy week is no jump.
func Wear(day float64) Options { return Options{Day: day, MinDays: 3, Horizon: 90 * day, Step: 1} }

// Memory is how a leak is looked at, from restart to restart: a restart is a
// jump, and the past before it is another program's.
func Memory(day float64) Options { return Options{Day: day, MinDays: 3, Horizon: 3 * day, Jumps: true} }

// Battery is how the capacity of a battery is looked at: it falls over years,
// a recalibration is a jump.
func Battery(day float64) Options {
	return Options{Day: day, MinDays: 7, Horizon: 90 * day, Jumps: true, Quiet: 3}
}

// Manner finds one of them by the name that rules use.
func Manner(name string, day float64) (Options, bool) {
	switch name {
	case "space":
		return Space(day), true
	case "wear":
		return Wear(day), true
	case "memory":
		return Memory(day), true
	case "battery":
		return Battery(day), true
	}
	return Options{}, false
}

// Forecast is when a number reaches a limit, on the axis of its points.
type Forecast struct {
	// Early and Late hold nine in ten outcomes between them, Likely is where
	// the line meets the limit. All three are the asker's now when it has.
	Early, Likely, Late float64

	// Slope of the line per unit of the axis, and its interval of 90 %.
	Slope, SlopeLow, SlopeHigh float64
	// Level is the line at the last point.
	Level float64
	// From is where the stretch begins that it was made from, Points how many
	// it has.
	From   float64
	Points int
	// Other is what another method says, of Reaches Holt's linear smoothing; +Inf
	// when by that it never comes. It is for people who want to see whether the
	// two agree, and decides nothing.
	Other float64
}

// Reaches says when the number meets threshold, asked at now. Points are in the
// order of X; what is not a number, or not later than the one before, is left
// out. With a Refusal the forecast is empty.
func Reaches(points []Point, threshold, now float64, o Options) (Forecast, Refusal) {
	var keep buffer
	pts, r := stretch(&keep, points, threshold, now, o)
	if r != None {
		return Forecast{}, r
	}
	l := fit(pts, o)
	last := pts[len(pts)-1].X
	f := Forecast{
		Slope: l.slope, SlopeLow: l.slope - l.half, SlopeHigh: l.slope + l.half,
		Level: l.level, From: pts[0].X, Points: len(pts),
	}
	gap := threshold - l.level
	// It has met the limit when it came from the other side of it, or when the
	// line and the newest point do not agree on which side it is.
	newest := threshold - pts[len(pts)-1].Y
	if (threshold-pts[0].Y)*newest <= 0 || gap*newest <= 0 {
		f.Early, f.Likely, f.Late, f.Other = now, now, now, now
		return f, None
	}
	if o.Weekly && weekly(pts, l, o) {
		return Forecast{}, SawTooth
	}
	if !(l.half < math.Abs(l.slope)) { // nor is it when numbers were too large to tell
		return Forecast{}, Flat
	}
	if l.slope*gap < 0 {
		return Forecast{}, Away
	}
	early, late := l.meets(math.Abs(gap))
	f.Early = max(now, last+early)
	f.Likely = max(now, last+gap/l.slope)
	f.Late = max(now, last+late)
	f.Other = max(now, holt(pts, threshold))
	return f, None
}

// At says what the number will be at x, and between what nine in ten outcomes
// lie. A flat line is an answer here: a refusal comes only for want of points,
// for a jump, or for a weekly pattern where the options ask about them.
func At(points []Point, x float64, o Options) (predicted, low, high float64, r Refusal) {
	var keep buffer
	pts, r := stretch(&keep, points, math.NaN(), x, o)
	if r != None {
		return 0, 0, 0, r
	}
	l := fit(pts, o)
	if o.Weekly && weekly(pts, l, o) {
		return 0, 0, 0, SawTooth
	}
	h := max(0, x-pts[len(pts)-1].X)
	predicted = l.level + l.slope*(x-pts[len(pts)-1].X)
	d := ninety * math.Sqrt(l.a+l.b*h+l.c*h*h)
	if math.IsNaN(predicted-d) || math.IsInf(predicted-d, 0) {
		return 0, 0, 0, NoNumbers
	}
	return predicted, predicted - d, predicted + d, None
}
