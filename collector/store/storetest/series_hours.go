package storetest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"muster/collector/store"
)

// fortnight is twelve days of points, ten minutes apart, of a counter and a
// gauge that wanders.
func fortnight() (points []store.Point, start time.Time) {
	r := rand.New(rand.NewPCG(5, 6))
	start = Now().Add(-12 * 24 * time.Hour)
	level := 50.0
	for at := start; at.Before(Now()); at = at.Add(10 * time.Minute) {
		level = min(max(level+r.NormFloat64(), 0), 100)
		points = append(points, point(at, math.Trunc(at.Sub(start).Seconds()*7), level))
	}
	return points, start
}

// hourly: what is older than raw points are kept is answered from hourly
// figures, by the same questions.
func hourly(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	points, start := fortnight()
	l := layout("net.bytes_recv interface=eth0", "mem.used_percent")
	for some := range slices.Chunk(points, 144) { // a day: a store may take nothing that is far behind
		put(t, s, batch(device, "a", l, some...), batch("dev-2", "b", l, some...))
	}
	keep := store.SeriesRetention{Raw: 3 * 24 * time.Hour}
	retain := func(keep store.SeriesRetention) {
		t.Helper()
		if err := s.Retain(t.Context(), keep, Now()); err != nil {
			t.Fatal(err)
		}
	}
	rolled := Now().Add(-keep.Raw).Truncate(24 * time.Hour)
	only2 := []store.Matcher{{Label: store.LabelDevice, Values: []string{"dev-2"}}}
	ask2 := func(field string, step time.Duration, as store.Aggregate) []store.TimeValue {
		t.Helper()
		q := store.SeriesQuery{Measurement: "mem", Field: "used_percent", Step: step, Aggregate: as, From: Now().AddDate(-1, 0, 0), To: Now().Add(time.Minute), Matchers: only2}
		if field == "counter" {
			q.Measurement, q.Field = "net", "bytes_recv"
		}
		out := ask(t, s, q)
		if len(out) != 1 || out[0].Labels[store.LabelHost] != "b" || len(out[0].Labels) > 3 {
			t.Fatalf("%s, step %s, %s: %d series, want that of one device: %v", field, step, as, len(out), out)
		}
		return out[0].Points
	}
	check := func(when string) {
		t.Helper()
		for _, step := range []time.Duration{time.Hour, 6 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour} {
			for _, as := range []store.Aggregate{store.Mean, store.Min, store.Max, store.Last} {
				q := store.SeriesQuery{Step: step, Aggregate: as, From: start, To: Now()}
				want := naive(gauge(points), q)
				if got := ask2("gauge", step, as); !near(got, want) {
					t.Errorf("%s, step %s, %s:\n got %s\nwant %s", when, step, as, text(got), text(want))
				}
			}
			for _, p := range ask2("counter", step, store.Rate) {
				if math.Abs(p.Value-7) > 1e-6 {
					t.Errorf("%s, step %s: the rate is %g at %s, want 7", when, step, p.Value, p.At)
				}
			}
		}
		// Finer than there is: a value an hour before, all points after.
		for _, step := range []time.Duration{0, 10 * time.Minute} {
			old, young := 0, 0
			for _, p := range ask2("gauge", step, store.Last) {
				if p.At.Before(rolled) {
					old++
					if p.At.Truncate(time.Hour) != p.At {
						t.Errorf("%s, step %s: a point at %s, where only whole hours are", when, step, p.At)
					}
				} else {
					young++
				}
			}
			if hours := int(rolled.Sub(start).Hours()); old != hours || young != int(Now().Sub(rolled)/(10*time.Minute)) {
				t.Errorf("%s, step %s: %d hours and %d points, want %d and %d", when, step, old, young, hours, int(Now().Sub(rolled)/(10*time.Minute)))
			}
		}
	}
	retain(keep)
	check("after they were made")
	retain(keep)
	check("made again")
	if done := put(t, s, batch(device, "a", l, point(rolled.Add(-time.Minute), 1, 1))); done.TooOld != 2 {
		t.Errorf("a point that comes after its hour was made: %+v, want 2 too old", done)
	}
	if x.Reopen != nil {
		s = x.Reopen(t, s)
		retain(keep)
		check("after opening again")
	}
	// A day later one more day is made.
	if err := s.Retain(t.Context(), keep, Now().Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	rolled = rolled.Add(24 * time.Hour)
	check("a day later")
	keep.Hourly = 6 * 24 * time.Hour
	retain(keep)
	if got := ask2("gauge", time.Hour, store.Mean); got[0].At.Before(Now().Add(-keep.Hourly - time.Hour)) {
		t.Errorf("a figure of %s is there, where they are kept for %s", got[0].At, keep.Hourly)
	}
}

// oddHours: points at any times, with holes and resets, over the seam between
// figures and points.
func oddHours(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	r := rand.New(rand.NewPCG(7, 8))
	from := Now().Add(-5 * 24 * time.Hour)
	var points []store.Point
	value := 0.0
	for at := from; at.Before(Now()); at = at.Add(time.Duration(20_000+r.IntN(400_000)) * time.Millisecond) {
		if r.IntN(40) == 0 {
			at = at.Add(time.Duration(r.IntN(200)) * time.Minute)
		}
		if r.IntN(50) == 0 {
			value = 0
		}
		points = append(points, point(at, math.Trunc(value)))
		value += 100 * r.Float64()
	}
	put(t, s, batch(device, "a", layout("net.bytes_recv interface=eth0"), points...))
	if err := s.Retain(t.Context(), store.SeriesRetention{Raw: 2 * 24 * time.Hour}, Now()); err != nil {
		t.Fatal(err)
	}
	rolled := Now().Add(-2 * 24 * time.Hour).Truncate(24 * time.Hour)
	for _, as := range []store.Aggregate{store.Mean, store.Min, store.Max, store.Last, store.Rate} {
		for _, step := range []time.Duration{time.Hour, 5 * time.Hour, 24 * time.Hour} {
			q := store.SeriesQuery{Measurement: "net", Field: "bytes_recv", Step: step, Aggregate: as, From: from.Truncate(time.Hour), To: Now()}
			got, want := only(t, ask(t, s, q)), naive(points, q)
			if as == store.Rate {
				if step > time.Hour {
					continue // pairs may be as far apart as a step: figures have an hour
				}
				// The pair over the seam is known to neither side.
				seam := func(p store.TimeValue) bool {
					return !p.At.Before(rolled.Add(-step)) && p.At.Before(rolled.Add(step))
				}
				got, want = slices.DeleteFunc(got, seam), slices.DeleteFunc(want, seam)
			}
			if !near(got, want) {
				t.Errorf("%s, step %s:\n got %s\nwant %s", as, step, text(got), text(want))
			}
		}
	}
}

// gauge are points with their second value alone.
func gauge(points []store.Point) []store.Point {
	var out []store.Point
	for _, p := range points {
		out = append(out, store.Point{At: p.At, Values: p.Values[1:]})
	}
	return out
}

func near(got, want []store.TimeValue) bool {
	return slices.EqualFunc(got, want, func(a, b store.TimeValue) bool {
		return a.At.Equal(b.At) && math.Abs(a.Value-b.Value) <= 1e-9*math.Max(1, math.Abs(b.Value))
	})
}
