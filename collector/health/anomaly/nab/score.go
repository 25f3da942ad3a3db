package nab

import "math"

// Profile weighs errors.
type Profile struct {
	Name          string
	FalsePositive float64 // cost of one alert outside every window, far from one
	Missed        float64 // cost of a window without an alert
}

// Profiles are the benchmark's three.
func Profiles() []Profile {
	return []Profile{
		{"standard", 0.11, 1},
		{"reward_low_FP_rate", 0.22, 1},
		{"reward_low_FN_rate", 0.11, 2},
	}
}

// Tally is what the alerts of some files come to before they are weighed.
type Tally struct {
	Windows, Found int
	False          int     // alerts outside every window
	Reward         float64 // of windows found: 1 at their first point, near 0 at their last
	Penalty        float64 // of alerts outside: 1 each, less shortly after a window
}

// Add sums the tallies of files.
func (t Tally) Add(o Tally) Tally {
	t.Windows += o.Windows
	t.Found += o.Found
	t.False += o.False
	t.Reward += o.Reward
	t.Penalty += o.Penalty
	return t
}

// Score is the benchmark's: 100 for the earliest alert in every window and
// none elsewhere, 0 for no alert at all, below 0 for worse than that. It is 0
// where there is no window and nothing to lose.
func (t Tally) Score(p Profile) float64 {
	nothing := -p.Missed * float64(t.Windows)
	raw := t.Reward - p.FalsePositive*t.Penalty - p.Missed*float64(t.Windows-t.Found)
	if perfect := float64(t.Windows); perfect > nothing {
		return 100 * (raw - nothing) / (perfect - nothing)
	}
	return 0
}

// Score tallies the alerts of one file, a flag for each of its points. Points
// of the probation do not count. In a window only the best alert counts, which
// is the first; outside every one does.
func (f *File) Score(alerts []bool) Tally {
	var t Tally
	next, window := 0, -1  // window is the one that a point is in
	last, width := -1, 0.0 // end and width of the one before
	best := math.Inf(-1)   // alert in the present window
	leave := func(w Window) {
		if w.Last < f.Probation {
			return
		}
		t.Windows++
		if !math.IsInf(best, -1) {
			t.Found++
			t.Reward += best
		}
	}
	for i := range min(len(alerts), len(f.Values)) {
		if window < 0 && next < len(f.Windows) && i == f.Windows[next].First {
			window, best = next, math.Inf(-1)
			next++
		}
		counts := alerts[i] && i >= f.Probation
		switch {
		case window >= 0:
			w := f.Windows[window]
			if counts {
				best = max(best, sigmoid(-float64(w.Last-i+1)/float64(w.Last-w.First+1))/sigmoid(-1))
			}
			if i == w.Last {
				leave(w)
				last, width, window = i, float64(w.Last-w.First+1), -1
			}
		case counts && last < 0:
			t.False++
			t.Penalty++
		case counts:
			t.False++
			t.Penalty -= sigmoid(float64(i-last) / (width - 1))
		}
	}
	return t
}

// sigmoid is the benchmark's scaled one: from near 1 at the start of a window,
// by 0 at its end, to -1 far behind it.
func sigmoid(position float64) float64 {
	if position > 3 {
		return -1
	}
	return 2/(1+math.Exp(5*position)) - 1
}
