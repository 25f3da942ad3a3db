package tsdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunks"

	"muster/collector/store"
	"muster/collector/store/storetest"
	"muster/internal/inventory"
	"muster/internal/report"
)

// running is a store with its Run.
type running struct {
	*Store
	dir  string
	stop func() error // ends Run and gives its error
}

func start(t testing.TB, o Options) *running {
	t.Helper()
	if o.Now == nil {
		o.Now = storetest.Now
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.pause = time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	var once sync.Once
	var result error
	r := &running{Store: s, dir: o.Dir, stop: func() error {
		once.Do(func() { cancel(); result = <-ended })
		return result
	}}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("run: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return r
}

// ready waits for the opening, as Append does.
func ready(t testing.TB, s store.Series) {
	t.Helper()
	if _, err := s.Append(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
}

func TestSeries(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("suite", func(t *testing.T) {
		storetest.RunSeries(t, storetest.SeriesStore{
			Open: func(t *testing.T) store.Series {
				r := start(t, Options{Dir: filepath.Join(t.TempDir(), "series")})
				ready(t, r)
				return r
			},
			Reopen: func(t *testing.T, s store.Series) store.Series {
				old := s.(*running)
				if err := old.stop(); err != nil {
					t.Fatal(err)
				}
				if err := old.Close(); err != nil {
					t.Fatal(err)
				}
				r := start(t, Options{Dir: old.dir})
				ready(t, r)
				return r
			},
			CountsDoubles: true,
			RefusesOld:    true,
		})
	})
	noLeak(t, before)
}

// noLeak waits for goroutines to end: Close has told them, but some may be on
// their last lines.
func noLeak(t *testing.T, before int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
	}
}

var testLayout = func() report.Layout {
	return report.Layout{
		{Measurement: "cpu", Field: "usage_user", Labels: []report.Label{{Key: "cpu", Value: "cpu-total"}}},
		{Measurement: "mem", Field: "used_percent"},
		{Measurement: "net", Field: "bytes_recv", Labels: []report.Label{{Key: "interface", Value: "eth0"}}},
	}
}

// write appends n points, one a minute, the first at from.
func write(t testing.TB, s store.Series, device string, from time.Time, n int) store.Appended {
	t.Helper()
	l := testLayout()
	b := store.Batch{Device: inventory.DeviceID(device), Host: "h", Layout: l, Hash: l.Hash()}
	for i := range n {
		at := from.Add(time.Duration(i) * time.Minute)
		v := float64(at.Unix() % 997)
		b.Points = append(b.Points, store.Point{At: at.UnixMilli(), Values: []float64{v, v + 1, v + 2}})
	}
	done, err := s.Append(context.Background(), []store.Batch{b})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// count is how many points the store has of each series of a measurement.
func count(t testing.TB, s store.Series, measurement, field string) map[string]int {
	t.Helper()
	out, err := s.Query(context.Background(), store.SeriesQuery{Measurement: measurement, Field: field,
		From: storetest.Now().AddDate(-1, 0, 0), To: storetest.Now().AddDate(1, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	n := map[string]int{}
	for _, r := range out {
		n[r.Labels[store.LabelDevice]] = len(r.Points)
		for i, p := range r.Points {
			if i > 0 && !p.At.After(r.Points[i-1].At) {
				t.Errorf("%v: %s comes twice", r.Labels, p.At)
			}
		}
	}
	return n
}

func TestOpenNeedsRun(t *testing.T) {
	before := runtime.NumGoroutine()
	s, err := New(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if runtime.NumGoroutine() != before {
		t.Error("New started something")
	}
	ctx, cancel := context.WithCancel(t.Context())
	waited := make(chan error)
	go func() {
		_, err := s.Append(ctx, nil)
		waited <- err
	}()
	cancel()
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Errorf("append before opening: %v", err)
	}
	_, err = s.Query(t.Context(), store.SeriesQuery{Measurement: "cpu", Field: "usage_user", To: time.Now()})
	if !errors.Is(err, store.ErrLoading) || !strings.Contains(err.Error(), "0 %") {
		t.Errorf("query before opening: %v", err)
	}
	if stats, err := s.Stats(t.Context()); err != nil || stats.Ready != 0 {
		t.Errorf("stats before opening: %+v, %v", stats, err)
	}

	// Somebody who waits is told of the end.
	go func() {
		_, err := s.Append(context.Background(), nil)
		waited <- err
	}()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-waited; !errors.Is(err, store.ErrClosed) {
		t.Errorf("append at close: %v", err)
	}
	if err := s.Run(t.Context()); err != nil {
		t.Errorf("run after close: %v", err)
	}
	noLeak(t, before)
}

func TestCloseWhileOpening(t *testing.T) {
	dir := t.TempDir()
	r := start(t, Options{Dir: dir})
	write(t, r, "d", storetest.Now(), 1)
	if err := errors.Join(r.stop(), r.Close()); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for range 10 {
		s, err := New(Options{Dir: dir, Now: storetest.Now})
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() { ended <- s.Run(context.Background()) }()
		runtime.Gosched()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	noLeak(t, before)
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	r := start(t, Options{Dir: dir})
	ready(t, r)
	s, err := New(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("second store: %v", err)
	}
	if _, again := s.Append(t.Context(), nil); !errors.Is(again, err) {
		t.Errorf("append to it: %v", again)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	write(t, r, "d", storetest.Now(), 1) // the first is not disturbed
}

func TestDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Dir: filepath.Join(file, "series")}); err == nil {
		t.Error("a directory under a file was accepted")
	}
}

// TestCrash opens a copy of what a running store has on disk, as a process
// that was killed leaves it.
func TestCrash(t *testing.T) {
	dir := t.TempDir()
	r := start(t, Options{Dir: filepath.Join(dir, "live")})
	for i := range 5 {
		write(t, r, fmt.Sprintf("d%d", i), storetest.Now().Add(-4*time.Hour), 60)
		write(t, r, fmt.Sprintf("d%d", i), storetest.Now().Add(-30*time.Hour), 60) // behind
		if err := r.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(dir, fmt.Sprint("copy", i))
		if err := os.CopyFS(copied, os.DirFS(r.dir)); err != nil {
			t.Fatal(err)
		}
		c := start(t, Options{Dir: copied})
		ready(t, c)
		got := count(t, c, "net", "bytes_recv")
		if len(got) != i+1 {
			t.Errorf("%d devices, want %d", len(got), i+1)
		}
		for d, n := range got {
			if n != 120 {
				t.Errorf("%s has %d points, want 120", d, n)
			}
		}
		// What the outbox sends again is known, and what is new goes on.
		if done := write(t, c, "d0", storetest.Now().Add(-4*time.Hour), 61); done.Doubles != 180 || done.Samples != 3 {
			t.Errorf("after the crash: %+v", done)
		}
		if err := errors.Join(c.stop(), c.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTornLog cuts the end of the log, as a power cut may: what was before it
// stays, and what the outbox sends again fills the rest.
func TestTornLog(t *testing.T) {
	dir := t.TempDir()
	live := filepath.Join(dir, "live")
	r := start(t, Options{Dir: live})
	for i := range 50 {
		write(t, r, "d", storetest.Now().Add(time.Duration(i-50)*time.Minute), 1)
	}
	segs, err := segments(filepath.Join(live, "wal"))
	if err != nil || len(segs) != 1 {
		t.Fatalf("segments %v, %v", segs, err)
	}
	for i, cut := range []int64{20, segs[0].bytes / 2, segs[0].bytes - 1} {
		torn := filepath.Join(dir, fmt.Sprint("torn", i))
		if err := os.CopyFS(torn, os.DirFS(live)); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(filepath.Join(torn, "wal", "00000000"), segs[0].bytes-cut); err != nil {
			t.Fatal(err)
		}
		c := start(t, Options{Dir: torn})
		ready(t, c)
		left := count(t, c, "net", "bytes_recv")["d"]
		if left >= 50 {
			t.Errorf("cut by %d: %d points are left, nothing was torn", cut, left)
		}
		done := write(t, c, "d", storetest.Now().Add(-50*time.Minute), 50)
		if done.Doubles != 3*left || done.Samples != 3*(50-left) {
			t.Errorf("cut by %d with %d left: %+v", cut, left, done)
		}
		if n := count(t, c, "net", "bytes_recv")["d"]; n != 50 {
			t.Errorf("cut by %d: %d points after sending again", cut, n)
		}
		if err := errors.Join(c.stop(), c.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLogFails: a commit that fails is an error, the database is opened anew,
// and the same write then loses nothing and doubles nothing.
func TestLogFails(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("", func(t *testing.T) {
		r := start(t, Options{Dir: t.TempDir()})
		write(t, r, "d", storetest.Now().Add(-20*time.Minute), 10)
		full := errors.New("no space left on device")
		r.turn <- struct{}{}
		r.commit = func(a appender) error {
			r.commit = appender.Commit
			return full
		}
		<-r.turn
		l := testLayout()
		b := store.Batch{Device: "d", Host: "h", Layout: l, Hash: l.Hash(),
			Points: []store.Point{{At: storetest.Now().UnixMilli(), Values: []float64{1, 2, 3}}}}
		if done, err := r.Append(t.Context(), []store.Batch{b}); !errors.Is(err, full) || !errors.Is(err, store.ErrLoading) || done.Samples != 0 {
			t.Fatalf("append to a full disk: %+v, %v", done, err)
		}
		done, err := r.Append(t.Context(), []store.Batch{b}) // waits for the opening
		if err != nil || done.Samples != 3 {
			t.Fatalf("again: %+v, %v", done, err)
		}
		if n := count(t, r, "net", "bytes_recv")["d"]; n != 11 {
			t.Errorf("%d points, want 11", n)
		}
		// Points behind their series have a log whose failure no commit tells.
		r.turn <- struct{}{}
		r.commit = func(a appender) error {
			r.commit = appender.Commit
			err := a.Commit()
			r.log.Error(lostLog, "err", full)
			return err
		}
		<-r.turn
		b.Points[0].At -= 5 * time.Hour.Milliseconds()
		if _, err := r.Append(t.Context(), []store.Batch{b}); err == nil {
			t.Fatal("append with the second log failing went well")
		}
		if done, err = r.Append(t.Context(), []store.Batch{b}); err != nil || done.Samples+done.Doubles != 3 {
			t.Fatalf("again: %+v, %v", done, err)
		}
		if n := count(t, r, "net", "bytes_recv")["d"]; n != 12 {
			t.Errorf("%d points, want 12", n)
		}
	})
	noLeak(t, before)
}

// TestSeriesLeaveMemory has a device fall silent while another goes on for
// hours: its series leave the head, and its references with them.
func TestSeriesLeaveMemory(t *testing.T) {
	r := start(t, Options{Dir: t.TempDir()})
	from := storetest.Now().Add(-100 * time.Hour)
	write(t, r, "silent", from, 3)
	n := 100 * 60
	for i := 0; i < n; i += 300 {
		write(t, r, "busy", from.Add(time.Duration(i)*time.Minute), 300)
	}
	if err := r.db.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.db.Head().NumSeries(); got != 3 {
		t.Fatalf("%d series in memory, want the 3 of the busy device", got)
	}
	if len(r.db.Blocks()) == 0 {
		t.Fatal("nothing was moved to blocks")
	}
	// Both what is new and what is old, through the references of before.
	if done := write(t, r, "silent", from, 4); done.Doubles != 9 || done.Samples != 3 {
		t.Errorf("old points of the silent device: %+v", done)
	}
	if done := write(t, r, "silent", storetest.Now(), 1); done.Samples != 3 {
		t.Errorf("a new point of the silent device: %+v", done)
	}
	if done := write(t, r, "busy", from, n); done.Doubles != 3*n {
		t.Errorf("all again: %+v", done)
	}
	got := count(t, r, "mem", "used_percent")
	if got["silent"] != 5 || got["busy"] != n {
		t.Errorf("points: %v", got)
	}

	// Blocks that are old as a whole are deleted. The database looks each
	// minute, and when it opens.
	blocks := len(r.db.Blocks())
	if err := r.Retain(t.Context(), store.SeriesRetention{Hourly: 30 * time.Hour}, storetest.Now()); err != nil {
		t.Fatal(err)
	}
	write(t, r, "busy", storetest.Now().Add(-3*time.Minute), 10)
	if err := errors.Join(r.stop(), r.Close()); err != nil {
		t.Fatal(err)
	}
	again, err := New(Options{Dir: r.dir, Now: storetest.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Retain(t.Context(), store.SeriesRetention{Hourly: 30 * time.Hour}, storetest.Now()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- again.Run(ctx) }()
	ready(t, again)
	if left := len(again.db.Blocks()); left >= blocks {
		t.Errorf("%d blocks are left of %d", left, blocks)
	}
	if got := count(t, again, "mem", "used_percent")["busy"]; got != 30*60+7 {
		t.Errorf("%d points are left, want those of 30 hours and 7 minutes", got)
	}
	cancel()
	if err := errors.Join(<-ended, again.Close()); err != nil {
		t.Error(err)
	}
}

// TestCompactionLosesNothing has time run so fast that the database moves
// points to blocks all the while, with readers and late points in between.
func TestCompactionLosesNothing(t *testing.T) {
	r := start(t, Options{Dir: t.TempDir()})
	ready(t, r)
	const devices, rounds = 20, 1500 // 25 hours
	from := storetest.Now().Add(-rounds * time.Minute)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_, err := r.Query(context.Background(), store.SeriesQuery{Measurement: "cpu", Field: "usage_user",
						From: from, To: storetest.Now(), Step: time.Hour, Aggregate: store.Max})
					if err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	l := testLayout()
	for i := range rounds {
		var in []store.Batch
		for d := range devices {
			at := from.Add(time.Duration(i)*time.Minute + time.Duration(d)*time.Second)
			if d == 0 && i%2 == 0 {
				at = at.Add(time.Minute) // every other point comes after its next one
			} else if d == 0 {
				at = at.Add(-time.Minute)
			}
			in = append(in, store.Batch{Device: inventory.DeviceID(fmt.Sprint("d", d)), Host: "h", Layout: l, Hash: l.Hash(),
				Points: []store.Point{{At: at.UnixMilli(), Values: []float64{1, 2, 3}}}})
		}
		if done, err := r.Append(t.Context(), in); err != nil || done.Samples != devices*3 {
			t.Fatalf("round %d: %+v, %v", i, done, err)
		}
	}
	close(stop)
	readers.Wait()
	if err := r.db.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(r.db.Blocks()) < 2 {
		t.Fatalf("%d blocks: nothing was moved", len(r.db.Blocks()))
	}
	for d, n := range count(t, r, "cpu", "usage_user") {
		if n != rounds {
			t.Errorf("%s has %d points, want %d", d, n, rounds)
		}
	}
}

// What a reader may meet during a compaction is asked again; faults are told.
func TestWhatIsAskedAgain(t *testing.T) {
	for _, x := range []struct {
		err  error
		want bool
	}{
		{fmt.Errorf("query series store: cannot populate chunk 8: %w", &chunks.CorruptionErr{Dir: "chunks_head", Err: errors.New("head chunk file index 0 does not exist on disk")}), true},
		{fmt.Errorf("cannot populate chunk 8: %w", storage.ErrNotFound), true},
		{fmt.Errorf("%w: more than 1000 series", store.ErrLimit), false},
		{context.Canceled, false},
	} {
		if got := movedAway(x.err); got != x.want {
			t.Errorf("%v: asked again %v, expected %v", x.err, got, x.want)
		}
	}
}

func TestTidy(t *testing.T) {
	now := storetest.Now()
	r := start(t, Options{Dir: t.TempDir()})
	write(t, r, "a", now, 1)
	w := &r.w
	w.entries[key{"b", "h", testLayout().Hash()}] = &entry{used: now.Add(-idleAfter - time.Minute).UnixMilli()}
	w.tidy(now)
	if len(w.entries) != 1 || len(w.began) != 0 {
		t.Errorf("%d entries and %d counts are left", len(w.entries), len(w.began))
	}
}

// TestTooManySeries has one device invent labels without end.
func TestTooManySeries(t *testing.T) {
	r := start(t, Options{Dir: t.TempDir()})
	var done store.Appended
	for i := range 5 {
		var l report.Layout
		values := make([]float64, 5000)
		for k := range values {
			l = append(l, report.Series{Measurement: "mem", Field: "used_percent"})
			l[k] = report.Series{Measurement: "cpu", Field: "usage_user", Labels: []report.Label{{Key: "cpu", Value: fmt.Sprint(i, "/", k)}}}
		}
		b := store.Batch{Device: "bad", Host: "h", Layout: l, Hash: l.Hash(), Points: []store.Point{{At: storetest.Now().UnixMilli(), Values: values}}}
		d, err := r.Append(t.Context(), []store.Batch{b})
		if err != nil {
			t.Fatal(err)
		}
		done.Add(d)
	}
	if done.Samples != freshSeries || done.Unknown != 5000 {
		t.Errorf("%+v, want %d samples", done, freshSeries)
	}
	if done := write(t, r, "good", storetest.Now(), 1); done.Samples != 3 {
		t.Errorf("another device: %+v", done)
	}
}

func TestSync(t *testing.T) {
	r := start(t, Options{Dir: t.TempDir()})
	write(t, r, "d", storetest.Now(), 1)
	write(t, r, "d", storetest.Now().Add(-5*time.Hour), 1)
	var names []string
	r.fsync = func(f *os.File) error {
		rel, _ := filepath.Rel(r.dir, f.Name())
		names = append(names, filepath.ToSlash(rel))
		return f.Sync()
	}
	if err := r.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(names, " ")
	for _, want := range []string{"wal/00000000", "wbl/00000000"} {
		if !strings.Contains(got, want) {
			t.Errorf("synced %s, not %s", got, want)
		}
	}
	broken := errors.New("input/output error")
	r.fsync = func(*os.File) error { return broken }
	if err := r.Sync(t.Context()); !errors.Is(err, broken) {
		t.Errorf("a failing fsync: %v", err)
	}
}

func TestProgress(t *testing.T) {
	dir := t.TempDir()
	r := start(t, Options{Dir: dir})
	write(t, r, "d", storetest.Now().Add(-time.Hour), 50)
	write(t, r, "d", storetest.Now().Add(-50*time.Hour), 50)
	if err := errors.Join(r.stop(), r.Close()); err != nil {
		t.Fatal(err)
	}
	r = start(t, Options{Dir: dir})
	ready(t, r)
	p := r.plan
	if p.total == 0 || len(p.wal) == 0 || len(p.wbl) == 0 {
		t.Fatalf("plan is %+v", p)
	}
	if d := p.done(); d < 0.5 || d > 0.99 {
		t.Errorf("all was read, but done is %g", d)
	}
	// Through the segments of one log and then of the other.
	p = newReplay(dir, p.stats)
	p.wal = []segment{{3, 100}, {4, 100}}
	p.wbl = []segment{{0, 100}, {1, 100}}
	p.total, p.walEnd = 400, 5
	last := -1.0
	for i, step := range []struct {
		min, max, current int
		want              float64
	}{{0, 0, 0, 0}, {3, 5, 3, 0}, {3, 5, 4, 0.5}, {3, 5, 5, 0.5}, {0, 2, 0, 0.5}, {0, 2, 1, 0.99}, {0, 2, 2, 0.99}} {
		st := p.stats.Head.WALReplayStatus
		st.Min, st.Max, st.Current = step.min, step.max, step.current
		d := p.done()
		if d != step.want || d < last {
			t.Errorf("step %d: done is %g, want %g", i, d, step.want)
		}
		last = d
	}
}

func TestFutureIsTold(t *testing.T) {
	var out strings.Builder
	log := slog.New(slog.NewTextHandler(&out, nil))
	dir := t.TempDir()
	r := start(t, Options{Dir: dir, Now: func() time.Time { return storetest.Now().AddDate(2, 0, 0) }})
	write(t, r, "d", storetest.Now().AddDate(2, 0, 0), 1)
	if err := errors.Join(r.stop(), r.Close()); err != nil {
		t.Fatal(err)
	}
	r = start(t, Options{Dir: dir, Log: log})
	ready(t, r)
	if done := write(t, r, "d", storetest.Now(), 1); done.TooOld != 3 {
		t.Errorf("two years behind the newest point: %+v", done)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "points from the future") || !strings.Contains(out.String(), "move the directory") {
		t.Errorf("the log says:\n%s", out.String())
	}
}
