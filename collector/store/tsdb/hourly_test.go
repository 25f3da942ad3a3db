package tsdb

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	promtsdb "github.com/prometheus/prometheus/tsdb"

	"muster/collector/store"
	"muster/collector/store/storetest"
	"muster/internal/metric"
	"muster/internal/report"
)

// TestFigureIsNoLabel: the label that names a figure is none of the
// catalogue's.
func TestFigureIsNoLabel(t *testing.T) {
	for _, m := range metric.Catalogue() {
		for _, l := range m.Labels {
			if l.Name == figureLabel {
				t.Errorf("%s has the label %s, by which hourly figures are told apart", m.Name, l.Name)
			}
		}
	}
}

// weeks fills a store with hourly points of one series, from so many days ago
// until so many.
func weeks(t *testing.T, s *running, from, to int) (points int) {
	t.Helper()
	l := report.Layout{{Measurement: "mem", Field: "used_percent"}}
	for at := storetest.Now().AddDate(0, 0, -from); at.Before(storetest.Now().AddDate(0, 0, -to)); at = at.Add(24 * time.Hour) {
		b := store.Batch{Device: "d", Host: "h", Hash: l.Hash(), Layout: l}
		for h := range 24 {
			b.Points = append(b.Points, store.Point{At: at.Add(time.Duration(h) * time.Hour).UnixMilli(), Values: []float64{float64(points)}})
			points++
		}
		if _, err := s.Append(t.Context(), []store.Batch{b}); err != nil {
			t.Fatal(err)
		}
	}
	return points
}

func everyHour() store.SeriesQuery {
	return store.SeriesQuery{Measurement: "mem", Field: "used_percent", From: storetest.Now().AddDate(-1, 0, 0), To: storetest.Now().Add(time.Hour), Step: time.Hour, Aggregate: store.Mean}
}

func countPoints(t *testing.T, s *running) int {
	t.Helper()
	out, err := s.Query(t.Context(), everyHour())
	if err != nil || len(out) != 1 {
		t.Fatalf("%d series, %v", len(out), err)
	}
	for i, p := range out[0].Points {
		if p.Value != float64(i) {
			t.Fatalf("point %d is %g", i, p.Value)
		}
	}
	return len(out[0].Points)
}

// TestMonthsAreJoined: the days of a month that is over become one block, all
// hours are still there, and also after a start in the middle of it.
func TestMonthsAreJoined(t *testing.T) {
	dir := t.TempDir()
	s := start(t, Options{Dir: dir, Now: storetest.Now})
	want := weeks(t, s, 90, 0)
	if err := s.Retain(t.Context(), store.SeriesRetention{Raw: 20 * 24 * time.Hour}, storetest.Now()); err != nil {
		t.Fatal(err)
	}
	// From 17 October to 26 December: two months that are over, and 25 days.
	if n := len(s.hourly.blocks); n != 2+25 {
		t.Errorf("%d blocks, want 27", n)
	}
	if got := countPoints(t, s); got != want {
		t.Errorf("%d hours, want %d", got, want)
	}

	// A crash after two days were joined, before they were deleted; and one
	// before a day was marked.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var days []string
	list, err := filepath.Glob(filepath.Join(dir, hourlyDir, "*", "meta.json"))
	if err != nil {
		t.Fatal(err)
	}
	h := hourly{dir: filepath.Join(dir, hourlyDir), log: s.log}
	if err := h.open(); err != nil {
		t.Fatal(err)
	}
	for _, b := range h.blocks {
		if m := b.Meta(); m.MaxTime-m.MinTime <= dayMS {
			days = append(days, b.Dir())
		}
	}
	if _, err := h.compacted(t.Context(), h.dir, days[:2], nil); err != nil {
		t.Fatal(err)
	}
	if err := h.mark(h.rolled - dayMS); err != nil {
		t.Fatal(err)
	}
	if err := h.close(); err != nil {
		t.Fatal(err)
	}
	again := start(t, Options{Dir: dir, Now: storetest.Now})
	ready(t, again)
	if got := countPoints(t, again); got != want {
		t.Errorf("%d hours after a crash, want %d", got, want)
	}
	if after, _ := filepath.Glob(filepath.Join(dir, hourlyDir, "*", "meta.json")); len(after) != len(list)-2 {
		t.Errorf("%d blocks after a crash, want %d: two joined into one, one taken back", len(after), len(list)-2)
	}
	if err := again.Retain(t.Context(), store.SeriesRetention{Raw: 20 * 24 * time.Hour, Hourly: 30 * 24 * time.Hour}, storetest.Now()); err != nil {
		t.Fatal(err)
	}
	if out, err := again.Query(t.Context(), everyHour()); err != nil || len(out[0].Points) != 30*24 {
		t.Errorf("%d hours of thirty days, %v", len(out[0].Points), err)
	}
}

// TestHourlyInSnapshot: a copy has the figures too.
func TestHourlyInSnapshot(t *testing.T) {
	s := start(t, Options{Dir: t.TempDir(), Now: storetest.Now})
	want := weeks(t, s, 23, 21)
	if err := s.Retain(t.Context(), store.SeriesRetention{Raw: 20 * 24 * time.Hour}, storetest.Now()); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "copy")
	if err := s.Snapshot(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	copied := start(t, Options{Dir: dir, Now: storetest.Now})
	ready(t, copied)
	if got := countPoints(t, copied); got != want {
		t.Errorf("%d hours in the copy, want %d", got, want)
	}
}

// TestManySeriesArePartedAndJoined: a day of more figures than are gathered at
// once is one block.
func TestManySeriesArePartedAndJoined(t *testing.T) {
	s := start(t, Options{Dir: t.TempDir(), Now: storetest.Now})
	dir := filepath.Join(t.TempDir(), "parts")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	day := storetest.Now().AddDate(0, 0, -30).Truncate(24 * time.Hour).UnixMilli()
	p := part{log: s.log, dir: dir}
	_, f, _ := metric.Lookup("mem", "used_percent")
	for n := range 3 {
		h := store.Hour{At: day + int64(n)*3600*1000, Count: 1}
		l := labelsOf(report.Series{Measurement: "mem", Field: "used_percent"}, "d", string(rune('a'+n)))
		if err := p.add(t.Context(), l, f, []store.Hour{h}); err != nil {
			t.Fatal(err)
		}
		if err := p.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	parts, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(parts) != 3 {
		t.Fatalf("%d parts, %v", len(parts), err)
	}
	whole, err := s.hourly.compacted(t.Context(), dir, parts, nil)
	if err != nil || len(whole) != 1 {
		t.Fatalf("joined into %v, %v", whole, err)
	}
	b, err := promtsdb.OpenBlock(s.log, whole[0], nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if m := b.Meta(); m.Stats.NumSeries != 3*5 || m.Stats.NumSamples != 15 {
		t.Errorf("the block has %+v", m.Stats)
	}
}
