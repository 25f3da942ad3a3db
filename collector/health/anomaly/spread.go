package anomaly

import (
	"errors"
	"math"
	"slices"
	"time"
)

// Spread is how a sample of a number is spread, so that a few wild values do
// not move it.
type Spread struct {
	N      int // values that it was worked out from
	Median float64
	Width  float64 // one deviation, in the unit of the number; above 0
	Floor  float64 // values below it are not worth a word
}

// Errors of spreads: the number cannot be judged by this sample.
var (
	ErrTooFew   = errors.New("too few values to say what is usual")
	ErrNoSpread = errors.New("all values are the same, and how fine the number is measured is not known")
)

const (
	leastOwn   = 50 // points of an hour's class in 28 days
	leastPeers = 8
	// peersDropped is the share of highest values left out, so that those who
	// are in trouble do not hide each other.
	peersDropped = 0.1
	// Deviations of a normal distribution by its median absolute deviation and
	// by its interquartile range.
	byMAD, byIQR = 1.4826, 1.349
	leastWidth   = 0.005 // of the median: less than half a percent is no difference
)

// OwnSpread is how a number was spread in its own past: hand in its values at
// the same HourOfWeek of the last 28 days. It refuses fewer than 50.
// Resolution is the least step of the number, 0 when it is not known. Values
// that are no numbers are left out.
func OwnSpread(values []float64, resolution float64) (Spread, error) {
	return SpreadOf(values, leastOwn, resolution)
}

// SpreadOf is OwnSpread of at least so many values, for numbers that come a few
// times a day.
func SpreadOf(values []float64, least int, resolution float64) (Spread, error) {
	v := numbers(values)
	if len(v) < max(least, 1) {
		return Spread{}, ErrTooFew
	}
	return spreadOf(v, resolution)
}

// PeerSpread is how a number is spread over devices of the same model and role
// at one time: one value of each. It refuses fewer than 8, and leaves out the
// highest tenth, rounded up. A value below floor is never far from its peers,
// whatever they do.
func PeerSpread(values []float64, floor, resolution float64) (Spread, error) {
	v := numbers(values)
	if len(v) < leastPeers {
		return Spread{}, ErrTooFew
	}
	n := len(v)
	s, err := spreadOf(v[:n-int(math.Ceil(peersDropped*float64(n)))], resolution)
	s.Floor = floor
	return s, err
}

// Z is how many deviations x is from the median; 0 below the floor.
func (s Spread) Z(x float64) float64 {
	if s.Width == 0 || x < s.Floor && s.Floor != 0 {
		return 0
	}
	return (x - s.Median) / s.Width
}

// HourOfWeek is the class of a time of the week, 0 (Sunday's first hour) to
// 167, where t is: a PC's habits go by its own clock.
func HourOfWeek(t time.Time) int { return int(t.Weekday())*24 + t.Hour() }

// numbers are the values in order, without those that are none.
func numbers(values []float64) []float64 {
	v := make([]float64, 0, len(values))
	for _, x := range values {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			v = append(v, x)
		}
	}
	slices.Sort(v)
	return v
}

// spreadOf takes values in order.
func spreadOf(v []float64, resolution float64) (Spread, error) {
	s := Spread{N: len(v), Median: quantile(v, 0.5)}
	off := make([]float64, len(v))
	for i, x := range v {
		off[i] = math.Abs(x - s.Median)
	}
	slices.Sort(off)
	mad, iqr := quantile(off, 0.5), quantile(v, 0.75)-quantile(v, 0.25)
	if mad == 0 && iqr == 0 && resolution == 0 {
		return Spread{}, ErrNoSpread
	}
	s.Width = max(byMAD*mad, iqr/byIQR, resolution, leastWidth*math.Abs(s.Median))
	return s, nil
}

// quantile of values in order, between neighbours by proportion.
func quantile(v []float64, q float64) float64 {
	k := q * float64(len(v)-1)
	i := int(k)
	if i+1 >= len(v) {
		return v[len(v)-1]
	}
	return v[i] + (v[i+1]-v[i])*(k-float64(i))
}
