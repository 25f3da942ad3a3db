package main

import "math"

// sample is one observation: features, whether the outcome came, and how often
// the same was observed.
type sample struct {
	x    []float64
	y    bool
	n    float64
	base float64 // log-odds that are known beforehand
}

// ridge pulls coefficients to zero, as much as if each were measured once by
// itself with a variance of 1/2: it decides nothing here but that terms that
// say the same share the weight.
const ridge = 1.0

// fit finds the logistic regression with coefficients that are not negative,
// by Newton's method on one at a time: with a handful of terms it is the
// simplest that surely ends.
func fit(in []sample, terms int) (intercept float64, weight []float64) {
	yes, all := 0.0, 0.0
	for _, s := range in {
		all += s.n
		if s.y {
			yes += s.n
		}
	}
	intercept = math.Log((yes + 0.5) / (all - yes + 0.5))
	weight = make([]float64, terms)
	z := make([]float64, len(in)) // log-odds so far
	for i, s := range in {
		z[i] = s.base + intercept
	}
	// step moves one coefficient; of gives what it multiplies.
	step := func(w float64, penalty, least float64, of func(int) float64) float64 {
		g, h := 2*penalty*w, 2*penalty
		for i, s := range in {
			x := of(i)
			if x == 0 {
				continue
			}
			p := 1 / (1 + math.Exp(-z[i]))
			y := 0.0
			if s.y {
				y = 1
			}
			g += s.n * (p - y) * x
			h += s.n * p * (1 - p) * x * x
		}
		if h <= 0 {
			return w
		}
		// At most 1 at a time: far from the answer the curve misleads.
		to := max(least, w-max(-1, min(1, g/h)))
		for i := range in {
			if x := of(i); x != 0 {
				z[i] += (to - w) * x
			}
		}
		return to
	}
	for range 500 {
		moved := 0.0
		was := intercept
		intercept = step(intercept, 0, math.Inf(-1), func(int) float64 { return 1 })
		moved = math.Abs(intercept - was)
		for k := range weight {
			was := weight[k]
			weight[k] = step(was, ridge, 0, func(i int) float64 { return in[i].x[k] })
			moved = max(moved, math.Abs(weight[k]-was))
		}
		if moved < 1e-7 {
			break
		}
	}
	return intercept, weight
}

// merge draws samples without a mark together: they are nearly all.
func merge(in []sample) []sample {
	var out []sample
	var none [2]float64
	for _, s := range in {
		marked := s.base != 0
		for _, x := range s.x {
			marked = marked || x != 0
		}
		switch {
		case marked:
			out = append(out, s)
		case s.y:
			none[1] += s.n
		default:
			none[0] += s.n
		}
	}
	for y, n := range none {
		if n > 0 && len(in) > 0 {
			out = append(out, sample{x: make([]float64, len(in[0].x)), y: y == 1, n: n})
		}
	}
	return out
}
