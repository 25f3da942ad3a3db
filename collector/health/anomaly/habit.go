package anomaly

import "math"

// profile is what a series was at each hour of the day.
type profile struct {
	usual [hours]float32
	seen  [hours]uint8
	// Mean deviations of the values from the profile and from the plain mean:
	// how much better the profile knows.
	fromHour, fromMean float64
	n                  int32
}

// at is what is usual at an hour, if it was ever seen.
func (p *profile) at(hour int) (usual float64, known bool) {
	return float64(p.usual[hour]), p.seen[hour] > 0
}

// add says how far x is from what is usual at this hour and how far to trust
// that, 0 to 1, and learns x. An hour that was never seen is held against the
// level of late.
func (p *profile) add(hour int, x, slow, mean float64) (off, trust float64) {
	off = x - slow
	if p.seen[hour] > 0 {
		off = x - float64(p.usual[hour])
		p.n = min(p.n+1, adPoints)
		w := 1 / float64(p.n)
		p.fromHour += (math.Abs(off) - p.fromHour) * w
		p.fromMean += (math.Abs(x-mean) - p.fromMean) * w
	}
	if p.fromMean > 0 {
		trust = min(1, 2*max(0, 1-p.fromHour/p.fromMean))
	}
	if p.seen[hour] < math.MaxUint8 {
		p.seen[hour]++
	}
	w := max(hourRate, 1/float64(p.seen[hour]))
	p.usual[hour] += float32((x - float64(p.usual[hour])) * w)
	return off, trust
}

// steps is which of four places a series goes to from which: far below its
// level, below, above, far above.
type steps struct {
	count    [4][4]uint16
	n        int32
	from     uint8
	surprise float64 // mean of -ln(share of such steps), over orderPoints
}

// farSpreads is how many mean deviations from the level of late far is.
const (
	farSpreads = 3.3
	stepsKept  = 4096
)

// add takes the next distance from the level and returns how rare the steps
// have been of late. A distance of at most least is no step.
func (s *steps) add(off, ad, least float64) float64 {
	to := s.from
	far := math.Abs(off) > farSpreads*ad
	switch {
	case math.Abs(off) <= least:
	case off < 0 && far:
		to = 0
	case off < 0:
		to = 1
	case far:
		to = 3
	default:
		to = 2
	}
	c := &s.count[s.from][to]
	s.from = to
	rare := math.Log(float64(s.n+1) / (float64(*c) + 0.5))
	s.surprise += (rare - s.surprise) / orderPoints
	*c++
	if s.n++; s.n >= stepsKept {
		s.n = 0
		for i := range s.count {
			for j := range s.count[i] {
				s.count[i][j] /= 2
				s.n += int32(s.count[i][j])
			}
		}
	}
	return s.surprise
}
