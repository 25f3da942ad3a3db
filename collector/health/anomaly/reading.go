package anomaly

import (
	"fmt"
	"time"
)

// Reading tells what a detector saw at its last point: what came, what it
// expected, and what it makes of that.
type Reading struct {
	Ready      bool // it has seen enough to say anything; if not, only Value counts
	Value      float64
	Likelihood float64 // 0 to 1; from 0.5 an alert is due
	Alert      bool    // raised at this point
	Lead       Aspect  // which aspect is most unusual

	// Low and High bound what the series did in the remembered past, but for
	// rare blocks of it; Past is how long that is.
	Low, High float64
	Past      time.Duration

	Level float64 // of late, before this point

	// Usual is what the series was at this hour of other days, if UsualKnown.
	Hour       int
	Usual      float64
	UsualKnown bool

	// Average is the mean of late, this point included; it kept between
	// AverageLow and AverageHigh.
	Average, AverageLow, AverageHigh float64
}

// seen is what a Reading is made of, relative to the first value, as it was
// before the point itself was learnt.
type seen struct {
	x, slow, usual, level float64
	value, drift          [2]float32
	likelihood            float64
	hour                  int
	lead                  Aspect
	ready, alert          bool
	usualKnown            bool
}

// Reading is about the last point that Add took.
func (d *Detector) Reading() Reading {
	s := &d.seen
	r := Reading{
		Ready:      s.ready,
		Value:      s.x + d.origin,
		Likelihood: s.likelihood,
		Alert:      s.alert,
		Lead:       s.lead,
		Low:        float64(s.value[0]) + d.origin,
		High:       float64(s.value[1]) + d.origin,
		Level:      s.slow + d.origin,
		Hour:       s.hour,
		Usual:      s.usual + d.origin,
		UsualKnown: s.usualKnown,

		Average:     s.level + d.origin,
		AverageLow:  float64(s.drift[0]) + d.origin,
		AverageHigh: float64(s.drift[1]) + d.origin,
	}
	if d.n > 0 {
		whole := time.Duration(d.last-d.first) * time.Second
		r.Past = time.Duration(float64(whole) * float64(d.past.points()) / float64(d.n))
	}
	return r
}

// Words says it in a sentence. Numbers are written by format, which knows the
// unit.
func (r Reading) Words(format func(float64) string) string {
	v, past := format(r.Value), spell(r.Past)
	switch {
	case !r.Ready:
		return v + " now. Too little is known of this number yet to say whether that is unusual."
	case r.Likelihood < 0.5:
		return fmt.Sprintf("%s now, as usual: in the last %s it was mostly between %s and %s.", v, past, format(r.Low), format(r.High))
	}
	switch r.Lead {
	case Jump:
		return fmt.Sprintf("%s now, far from its level of late, about %s. It did not move so far in the last %s.", v, format(r.Level), past)
	case Hour:
		if r.UsualKnown {
			return fmt.Sprintf("%s now; about %s is usual between %d:00 and %d:00.", v, format(r.Usual), r.Hour, (r.Hour+1)%hours)
		}
	case Drift:
		return fmt.Sprintf("Its average is %s and leaves what it was in the last %s: between %s and %s.", format(r.Average), past, format(r.AverageLow), format(r.AverageHigh))
	case Order:
		return fmt.Sprintf("It goes up and down in an order that is rare for it; %s now. In the last %s it was mostly between %s and %s.", v, past, format(r.Low), format(r.High))
	}
	return fmt.Sprintf("%s now; in the last %s it was mostly between %s and %s.", v, past, format(r.Low), format(r.High))
}

// spell says a length of time in its largest fitting unit.
func spell(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d minutes", int(d.Minutes()))
}
