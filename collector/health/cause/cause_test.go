package cause

import (
	"math"
	"testing"
)

func TestTail(t *testing.T) {
	// Known values of the binomial distribution.
	for _, c := range []struct {
		k, n int
		p    float64
		want float64
	}{{0, 10, 0.3, 1}, {1, 1, 0.25, 0.25}, {2, 2, 0.5, 0.25}, {5, 10, 0.5, 0.623046875}, {10, 10, 0.1, 1e-10}, {11, 10, 0.5, 0}, {3, 5, 1, 1}, {1, 5, 0, 0}} {
		if got := Tail(c.k, c.n, c.p); math.Abs(got-c.want) > 1e-9*max(1, c.want) && math.Abs(got/c.want-1) > 1e-9 {
			t.Errorf("tail of %d of %d at %g: %g, want %g", c.k, c.n, c.p, got, c.want)
		}
	}
	if got := Tail(60_000, 100_000, 0.5); got > 1e-100 {
		t.Errorf("a large tail is %g", got)
	}
}

func TestBestIsThePreciseGroup(t *testing.T) {
	// 20 of 1,000 devices in trouble; 18 of the 40 of one model, all of which
	// are among the 200 of one site, as are most of the rest.
	groups := []Group{shares("site", "Hartford", 19, 200), shares("model", "Book 14", 18, 40), shares("os", "11", 12, 600)}
	ok := func(f Found) bool { return f.Members >= 5 && f.Lift >= 3 && f.Chance < 1e-4 }
	best, found := Best(Judge(groups, 20, 1000), ok)
	if !found || best.What != "model" || best.Lift < 20 || best.Chance > 1e-10 {
		t.Errorf("%+v, %v", best, found)
	}
	// Trouble everywhere is no group's.
	if best, found := Best(Judge([]Group{shares("model", "Book 14", 20, 40), shares("site", "Hartford", 100, 200)}, 500, 1000), ok); found {
		t.Errorf("%+v explains nothing", best)
	}
	// The whole fleet is one model: that explains nothing either.
	if best, found := Best(Judge([]Group{shares("model", "Book 14", 20, 1000)}, 20, 1000), ok); found {
		t.Errorf("%+v explains nothing", best)
	}
	// Same lift: the smaller one says more.
	best, _ = Best(Judge([]Group{shares("vendor", "Norrland", 20, 40), shares("firmware", "1.2", 20, 39)}, 20, 1000), ok)
	if best.What != "firmware" {
		t.Errorf("%+v", best)
	}
	// The same devices: the caller says which is the better name.
	best, _ = Best(Judge([]Group{{What: "drive model", Members: 20, Size: 40, Order: 4}, {What: "update", Members: 20, Size: 40}}, 20, 1000), ok)
	if best.What != "update" {
		t.Errorf("%+v", best)
	}
}

func shares(what, value string, members, size int) Group {
	return Group{What: what, Value: value, Members: members, Size: size}
}

func TestChange(t *testing.T) {
	bad := Change{Devices: 30, Before: 3, After: 25, DaysBefore: 210, DaysAfter: 210, Worse: 18, Better: 2}
	if r, p := bad.Ratio(), bad.Chance(10); r < 6 || p > 1e-3 {
		t.Errorf("ratio %g, chance %g", r, p)
	}
	same := Change{Devices: 30, Before: 20, After: 25, DaysBefore: 210, DaysAfter: 210, Worse: 12, Better: 10}
	if r, p := same.Ratio(), same.Chance(1); r > 1.5 || p < 0.1 {
		t.Errorf("ratio %g, chance %g", r, p)
	}
	// A short time after counts for what it is.
	short := Change{Devices: 30, Before: 3, After: 3, DaysBefore: 210, DaysAfter: 21}
	if r := short.Ratio(); r < 9 || r > 11 {
		t.Errorf("ratio %g", r)
	}
	few := Change{Devices: 30, After: 25, DaysBefore: 210, DaysAfter: 210, Worse: 2}
	if p := few.Chance(1); p < 0.2 {
		t.Errorf("two devices of thirty tell of their own trouble, not of the change: chance %v", p)
	}
	if p := (Change{}).Chance(1); p != 1 {
		t.Errorf("nothing is no proof: %g", p)
	}
}

func TestCluster(t *testing.T) {
	if n, at := Cluster([]int64{900, 100, 160, 150, 2000}, 100); n != 3 || at != 100 {
		t.Errorf("%d at %d", n, at)
	}
	if n, _ := Cluster(nil, 100); n != 0 {
		t.Errorf("%d of none", n)
	}
}
