package forecast

import (
	"cmp"
	"math"
	"slices"
)

// Worn is what a solid state drive says of its wear.
type Worn struct {
	Hours float64 // power-on hours
	// Used is the share of its rated life that is used, in whole percent, at
	// most 255 (NVMe base specification 2.0, figure 207: it may pass 100).
	Used float64
	// Written is how much was ever written to it, in any unit; NaN or 0 when it
	// is not told. Between two whole percent it says where the wear is.
	Written float64
}

// MostUsed is where the counter of wear stops.
const MostUsed = 255

// The constants below were chosen on 3,478 NVMe drives with 2 to 6 readings each
// (linux-hardware.org, CC BY 4.0) as round figures on a plateau: chosen without
// the drives they are tried on, among 243 sets of them, the mean error is 0.779
// where these have 0.770. docs/health-drive-model.md has the figures.
const (
	// A drive is written when it is set up, before it has run for hours that
	// count; and old ones rest: wear of a life so far goes on by the 0.9th power
	// of hours, from 500 hours before the first.
	setUp   = 500.0
	resting = 0.9
	// Of a new reading, nine tenths count, one tenth is the life before.
	recent = 0.9
	// Readings closer together than this say too little, in hours.
	apart = 1000.0
	// Where in a percent the wear is believed to be when nothing says so: early
	// in the first, which many drives never leave, and past the middle of later
	// ones.
	inFirst, inLater = 0.3, 0.6
	// Nobody runs a drive far beyond its rated life. A life so far says nothing
	// about what comes after it; what was seen since the last reading does.
	rated = 100.0
)

// The edges of the interval are the growth times a factor; grain and grainHour
// are what it has at least, in percent and in percent per hour. What is to grow by
// much is often found to rest: beyond long, the lower edge grows by the root.
type edges struct{ low, high float64 }

const grain, grainHour, long = 0.1, 2e-5, 4.0

func edgesOf(readings int) edges {
	if readings == 1 {
		return edges{0.3, 2.3}
	}
	return edges{0.5, 1.6}
}

// WearAt says what a drive will say of its wear when it has run for hours, and
// between what nine in ten drives will lie: whole percent, as it tells them.
// Readings are in the order of time; one is enough. perWritten is how much wear
// drives of this model have per unit that was written, as Endurance works it
// out; zero when that is not known.
func WearAt(readings []Worn, hours, perWritten float64) (predicted, low, high float64, r Refusal) {
	w, ok := wearOf(readings, perWritten)
	if !ok {
		return 0, 0, 0, NoNumbers
	}
	predicted, low, high = w.at(hours)
	return math.Floor(predicted), math.Floor(low), math.Floor(high), None
}

// WornOut says at how many power-on hours the wear reaches limit (100: the
// rated life), asked at now. Other goes by the rate of the drive's whole life.
// Late is +Inf when the lower edge never gets there
// within a hundred years.
func WornOut(readings []Worn, limit, now, perWritten float64) (Forecast, Refusal) {
	w, ok := wearOf(readings, perWritten)
	if !ok {
		return Forecast{}, NoNumbers
	}
	f := Forecast{
		Slope: w.after(1), Level: w.wear, From: readings[0].Hours, Points: w.readings,
		Other: math.Inf(1),
	}
	f.SlopeLow, f.SlopeHigh = f.Slope*w.edges.low, f.Slope*w.edges.high
	if s := w.wear / (w.hours + setUp); s > 0 {
		f.Other = max(now, w.hours+(limit-w.wear)/s)
	}
	f.Early = w.reaches(limit, now, func(_, _, high float64) float64 { return high })
	f.Likely = w.reaches(limit, now, func(predicted, _, _ float64) float64 { return predicted })
	f.Late = w.reaches(limit, now, func(_, low, _ float64) float64 { return low })
	return f, None
}

// Endurance is the wear per unit written of drives of one model, each by its
// latest reading: their median, where a drive counts the more the farther it is
// from a whole percent's coarseness. Fewer than three drives say nothing, 0.
func Endurance(peers []Worn) float64 {
	type each struct{ per, weight float64 }
	var known []each
	total := 0.0
	for _, p := range peers {
		if p.Used >= 1 && p.Used < MostUsed && p.Written > 0 {
			e := each{(p.Used + 0.5) / p.Written, min(p.Used, 10)}
			known = append(known, e)
			total += e.weight
		}
	}
	if len(known) < 3 {
		return 0
	}
	slices.SortFunc(known, func(a, b each) int { return cmp.Compare(a.per, b.per) })
	sum := 0.0
	for _, e := range known {
		if sum += e.weight; sum >= total/2 {
			return e.per
		}
	}
	return 0
}

// wearing is a drive's wear, finer than it is told, and how it goes on.
type wearing struct {
	wear, hours float64
	lately      float64 // percent per hour between readings; NaN with one
	readings    int
	edges       edges
}

func wearOf(readings []Worn, perWritten float64) (wearing, bool) {
	var room [16]Worn
	in := room[:0]
	for _, r := range readings {
		if !(r.Hours >= 0 && r.Used >= 0 && r.Used <= MostUsed) || math.IsInf(r.Hours, 1) {
			continue
		}
		if n := len(in); n > 0 && r.Hours <= in[n-1].Hours {
			continue
		} else if n > 0 && r.Used < in[n-1].Used {
			in = in[:0] // it began to count anew: other firmware, another drive
		} else if n == len(room) {
			in = append(in[:1], in[2:]...) // the oldest stays, the next goes
		}
		in = append(in, r)
	}
	if len(in) == 0 {
		return wearing{}, false
	}
	n := len(in)
	last := in[n-1]
	per := perWrite(in, perWritten)
	w := wearing{wear: finer(last, per), hours: last.Hours, lately: math.NaN(), readings: n, edges: edgesOf(n)}
	if n > 1 {
		i := n - 2
		for i > 0 && last.Hours-in[i].Hours < apart {
			i--
		}
		// Readings a day apart are the least that shows a rate.
		w.lately = max(0, w.wear-finer(in[i], per)) / max(24, last.Hours-in[i].Hours)
	}
	return w, true
}

// perWrite is the wear per unit written of this drive: each reading says
// between what it is, peers say what is usual. Both count alike. Zero when
// nothing was told of what was written.
func perWrite(in []Worn, usual float64) float64 {
	last := in[len(in)-1]
	if !(last.Written > 0) {
		return 0
	}
	least, most := 0.0, math.Inf(1)
	for _, r := range in {
		if r.Written > 0 {
			least, most = max(least, r.Used/r.Written), min(most, (r.Used+1)/r.Written)
		}
	}
	if least > most { // not in line with what was written: only the latest counts
		least, most = last.Used/last.Written, (last.Used+1)/last.Written
	}
	share := inLater
	if least == 0 {
		share = inFirst
	}
	own := least + (most-least)*share
	if usual > 0 {
		return (own + min(max(usual, least), most)) / 2
	}
	return own
}

// finer is the wear within the percent that is told.
func finer(r Worn, per float64) float64 {
	switch {
	case per > 0 && r.Written > 0:
		return min(max(per*r.Written, r.Used), r.Used+0.999)
	case per > 0:
		return r.Used // nothing written yet
	case r.Used == 0:
		return inFirst
	}
	return r.Used + inLater
}

// after is the growth that many hours later.
func (w wearing) after(hours float64) float64 {
	life := w.wear * (math.Pow((w.hours+hours+setUp)/(w.hours+setUp), resting) - 1)
	if math.IsNaN(w.lately) {
		return min(life, max(0, rated-w.wear))
	}
	return recent*w.lately*hours + (1-recent)*life
}

// at gives the wear and its interval at those hours, not yet in whole percent.
func (w wearing) at(hours float64) (predicted, low, high float64) {
	ahead := max(0, hours-w.hours)
	g := w.after(ahead)
	least := 0.0
	if ahead > 0 {
		least = grain + grainHour*ahead
	}
	predicted = min(w.wear+g, MostUsed)
	low = min(predicted, w.wear+(g+least)*w.edges.low/math.Sqrt(1+g/long))
	high = min(MostUsed, max(predicted, w.wear+(g+least)*w.edges.high))
	return predicted, low, high
}

// reaches finds where one of the three meets the limit, by halving: all three
// grow with the hours.
func (w wearing) reaches(limit, now float64, of func(predicted, low, high float64) float64) float64 {
	const century = 100 * 8766.0
	limit -= 1e-9 // a sum that is meant to be 100 may be a hair less
	from, to := w.hours, w.hours+century
	if of(w.at(from)) >= limit {
		return now
	}
	if of(w.at(to)) < limit {
		return math.Inf(1)
	}
	for to-from > 1 {
		if mid := (from + to) / 2; of(w.at(mid)) >= limit {
			to = mid
		} else {
			from = mid
		}
	}
	return max(now, to)
}
