package main

import (
	"math"
	"math/rand/v2"
	"slices"
)

// folds shares drives out into k parts, those that fail and those that do not
// each evenly.
func folds(fails []bool, k int, rnd *rand.Rand) []int {
	out := make([]int, len(fails))
	for _, which := range []bool{true, false} {
		var of []int
		for i, f := range fails {
			if f == which {
				of = append(of, i)
			}
		}
		rnd.Shuffle(len(of), func(a, b int) { of[a], of[b] = of[b], of[a] })
		for n, i := range of {
			out[i] = n % k
		}
	}
	return out
}

// wilson is the interval of 95 % of a share (Wilson 1927).
func wilson(k, n float64) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.96
	p := k / n
	mid := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, mid-half), min(1, mid+half)
}

// mean and its spread between repeats.
func meanSpread(v []float64) (mean, spread float64) {
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		spread += (x - mean) * (x - mean)
	}
	if len(v) < 2 {
		return mean, 0
	}
	return mean, math.Sqrt(spread / float64(len(v)-1))
}

func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	v = slices.Clone(v)
	slices.Sort(v)
	at := q * float64(len(v)-1)
	i := int(at)
	if i+1 >= len(v) {
		return v[len(v)-1]
	}
	return v[i] + (at-float64(i))*(v[i+1]-v[i])
}

// crossed gives each row the log-odds of a model that was fitted without the
// row's drive.
func (o *observed) crossed(k int, rnd *rand.Rand) []float64 {
	fails := make([]bool, len(o.drives))
	for i, p := range o.drives {
		fails[i] = p.fails
	}
	fold := folds(fails, k, rnd)
	out := make([]float64, len(o.rows))
	for f := range k {
		c, w := fit(o.samples(func(d int32) bool { return fold[d] != f }), len(o.terms))
		for i, r := range o.rows {
			if fold[r.drive] == f {
				out[i] = c + dot(w, o.features(i))
			}
		}
	}
	return out
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

// listed counts the failing drives that are on the list of the day's riskiest
// share at least once in the fortnight before they fail. With rest, a drive
// that was listed and does not change makes room for others for so many days:
// whoever works through the list has seen it.
func (o *observed) listed(score []float64, share float64, rest int32) int {
	caught := map[int32]bool{}
	was := make([]int32, len(o.drives)) // the day it was last listed, plus one
	before := make([]float64, len(o.drives))
	for d, rows := range o.days {
		room := int(float64(len(rows)) * share)
		order := slices.Clone(rows)
		// Among equals those that come first in the file: as good as any other.
		slices.SortStableFunc(order, func(a, b int) int {
			switch {
			case score[a] > score[b]:
				return -1
			case score[a] < score[b]:
				return 1
			}
			return 0
		})
		for _, i := range order {
			if room == 0 {
				break
			}
			r := o.rows[i]
			if rest > 0 && was[r.drive] > 0 && int32(d)+1-was[r.drive] < rest && score[i] <= before[r.drive] {
				continue
			}
			room--
			was[r.drive], before[r.drive] = int32(d)+1, score[i]
			if r.left >= 1 && r.left <= ahead {
				caught[r.drive] = true
			}
		}
	}
	return len(caught)
}
