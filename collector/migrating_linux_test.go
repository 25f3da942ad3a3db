package collector

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collector/config"
	"muster/collector/migrate"
	"muster/collector/outbox"
	"muster/collector/store"
	"muster/collector/store/influx/influxtest"
	"muster/collector/store/tsdb"
	"muster/internal/inventory"
	"muster/internal/metric"
	"muster/internal/report"
	"muster/internal/settings"
)

// numbersIn opens the store of the settings for f.
func numbersIn(t *testing.T, c config.Config, f func(seriesStore)) {
	t.Helper()
	s, err := openSeries(c.Data, c, time.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	f(s)
	stop()
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// inBlocks waits until what is older is in blocks, which the store makes by itself.
func inBlocks(t *testing.T, c config.Config, until time.Time) {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		p, err := tsdb.Look(filepath.Join(c.Data, seriesFolder), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		to := p.Span().To
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if to >= until.UnixMilli() {
			return
		}
		if time.Since(begin) > 5*time.Minute {
			t.Fatalf("blocks reach to %s only", time.UnixMilli(to))
		}
	}
}

func past() []report.Layout {
	return []report.Layout{
		{{Measurement: "mem", Field: "used_percent"}, {Measurement: "mem", Field: "used"}, {Measurement: "system", Field: "load1"}},
		{{Measurement: "disk", Field: "free", Labels: []report.Label{{Key: "path", Value: `C:\`}}}, {Measurement: "disk", Field: "free", Labels: []report.Label{{Key: "path", Value: "/a b,c=d"}}},
			{Measurement: "net", Field: "bytes_recv", Labels: []report.Label{{Key: "interface", Value: "eth0"}}}},
	}
}

// tell appends points of some devices, one each ten minutes.
func tell(t *testing.T, s store.Series, from, to time.Time) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(from.Unix()), 1))
	for day := from; day.Before(to); day = day.Add(24 * time.Hour) {
		var list []store.Batch
		for d := range 3 {
			for _, l := range past() {
				b := store.Batch{Device: inventory.DeviceID(fmt.Sprintf("0198f0c2-7a10-7000-8000-%012x", d)), Host: fmt.Sprint("pc ", d), Hash: l.Hash(), Layout: l}
				for at := day; at.Before(to) && at.Before(day.Add(24*time.Hour)); at = at.Add(10 * time.Minute) {
					p := store.Point{At: at.UnixMilli() + int64(d)}
					for i, x := range l {
						v := float64(at.Unix()-1_700_000_000) + math.Floor(1000*r.Float64())
						if _, f, _ := metric.Lookup(x.Measurement, x.Field); f.Type == metric.Float {
							v /= 16
						}
						if i == 1 && r.IntN(5) == 0 {
							v = math.NaN()
						}
						p.Values = append(p.Values, v)
					}
					b.Points = append(b.Points, p)
				}
				list = append(list, b)
			}
		}
		if a, err := s.Append(t.Context(), list); err != nil || a.Samples == 0 || a.TooOld+a.Unknown > 0 {
			t.Fatalf("%+v, %v", a, err)
		}
	}
}

// answers are what a store says of all that was told, as text.
func answers(t *testing.T, s store.Series, from, to time.Time) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, l := range past() {
		for _, x := range l {
			for _, q := range []store.SeriesQuery{
				{Step: 0},
				{Step: 6 * time.Hour, Aggregate: store.Mean},
				{Step: 24 * time.Hour, Aggregate: store.Max},
				{Step: 24 * time.Hour, Aggregate: store.Rate},
			} {
				q.Measurement, q.Field, q.From, q.To = x.Measurement, x.Field, from, to
				list, err := s.Query(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				var b strings.Builder
				for _, r := range list {
					labels := fmt.Sprint(r.Labels)
					fmt.Fprintln(&b, strings.ReplaceAll(labels, `C:\`, "C:/"))
					for _, p := range r.Points {
						fmt.Fprintf(&b, "%s %.9g\n", p.At.Format(time.RFC3339Nano), p.Value)
					}
				}
				out[fmt.Sprint(x.Measurement, ".", x.Field, " ", q.Step, " ", q.Aggregate)] = b.String()
			}
		}
	}
	return out
}

// Numbers move to a real InfluxDB while a collector works with them, however
// often that is cut off: all points, all hourly figures, and what came late.
// Then there is a way back.
func TestMigrateNumbers(t *testing.T) {
	t.Parallel()
	server := influxtest.Start(t, influxtest.Options{})
	c := config.Default()
	c.Data = t.TempDir()
	c.Retention.Raw = settings.Duration(2 * 24 * time.Hour)
	now := time.Now().UTC().Truncate(time.Hour)
	from := now.AddDate(0, 0, -5)
	numbersIn(t, c, func(s seriesStore) {
		tell(t, s, from, now.Add(-3*time.Hour))
		inBlocks(t, c, now.Add(-8*time.Hour))
		if err := s.Retain(t.Context(), store.SeriesRetention{Raw: c.Retention.Raw.D(), Hourly: c.Retention.Series.D()}, now); err != nil {
			t.Fatal(err)
		}
	})
	next := c
	next.Stores.Series, next.Influx.URL, next.Influx.Compress = "influx", server.URL, false

	// A collector has the folder: nothing but blocks can be read.
	held, err := outbox.Open(filepath.Join(c.Data, "outbox"), outbox.Options{Sinks: []outbox.Sink{seriesSink(c)}})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(4, 4))
	cut := 0
	try := func(ctx context.Context, left int) (migrate.Outcome, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		return Migrate(ctx, MigrateOrder{Config: next, Tell: func(migrate.Progress) {
			if left--; left == 0 {
				cancel()
			}
		}})
	}
	for _, left := range []int{3, 10, 30, 60, 5, 90} {
		if _, err := try(t.Context(), left+r.IntN(3)); err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			cut++
		}
	}
	if cut < 4 {
		t.Errorf("cut off %d times only", cut)
	}
	got, err := try(t.Context(), -1)
	if err != nil || got.State != migrate.Ready {
		t.Fatalf("beside a collector: %+v, %v", got, err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	// Late reports of a time that was moved, and the newest.
	numbersIn(t, c, func(s seriesStore) {
		l := past()[0]
		b := store.Batch{Device: "late", Host: "late", Hash: l.Hash(), Layout: l}
		for h := range 24 {
			b.Points = append(b.Points, store.Point{At: now.Add(time.Duration(h-45) * time.Hour).UnixMilli(), Values: []float64{1, 2, float64(h)}})
		}
		if _, err := s.Append(t.Context(), []store.Batch{b}); err != nil {
			t.Fatal(err)
		}
		tell(t, s, now.Add(-3*time.Hour), now)
	})
	var want map[string]string
	numbersIn(t, c, func(s seriesStore) {
		if err := s.Retain(t.Context(), store.SeriesRetention{Raw: c.Retention.Raw.D(), Hourly: c.Retention.Series.D()}, now); err != nil {
			t.Fatal(err)
		}
		want = answers(t, s, from.AddDate(0, 0, -1), now)
	})
	for _, left := range []int{4, 20, 40} {
		if _, err := try(t.Context(), left+r.IntN(3)); !errors.Is(err, context.Canceled) {
			t.Fatalf("cut off at %d: %v", left, err)
		}
	}
	// A collector is there again, and is stopped when that is asked for.
	if held, err = outbox.Open(filepath.Join(c.Data, "outbox"), outbox.Options{Sinks: []outbox.Sink{seriesSink(c)}}); err != nil {
		t.Fatal(err)
	}
	asked := false
	got, err = Migrate(t.Context(), MigrateOrder{Config: next, Wait: true, Tell: func(p migrate.Progress) {
		if strings.Contains(p.Note, "stop the collector now") {
			asked = true
			if err := held.Close(); err != nil {
				t.Error(err)
			}
		}
	}})
	if err != nil || got.State != migrate.Moved || !asked {
		t.Fatalf("%+v, %v", got, err)
	}
	if got, err := Migrate(t.Context(), MigrateOrder{Config: next}); err != nil || got.State != migrate.Moved {
		t.Errorf("moved again: %+v, %v", got, err)
	}
	if _, err := os.Stat(got.Report); err != nil {
		t.Error(err)
	}
	if err := unmoved(c.Data, c); err == nil || !strings.Contains(err.Error(), "was moved to InfluxDB") {
		t.Errorf("served as before: %v", err)
	}
	if err := unmoved(c.Data, next); err != nil {
		t.Error(err)
	}
	numbersIn(t, next, func(s seriesStore) {
		have := answers(t, s, from.AddDate(0, 0, -1), now)
		if len(want) < 20 {
			t.Errorf("%d questions", len(want))
		}
		for q, a := range want {
			if len(a) < 100 || strings.Count(a, "\n") < 12 {
				t.Errorf("%s has an answer that tells little: %s", q, a)
			}
			if b := have[q]; a != b {
				la, lb := strings.Split(a, "\n"), strings.Split(b, "\n")
				i := 0
				for i < min(len(la), len(lb)) && la[i] == lb[i] {
					i++
				}
				t.Errorf("%s: %d lines and %d, from line %d on\n%s\n%s", q, len(la), len(lb), i, strings.Join(la[i:min(i+3, len(la))], "\n"), strings.Join(lb[i:min(i+3, len(lb))], "\n"))
			}
		}
	})
	// A second folder has no place there, and there is a way back.
	other := next
	other.Data = t.TempDir()
	o := c
	o.Data = other.Data
	numbersIn(t, o, func(s seriesStore) { tell(t, s, now.Add(-time.Hour), now) })
	if _, err := Migrate(t.Context(), MigrateOrder{Config: other}); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("a full database: %v", err)
	}
	if held, err = outbox.Open(filepath.Join(c.Data, "outbox"), outbox.Options{Sinks: []outbox.Sink{seriesSink(next)}}); err != nil {
		t.Fatal(err)
	}
	if _, err := Migrate(t.Context(), MigrateOrder{Config: next, Back: true}); err == nil || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("back beside a collector: %v", err)
	}
	if _, _, err := held.Append([][]byte{[]byte("a report")}); err != nil {
		t.Fatal(err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Migrate(t.Context(), MigrateOrder{Config: next, Back: true}); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Errorf("back after a report: %v", err)
	}
	if got, err := Migrate(t.Context(), MigrateOrder{Config: next, Back: true, Force: true}); err != nil || got.State != migrate.Back {
		t.Fatalf("back: %+v, %v", got, err)
	}
	if err := unmoved(c.Data, c); err != nil {
		t.Error(err)
	}
	numbersIn(t, c, func(s seriesStore) {
		if err := s.Retain(t.Context(), store.SeriesRetention{Raw: c.Retention.Raw.D(), Hourly: c.Retention.Series.D()}, now); err != nil {
			t.Fatal(err)
		}
		for q, a := range answers(t, s, from.AddDate(0, 0, -1), now) {
			if a != want[q] {
				t.Errorf("%s is another after going back", q)
			}
		}
	})
	left, err := os.ReadDir(c.Data)
	if err != nil || slices.ContainsFunc(left, func(d os.DirEntry) bool { return strings.HasPrefix(d.Name(), "migration") }) {
		t.Errorf("left: %v, %v", left, err)
	}
}
