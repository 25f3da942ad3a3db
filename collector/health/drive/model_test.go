package drive

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func ours(t testing.TB) Model {
	t.Helper()
	m, err := Ours()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// small is a model that one can reckon by head.
const small = `{
	"made": {"by": "hand", "date": "2026-01-31", "seed": 1, "method": "", "data": [], "credit": []},
	"kinds": {"hdd": {
		"outcome": "fails", "intercept": -3,
		"terms": [{"feature": "reallocated", "points": 2}, {"feature": "pending", "points": 5}, {"feature": "moves", "points": 8}],
		"bands": [{"from": 0, "drives": 1000, "failed": 1}, {"from": 20, "drives": 50, "failed": 10}],
		"figures": []
	}}
}`

func TestScore(t *testing.T) {
	m, err := Parse([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	var h History
	if _, ok := m.Score(&h, "hdd", noon); ok {
		t.Error("a drive that told nothing has a score")
	}
	h.Add(told(0, 0, 0))
	s, ok := m.Score(&h, "hdd", in(0))
	if !ok || s.Points != 0 || len(s.Terms) != 0 || s.Of != 1000 || s.Failed != 1 || math.Abs(s.Probability-1/(1+math.Exp(3))) > 1e-12 {
		t.Errorf("without a mark: %+v", s)
	}
	if _, ok := m.Score(&h, "nvme", in(0)); ok {
		t.Error("a kind without a model has a score")
	}
	h.Add(told(1, 7, 3)) // 3 doublings, 2 doublings, a rise today
	for days, moves := range map[float64]float64{1: 8, 3: 4, 5: 2, 1000: 0} {
		s, _ := m.Score(&h, "hdd", in(days))
		want := 3*2 + 2*5 + moves
		if math.Abs(s.Points-want) > 1e-9 {
			t.Errorf("on day %v it has %v points, not %v", days, s.Points, want)
		}
		if p, _ := m.Points(&h, "hdd", in(days)); p != s.Points {
			t.Errorf("on day %v Points says %v, Score %v", days, p, s.Points)
		}
		// Ten points double the odds.
		odds := math.Exp(-3) * math.Exp2(want/10)
		if math.Abs(s.Probability-odds/(1+odds)) > 1e-9 {
			t.Errorf("with %v points the probability is %v", want, s.Probability)
		}
	}
	s, _ = m.Score(&h, "hdd", in(1))
	if s.Of != 50 || s.Failed != 10 {
		t.Errorf("with %v points it is in the band %d of %d", s.Points, s.Failed, s.Of)
	}
	if len(s.Terms) != 3 || s.Terms[0] != (Term{HasPending, 3, 10}) || s.Terms[1] != (Term{Moves, 0, 8}) || s.Terms[2] != (Term{HasReallocated, 7, 6}) {
		t.Errorf("the terms are %+v", s.Terms)
	}
}

// A higher count never has fewer points, whatever came before; nor has one that
// is told against one that is not. Terms add up, none is negative.
func TestScoreNeverFallsWhereAReadingIsWorse(t *testing.T) {
	m := ours(t)
	rnd := rand.New(rand.NewPCG(5, 6))
	number := func() float64 {
		switch rnd.IntN(5) {
		case 0:
			return math.NaN()
		case 1:
			return 65535
		}
		return math.Floor(rnd.ExpFloat64() * math.Exp(rnd.Float64()*8))
	}
	for range 5000 {
		var h History
		at := noon
		for range rnd.IntN(60) {
			h.Add(Reading{at, number(), number(), number(), number()})
			at = at.Add(time.Duration(rnd.Float64() * float64(50*time.Hour)))
		}
		last := [4]float64{number(), number(), number(), number()}
		worse := last
		i := rnd.IntN(4)
		if Count(last[i]) == last[i] {
			worse[i] += math.Floor(rnd.ExpFloat64() * 100)
		} else if h.last != 0 && h.now[i] == h.now[i] {
			continue // not told stands for what was told before
		} else {
			worse[i] = math.Floor(rnd.ExpFloat64() * 100)
		}
		if Count(worse[i]) != worse[i] {
			continue
		}
		a, b := h, h
		a.Add(Reading{at, last[0], last[1], last[2], last[3]})
		b.Add(Reading{at, worse[0], worse[1], worse[2], worse[3]})
		now := at.Add(time.Duration(rnd.Float64() * float64(100*time.Hour)))
		for _, kind := range []string{"hdd", "ssd"} {
			x, ok := m.Score(&a, kind, now)
			y, _ := m.Score(&b, kind, now)
			if !ok || y.Points < x.Points || y.Probability < x.Probability || y.Failed*x.Of < x.Failed*y.Of {
				t.Fatalf("%s: %v has %v points, %v has %v", kind, last, x.Points, worse, y.Points)
			}
			sum := 0.0
			for _, term := range y.Terms {
				if term.Points <= 0 || math.IsNaN(term.Value) {
					t.Fatalf("%s: term %+v", kind, term)
				}
				sum += term.Points
			}
			if math.Abs(sum-y.Points) > 1e-9 || !slices.IsSortedFunc(y.Terms, func(a, b Term) int { return int(math.Copysign(1, b.Points-a.Points)) }) {
				t.Fatalf("%s: terms %+v make %v, not %v", kind, y.Terms, sum, y.Points)
			}
		}
	}
}

// What is shipped can be shown: it says where it is from, and its bands rise.
func TestOursIsWhole(t *testing.T) {
	m := ours(t)
	if m.Made.By == "" || m.Made.Date == "" || m.Made.Method == "" || len(m.Made.Data) == 0 || len(m.Made.Credit) == 0 {
		t.Errorf("it does not say where it is from: %+v", m.Made)
	}
	for _, d := range m.Made.Data {
		if len(d.SHA256) != 64 || d.Rows == 0 || d.Drives == 0 {
			t.Errorf("data: %+v", d)
		}
	}
	for _, name := range []string{"hdd", "ssd"} {
		k, ok := m.Kinds[name]
		if !ok || k.Outcome == "" || len(k.Terms) == 0 || len(k.Figures) == 0 {
			t.Errorf("%s: %+v", name, k)
		}
		was := -1.0
		for _, b := range k.Bands {
			share := float64(b.Failed) / float64(b.Drives)
			if share <= was {
				t.Errorf("%s: of drives with %v points %v fail, no more than with fewer", name, b.From, share)
			}
			was = share
		}
	}
}

func TestParseRefuses(t *testing.T) {
	if _, err := Parse([]byte(small)); err != nil {
		t.Fatal(err)
	}
	change := func(from, to string) string {
		if !strings.Contains(small, from) {
			t.Fatalf("there is no %s", from)
		}
		return strings.Replace(small, from, to, 1)
	}
	for says, text := range map[string]string{
		"EOF":              "",
		"unknown field":    change(`"outcome"`, `"result"`),
		"follows behind":   small + "{}",
		"not 1 to 8":       `{"made": {}, "kinds": {}}`,
		"no feature":       change(`"pending"`, `"weather"`),
		"stands twice":     change(`"pending"`, `"reallocated"`),
		"has -5 points":    change(`"points": 5`, `"points": -5`),
		"has 5000 points":  change(`"points": 5`, `"points": 5000`),
		"intercept":        change(`-3,`, `-3000,`),
		"the first from 0": change(`"from": 0`, `"from": 1`),
		"band 2 is not":    change(`"from": 20`, `"from": 0`),
		"band 1 is not":    change(`"failed": 1`, `"failed": 2000`),
		"more than 65536":  small + strings.Repeat(" ", 70000),
		"cannot unmarshal": change(`-3,`, `"-3",`),
		"1 to 32 bands":    change(`{"from": 0, "drives": 1000, "failed": 1}, {"from": 20, "drives": 50, "failed": 10}`, ""),
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q is not what it says: %v", says, err)
		}
	}
}

// A file of coefficients that loads gives scores that are numbers and do not
// fall where pending sectors grow.
func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add(coefficients)
	f.Add([]byte(`{"kinds":{"ssd":{"intercept":1e3,"terms":[{"feature":"moves","points":1e3}],"bands":[{"from":0}]}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			return
		}
		for kind := range m.Kinds {
			was := Score{Points: -1, Probability: -1}
			for _, pending := range []float64{0, 1, 8, 500, 60000} {
				var h History
				h.Add(told(0, 3, 0))
				h.Add(told(1, 3, pending))
				s, ok := m.Score(&h, kind, in(2))
				if !ok || math.IsNaN(s.Points) || math.IsInf(s.Points, 0) || !(s.Probability >= 0 && s.Probability <= 1) || s.Points < was.Points || s.Probability < was.Probability {
					t.Fatalf("%s with %v pending: %+v after %+v", kind, pending, s, was)
				}
				was = s
			}
		}
	})
}

func ExampleModel_Score() {
	m, err := Parse([]byte(small))
	if err != nil {
		fmt.Println(err)
		return
	}
	var h History
	h.Add(told(0, 0, 0))
	h.Add(told(1, 31, 0))
	s, _ := m.Score(&h, "hdd", in(1))
	fmt.Printf("%.0f points: of %d such drives %d failed\n", s.Points, s.Of, s.Failed)
	for _, t := range s.Terms {
		fmt.Printf("%s %.0f: %.0f\n", t.Feature, t.Value, t.Points)
	}
	// Output:
	// 18 points: of 1000 such drives 1 failed
	// reallocated 31: 10
	// moves 0: 8
}

func BenchmarkScore(b *testing.B) {
	m := ours(b)
	var h History
	for i := range 100 {
		h.Add(told(float64(i)/4, float64(i), float64(i%5)))
	}
	now := h.Last()
	b.ReportAllocs()
	for b.Loop() {
		m.Score(&h, "hdd", now)
	}
}

func BenchmarkPoints(b *testing.B) {
	m := ours(b)
	var h History
	for i := range 100 {
		h.Add(told(float64(i)/4, float64(i), float64(i%5)))
	}
	now := h.Last()
	b.ReportAllocs()
	for b.Loop() {
		m.Points(&h, "hdd", now)
	}
}
