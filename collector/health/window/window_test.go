package window

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var start = time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)

// plain is the same past, all of it kept: what a track must agree with.
type plain []Point

func (p plain) since(from time.Time) plain {
	i := len(p)
	for i > 0 && p[i-1].At > from.Unix() {
		i--
	}
	return p[i:]
}

func (p plain) rise(from time.Time) float64 {
	in := p.since(from)
	r := 0.0
	for i := len(p) - len(in); i < len(p); i++ {
		if i > 0 {
			r += max(p[i].V-p[i-1].V, 0)
		}
	}
	return r
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-4*max(1, math.Abs(a), math.Abs(b)) }

func TestShortWindowsAreExact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 50 {
		s := Spec{Recent: time.Hour, Counter: round%2 == 0}
		var tr Track
		var all plain
		at, v := start, 0.0
		for range 400 {
			at = at.Add(time.Duration(20+r.IntN(300)) * time.Second)
			switch {
			case s.Counter && r.IntN(50) == 0:
				v = 0 // its source was restarted
			case s.Counter:
				v += float64(r.IntN(100))
			default:
				v = r.NormFloat64() * 10
			}
			if !tr.Add(&s, at, v) {
				t.Fatal("a newer point was refused")
			}
			all = append(all, Point{at.Unix(), v})
		}
		for _, d := range []time.Duration{10 * time.Minute, 30 * time.Minute, time.Hour} {
			from := at.Add(-d)
			in := all.since(from)
			o, ok := tr.Over(&s, at, d)
			if !ok || int(o.Count()) != len(in) {
				t.Fatalf("round %d, %s: %v points, expected %d", round, d, o.Count(), len(in))
			}
			var vs []float64
			sum := 0.0
			for _, p := range in {
				vs = append(vs, p.V)
				sum += p.V
			}
			for name, x := range map[string][2]float64{
				"min": {o.Min(), slices.Min(vs)}, "max": {o.Max(), slices.Max(vs)}, "mean": {o.Mean(), sum / float64(len(vs))},
				"first": {o.First(), vs[0]}, "last": {o.Last(), vs[len(vs)-1]}, "rise": {o.Rise(), all.rise(from)},
			} {
				if !near(x[0], x[1]) {
					t.Errorf("round %d, %s over %s: %v, expected %v", round, name, d, x[0], x[1])
				}
			}
		}
	}
}

func TestLongWindowsAreRightToAStep(t *testing.T) {
	s := Spec{Recent: 30 * time.Minute, Bucket: time.Hour, Keep: 8 * 24 * time.Hour, Counter: true}
	var tr Track
	var all plain
	v := 0.0
	at := start
	for i := range 10 * 24 * 12 {
		at = at.Add(5 * time.Minute)
		if i%700 == 0 {
			v = 0
		}
		v += float64(i % 7)
		tr.Add(&s, at, v)
		all = append(all, Point{at.Unix(), v})
	}
	o, ok := tr.Over(&s, at, 7*24*time.Hour)
	if !ok {
		t.Fatal("no answer")
	}
	from := at.Add(-7 * 24 * time.Hour).Truncate(time.Hour) // steps are whole
	if got, want := o.Rise(), all.rise(from.Add(-time.Second)); !near(got, want) {
		t.Errorf("rise %v, expected %v", got, want)
	}
	if got, want := o.Count(), float64(len(all.since(from.Add(-time.Second)))); got != want {
		t.Errorf("%v points, expected %v", got, want)
	}
	if len(tr.points) > 8 || len(tr.buckets) > 8*24+2 {
		t.Errorf("%d points and %d steps are kept", len(tr.points), len(tr.buckets))
	}
}

func TestDaysAboveCountsDays(t *testing.T) {
	s := Spec{Recent: time.Hour, Bucket: 24 * time.Hour, Keep: 31 * 24 * time.Hour, Counter: true}
	var tr Track
	v := 0.0
	at := start
	for day := range 20 {
		for h := range 24 {
			at = start.Add(time.Duration(day)*24*time.Hour + time.Duration(h)*time.Hour + time.Minute)
			if day%4 == 1 && h == 12 {
				v += 5
			}
			tr.Add(&s, at, v)
		}
	}
	if o, ok := tr.Over(&s, at, 30*24*time.Hour); !ok || o.DaysAbove(5) != 5 || o.DaysAbove(6) != 0 {
		t.Errorf("%v days rose by 5, expected 5; %v by 6", o.DaysAbove(5), o.DaysAbove(6))
	}
}

func TestWhatIsRefused(t *testing.T) {
	s := Spec{Recent: time.Hour}
	var tr Track
	tr.Add(&s, start, 1)
	for name, ok := range map[string]bool{
		"the same time": tr.Add(&s, start, 2), "an older one": tr.Add(&s, start.Add(-time.Hour), 2), "no number": tr.Add(&s, start.Add(time.Hour), math.NaN()),
		"no end": tr.Add(&s, start.Add(time.Hour), math.Inf(1)), "before 1970": tr.Add(&s, time.Unix(-5, 0), 1), "after 2106": tr.Add(&s, time.Unix(1<<33, 0), 1),
	} {
		if ok {
			t.Errorf("%s was taken", name)
		}
	}
	if p, _ := tr.Last(); p.V != 1 || tr.Len() != 1 {
		t.Errorf("%+v, %d points", p, tr.Len())
	}
	if _, ok := tr.Over(&s, start.Add(3*time.Hour), time.Hour); ok {
		t.Error("it answers of a time without points")
	}
}

func TestMostBoundsPoints(t *testing.T) {
	s := Spec{Recent: 24 * time.Hour, Most: 100}
	var tr Track
	for i := range 5000 {
		tr.Add(&s, start.Add(time.Duration(i)*time.Second), float64(i))
	}
	if tr.Len() != 100 || cap(tr.points) > 1000 {
		t.Errorf("%d points, room for %d", tr.Len(), cap(tr.points))
	}
}

// What a store gives back of the past makes a track that cannot be told from
// one that was there all the time.
func TestRemember(t *testing.T) {
	day := 24 * time.Hour
	for _, s := range []Spec{
		{Recent: 2 * time.Hour, Bucket: time.Hour, Keep: 10 * day, Counter: true},
		{Recent: 30 * time.Minute, Bucket: 4 * time.Hour, Keep: 3 * day},
		{Recent: 7 * day, Most: 50},
	} {
		var whole, back Track
		var stored []Point
		for i := range 5 * 24 * 12 {
			at := start.Add(time.Duration(i) * 5 * time.Minute)
			v := float64(i % 50)
			whole.Add(&s, at, v)
			stored = append(stored, Point{at.Unix(), v})
			if i >= 5*24*12-5 {
				back.Add(&s, at, v)
			}
		}
		back.Remember(&s, stored)
		if !slices.Equal(back.points, whole.points) || !slices.Equal(back.buckets, whole.buckets) || !back.Began().Equal(whole.Began()) {
			t.Errorf("%+v: %d points, %d steps from %s; expected %d, %d, %s", s, len(back.points), len(back.buckets), back.Began(), len(whole.points), len(whole.buckets), whole.Began())
		}
	}

	// So late that the first points of the new life are in steps already.
	s := Spec{Recent: 2 * time.Hour, Bucket: time.Hour, Keep: 10 * day}
	var whole, back Track
	var stored []Point
	for i := range 4 * 24 * 12 {
		at := start.Add(time.Duration(i) * 5 * time.Minute)
		whole.Add(&s, at, float64(i))
		stored = append(stored, Point{at.Unix(), float64(i)})
		if i >= 3*24*12+5 { // in the middle of a step
			back.Add(&s, at, float64(i))
		}
	}
	back.Remember(&s, stored)
	a, _ := whole.Over(&s, start.Add(4*day), 4*day)
	b, ok := back.Over(&s, start.Add(4*day), 4*day)
	if !ok || a.Min() != b.Min() || a.Max() != b.Max() || a.Count() != b.Count() || a.Last() != b.Last() {
		t.Errorf("late: %v to %v, %v points, %v; expected %v to %v, %v, %v", b.Min(), b.Max(), b.Count(), b.Last(), a.Min(), a.Max(), a.Count(), a.Last())
	}
	if a, b := a.Rise(), b.Rise(); a != b {
		t.Errorf("late: rise %v, expected %v", b, a)
	}

	back = Track{}
	back.Remember(&s, nil)
	back.Remember(&s, []Point{{start.Unix(), 1}, {start.Unix(), 9}, {start.Unix() - 5, 2}, {start.Unix() + 60, 3}})
	if got := back.Points(start.Add(-time.Hour)); !slices.Equal(got, []Point{{start.Unix(), 1}, {start.Unix() + 60, 3}}) {
		t.Errorf("points %v", got)
	}
}

func TestRatios(t *testing.T) {
	s := Spec{Recent: time.Hour, Counter: true}
	var took, turns Track
	for i := range 10 {
		at := start.Add(time.Duration(i) * time.Minute)
		if i != 5 { // one of them was not told
			took.Add(&s, at, float64(i*30))
		}
		n := float64(i * 10)
		if i >= 8 {
			n = 80 // nothing was done
		}
		turns.Add(&s, at, n)
	}
	if got := Ratios(&took, &turns, start.Add(9*time.Minute), 20*time.Minute); !slices.Equal(got, []float64{3, 3, 3, 3, 3, 3, 3}) {
		t.Errorf("%v, expected 3, seven times: from each point that both told to the next such", got)
	}
}

func TestQuantile(t *testing.T) {
	for q, want := range map[float64]float64{0: 1, 0.5: 2.5, 0.95: 3.85, 1: 4} {
		if got := Quantile([]float64{4, 1, 3, 2}, q); !near(got, want) {
			t.Errorf("%v: %v, expected %v", q, got, want)
		}
	}
	if !math.IsNaN(Quantile(nil, 0.5)) {
		t.Error("nothing has no median")
	}
}
