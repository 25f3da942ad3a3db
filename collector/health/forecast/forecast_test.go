package forecast

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// daily makes a point a day, the last one at 0.
func daily(y ...float64) []Point {
	pts := make([]Point, len(y))
	for i, v := range y {
		pts[i] = Point{float64(i - len(y) + 1), v}
	}
	return pts
}

// course makes n days of f of the day.
func course(n int, f func(day int) float64) []Point {
	y := make([]float64, n)
	for i := range y {
		y[i] = f(i)
	}
	return daily(y...)
}

func TestReachesOfALine(t *testing.T) {
	f, r := Reaches(course(28, func(d int) float64 { return 100 - 2*float64(d) }), 0, 0, Space(1))
	if r != None {
		t.Fatal(r)
	}
	// 46 are left on the last day, and go in 23 days.
	for name, x := range map[string]float64{"early": f.Early, "likely": f.Likely, "late": f.Late, "other": f.Other} {
		if math.Abs(x-23) > 1e-9 {
			t.Errorf("%s is %v, not 23: %+v", name, x, f)
		}
	}
	if f.Slope != -2 || f.Level != 46 || f.Points != 28 || f.From != -27 {
		t.Errorf("the line is %+v", f)
	}
}

// Wild points, nearly three in ten, do not bend the line.
func TestReachesBearsWithWildPoints(t *testing.T) {
	pts := course(28, func(d int) float64 { return 100 - 2*float64(d) })
	for _, i := range []int{3, 9, 14, 20, 25} {
		pts[i].Y = 5
	}
	o := Space(1)
	o.Jumps = false // five of them in a month would be recoveries
	f, r := Reaches(pts, 0, 0, o)
	if r != None || math.Abs(f.Likely-23) > 1 || f.Early > 23 || f.Late < 23 {
		t.Errorf("%+v, refused: %v", f, r)
	}
}

func TestReachesFromTheNewestStretch(t *testing.T) {
	// Weeks that fall by 1, a clean-up, then eleven days that fall by 3.
	pts := course(28, func(d int) float64 {
		if d < 17 {
			return 60 - float64(d)
		}
		return 100 - 3*float64(d-17)
	})
	f, r := Reaches(pts, 0, 0, Space(1))
	if r != None || f.From != -10 || f.Points != 11 || math.Abs(f.Likely-70.0/3) > 1e-9 {
		t.Errorf("%+v, refused: %v", f, r)
	}
}

func TestRefusals(t *testing.T) {
	wave := func(d int) float64 { return []float64{0, 3, 6, 9, 12, 4, 2}[d%7] }
	for name, c := range map[string]struct {
		pts  []Point
		o    Options
		want Refusal
	}{
		"nothing":        {nil, Space(1), NoNumbers},
		"no numbers":     {daily(math.NaN(), math.Inf(1), 3, 4), Space(1), NoNumbers},
		"six days":       {course(6, func(d int) float64 { return 50 - float64(d) }), Space(1), TooFewDays},
		"many in a day":  {fine(40, 0.1), Space(1), TooFewDays},
		"short":          {course(8, func(d int) float64 { return 50 - float64(d) }), Space(1), TooShort},
		"flat":           {course(28, func(d int) float64 { return 50 + float64(d%3) }), Space(1), Flat},
		"away":           {course(28, func(d int) float64 { return 50 + float64(d) }), Space(1), Away},
		"just jumped":    {append(course(26, func(d int) float64 { return 60 - float64(d) })[:24:24], Point{-1, 90}, Point{0, 89}), Space(1), Jumped},
		"recovers":       {course(28, func(d int) float64 { return 80 - float64(d%10)*5 }), Space(1), Recovers},
		"saw-tooth":      {course(28, func(d int) float64 { return 60 - 0.1*float64(d) - wave(d) }), Options{Day: 1, Weekly: true}, SawTooth},
		"weekly, falls":  {course(28, func(d int) float64 { return 200 - 3*float64(d) - wave(d) }), Options{Day: 1, Weekly: true}, None},
		"three readings": {[]Point{{100, 1}, {200, 2}, {300, 3}}, Options{}, None},
	} {
		t.Run(name, func(t *testing.T) {
			// What refuses to meet a limit refuses in the same words to say a
			// value, but for the two reasons that are no reason there.
			if _, r := Reaches(c.pts, 0, 0, c.o); r != c.want && !(c.want == None && r == Away) {
				t.Errorf("refused with %q, not %q", r, c.want)
			}
			want := c.want
			if want == Flat || want == Away || want == Recovers {
				want = None
			}
			if _, _, _, r := At(c.pts, 1, c.o); r != want && c.want != Recovers {
				t.Errorf("a value is refused with %q, not %q", r, want)
			}
		})
	}
	for r := NoNumbers; r <= Away; r++ {
		if s := r.String(); s == "" || strings.HasPrefix(s, "unknown") {
			t.Errorf("refusal %d says %q", r, s)
		}
	}
}

func fine(n int, step float64) []Point {
	pts := make([]Point, n)
	for i := range pts {
		pts[i] = Point{float64(i) * step, 50 - float64(i)}
	}
	return pts
}

func TestReachedIsNow(t *testing.T) {
	f, r := Reaches(course(31, func(d int) float64 { return 80 + float64(d) }), 90, 3, Wear(1))
	if r != None || f.Early != 3 || f.Likely != 3 || f.Late != 3 {
		t.Errorf("%+v, refused: %v", f, r)
	}
}

// Nothing lies before the moment that one asks at, and early comes before late.
func TestReachesIsInOrder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	said := 0
	for range 2000 {
		n := 3 + rnd.IntN(90)
		drift, wild := rnd.NormFloat64(), rnd.Float64()*3
		y := 50 + 50*rnd.Float64()
		pts := course(n, func(int) float64 { y += drift + wild*rnd.NormFloat64(); return y })
		now := rnd.Float64() * 5
		f, r := Reaches(pts, 200*rnd.Float64()-50, now, Options{Day: 1, Jumps: true, Weekly: true})
		if r != None {
			if f != (Forecast{}) {
				t.Fatalf("refused and yet %+v", f)
			}
			continue
		}
		said++
		if !(now <= f.Early && f.Early <= f.Likely+1e-9 && f.Likely <= f.Late+1e-9) || !(f.SlopeLow <= f.Slope && f.Slope <= f.SlopeHigh) || math.IsNaN(f.Other) {
			t.Fatalf("out of order: %+v, asked at %v", f, now)
		}
	}
	if said < 300 {
		t.Errorf("only %d of 2000 were answered", said)
	}
}

// The span that is given holds about nine in ten outcomes, whether days scatter
// around a line or each builds on the one before.
func TestSpansHoldWhatTheySay(t *testing.T) {
	for name, next := range map[string]func(rnd *rand.Rand, day int, y float64) float64{
		"scatter": func(rnd *rand.Rand, day int, _ float64) float64 { return 100 - float64(day) + 4*rnd.NormFloat64() },
		"wanders": func(rnd *rand.Rand, _ int, y float64) float64 { return y - 1 + 1.5*rnd.NormFloat64() },
		"lumps":   func(rnd *rand.Rand, _ int, y float64) float64 { return y - rnd.ExpFloat64() },
		"work day": func(rnd *rand.Rand, day int, y float64) float64 {
			return y - max(0, float64(min(day%7, 5)-day%7+1))*1.4*rnd.Float64()
		},
	} {
		t.Run(name, func(t *testing.T) {
			held, asked, likely := 0, 0, 0
			for seed := range uint64(1500) {
				rnd := rand.New(rand.NewPCG(seed, 7))
				y := 100.0
				pts := make([]Point, 28)
				for d := range pts {
					y = next(rnd, d, y)
					pts[d] = Point{float64(d), y}
				}
				f, r := Reaches(pts, 50, 27, Options{Day: 1})
				if r != None || f.Early == 27 && f.Late == 27 {
					continue
				}
				asked++
				d := 28
				for ; d < 2000; d++ {
					if y = next(rnd, d, y); y <= 50 {
						break
					}
				}
				if float64(d) >= f.Early && float64(d) <= f.Late+1 {
					held++
				}
				if float64(d) > f.Likely {
					likely++
				}
			}
			share := float64(held) / float64(asked)
			t.Logf("%d of %d held (%.3f), %d came later than likely", held, asked, share, likely)
			if asked < 500 || share < 0.85 || share > 0.98 {
				t.Errorf("%d of %d held: %.3f", held, asked, share)
			}
		})
	}
}

func TestAt(t *testing.T) {
	p, low, high, r := At([]Point{{0, 10}, {10, 20}, {20, 30}, {30, 40}}, 50, Options{Step: 1})
	if r != None || p != 60 || !(low < 60 && low > 57) || !(high > 60 && high < 63) {
		t.Errorf("%v (%v to %v), refused: %v", p, low, high, r)
	}
	// The farther ahead, the wider.
	noisy := course(28, func(d int) float64 { return float64(d) + float64(d*7%5) })
	was := 0.0
	for _, x := range []float64{0, 10, 50, 200} {
		_, low, high, _ := At(noisy, x, Options{})
		if high-low <= was {
			t.Errorf("at %v the span is %v, not more than %v", x, high-low, was)
		}
		was = high - low
	}
}

func TestManner(t *testing.T) {
	for _, name := range []string{"space", "wear", "memory", "battery"} {
		if o, ok := Manner(name, 24); !ok || o.Day != 24 || o.MinDays == 0 {
			t.Errorf("%s: %+v, %v", name, o, ok)
		}
	}
	if _, ok := Manner("weather", 1); ok {
		t.Error("there is a manner for the weather")
	}
}

func BenchmarkReaches28(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	pts := course(28, func(d int) float64 { return 100 - 2*float64(d) + rnd.NormFloat64() })
	o := Space(1)
	b.ReportAllocs()
	for b.Loop() {
		if _, r := Reaches(pts, 0, 0, o); r != None {
			b.Fatal(r)
		}
	}
}

func BenchmarkAt4(b *testing.B) {
	pts := []Point{{1000, 1}, {3000, 4}, {5000, 6}, {7000, 9}}
	b.ReportAllocs()
	for b.Loop() {
		At(pts, 9000, Options{Step: 1})
	}
}
