package storetest

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// aggregates compares answers with sums done anew over random points: gauges
// and counters, with holes, resets and steps of all sizes.
func aggregates(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	r := rand.New(rand.NewPCG(3, 4))
	l := layout("net.bytes_recv interface=eth0")
	from := Now().Add(-6 * time.Hour)
	var points []store.Point
	value := 0.0
	for at := from; at.Before(Now()); {
		switch r.IntN(12) {
		case 0:
			at = at.Add(time.Duration(1+r.IntN(900)) * time.Second) // a hole
		case 1:
			value = float64(r.IntN(5)) // a reset
		}
		points = append(points, point(at, value))
		value += float64(r.IntN(1000))
		at = at.Add(time.Duration(20_000+r.IntN(80_000)) * time.Millisecond)
	}
	put(t, s, batch(device, "a", l, points...))

	steps := []time.Duration{time.Second, 37 * time.Second, time.Minute, 5 * time.Minute, 7 * time.Minute, time.Hour, 24 * time.Hour}
	for i := range 150 {
		q := store.SeriesQuery{Measurement: "net", Field: "bytes_recv", Step: steps[r.IntN(len(steps))],
			Aggregate: []store.Aggregate{store.Mean, store.Min, store.Max, store.Last, store.Rate}[i%5]}
		q.From = from.Add(time.Duration(r.Int64N(int64(6 * time.Hour))))
		q.To = q.From.Add(1 + time.Duration(r.Int64N(int64(2*time.Hour))))
		if r.IntN(3) == 0 {
			q.From, q.To = q.From.Truncate(time.Minute), q.To.Truncate(time.Minute).Add(time.Minute)
		}
		want := naive(points, q)
		out := ask(t, s, q)
		if len(want) == 0 {
			if len(out) != 0 {
				t.Errorf("%+v: got %v, want nothing", q, out)
			}
			continue
		}
		got := only(t, out)
		same := slices.EqualFunc(got, want, func(a, b store.TimeValue) bool {
			return a.At.Equal(b.At) && math.Abs(a.Value-b.Value) <= 1e-9*math.Max(1, math.Abs(b.Value))
		})
		if !same {
			t.Fatalf("%+v:\n got %s\nwant %s", q, text(got), text(want))
		}
	}
}

// naive answers by going through all points once for each step.
func naive(points []store.Point, q store.SeriesQuery) []store.TimeValue {
	var out []store.TimeValue
	step := q.Step.Milliseconds()
	for start := q.From.UnixMilli() / step * step; start < q.To.UnixMilli()+1; start += step {
		var in []float64
		var rises, seconds float64
		for i, p := range points {
			at := time.UnixMilli(p.At)
			if p.At < start || p.At >= start+step || at.Before(q.From) || !at.Before(q.To) {
				continue
			}
			v := p.Values[0]
			in = append(in, v)
			if i > 0 {
				gap := p.At - points[i-1].At
				if old := points[i-1].Values[0]; v >= old && gap <= max(step, 330_000) {
					rises += v - old
					seconds += float64(gap) / 1000
				}
			}
		}
		if len(in) == 0 || q.Aggregate == store.Rate && seconds == 0 {
			continue
		}
		var v float64
		switch q.Aggregate {
		case store.Mean:
			for _, f := range in {
				v += f / float64(len(in))
			}
		case store.Min:
			v = slices.Min(in)
		case store.Max:
			v = slices.Max(in)
		case store.Last:
			v = in[len(in)-1]
		case store.Rate:
			v = rises / seconds
		}
		out = append(out, store.TimeValue{At: time.UnixMilli(start), Value: v})
	}
	return out
}

func counterResets(t *testing.T, x SeriesStore) {
	// Points each minute from 11:00 on; the query is from 11:02 to 11:08.
	tests := []struct {
		name   string
		values []float64 // NaN: none
		step   time.Duration
		want   string
	}{
		{"steady", []float64{0, 60, 120, 180, 240, 300, 360, 420}, time.Minute,
			"11:02:00=1 11:03:00=1 11:04:00=1 11:05:00=1 11:06:00=1 11:07:00=1"},
		{"reset", []float64{600, 660, 720, 0, 60, 120, 180, 240}, 2 * time.Minute, "11:02:00=1 11:04:00=1 11:06:00=1"},
		{"reset alone in its step", []float64{600, 660, 720, 0, 60, 120, 180, 240}, time.Minute,
			"11:02:00=1 11:04:00=1 11:05:00=1 11:06:00=1 11:07:00=1"},
		{"no point before", []float64{math.NaN(), math.NaN(), 0, 60, 120}, time.Minute, "11:03:00=1 11:04:00=1"},
		{"the point before lies in a step before", []float64{0, math.NaN(), math.NaN(), 180}, time.Minute, "11:03:00=1"},
		{"standing still", []float64{5, 5, 5, 5}, time.Minute, "11:02:00=0 11:03:00=0"},
		{"five minutes apart", []float64{0, math.NaN(), math.NaN(), math.NaN(), math.NaN(), 600}, time.Minute, "11:05:00=2"},
		{"six minutes apart", []float64{0, math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), 600}, time.Minute, ""},
		{"six minutes apart, in a long step", []float64{0, math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), 720}, time.Hour, "11:00:00=2"},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			s := x.Open(t)
			start := Now().Add(-time.Hour)
			var points []store.Point
			for i, v := range c.values {
				points = append(points, point(start.Add(time.Duration(i)*time.Minute), v))
			}
			put(t, s, batch(device, "a", layout("net.bytes_recv interface=eth0"), points...))
			out := ask(t, s, store.SeriesQuery{Measurement: "net", Field: "bytes_recv", Aggregate: store.Rate, Step: c.step,
				From: start.Add(2 * time.Minute), To: start.Add(8 * time.Minute)})
			got := ""
			if len(out) > 0 {
				got = text(only(t, out))
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func limit(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	var l report.Layout
	var values []float64
	for i := range 1001 {
		l = append(l, series(fmt.Sprintf("cpu.usage_user cpu=cpu%d", i)))
		values = append(values, float64(i))
	}
	put(t, s, batch(device, "a", l, point(Now(), values...)))
	q := lastDays("cpu.usage_user")
	for _, c := range []struct {
		limit int
		ok    bool
	}{{0, false}, {1000, false}, {1001, true}, {1, false}} {
		q.Limit = c.limit
		out, err := s.Query(t.Context(), q)
		if c.ok && (err != nil || len(out) != 1001) || !c.ok && !errors.Is(err, store.ErrLimit) {
			t.Errorf("limit %d: %d series, error %v", c.limit, len(out), err)
		}
	}
	q.Limit, q.Matchers = 1, []store.Matcher{{Label: "cpu", Values: []string{"cpu7"}}}
	if got := text(only(t, ask(t, s, q))); got != "12:00:00=7" {
		t.Errorf("got %s", got)
	}
	// Series without points in the range do not count.
	q = lastDays("cpu.usage_user")
	q.From = Now().Add(time.Minute)
	if out := ask(t, s, q); len(out) != 0 {
		t.Errorf("%d series came back for a range without points", len(out))
	}
}

func matchers(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	l := layout("disk.free path=/", "disk.free path=/home fstype=ext4", "disk.free path=C:", "disk.free path=/a|b", "disk.free path=/a.b", "disk.free path=/axb")
	put(t, s, batch(device, "a", l, point(Now(), 0, 1, 2, 3, 4, 5)))
	tests := []struct {
		name string
		in   []store.Matcher
		want []float64
	}{
		{"none", nil, []float64{0, 1, 2, 3, 4, 5}},
		{"equal", []store.Matcher{{Label: "path", Values: []string{"/"}}}, []float64{0}},
		{"not equal", []store.Matcher{{Label: "path", Values: []string{"/"}, Not: true}}, []float64{1, 2, 3, 4, 5}},
		{"alternatives", []store.Matcher{{Label: "path", Values: []string{"/", "C:", "/none"}}}, []float64{0, 2}},
		{"no alternatives of", []store.Matcher{{Label: "path", Values: []string{"/", "C:"}, Not: true}}, []float64{1, 3, 4, 5}},
		{"signs of patterns", []store.Matcher{{Label: "path", Values: []string{"/a|b", "/a.b"}}}, []float64{3, 4}},
		{"a pattern is a text", []store.Matcher{{Label: "path", Values: []string{".*", "/.*"}}}, nil},
		{"both must hold", []store.Matcher{{Label: "path", Values: []string{"/home", "/"}}, {Label: "fstype", Values: []string{"ext4"}}}, []float64{1}},
		{"absent label", []store.Matcher{{Label: "fstype", Values: []string{""}}}, []float64{0, 2, 3, 4, 5}},
		{"absent or", []store.Matcher{{Label: "fstype", Values: []string{"", "ext4"}}}, []float64{0, 1, 2, 3, 4, 5}},
		{"present label", []store.Matcher{{Label: "fstype", Values: []string{""}, Not: true}}, []float64{1}},
		{"neither absent nor", []store.Matcher{{Label: "fstype", Values: []string{"", "ext4"}, Not: true}}, nil},
		{"nothing allowed", []store.Matcher{{Label: "path"}}, nil},
		{"nothing excluded", []store.Matcher{{Label: "path", Not: true}}, []float64{0, 1, 2, 3, 4, 5}},
		{"device", []store.Matcher{{Label: store.LabelDevice, Values: []string{string(device), "x"}}}, []float64{0, 1, 2, 3, 4, 5}},
		{"other device", []store.Matcher{{Label: store.LabelDevice, Values: []string{"x"}}}, nil},
		{"unknown label", []store.Matcher{{Label: "no_such", Values: []string{"x"}}}, nil},
	}
	for _, c := range tests {
		q := lastDays("disk.free")
		q.Matchers = c.in
		var got []float64
		for _, r := range ask(t, s, q) {
			got = append(got, r.Points[0].Value)
		}
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func timeEdges(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	at := func(sec int) time.Time { return Now().Add(-time.Hour).Add(time.Duration(sec) * time.Second) }
	var points []store.Point
	for i := range 7 {
		points = append(points, point(at(30*i), float64(i)))
	}
	put(t, s, batch(device, "a", layout("cpu.usage_user cpu=cpu-total"), points...))
	tests := []struct {
		name     string
		from, to time.Time
		step     time.Duration
		as       store.Aggregate
		want     string
	}{
		{"from is in, to is not", at(30), at(90), 0, "", "11:00:30=1 11:01:00=2"},
		{"a little after", at(30).Add(1), at(90).Add(1), 0, store.Last, "11:01:00=2 11:01:30=3"},
		{"one millisecond", at(60), at(60).Add(time.Millisecond), 0, "", "11:01:00=2"},
		{"less than a millisecond", at(60), at(60).Add(1), 0, "", "11:01:00=2"},
		{"steps are aligned", at(30), at(150), time.Minute, store.Max, "11:00:00=1 11:01:00=3 11:02:00=4"},
		{"a step longer than the range", at(30), at(120), time.Hour, store.Min, "11:00:00=1"},
		{"mean", at(0), at(120), time.Minute, store.Mean, "11:00:00=0.5 11:01:00=2.5"},
		{"last is the default", at(0), at(120), time.Minute, "", "11:00:00=1 11:01:00=3"},
		{"steps without points", at(0), at(60), 10 * time.Second, store.Last, "11:00:00=0 11:00:30=1"},
		{"nothing there", at(3000), at(3060), time.Minute, store.Mean, ""},
	}
	for _, c := range tests {
		out := ask(t, s, store.SeriesQuery{Measurement: "cpu", Field: "usage_user", From: c.from, To: c.to, Step: c.step, Aggregate: c.as})
		got := ""
		if len(out) > 0 {
			got = text(only(t, out))
			if loc := out[0].Points[0].At.Location(); loc != time.UTC {
				t.Errorf("%s: times are in %s, want UTC", c.name, loc)
			}
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func order(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	l := layout("disk.free path=/z", "disk.free path=/", "disk.free path=/ fstype=ext4", "disk.free path=/a", "disk.free device=sda path=/", "disk.free path=/Z")
	for i, d := range []inventory.DeviceID{"dev-2", "dev-10", "dev-1"} {
		put(t, s, batch(d, []string{"b", "a", ""}[i], l, point(Now(), 1, 2, 3, 4, 5, 6)))
	}
	out := ask(t, s, lastDays("disk.free"))
	if len(out) != 18 {
		t.Fatalf("%d series, want 18", len(out))
	}
	if !slices.IsSortedFunc(out, func(a, b store.SeriesResult) int { return store.CompareLabels(a.Labels, b.Labels) }) {
		for _, r := range out {
			t.Errorf("not sorted: %v", r.Labels)
		}
	}
}

func nonsense(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	good := store.SeriesQuery{Measurement: "cpu", Field: "usage_user", From: Now().Add(-time.Hour), To: Now(), Step: time.Minute, Aggregate: store.Mean}
	tests := []struct {
		name string
		turn func(*store.SeriesQuery)
	}{
		{"unknown field", func(q *store.SeriesQuery) { q.Field = "no_such" }},
		{"unknown measurement", func(q *store.SeriesQuery) { q.Measurement = "no_such" }},
		{"no time", func(q *store.SeriesQuery) { q.To = q.From }},
		{"backwards", func(q *store.SeriesQuery) { q.From, q.To = q.To, q.From }},
		{"negative step", func(q *store.SeriesQuery) { q.Step = -time.Minute }},
		{"part of a millisecond", func(q *store.SeriesQuery) { q.Step = time.Microsecond }},
		{"aggregate without step", func(q *store.SeriesQuery) { q.Step = 0 }},
		{"unknown aggregate", func(q *store.SeriesQuery) { q.Aggregate = "median" }},
		{"negative limit", func(q *store.SeriesQuery) { q.Limit = -1 }},
		{"matcher without label", func(q *store.SeriesQuery) { q.Matchers = []store.Matcher{{Values: []string{"x"}}} }},
	}
	for _, c := range tests {
		q := good
		c.turn(&q)
		if _, err := s.Query(t.Context(), q); !errors.Is(err, store.ErrQuery) {
			t.Errorf("%s: %v, want ErrQuery", c.name, err)
		}
	}
	if out := ask(t, s, good); len(out) != 0 {
		t.Errorf("an empty store answered %v", out)
	}
}
