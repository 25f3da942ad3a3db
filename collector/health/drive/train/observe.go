package main

import (
	"math"
	"time"

	"muster/collector/health/drive"
)

// observed is a fleet, a reading a day, as the model sees it: one row for each
// drive and day.
type observed struct {
	drives []past
	rows   []seen
	x      []float64 // features of the rows, one behind the other
	terms  []drive.Feature
	days   [][]int // rows of each day
}

// seen is one drive on one day.
type seen struct {
	drive, day int32
	// left is how many days are left until it fails; -1 when it does not fail
	// while it is watched.
	left int32
}

// terms of the daily model: what its data tell.
func dailyTerms() []drive.Feature {
	return []drive.Feature{drive.HasReallocated, drive.HasPending, drive.Reallocates, drive.Pends, drive.Moves}
}

func observe(ps []past, terms []drive.Feature) observed {
	o := observed{drives: ps, terms: terms}
	first := int64(math.MaxInt64)
	for _, p := range ps {
		first = min(first, dayOf(p.readings[0].At))
	}
	for i, p := range ps {
		var h drive.History
		end := dayOf(p.readings[len(p.readings)-1].At)
		for _, r := range p.readings {
			h.Add(r)
			left := int32(-1)
			if p.fails {
				left = int32(end - dayOf(r.At))
			}
			d := dayOf(r.At) - first
			for int64(len(o.days)) <= d {
				o.days = append(o.days, nil)
			}
			o.days[d] = append(o.days[d], len(o.rows))
			o.rows = append(o.rows, seen{int32(i), int32(d), left})
			for _, t := range terms {
				x, _ := t.Of(&h, r.At)
				o.x = append(o.x, x)
			}
		}
	}
	return o
}

func dayOf(t time.Time) int64 { return t.Unix() / daySeconds }

func (o *observed) features(row int) []float64 {
	n := len(o.terms)
	return o.x[row*n : (row+1)*n]
}

// ahead is how many days before its end a drive counts as one that fails.
const ahead = 14

// samples are the rows of drives that in takes, for the fit. The day of the
// failure is left out, and so are drives that fail later than the fit looks
// ahead: those days are neither.
func (o *observed) samples(in func(drive int32) bool) []sample {
	var out []sample
	for i, r := range o.rows {
		if !in(r.drive) || r.left == 0 || r.left > ahead {
			continue
		}
		out = append(out, sample{x: o.features(i), y: r.left > 0, n: 1})
	}
	return merge(out)
}
