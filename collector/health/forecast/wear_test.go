package forecast

import (
	"math"
	"math/rand/v2"
	"testing"
)

var untold = math.NaN()

func TestWearAt(t *testing.T) {
	for name, c := range map[string]struct {
		in         []Worn
		hours, per float64
		want       float64
		low, high  float64
	}{
		// 20.6 % in 8,500 hours (500 of them set-up) go on by the 0.9th power of
		// hours: 20.6·(16500/8500)^0.9 = 37.4.
		"one reading": {[]Worn{{8000, 20, untold}}, 16000, 0, 37, 22, 59},
		// 10 % in 4,000 hours count nine tenths: 9 in 4,000 more, and the life
		// before, 20.6·((12500/8500)^0.9-1) = 8.5, one tenth.
		"two readings": {[]Worn{{4000, 10, untold}, {8000, 20, untold}}, 12000, 0, 30, 23, 36},
		"at rest":      {[]Worn{{4000, 20, untold}, {8000, 20, untold}}, 12000, 0, 21, 21, 22},
		"new and idle": {[]Worn{{100, 0, untold}, {2000, 0, untold}}, 4000, 0, 0, 0, 0},
		// Peers say that what was written is 0.9 % by now, and it told less than
		// 1: (0.9 + 0.3)/2.
		"peers know":      {[]Worn{{2000, 0, 90}}, 4000, 0.01, 1, 0, 1},
		"nobody knows":    {[]Worn{{2000, 0, 90}}, 4000, 0, 0, 0, 1},
		"one to the end":  {[]Worn{{8000, 90, untold}}, 32000, 0, 100, 92, 113},
		"beyond rated":    {[]Worn{{8000, 120, untold}}, 16000, 0, 120, 120, 121},
		"beyond, and how": {[]Worn{{4000, 110, untold}, {8000, 130, untold}}, 12000, 0, 154, 135, 168},
		"the counter ends": {
			[]Worn{{4000, 200, untold}, {8000, 250, untold}}, 12000, 0, 255, 255, 255},
		"it counts anew":  {[]Worn{{4000, 90, untold}, {8000, 2, untold}, {12000, 4, untold}}, 16000, 0, 6, 5, 7},
		"the same moment": {[]Worn{{4000, 10, untold}, {8000, 20, untold}}, 8000, 0, 20, 20, 20},
	} {
		t.Run(name, func(t *testing.T) {
			p, low, high, r := WearAt(c.in, c.hours, c.per)
			if r != None || p != c.want || low != c.low || high != c.high {
				t.Errorf("%v (%v to %v), refused: %v, not %v (%v to %v)", p, low, high, r, c.want, c.low, c.high)
			}
		})
	}
	if _, _, _, r := WearAt([]Worn{{untold, 3, 1}, {100, 300, 1}, {100, -1, 1}}, 200, 0); r != NoNumbers {
		t.Errorf("refused: %v", r)
	}
}

// More wear in any reading, later hours, more peers' wear: never less is said.
// What is said is whole, within its interval, and never less than the last
// reading.
func TestWearIsInOrder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		in := make([]Worn, 1+rnd.IntN(20))
		h, u, w := rnd.Float64()*5000, math.Floor(rnd.Float64()*rnd.Float64()*100), 1+rnd.Float64()*100
		for i := range in {
			in[i] = Worn{h, min(u, MostUsed), w}
			if rnd.IntN(9) == 0 {
				in[i].Written = untold
			}
			h += rnd.Float64() * 3000
			u += math.Floor(rnd.ExpFloat64() * 2)
			w += rnd.ExpFloat64() * 50
		}
		per := 0.0
		if rnd.IntN(2) == 0 {
			per = rnd.Float64()
		}
		last := in[len(in)-1]
		was := [3]float64{}
		for _, ahead := range []float64{0, 10, 1000, 20000, 1e6} {
			p, low, high, r := WearAt(in, last.Hours+ahead, per)
			if r != None {
				t.Fatal(r)
			}
			if !(last.Used <= low && low <= p && p <= high && high <= MostUsed) || p != math.Floor(p) || low != math.Floor(low) || high != math.Floor(high) {
				t.Fatalf("%v (%v to %v) after %v", p, low, high, in)
			}
			if p < was[0] || low < was[1] || high < was[2] {
				t.Fatalf("%v later it is %v (%v to %v), less than %v", ahead, p, low, high, was)
			}
			was = [3]float64{p, low, high}
		}
		f, r := WornOut(in, 100, last.Hours, per)
		if r != None || !(last.Hours <= f.Early && f.Early <= f.Likely && f.Likely <= f.Late) || math.IsNaN(f.Other) {
			t.Fatalf("%+v, refused: %v", f, r)
		}
	}
}

func TestWornOut(t *testing.T) {
	in := []Worn{{4000, 40, untold}, {8000, 60, untold}}
	f, r := WornOut(in, 100, 8100, 0)
	if r != None {
		t.Fatal(r)
	}
	// By the same line as WearAt: a reading at that hour says 100, one 50 hours
	// before does not yet.
	if p, _, _, _ := WearAt(in, f.Likely, 0); p != 100 {
		t.Errorf("at %v hours it says %v", f.Likely, p)
	}
	if p, _, _, _ := WearAt(in, f.Likely-50, 0); p != 99 {
		t.Errorf("50 hours before %v it says %v", f.Likely, p)
	}
	if !(8100 < f.Early && f.Early < f.Likely && f.Likely < f.Late && f.Late < math.Inf(1)) {
		t.Errorf("%+v", f)
	}
	if f, r := WornOut([]Worn{{9000, 101, untold}}, 100, 9100, 0); r != None || f.Early != 9100 || f.Late != 9100 {
		t.Errorf("worn out already: %+v, refused: %v", f, r)
	}
	if f, r := WornOut([]Worn{{100, 0, untold}, {9000, 0, untold}}, 100, 9100, 0); r != None || f.Early < 90000 {
		t.Errorf("idle for a year: %+v, refused: %v", f, r)
	}
}

func TestEndurance(t *testing.T) {
	peers := []Worn{{0, 9, 95}, {0, 19, 195}, {0, 1, 3}, {0, 0, 50}, {0, 255, 10}, {0, 5, untold}}
	if e := Endurance(peers); e != 0.1 {
		t.Errorf("%v", e)
	}
	if e := Endurance(peers[:2]); e != 0 {
		t.Errorf("two drives say %v", e)
	}
}

func BenchmarkWearAt(b *testing.B) {
	in := []Worn{{1000, 1, 10}, {3000, 4, 45}, {5000, 6, 70}, {7000, 9, 100}}
	b.ReportAllocs()
	for b.Loop() {
		WearAt(in, 9000, 0.09)
	}
}

func BenchmarkWornOut(b *testing.B) {
	in := []Worn{{1000, 1, 10}, {3000, 4, 45}, {5000, 6, 70}, {7000, 9, 100}}
	b.ReportAllocs()
	for b.Loop() {
		WornOut(in, 100, 7000, 0.09)
	}
}
