// Package cause finds what devices in trouble share: a model, a site, a
// version, an update. It owns the statistics, and knows nothing else: not
// what the trouble is, nor how it was found.
package cause

import (
	"cmp"
	"math"
	"slices"
)

// Group is devices that share something, and how many of them are in trouble.
type Group struct {
	What, Value string
	Members     int // in trouble
	Size        int // that share it
	Order       int // of groups that explain as much the least is named
}

// Found is a group and how far it stands out.
type Found struct {
	Group
	Lift   float64 // share in trouble, by that of the fleet
	Chance float64 // of so many by luck, times the number of groups looked at
}

// Judge works out how far each group stands out from a fleet of size devices
// of which members are in trouble. The chance is Fisher's: that of so many of
// them falling into the group if they were drawn from the fleet without regard
// to it, one-sided, corrected after Bonferroni.
func Judge(groups []Group, members, size int) []Found {
	var out []Found
	if size <= 0 || members <= 0 {
		return nil
	}
	for _, g := range groups {
		if g.Size <= 0 || g.Members <= 0 || g.Size > size {
			continue
		}
		p := float64(members) / float64(size)
		out = append(out, Found{Group: g, Lift: float64(g.Members) / float64(g.Size) / p,
			Chance: min(Drawn(g.Members, g.Size, members, size)*float64(len(groups)), 1)})
	}
	return out
}

// Best is the group that explains most: of those that qualify the one with the
// highest lift, of equal ones the smallest, since it says most precisely what
// is shared, and of those the one that the caller would rather name.
func Best(found []Found, qualifies func(Found) bool) (Found, bool) {
	list := slices.DeleteFunc(slices.Clone(found), func(f Found) bool { return !qualifies(f) })
	if len(list) == 0 {
		return Found{}, false
	}
	slices.SortStableFunc(list, func(a, b Found) int {
		// Lifts within a tenth of each other are the same: the size decides.
		if math.Abs(a.Lift-b.Lift) > 0.1*max(a.Lift, b.Lift) {
			return cmp.Compare(b.Lift, a.Lift)
		}
		return cmp.Or(cmp.Compare(b.Members, a.Members), cmp.Compare(a.Size, b.Size), cmp.Compare(a.Order, b.Order), cmp.Compare(a.What, b.What), cmp.Compare(a.Value, b.Value))
	})
	return list[0], true
}

// Drawn is the chance that k or more of the members of a fleet of size belong
// to a group of n of it (hypergeometric tail; Fisher's exact test).
func Drawn(k, n, members, size int) float64 {
	sum := 0.0
	all := choose(size, members)
	for i := max(k, members+n-size, 0); i <= min(n, members); i++ {
		sum += math.Exp(choose(n, i) + choose(size-n, members-i) - all)
	}
	return min(sum, 1)
}

// Tail is the chance of k or more of n when each happens with chance p.
func Tail(k, n int, p float64) float64 {
	switch {
	case k <= 0:
		return 1
	case k > n || p <= 0:
		return 0
	case p >= 1:
		return 1
	}
	sum := 0.0
	for i := k; i <= n; i++ {
		t := math.Exp(choose(n, i) + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
		sum += t
		// Past the peak terms only fall: what is too small to count ends it.
		if float64(i) > p*float64(n) && t < sum*1e-12 {
			break
		}
	}
	return min(sum, 1)
}

// choose is the logarithm of the binomial coefficient.
func choose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

// Change is how often something happened on devices that have a change, in
// times of equal length before and after it.
type Change struct {
	Devices       int
	Before, After int     // how often
	DaysBefore    float64 // device-days
	DaysAfter     float64
	Worse, Better int // devices on which it happened more often after, or less
}

// Ratio is the rate after by that before, each with a half added, so that
// nothing before is not infinitely worse.
func (c Change) Ratio() float64 {
	if c.DaysBefore <= 0 || c.DaysAfter <= 0 {
		return math.NaN()
	}
	return ((float64(c.After) + 0.5) / c.DaysAfter) / ((float64(c.Before) + 0.5) / c.DaysBefore)
}

// Chance is that of so many of all falling after the change, if it changed
// nothing: given their number they are binomial with the share of device-days
// (the conditional test of two Poisson rates, Przyborowski and Wilenski 1940).
// Looks is among how many changes it was sought. It is no less than that of so
// many devices getting worse rather than better (sign test): what happens on a
// few devices again and again says nothing of a change of all.
func (c Change) Chance(looks int) float64 {
	if c.DaysBefore <= 0 || c.DaysAfter <= 0 {
		return 1
	}
	rates := Tail(c.After, c.Before+c.After, c.DaysAfter/(c.DaysBefore+c.DaysAfter)) * float64(max(looks, 1))
	return min(max(rates, Tail(c.Worse, c.Worse+c.Better, 0.5)), 1)
}

// Cluster finds the most times that lie within a span of each other, in
// seconds: how many, and the first of them. Times need not be in order.
func Cluster(times []int64, span int64) (most int, first int64) {
	t := slices.Clone(times)
	slices.Sort(t)
	i := 0
	for k := range t {
		for t[k]-t[i] > span {
			i++
		}
		if k-i+1 > most {
			most, first = k-i+1, t[i]
		}
	}
	return most, first
}
