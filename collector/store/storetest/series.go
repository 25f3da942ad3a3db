package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Now is where the clock of a store under RunSeries stands.
func Now() time.Time { return time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC) }

// SeriesStore is a store.Series to be tested.
type SeriesStore struct {
	// Open makes an empty store whose clock stands at Now. It ends with the
	// test.
	Open func(t *testing.T) store.Series
	// Reopen closes a store and opens it again on what it had; nil for a store
	// that ends with the process.
	Reopen func(t *testing.T, s store.Series) store.Series
	// CountsDoubles: the store tells doubles, and the first value stays.
	CountsDoubles bool
	// RefusesOld: what is further than store.Window behind is counted TooOld.
	RefusesOld bool
	// Uncounted: the store does not say how many series it has.
	Uncounted bool
}

// RunSeries tests what store.Series promises.
func RunSeries(t *testing.T, x SeriesStore) {
	tests := []struct {
		name string
		run  func(*testing.T, SeriesStore)
	}{
		{"idempotence", idempotence},
		{"doubles in one write", doublesInOneWrite},
		{"out of order", outOfOrder},
		{"what is not a number", notNumbers},
		{"unknown names", unknownNames},
		{"lengths that differ", lengths},
		{"aggregates", aggregates},
		{"counter resets", counterResets},
		{"limit", limit},
		{"matchers", matchers},
		{"time edges", timeEdges},
		{"order of answers", order},
		{"a device renamed", renamed},
		{"two layouts with one series", twoLayouts},
		{"future and past", futureAndPast},
		{"retention", retention},
		{"hourly figures", hourly},
		{"hourly figures of points at odd times", oddHours},
		{"queries without sense", nonsense},
		{"many at once", concurrency},
		{"persistence", persistence},
		{"close", closing},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) { c.run(t, x) })
	}
}

const device inventory.DeviceID = "0198f0c2-7a10-7000-8000-000000000001"

// series gives a series of the catalogue: "net.bytes_recv interface=eth0".
func series(text string) report.Series {
	parts := strings.Fields(text)
	m, f, _ := strings.Cut(parts[0], ".")
	s := report.Series{Measurement: m, Field: f}
	for _, p := range parts[1:] {
		k, v, _ := strings.Cut(p, "=")
		s.Labels = append(s.Labels, report.Label{Key: k, Value: v})
	}
	return s
}

func layout(texts ...string) report.Layout {
	var l report.Layout
	for _, x := range texts {
		l = append(l, series(x))
	}
	return l
}

func batch(d inventory.DeviceID, host string, l report.Layout, points ...store.Point) store.Batch {
	return store.Batch{Device: d, Host: host, Hash: l.Hash(), Layout: l, Points: points}
}

func point(at time.Time, values ...float64) store.Point {
	return store.Point{At: at.UnixMilli(), Values: values}
}

func put(t *testing.T, s store.Series, batches ...store.Batch) store.Appended {
	t.Helper()
	done, err := s.Append(t.Context(), batches)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	n := 0
	for _, b := range batches {
		for _, p := range b.Points {
			n += len(p.Values)
		}
	}
	if sum := done.Samples + done.Doubles + done.Future + done.NaN + done.TooOld + done.Unknown; sum != n {
		t.Errorf("%d values were written, but %+v says what became of %d", n, done, sum)
	}
	return done
}

func ask(t *testing.T, s store.Series, q store.SeriesQuery) []store.SeriesResult {
	t.Helper()
	out, err := s.Query(t.Context(), q)
	if err != nil {
		t.Fatalf("query %+v: %v", q, err)
	}
	return out
}

// lastDays asks for the points as stored of the last nine days and the next.
func lastDays(name string) store.SeriesQuery {
	m, f, _ := strings.Cut(name, ".")
	return store.SeriesQuery{Measurement: m, Field: f, From: Now().Add(-9 * 24 * time.Hour), To: Now().Add(24 * time.Hour)}
}

// text writes points down for comparing: "12:00:00=1 12:01:00=2".
func text(points []store.TimeValue) string {
	var b strings.Builder
	for i, p := range points {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s=%g", p.At.UTC().Format("15:04:05.999"), p.Value)
	}
	return b.String()
}

func only(t *testing.T, out []store.SeriesResult) []store.TimeValue {
	t.Helper()
	if len(out) != 1 {
		t.Fatalf("%d series came back, want 1: %v", len(out), out)
	}
	return out[0].Points
}

func idempotence(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	l := layout("cpu.usage_user cpu=cpu-total", "mem.used_percent")
	var points []store.Point
	for i := range 90 {
		points = append(points, point(Now().Add(time.Duration(i-90)*time.Minute), float64(i), float64(2*i)))
	}
	if done := put(t, s, batch(device, "a", l, points...)); done.Samples != 180 {
		t.Fatalf("first write: %+v", done)
	}
	want := text(only(t, ask(t, s, lastDays("cpu.usage_user"))))

	again := func(when string, points []store.Point) {
		t.Helper()
		done := put(t, s, batch(device, "a", l, points...))
		if x.CountsDoubles && (done.Samples != 0 || done.Doubles != 2*len(points)) {
			t.Errorf("%s: %+v, want %d doubles", when, done, 2*len(points))
		}
		if got := text(only(t, ask(t, s, lastDays("cpu.usage_user")))); got != want {
			t.Errorf("%s: the points changed from %s to %s", when, want, got)
		}
	}
	again("the same again", points)
	again("backwards", func() []store.Point { p := slices.Clone(points); slices.Reverse(p); return p }())
	again("the last only", points[89:])
	if x.CountsDoubles {
		var other []store.Point
		for _, p := range points {
			other = append(other, store.Point{At: p.At, Values: []float64{-1, -2}})
		}
		again("other values", other)
	}
	if x.Reopen != nil {
		s = x.Reopen(t, s)
		again("after opening again", points)
		if done := put(t, s, batch(device, "a", l, point(Now(), 90, 180))); done.Samples != 2 {
			t.Errorf("a new point after opening again: %+v", done)
		}
	}
}

func doublesInOneWrite(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	l := layout("cpu.usage_user cpu=cpu-total")
	var points []store.Point
	for _, minute := range []int{5, 5, 3, 4, 3, 9, 5, 9} {
		points = append(points, point(Now().Add(time.Duration(minute-10)*time.Minute), float64(minute)))
	}
	done := put(t, s, batch(device, "a", l, points[:4]...), batch(device, "a", l, points[4:]...))
	if x.CountsDoubles && (done.Samples != 4 || done.Doubles != 4) {
		t.Errorf("%+v, want 4 samples and 4 doubles", done)
	}
	if got, want := text(only(t, ask(t, s, lastDays("cpu.usage_user")))), "11:53:00=3 11:54:00=4 11:55:00=5 11:59:00=9"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// outOfOrder is a fleet's week of spools arriving in any order.
func outOfOrder(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	r := rand.New(rand.NewPCG(1, 2))
	l := layout("cpu.usage_user cpu=cpu-total", "mem.used_percent")
	const n = 600
	var points []store.Point
	for i := range n {
		// 8 days in n steps, from the oldest to now.
		at := Now().Add(-8 * 24 * time.Hour).Add(time.Duration(i) * 8 * 24 * time.Hour / n).Truncate(time.Second)
		points = append(points, point(at, float64(i), float64(-i)))
	}
	want := make([]store.TimeValue, n)
	for i, p := range points {
		want[i] = store.TimeValue{At: time.UnixMilli(p.At), Value: p.Values[0]}
	}
	r.Shuffle(n, func(i, j int) { points[i], points[j] = points[j], points[i] })
	other := device[:len(device)-1] + "2" // keeps the clock of the store going
	put(t, s, batch(other, "b", l, point(Now(), 1, 1)))
	for len(points) > 0 {
		k := min(1+r.IntN(60), len(points))
		if done := put(t, s, batch(device, "a", l, points[:k]...)); done.Samples != 2*k {
			t.Fatalf("%+v, want %d samples", done, 2*k)
		}
		points = points[k:]
	}
	q := lastDays("cpu.usage_user")
	q.Matchers = []store.Matcher{{Label: store.LabelDevice, Values: []string{string(device)}}}
	if got := only(t, ask(t, s, q)); text(got) != text(want) {
		t.Errorf("%d points came back, want %d in order:\n%s\n%s", len(got), n, text(got), text(want))
	}
}

func notNumbers(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	l := layout("cpu.usage_user cpu=cpu-total", "mem.used_percent")
	at := func(m int) time.Time { return Now().Add(time.Duration(m) * time.Minute) }
	done := put(t, s, batch(device, "a", l,
		point(at(-4), 1, math.NaN()), point(at(-3), math.NaN(), math.NaN()),
		point(at(-2), math.Inf(1), 2), point(at(-1), math.Inf(-1), math.NaN())))
	if done.NaN != 6 || done.Samples != 2 {
		t.Errorf("%+v, want 6 NaN and 2 samples", done)
	}
	// What was NaN may still be filled in by the same time's value.
	if done := put(t, s, batch(device, "a", l, point(at(-3), 3, math.NaN()))); done.Samples != 1 {
		t.Errorf("%+v, want 1 sample", done)
	}
	if got, want := text(only(t, ask(t, s, lastDays("cpu.usage_user")))), "11:56:00=1 11:57:00=3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := text(only(t, ask(t, s, lastDays("mem.used_percent")))), "11:58:00=2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func unknownNames(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	l := layout(
		"cpu.usage_user cpu=cpu-total",
		"cpu.no_such_field cpu=cpu-total",
		"no_such.usage_user",
		"cpu.usage_user no_such_label=1",
		"cpu.usage_user device_id=0198f0c2-7a10-7000-8000-00000000dead",
		"cpu.usage_user host=b",
		"cpu.usage_user __name__=mem_used",
		"cpu.usage_user cpu=a cpu=b",
		"mem.used_percent",
	)
	done := put(t, s, batch(device, "a", l, point(Now(), 1, 2, 3, 4, 5, 6, 7, 8, 9)))
	if done.Samples != 2 || done.Unknown != 7 {
		t.Errorf("%+v, want 2 samples and 7 unknown", done)
	}
	out := ask(t, s, lastDays("cpu.usage_user"))
	if got := text(only(t, out)); got != "12:00:00=1" {
		t.Errorf("got %s", got)
	}
	want := map[string]string{"cpu": "cpu-total", "device_id": string(device), "host": "a"}
	if !maps.Equal(out[0].Labels, want) {
		t.Errorf("labels are %v, want %v", out[0].Labels, want)
	}
}

func lengths(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	l := layout("cpu.usage_user cpu=cpu-total", "mem.used_percent")
	done := put(t, s, batch(device, "a", l, point(Now().Add(-time.Minute), 1), point(Now(), 1, 2, 3), point(Now().Add(time.Minute), 4, 5)))
	if done.Samples != 2 || done.Unknown != 4 {
		t.Errorf("%+v, want 2 samples and 4 unknown", done)
	}
	if done := put(t, s); done != (store.Appended{}) {
		t.Errorf("nothing written: %+v", done)
	}
	if done := put(t, s, batch(device, "a", nil), batch(device, "a", l)); done != (store.Appended{}) {
		t.Errorf("batches without points: %+v", done)
	}
}

func renamed(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	l := layout("cpu.usage_user cpu=cpu-total")
	put(t, s, batch(device, "old", l, point(Now().Add(-3*time.Minute), 1)))
	put(t, s, batch(device, "new", l, point(Now().Add(-2*time.Minute), 2)))
	put(t, s, batch(device, "old", l, point(Now().Add(-time.Minute), 3)))
	var got []string
	for _, r := range ask(t, s, lastDays("cpu.usage_user")) {
		got = append(got, r.Labels[store.LabelHost]+": "+text(r.Points))
	}
	want := []string{"new: 11:58:00=2", "old: 11:57:00=1 11:59:00=3"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// twoLayouts is a device whose layout changes and changes back.
func twoLayouts(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	a := layout("cpu.usage_user cpu=cpu-total", "disk.free path=/")
	b := layout("disk.free path=/home", "cpu.usage_user cpu=cpu-total", "disk.free path=/")
	at := func(m int) time.Time { return Now().Add(time.Duration(m-10) * time.Minute) }
	write := func() {
		put(t, s, batch(device, "a", a, point(at(1), 1, 10)))
		put(t, s, batch(device, "a", b, point(at(2), 100, 2, 20)), batch(device, "a", a, point(at(3), 3, 30)))
		put(t, s, batch(device, "a", b, point(at(4), 100, 4, 40)))
	}
	write()
	write()
	if got, want := text(only(t, ask(t, s, lastDays("cpu.usage_user")))), "11:51:00=1 11:52:00=2 11:53:00=3 11:54:00=4"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if n := len(ask(t, s, lastDays("disk.free"))); n != 2 {
		t.Errorf("%d series of disk.free, want 2", n)
	}
}

func futureAndPast(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	l := layout("cpu.usage_user cpu=cpu-total")
	done := put(t, s, batch(device, "a", l, point(Now(), 1), point(Now().Add(10*time.Minute), 2), point(Now().Add(store.Ahead+time.Millisecond), 3), point(Now().AddDate(30, 0, 0), 4)))
	if done.Samples != 2 || done.Future != 2 {
		t.Errorf("%+v, want 2 samples and 2 of the future", done)
	}
	done = put(t, s, batch(device, "a", l, point(Now().Add(-8*24*time.Hour), 5)))
	if done.Samples != 1 {
		t.Errorf("eight days behind: %+v", done)
	}
	if x.RefusesOld {
		done = put(t, s, batch(device, "a", l, point(Now().Add(-store.Window-time.Minute), 6), point(time.UnixMilli(0), 6), point(time.UnixMilli(-1), 6)))
		if done.TooOld != 3 {
			t.Errorf("further behind than the window: %+v", done)
		}
	}
	if n := len(only(t, ask(t, s, lastDays("cpu.usage_user")))); n != 3 {
		t.Errorf("%d points, want 3", n)
	}
}

// kept is a retention without hourly figures.
func kept(d time.Duration) store.SeriesRetention { return store.SeriesRetention{Hourly: d} }

func retention(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	l := layout("net.bytes_recv interface=eth0")
	for d := -7; d <= 0; d++ {
		put(t, s, batch(device, "a", l, point(Now().AddDate(0, 0, d), float64(d+7))))
	}
	if err := s.Retain(t.Context(), kept(3*24*time.Hour), Now()); err != nil {
		t.Fatal(err)
	}
	values := func() (v []float64) {
		for _, p := range only(t, ask(t, s, lastDays("net.bytes_recv"))) {
			v = append(v, p.Value)
		}
		return v
	}
	if got, want := values(), []float64{4, 5, 6, 7}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	q := lastDays("net.bytes_recv")
	q.Step, q.Aggregate = 4*24*time.Hour, store.Rate // no rate from a point that was dropped
	for _, r := range ask(t, s, q) {
		for _, p := range r.Points {
			if math.Abs(p.Value-1.0/86400) > 1e-12 {
				t.Errorf("rate is %g, want %g", p.Value, 1.0/86400)
			}
		}
	}
	if done := put(t, s, batch(device, "a", l, point(Now().AddDate(0, 0, -4), 3))); done.TooOld != 1 {
		t.Errorf("a point that is to be dropped: %+v", done)
	}
	if err := s.Retain(t.Context(), kept(time.Hour), Now().AddDate(0, 0, 30)); err != nil {
		t.Fatal(err)
	}
	if out := ask(t, s, lastDays("net.bytes_recv")); len(out) != 0 {
		t.Errorf("all is old, but %v came back", out)
	}
}

// concurrency has writers of their own and of one common device, readers,
// retention and the rest at the same time; then all must be there.
func concurrency(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	l := layout("cpu.usage_user cpu=cpu-total", "mem.used_percent", "disk.free path=/")
	const writers, rounds = 4, 40
	var writing, others sync.WaitGroup
	stop := make(chan struct{})
	for k := range writers {
		writing.Go(func() {
			own := inventory.DeviceID(fmt.Sprintf("dev-%d", k))
			for i := range rounds {
				at := Now().Add(time.Duration(i-rounds) * time.Minute)
				_, err := s.Append(t.Context(), []store.Batch{
					batch(own, "a", l, point(at, 1, 2, 3)),
					batch(device, "a", l, point(at, float64(i), 2, 3)), // all write the same
				})
				if err != nil {
					t.Errorf("append: %v", err)
				}
			}
		})
	}
	for range 2 {
		others.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := s.Query(t.Context(), lastDays("cpu.usage_user")); err != nil {
					t.Errorf("query: %v", err)
				}
				if _, err := s.Stats(t.Context()); err != nil {
					t.Errorf("stats: %v", err)
				}
				if err := s.Retain(t.Context(), kept(90*24*time.Hour), Now()); err != nil {
					t.Errorf("retain: %v", err)
				}
				if err := s.Sync(t.Context()); err != nil {
					t.Errorf("sync: %v", err)
				}
			}
		})
	}
	writing.Wait()
	close(stop)
	others.Wait()
	out := ask(t, s, lastDays("cpu.usage_user"))
	if len(out) != writers+1 {
		t.Fatalf("%d series, want %d", len(out), writers+1)
	}
	for _, r := range out {
		if len(r.Points) != rounds {
			t.Errorf("%v has %d points, want %d", r.Labels, len(r.Points), rounds)
		}
	}
	stats, err := s.Stats(t.Context())
	if err != nil || stats.Ready != 1 || !x.Uncounted && stats.Series < int64(3*(writers+1)) {
		t.Errorf("stats are %+v, error %v", stats, err)
	}
}

func persistence(t *testing.T, x SeriesStore) {
	if x.Reopen == nil {
		return // a store that ends with the process promises nothing here
	}
	s := x.Open(t)
	l := layout("cpu.usage_user cpu=cpu-total", "mem.used_percent")
	var points []store.Point
	for i := range 300 {
		points = append(points, point(Now().Add(time.Duration(i-300)*time.Minute), float64(i), -float64(i)))
	}
	put(t, s, batch(device, "a", l, points[200:]...))
	put(t, s, batch(device, "a", l, points[:100]...)) // behind
	want := text(only(t, ask(t, s, lastDays("mem.used_percent"))))
	s = x.Reopen(t, s)
	if got := text(only(t, ask(t, s, lastDays("mem.used_percent")))); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	put(t, s, batch(device, "a", l, points[100:200]...))
	s = x.Reopen(t, s)
	if n := len(only(t, ask(t, s, lastDays("mem.used_percent")))); n != 300 {
		t.Errorf("%d points, want 300", n)
	}
}

func closing(t *testing.T, x SeriesStore) {
	s := x.Open(t)
	put(t, s, batch(device, "a", layout("mem.used_percent"), point(Now(), 1)))

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Append(ended, []store.Batch{batch(device, "a", layout("mem.used_percent"), point(Now().Add(time.Minute), 2))}); !errors.Is(err, context.Canceled) {
		t.Errorf("append under an ended context: %v", err)
	}

	if err := s.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	_, appendErr := s.Append(t.Context(), nil)
	_, queryErr := s.Query(t.Context(), lastDays("mem.used_percent"))
	_, statsErr := s.Stats(t.Context())
	for name, err := range map[string]error{"append": appendErr, "query": queryErr, "stats": statsErr,
		"retain": s.Retain(t.Context(), kept(time.Hour), Now()), "sync": s.Sync(t.Context())} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s after close: %v, want ErrClosed", name, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}
