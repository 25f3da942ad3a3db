package main

import (
	"math"
	"math/rand/v2"

	"muster/collector/health/drive"
)

// candidates are limits that a choice is made among: round figures around those
// that are proposed, so that the proposal can be seen to lie on a plateau.
func candidates(at level) []limits {
	var out []limits
	if at == warn {
		for _, spent := range []float64{8, 16, 24, 32} {
			for _, pending := range []float64{1, 2, 3, 5, 9, 17, 41} {
				for _, rise := range []float64{10, 16, 32, 64, 128} {
					out = append(out, limits{1, spent, pending, rise, math.Inf(1)})
				}
			}
		}
		return out
	}
	for _, firstPending := range []float64{9, 24, 40} {
		for _, spent := range []float64{100, 200, 400} {
			for _, pending := range []float64{24, 40, 80} {
				for _, total := range []float64{500, 1100, 2000} {
					out = append(out, limits{firstPending, spent, pending, math.Inf(1), total})
				}
			}
		}
	}
	return out
}

// alerts gives each drive's first reading that meets the limits, for each of
// them; of what is new, the last of so many samples in a row.
func alerts(ps []past, ls []limits, samples int) [][]int {
	out := make([][]int, len(ls))
	for k := range ls {
		out[k] = make([]int, len(ps))
	}
	for i, p := range ps {
		marked := false
		for _, r := range p.readings {
			marked = marked || r.Pending > 0 || r.Offline > 0 || r.Reallocated > 0
		}
		for k, l := range ls {
			if !marked {
				out[k][i] = -1
				continue
			}
			out[k][i] = alert(p, samples, func(h *drive.History, at int, first bool) bool {
				return l.meets(h, p.readings[at].At, first)
			})
		}
	}
	return out
}

// chosen crosses the choice of limits: they are chosen on four parts of the
// drives and tried on the fifth. What is chosen catches most at no more than
// nine tenths of the false alarms that are allowed, a year; among equals with
// the fewest false alarms, then with the least backlog.
func chosen(ps []past, ls []limits, at [][]int, perYear float64, rnd *rand.Rand) (figures, []limits) {
	const k = 5
	fails := make([]bool, len(ps))
	for i, p := range ps {
		fails[i] = p.fails
	}
	fold := folds(fails, k, rnd)
	var out figures
	var took []limits
	for f := range k {
		best, bestOf := -1, figures{}
		for c := range ls {
			var g figures
			for i, p := range ps {
				if fold[i] != f {
					g.add(p, at[c][i])
				}
			}
			if g.perYear() > 0.9*perYear {
				continue
			}
			if best < 0 || g.caught > bestOf.caught ||
				g.caught == bestOf.caught && (g.falseAlarms < bestOf.falseAlarms ||
					g.falseAlarms == bestOf.falseAlarms && g.backlog < bestOf.backlog) {
				best, bestOf = c, g
			}
		}
		took = append(took, ls[best])
		for i, p := range ps {
			if fold[i] == f {
				out.add(p, at[best][i])
			}
		}
	}
	return out, took
}

// again draws as many drives as there are, with replacement: how the figures
// may come out on another such half.
func again(ps []past, at []int, rnd *rand.Rand) figures {
	var out figures
	for range ps {
		i := rnd.IntN(len(ps))
		out.add(ps[i], at[i])
	}
	return out
}
