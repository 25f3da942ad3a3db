package main

import (
	"math"

	"muster/collector/health/forecast"
)

// worn is one prediction of wear, and what came.
type worn struct {
	model                string
	prior                int // readings before the last
	told                 float64
	predicted, low, high float64
	line                 float64 // Theil-Sen through the prior readings; NaN with one
	life                 float64 // the rate of the life so far
}

// wears predicts each NVMe drive's last reading from those before it. What
// peers wear by what was written is taken from their readings but the last,
// and never from the drive's own.
func wears(ps []past, peers bool) []worn {
	models := map[string][]int{}
	seen := make([][]forecast.Worn, len(ps))
	for i, p := range ps {
		for _, w := range p.wear {
			if !math.IsNaN(w.Used) && !math.IsNaN(w.Hours) {
				seen[i] = append(seen[i], w)
			}
		}
		if len(seen[i]) >= 2 {
			models[p.model] = append(models[p.model], i)
		}
	}
	var out []worn
	for i, p := range ps {
		if len(seen[i]) < 2 {
			continue
		}
		prior := seen[i][:len(seen[i])-1]
		last := seen[i][len(prior)]
		per := 0.0
		if peers {
			var others []forecast.Worn
			for _, o := range models[p.model] {
				if s := seen[o]; o != i {
					others = append(others, s[len(s)-2])
				}
			}
			per = forecast.Endurance(others)
		}
		w := worn{model: p.model, prior: len(prior), told: last.Used, line: math.NaN()}
		var r forecast.Refusal
		if w.predicted, w.low, w.high, r = forecast.WearAt(prior, last.Hours, per); r != forecast.None {
			continue
		}
		now := prior[len(prior)-1]
		w.life = now.Used
		if now.Hours > 0 {
			w.life *= last.Hours / now.Hours
		}
		if len(prior) >= 2 {
			w.line = theilSen(prior, last.Hours)
		}
		out = append(out, w)
	}
	return out
}

// theilSen is the plain baseline: the median slope through the last reading.
func theilSen(in []forecast.Worn, hours float64) float64 {
	var slopes []float64
	for i := range in {
		for j := i + 1; j < len(in); j++ {
			if in[j].Hours > in[i].Hours {
				slopes = append(slopes, (in[j].Used-in[i].Used)/(in[j].Hours-in[i].Hours))
			}
		}
	}
	last := in[len(in)-1]
	if len(slopes) == 0 {
		return last.Used
	}
	return last.Used + quantile(slopes, 0.5)*(hours-last.Hours)
}

// errorsOf sums up what in takes.
type errorsOf struct {
	n                     int
	mine, line, life, p90 float64 // mean absolute errors; p90 of mine
	spread                float64 // standard error of mine
	held                  int     // within the interval
	below, above          int
	width                 float64
	lineKnown             int
}

func sumUp(ws []worn, in func(worn) bool) errorsOf {
	var e errorsOf
	var mine []float64
	for _, w := range ws {
		if !in(w) {
			continue
		}
		e.n++
		d := math.Abs(w.predicted - w.told)
		mine = append(mine, d)
		e.mine += d
		e.life += math.Abs(w.life - w.told)
		if !math.IsNaN(w.line) {
			e.line += math.Abs(w.line - w.told)
			e.lineKnown++
		}
		switch {
		case w.told < w.low:
			e.below++
		case w.told > w.high:
			e.above++
		default:
			e.held++
		}
		e.width += w.high - w.low
	}
	n := float64(e.n)
	e.mine, e.life, e.width = e.mine/n, e.life/n, e.width/n
	e.line /= float64(e.lineKnown)
	e.p90 = quantile(mine, 0.9)
	_, s := meanSpread(mine)
	e.spread = s / math.Sqrt(n)
	return e
}
