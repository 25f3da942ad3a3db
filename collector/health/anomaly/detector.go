package anomaly

import (
	"math"
	"time"
)

// Config is what a detector starts with.
type Config struct {
	// Warmup is how many points, and WarmupFor how much time, must have been
	// seen before the detector says anything.
	Warmup    int
	WarmupFor time.Duration
	// Least is a difference that nobody minds, in the unit of the series, such
	// as the resolution of its sensor. An excess counts in multiples of it or
	// of what the series makes usual, whichever is more; 0 leaves it to the series.
	Least float64
	// MuteFor is how long a series rests at least after an alert, beside the
	// share of its past that Tuning.Mute says.
	MuteFor time.Duration
	// AlertAt is the likelihood that an alert is due at; 0 is 0.5.
	AlertAt float64
	Tuning  Tuning
}

// Tuning are the constants that the program in tune chooses. They are the same
// for every series and have no unit.
type Tuning struct {
	Block     int     // points in a block, while the series is young
	Bar       float64 // quantile of the extremes of such blocks that a value must exceed
	Low       float64 // quantile that the usual spread of extremes is measured from
	Recent    float64 // share of the remembered past in which nothing may have reached the value
	Threshold float64 // sum of excesses, in spreads, that is worth an alert
	Mute      float64 // share of the remembered past for which a series rests after an alert
}

// Default is how a collector watches a number of which it gets a point every
// few minutes: two weeks to learn its days, a day's rest after an alert, and
// alerts only of what is far out. On numbers whose habits do not change it then
// raises about one alert in two months, at a likelihood of 0.5 three to four
// times as many.
func Default() Config {
	return Config{
		Warmup:    576,
		WarmupFor: 14 * 24 * time.Hour,
		MuteFor:   24 * time.Hour,
		AlertAt:   0.8,
		Tuning:    Tuned(),
	}
}

// Offline is for a recorded series that is judged point by point, as in the
// benchmark: everything that is more likely than not, from a given point on.
func Offline(warmup int) Config {
	return Config{Warmup: warmup, Tuning: Tuned()}
}

// Tuned are the constants found on the dev half of the Numenta Anomaly
// Benchmark: the middle of a plateau, not its highest point
// (docs/health-anomaly.md).
func Tuned() Tuning {
	return Tuning{
		Block:     18,
		Bar:       0.92,
		Low:       0.15,
		Recent:    0.5,
		Threshold: 0.5,
		Mute:      0.08,
	}
}

// Constants on which the result hardly depends (same page). Times are counted
// in points, so that they follow the pace of the series.
const (
	slowPoints  = 200  // of the level that a jump is measured from
	levelPoints = 150  // of the average whose drift is watched
	meanPoints  = 500  // of the mean that the spread is measured from
	adPoints    = 1000 // of the mean deviation
	orderPoints = 30   // over which rare steps are averaged
	hours       = 24
	hourRate    = 0.1 // weight of a new value in the profile of its hour
	floorShare  = 0.5 // of the mean deviation that any spread is at least
	orderFloor  = 0.3 // the same for the surprise of steps, in nats
	hold        = 0.9 // what is left of an excess one point later
	most        = 5   // spreads that one aspect can add
)

// Aspect is one way to look at a series.
type Aspect uint8

// The aspects.
const (
	Value Aspect = iota // the value itself
	Jump                // how far it is from its level of late
	Hour                // how far it is from what it was at this hour of other days
	Drift               // where its average moves
	Order               // how rare the order of its steps is
	aspects
)

// Detector follows one series. It keeps no points: of each aspect it remembers
// the highest and lowest value of at most 48 blocks of time, whose length
// doubles as the past grows. Its size is fixed and below 2.5 KB.
type Detector struct {
	cfg         Config
	first, last int64 // Unix seconds
	origin      float64
	n           int
	until       int   // an alert rests to this point ...
	untilAt     int64 // ... and to this time
	past        past
	bars        [aspects][2]bar
	held        [aspects]float64
	seen        seen
	mean, ad    float64
	slow, level float64
	profile     profile
	steps       steps
}

// New returns a detector that has seen nothing.
func New(c Config) *Detector {
	d := &Detector{cfg: c}
	d.past.init(c.Tuning.Block)
	return d
}

// Add takes the next value. It says how likely it is that the series is in an
// unusual state, from 0 to 1, where 0.5 is where an alert is due, and whether
// an alert is raised now: after one, the series rests. Points that are not
// later than the last one, and values that are no numbers, are ignored.
func (d *Detector) Add(at time.Time, v float64) (likelihood float64, alert bool) {
	sec := at.Unix()
	if math.IsNaN(v) || math.IsInf(v, 0) || d.n > 0 && sec <= d.last {
		return 0, false
	}
	if d.n == 0 {
		d.first, d.origin = sec, v
	}
	d.last = sec
	// Everything is kept relative to the first value: what is stored is short,
	// and a large offset shall not eat its digits.
	x := max(-largest, min(largest, v-d.origin))
	d.seen = seen{x: x, slow: d.slow, hour: at.Hour()}
	sum := d.excess(d.look(x))
	d.learn(x)
	if d.n <= d.cfg.Warmup || sec-d.first < int64(d.cfg.WarmupFor/time.Second) {
		return 0, false
	}
	d.seen.ready = true
	d.seen.likelihood = sum / (sum + d.cfg.Tuning.Threshold)
	if d.seen.likelihood >= d.alertAt() && d.n >= d.until && sec >= d.untilAt {
		d.seen.alert = true
		d.until = d.n + int(d.cfg.Tuning.Mute*float64(d.past.points()))
		d.untilAt = sec + int64(d.cfg.MuteFor/time.Second)
	}
	return d.seen.likelihood, d.seen.alert
}

func (d *Detector) alertAt() float64 {
	if d.cfg.AlertAt == 0 {
		return 0.5
	}
	return d.cfg.AlertAt
}

// largest keeps differences of two values within what is stored.
const largest = math.MaxFloat32 / 4

// look works out what each aspect is at a point, before the point is learnt.
func (d *Detector) look(x float64) (look [aspects]float64, trust float64) {
	if d.n == 0 {
		d.slow, d.level, d.mean = x, x, x
	}
	look[Value] = x
	look[Jump] = x - d.slow
	d.level += (x - d.level) / min(float64(d.n+1), levelPoints)
	look[Drift] = d.level
	d.seen.usual, d.seen.usualKnown = d.profile.at(d.seen.hour)
	look[Hour], trust = d.profile.add(d.seen.hour, x, d.slow, d.mean)
	look[Order] = d.steps.add(look[Jump], d.ad, d.cfg.Least)
	return look, trust
}

// learn takes the point into the running averages.
func (d *Detector) learn(x float64) {
	d.n++
	d.slow += (x - d.slow) / slowPoints
	d.mean += (x - d.mean) / meanPoints
	d.ad += (math.Abs(x-d.mean) - d.ad) / min(float64(d.n), adPoints)
}

// excess is by how much the aspects exceed all that was usual, in spreads.
func (d *Detector) excess(look [aspects]float64, trust float64) float64 {
	floor := max(floorShare*d.ad, d.cfg.Least)
	d.seen.value, d.seen.drift = d.band(Value), d.band(Drift)
	d.seen.level = look[Drift]
	var sum, lead float64
	for a := range aspects {
		v := float32(look[a])
		var z float64
		if d.past.ready() {
			f := floor
			if a == Order { // only what is rarer than usual is unusual
				f = orderFloor
			} else {
				z = d.bars[a][below].over(-v, f)
			}
			z = max(z, d.bars[a][above].over(v, f))
		}
		d.held[a] = max(z, d.held[a]*hold)
		term := d.held[a]
		if a == Hour {
			term *= trust
		}
		sum += term
		if term > lead {
			lead, d.seen.lead = term, a
		}
		d.past.extend(a, v)
	}
	if d.past.step() {
		d.past.close(&d.cfg.Tuning, &d.bars)
	}
	return sum
}

// band is between what bounds an aspect was until now.
func (d *Detector) band(a Aspect) [2]float32 {
	return [2]float32{-d.bars[a][below].at, d.bars[a][above].at}
}
