package anomaly

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

// start is a Monday, midnight.
var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

const pace = 5 * time.Minute

// office is days of a number that works by day and rests by night, with noise
// of 1 around 40 and 20.
func office(days int, seed uint64) []float64 {
	random := rand.New(rand.NewPCG(seed, 1))
	out := make([]float64, days*288)
	for i := range out {
		out[i] = 20 + random.NormFloat64()
		if h := i % 288 / 12; h >= 8 && h < 17 {
			out[i] += 20
		}
	}
	return out
}

type said struct {
	likelihood float64
	alert      bool
}

func quick() Config { return Offline(576) }

// run gives values to a detector at its pace.
func run(c Config, values []float64) ([]said, *Detector) {
	d := New(c)
	out := make([]said, len(values))
	for i, v := range values {
		out[i].likelihood, out[i].alert = d.Add(start.Add(time.Duration(i)*pace), v)
	}
	return out, d
}

func alerts(s []said) (at []int) {
	for i, x := range s {
		if x.alert {
			at = append(at, i)
		}
	}
	return at
}

func TestNothingToSayOfHabits(t *testing.T) {
	for seed := range uint64(5) {
		got, _ := run(quick(), office(42, seed))
		if a := alerts(got); len(a) > 4 {
			t.Errorf("seed %d: %d alerts in six weeks of the same habit: %v", seed, len(a), a)
		}
	}
}

func TestFindsWhatIsUnusual(t *testing.T) {
	const days, at = 28, 20*288 + 12*12 // a Sunday, noon
	for name, change := range map[string]struct {
		do   func(v []float64)
		lead []Aspect // any of them may be first
		says string
	}{
		"a spike":              {func(v []float64) { v[at] = 90 }, []Aspect{Value, Jump, Hour}, "90 now"},
		"a fall":               {func(v []float64) { v[at] = -10 }, []Aspect{Value, Jump, Hour}, "-10 now"},
		"a day without work":   {func(v []float64) { add(v[at-48:at+60], -20) }, []Aspect{Hour}, "about 40.05 is usual between 8:00 and 9:00"},
		"work by night":        {func(v []float64) { add(v[at+120:at+192], 20) }, []Aspect{Hour}, "is usual between 22:00 and 23:00"},
		"a level that is new":  {func(v []float64) { add(v[at:], 25) }, []Aspect{Value, Jump, Hour}, "between"},
		"an average that goes": {func(v []float64) { add(v[at:], 11) }, []Aspect{Value, Jump, Hour, Drift}, "now"},
	} {
		t.Run(name, func(t *testing.T) {
			values := office(days, 7)
			before, _ := run(quick(), values)
			change.do(values)
			d := New(quick())
			for i, v := range values {
				_, alert := d.Add(start.Add(time.Duration(i)*pace), v)
				if i < at-48 && alert != before[i].alert {
					t.Fatalf("point %d differs though nothing has happened yet", i)
				}
				if !alert || i < at-48 {
					continue
				}
				r := d.Reading()
				if i > at+200 {
					t.Fatalf("first alert %d points late", i-at)
				}
				found := false
				for _, a := range change.lead {
					found = found || a == r.Lead
				}
				if !found {
					t.Errorf("led by aspect %d, want one of %v", r.Lead, change.lead)
				}
				words := r.Words(func(v float64) string { return short(v) })
				if !strings.Contains(words, change.says) && r.Lead == change.lead[0] {
					t.Errorf("says %q, want %q in it", words, change.says)
				}
				return
			}
			t.Fatal("nothing said")
		})
	}
}

func add(v []float64, x float64) {
	for i := range v {
		v[i] += x
	}
}

// A series in other units, from another zero or upside down is as unusual.
func TestUnitsDoNotMatter(t *testing.T) {
	values := office(28, 3)
	values[20*288] = 70
	add(values[24*288:25*288], 9)
	want, _ := run(quick(), values)
	if len(alerts(want)) == 0 {
		t.Fatal("no alert to compare")
	}
	for name, f := range map[string]func(float64) float64{
		"bytes":       func(v float64) float64 { return v * 1e9 },
		"parts":       func(v float64) float64 { return v * 1e-7 },
		"shifted":     func(v float64) float64 { return v + 5000 },
		"both":        func(v float64) float64 { return v*0.37 - 212 },
		"upside down": func(v float64) float64 { return 12 - v },
	} {
		t.Run(name, func(t *testing.T) {
			other := make([]float64, len(values))
			for i, v := range values {
				other[i] = f(v)
			}
			got, _ := run(quick(), other)
			for i := range got {
				if math.Abs(got[i].likelihood-want[i].likelihood) > 0.01 || got[i].alert != want[i].alert {
					t.Fatalf("point %d: %v, in the first unit %v", i, got[i], want[i])
				}
			}
		})
	}
}

func TestKnowsOnlyThePast(t *testing.T) {
	values := office(20, 5)
	values[15*288] = 80
	whole, _ := run(quick(), values)
	for _, n := range []int{600, 3000, 15*288 + 1} {
		prefix := append([]float64(nil), values[:n]...)
		part, _ := run(quick(), append(prefix, 1e6, -1e6, math.NaN()))
		for i := range n {
			if part[i] != whole[i] {
				t.Fatalf("with another future after point %d, point %d is %v instead of %v", n, i, part[i], whole[i])
			}
		}
	}
}

func TestSameTwice(t *testing.T) {
	values := office(20, 6)
	a, da := run(quick(), values)
	b, db := run(quick(), values)
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("point %d: %v, then %v", i, a[i], b[i])
		}
	}
	if *da != *db {
		t.Fatal("two detectors that saw the same are not the same")
	}
}

func TestIgnoresLateRepeatedAndBrokenPoints(t *testing.T) {
	values := office(14, 8)
	values[10*288] = 90
	want, _ := run(quick(), values)
	d := New(quick())
	for i, v := range values {
		at := start.Add(time.Duration(i) * pace)
		if l, a := d.Add(at, v); (said{l, a}) != want[i] {
			t.Fatalf("point %d: %v %v, want %v", i, l, a, want[i])
		}
		for _, bad := range []struct {
			at time.Time
			v  float64
		}{{at, 1e9}, {at.Add(-time.Hour), -1e9}, {at.Add(time.Second), math.NaN()}, {at.Add(time.Second), math.Inf(1)}} {
			if l, a := d.Add(bad.at, bad.v); l != 0 || a {
				t.Fatalf("%v at %v counted", bad.v, bad.at)
			}
		}
	}
}

func TestConstantSeries(t *testing.T) {
	d := New(quick())
	random := rand.New(rand.NewPCG(1, 9))
	at := start
	step := func(v float64) (float64, bool) {
		at = at.Add(pace)
		return d.Add(at, v)
	}
	for range 2000 {
		step(0.1 + random.Float64())
	}
	settled := 0
	for i := range 300_000 { // three years
		if _, alert := step(0.3); alert && i > 2000 {
			settled++
		}
	}
	if settled > 0 {
		t.Errorf("%d alerts of a number that does not change", settled)
	}
	if l, alert := step(0.3000001); !alert {
		t.Errorf("the first change in three years is no alert: %v", l)
	}
	c := quick()
	c.Least = 1
	flat, _ := run(c, append(make([]float64, 1000), 0.05, 0, 0.1))
	if a := alerts(flat); len(a) > 0 {
		t.Errorf("a difference that nobody minds is an alert: %v", a)
	}
	flat, _ = run(c, append(make([]float64, 1000), 50))
	if a := alerts(flat); len(a) != 1 {
		t.Errorf("a large difference is %d alerts, want one", len(a))
	}
}

func TestRestsAfterAnAlert(t *testing.T) {
	values := office(28, 11)
	for i := 15 * 288; i < 15*288+100; i++ {
		values[i] = float64(100 * (i - 15*288 + 1)) // each point beats the last
	}
	got, _ := run(quick(), values)
	n := 0
	for _, a := range alerts(got) {
		if a >= 15*288 && a < 15*288+100 {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d alerts in a row, want one", n)
	}
	c := quick()
	c.MuteFor = 10 * 24 * time.Hour
	got, _ = run(c, values)
	if a := alerts(got); len(a) == 0 {
		t.Error("no alert at all")
	} else {
		for i := 1; i < len(a); i++ {
			if gap := time.Duration(a[i]-a[i-1]) * pace; gap < c.MuteFor {
				t.Errorf("an alert %v after the one before, want %v", gap, c.MuteFor)
			}
		}
	}
}

func TestSaysNothingAtFirst(t *testing.T) {
	values := office(21, 12)
	values[5*288] = 500
	values[13*288] = 900
	got, d := run(Default(), values[:13*288+1])
	for i, s := range got {
		if s != (said{}) {
			t.Fatalf("point %d of the first two weeks: %v", i, s)
		}
	}
	if w := d.Reading().Words(short); !strings.Contains(w, "Too little is known") {
		t.Errorf("says %q", w)
	}
	got, _ = run(Default(), append(values, 5000))
	if last := got[len(got)-1]; !last.alert {
		t.Errorf("a week later: %v", last)
	}
}

// A laptop sleeps at night and is away for weeks.
func TestGaps(t *testing.T) {
	d := New(quick())
	random := rand.New(rand.NewPCG(2, 2))
	at, n := start, 0
	for day := range 60 {
		if day > 30 && day < 45 {
			continue
		}
		at = start.AddDate(0, 0, day).Add(8 * time.Hour)
		for range 100 {
			at = at.Add(time.Duration(1+random.IntN(9)) * time.Minute)
			if _, alert := d.Add(at, 40+random.NormFloat64()); alert {
				n++
			}
		}
	}
	if n > 5 {
		t.Errorf("%d alerts", n)
	}
	if _, alert := d.Add(at.Add(time.Minute), 60); !alert {
		t.Error("no alert of a jump at the end")
	}
}

func TestStaysSmall(t *testing.T) {
	if n := reflect.TypeFor[Detector]().Size(); n > 2560 {
		t.Errorf("a detector is %d bytes, want at most 2560", n)
	}
	values := office(100, 4)
	_, d := run(quick(), values)
	at := start.AddDate(1, 0, 0)
	if n := testing.AllocsPerRun(10_000, func() {
		at = at.Add(pace)
		d.Add(at, 40)
	}); n != 0 {
		t.Errorf("%v allocations a point", n)
	}
}

func FuzzDetector(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4}, 1.0, 0.0)
	f.Add([]byte{0, 0, 0, 255, 0, 0}, math.MaxFloat64, -1e300)
	f.Add([]byte{9, 200, 3}, 5e-324, 1e18)
	f.Fuzz(func(t *testing.T, values []byte, unit, zero float64) {
		d := New(Config{Tuning: Tuned()})
		at := start
		for round := range 8 {
			for _, b := range values {
				at = at.Add(time.Duration(b%7) * time.Minute)
				l, alert := d.Add(at, float64(b)*unit+zero)
				if !(l >= 0 && l <= 1) || alert && l < 0.5 {
					t.Fatalf("round %d: likelihood %v, alert %v", round, l, alert)
				}
			}
		}
		if r := d.Reading(); r.Words(short) == "" {
			t.Fatal("no words")
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	values := office(50, 1)
	d := New(quick())
	at, i := start, 0
	b.ReportAllocs()
	for b.Loop() {
		at = at.Add(pace)
		d.Add(at, values[i%len(values)])
		i++
	}
	b.ReportMetric(float64(reflect.TypeFor[Detector]().Size()), "bytes/series")
}
