package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/outbox"
	"muster/internal/segment"
	"muster/internal/segment/segmenttest"
)

const dir = "/data/outbox"

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// clock moves only when told.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: start} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

var durable, replaying = outbox.Sink{Name: "influx"}, outbox.Sink{Name: "tsdb", Replay: true}

func open(t testing.TB, disk *segmenttest.Disk, c *clock, o outbox.Options, sinks ...outbox.Sink) *outbox.Outbox {
	t.Helper()
	o.FS, o.Now, o.Sinks = disk, c.now, sinks
	b, err := outbox.Open(dir, o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func cursor(t testing.TB, b *outbox.Outbox, name string) *outbox.Cursor {
	t.Helper()
	c, err := b.Cursor(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func body(id uint64, n int) []byte {
	b := fmt.Appendf(nil, "record %d ", id)
	for len(b) < n {
		b = append(b, byte(len(b))^byte(id))
	}
	return b
}

// put appends one record after another; each knows its id.
func put(t testing.TB, b *outbox.Outbox, from, to uint64, size int) {
	t.Helper()
	for id := from; id <= to; id++ {
		if first, last, err := b.Append([][]byte{body(id, size)}); err != nil || first != id || last != id {
			t.Fatalf("append %d: %d…%d, %v", id, first, last, err)
		}
	}
}

// next takes what there is now, without waiting.
func next(t testing.TB, c *outbox.Cursor, maxRecords, maxBytes int) []outbox.Record {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	recs, err := c.Next(ctx, maxRecords, maxBytes)
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Fatalf("next: %v", err)
	}
	for _, r := range recs {
		if string(r.Body) != string(body(r.ID, len(r.Body))) {
			t.Errorf("record %d is not what was appended", r.ID)
		}
	}
	return recs
}

func ids(recs []outbox.Record) string {
	var s []string
	for _, r := range recs {
		s = append(s, fmt.Sprint(r.ID))
	}
	return strings.Join(s, " ")
}

// take is done with all there is now.
func take(t testing.TB, c *outbox.Cursor) string {
	t.Helper()
	var all []outbox.Record
	for {
		recs := next(t, c, 7, 1<<20)
		if len(recs) == 0 {
			return ids(all)
		}
		all = append(all, recs...)
		if err := c.Done(recs[len(recs)-1].ID); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSinksReadInOrder(t *testing.T) {
	b := open(t, segmenttest.New(), newClock(), outbox.Options{SegmentBytes: 1000}, durable)
	c := cursor(t, b, "influx")
	if recs := next(t, c, 1, 1); len(recs) != 0 {
		t.Errorf("from nothing came %s", ids(recs))
	}
	if first, last, err := b.Append([][]byte{body(1, 100), body(2, 100), body(3, 100)}); first != 1 || last != 3 || err != nil {
		t.Fatal(first, last, err)
	}
	put(t, b, 4, 20, 100)
	for _, tt := range []struct {
		records, bytes int
		want           string
	}{{3, 1 << 20, "1 2 3"}, {100, 250, "1 2"}, {1, 1, "1"}, {0, 0, "1"}, {4, 1 << 20, "1 2 3"}} {
		// What was read stays until it is done; limits only make it less.
		if recs := next(t, c, tt.records, tt.bytes); ids(recs) != tt.want {
			t.Errorf("next of %d records, %d bytes: %s, want %s", tt.records, tt.bytes, ids(recs), tt.want)
		} else if !recs[0].At.Equal(start) {
			t.Errorf("appended at %v", recs[0].At)
		}
	}
	if err := c.Done(2); err != nil {
		t.Fatal(err)
	}
	if err := c.Done(20); err == nil {
		t.Error("done with what was never given")
	}
	if got := ids(next(t, c, 1, 1)); got != "3" {
		t.Errorf("after 2 comes %s", got)
	}
	if got := take(t, c); got != "3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20" {
		t.Errorf("the rest is %s", got)
	}
	if _, err := b.Cursor("other"); err == nil {
		t.Error("a sink nobody named")
	}
	if first, last, err := b.Append(nil); first != 0 || last != 0 || err != nil {
		t.Error("append of nothing", first, last, err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, sinks := range [][]outbox.Sink{nil, {{Name: ""}}, {{Name: "../x"}}} {
		if b, err := outbox.Open(dir, outbox.Options{FS: segmenttest.New(), Sinks: sinks}); err == nil {
			b.Close()
			t.Errorf("sinks %v were taken", sinks)
		}
	}
}

func TestNextWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := outbox.Open(dir, outbox.Options{FS: segmenttest.New(), Sinks: []outbox.Sink{durable}})
		if err != nil {
			t.Fatal(err)
		}
		c := cursor(t, b, "influx")
		got := make(chan string)
		go func() {
			for range 3 {
				recs, err := c.Next(t.Context(), 10, 1<<20)
				if err != nil {
					got <- err.Error()
					continue
				}
				got <- ids(recs)
				_ = c.Done(recs[len(recs)-1].ID)
			}
		}()
		for id := uint64(1); id <= 2; id++ {
			synctest.Wait()
			select {
			case s := <-got:
				t.Fatalf("it did not wait: %s", s)
			default:
			}
			put(t, b, id, id, 10)
			if s := <-got; s != fmt.Sprint(id) {
				t.Errorf("came %s, want %d", s, id)
			}
		}
		synctest.Wait()
		b.Close()
		if s := <-got; !strings.Contains(s, segment.ErrClosed.Error()) {
			t.Errorf("after close: %s", s)
		}
	})
}

// Two sinks at different speeds: nothing goes before both are done with it,
// and then it stays for Keep.
func TestKept(t *testing.T) {
	disk, clk := segmenttest.New(), newClock()
	b := open(t, disk, clk, outbox.Options{SegmentBytes: 1000}, durable, replaying)
	fast, slow := cursor(t, b, "tsdb"), cursor(t, b, "influx")
	put(t, b, 1, 50, 472) // two in a segment
	files := func() int {
		n := 0
		for _, f := range disk.Files(dir) {
			if strings.HasSuffix(f, ".seg") {
				n++
			}
		}
		return n
	}
	if files() != 50 && files() != 25 {
		t.Fatalf("%d files", files())
	}
	all := files()
	take(t, fast)
	clk.pass(2 * time.Hour)
	put(t, b, 51, 51, 10)
	if n := files(); n < all {
		t.Errorf("%d files, the slow sink still wants %d", n, all)
	}
	st := b.Stats()
	if i := slices.IndexFunc(st.Sinks, func(s outbox.SinkStats) bool { return s.Name == "influx" }); st.Sinks[i].Records != 51 ||
		st.Sinks[i].Age != 2*time.Hour || st.Sinks[i].Bytes < 50*472 || st.Sinks[1-i].Records != 1 {
		t.Errorf("stats %+v", st)
	}
	take(t, slow)
	take(t, fast)
	clk.pass(50 * time.Minute)
	put(t, b, 52, 52, 10)
	if n := files(); n < all {
		t.Errorf("%d files, kept should be %d for an hour", n, all)
	}
	clk.pass(20 * time.Minute)
	put(t, b, 53, 53, 10)
	if n := files(); n > 3 {
		t.Errorf("%d files after an hour", n)
	}
	if st := b.Stats(); st.Early != 0 || st.Sinks[0].Records != 2 {
		t.Errorf("stats %+v", st)
	}
}

// After a start, a sink that may have lost something begins at the oldest
// record that is kept; the other one goes on where it was.
func TestReplay(t *testing.T) {
	disk, clk := segmenttest.New(), newClock()
	o := outbox.Options{SegmentBytes: 1000}
	b := open(t, disk, clk, o, durable, replaying)
	put(t, b, 1, 12, 100)
	take(t, cursor(t, b, "influx"))
	take(t, cursor(t, b, "tsdb"))
	put(t, b, 13, 14, 100)
	b.Close()
	b = open(t, disk.Crash(nil), clk, o, durable, replaying)
	if got := take(t, cursor(t, b, "influx")); got != "13 14" {
		t.Errorf("the durable sink was given %s", got)
	}
	if got := take(t, cursor(t, b, "tsdb")); got != "1 2 3 4 5 6 7 8 9 10 11 12 13 14" {
		t.Errorf("the replaying sink was given %s", got)
	}
	// And kept for another hour from then.
	clk.pass(50 * time.Minute)
	put(t, b, 15, 15, 10)
	if b.Stats().Bytes < 14*100 {
		t.Error("what was replayed went before its time")
	}
}

func TestFull(t *testing.T) {
	clk := newClock()
	b := open(t, segmenttest.New(), clk, outbox.Options{MaxBytes: 1 << 20}, durable, replaying)
	a, c := cursor(t, b, "influx"), cursor(t, b, "tsdb")
	id := uint64(1)
	fill := func() {
		t.Helper()
		for ; ; id++ {
			_, _, err := b.Append([][]byte{body(id, 5000)})
			if err == nil {
				continue
			}
			if !errors.Is(err, outbox.ErrFull) || !outbox.Later(err) {
				t.Fatalf("append: %v", err)
			}
			return
		}
	}
	fill()
	if f := b.Fill(); id < 190 || f < 0.9 || f > 1 {
		t.Fatalf("full after %d records, fill %.2f", id, f)
	}
	if take(t, a); b.Fill() < 0.9 {
		t.Error("room was given while a sink still wants it")
	}
	if take(t, c); b.Fill() < 0.9 {
		t.Error("what may be lost in a crash must be kept for a while")
	}
	if _, _, err := b.Append([][]byte{body(id, 5000)}); !errors.Is(err, outbox.ErrFull) {
		t.Errorf("append: %v", err)
	}
	clk.pass(6 * time.Minute)
	if f := b.Fill(); f > 0.2 {
		t.Errorf("fill %.2f, all could be given up", f)
	}
	put(t, b, id, id+50, 5000)
	st := b.Stats()
	if st.Early == 0 || st.Early > 6 || st.Bytes > 1<<20 {
		t.Errorf("stats %+v, want as few as needed to go early", st)
	}
	id += 51
	fill()
	// A full outbox takes nothing, and loses nothing.
	if got := take(t, a); !strings.HasSuffix(got, fmt.Sprint(id-1)) {
		t.Errorf("the last record given is not %d", id-1)
	}
}

// Stores that sync what they take need no time before room is made.
func TestFullOfDurableSinks(t *testing.T) {
	clk := newClock()
	b := open(t, segmenttest.New(), clk, outbox.Options{MaxBytes: 1 << 20}, durable)
	id := uint64(1)
	for ; !b.Full(); id++ {
		if _, _, err := b.Append([][]byte{body(id, 5000)}); errors.Is(err, outbox.ErrFull) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	take(t, cursor(t, b, "influx"))
	if f := b.Fill(); f > 0.2 {
		t.Errorf("fill %.2f, all could be given up", f)
	}
	put(t, b, id, id+50, 5000)
}

func TestPoisonDoesNotBlock(t *testing.T) {
	disk, clk := segmenttest.New(), newClock()
	b := open(t, disk, clk, outbox.Options{}, replaying, durable)
	put(t, b, 1, 6, 50)
	c := cursor(t, b, "tsdb")
	next(t, c, 10, 1<<20)
	if err := c.Poison(3, "out of bounds"); err != nil {
		t.Fatal(err)
	}
	if err := c.Poison(1, "garbage"); err != nil {
		t.Fatal(err)
	}
	if got := ids(next(t, c, 10, 1<<20)); got != "2 4 5 6" {
		t.Errorf("next: %s", got)
	}
	if err := c.Done(6); err != nil {
		t.Fatal(err)
	}
	b.Close()
	// Replayed without them; the other sink still has its own opinion.
	b = open(t, disk.Crash(nil), clk, outbox.Options{}, replaying, durable)
	if got := take(t, cursor(t, b, "tsdb")); got != "2 4 5 6" {
		t.Errorf("replayed %s", got)
	}
	if got := take(t, cursor(t, b, "influx")); got != "1 2 3 4 5 6" {
		t.Errorf("the other sink was given %s", got)
	}
	if st := b.Stats(); st.Sinks[0].Poisoned != 2 || st.Sinks[1].Poisoned != 0 || st.Sinks[0].Records != 0 {
		t.Errorf("stats %+v", st)
	}
	kept := b.Asides()
	if len(kept) != 2 || kept[0].Record != 3 || kept[0].Reason != "out of bounds" || kept[0].Sink != "tsdb" || !kept[0].At.Equal(start) || kept[0].Bytes != 50 {
		t.Errorf("put aside %+v", kept)
	}
	if b, err := b.ReadAside(kept[0].Number); string(b) != string(body(3, 50)) || err != nil {
		t.Errorf("kept %q, %v", b, err)
	}
}

// All ids used are below those that come, whatever was removed.
func TestCursorAheadOfRecords(t *testing.T) {
	disk, clk := segmenttest.New(), newClock()
	b := open(t, disk, clk, outbox.Options{}, durable)
	put(t, b, 1, 9, 50)
	take(t, cursor(t, b, "influx"))
	b.Close()
	for _, f := range disk.Files(dir) {
		if strings.HasSuffix(f, ".seg") {
			_ = disk.Remove(f)
		}
	}
	for range 2 {
		b = open(t, disk, clk, outbox.Options{}, durable)
		b.Close()
	}
	b = open(t, disk, clk, outbox.Options{}, durable)
	put(t, b, 1, 3, 50)
	if got := take(t, cursor(t, b, "influx")); got != "1 2 3" {
		t.Errorf("given %s", got)
	}
}

func TestManyAppendersTwoSinks(t *testing.T) {
	b, err := outbox.Open(t.TempDir(), outbox.Options{SegmentBytes: 20_000, Keep: -1, Sinks: []outbox.Sink{durable, replaying}})
	if err != nil {
		t.Fatal(err)
	}
	const writers, each = 16, 40
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if _, _, err := b.Append([][]byte{fmt.Appendf(nil, "%d/%d", w, i), make([]byte, 200)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, name := range []string{"influx", "tsdb"} {
		wg.Go(func() {
			c := cursor(t, b, name)
			seen := map[string]bool{}
			for last := uint64(0); last < writers*each*2; {
				recs, err := c.Next(t.Context(), 50, 5000)
				if err != nil {
					t.Error(err)
					return
				}
				for _, r := range recs {
					if r.ID != last+1 {
						t.Errorf("%s: %d after %d", name, r.ID, last)
					}
					last = r.ID
					if len(r.Body) < 200 {
						seen[string(r.Body)] = true
					}
				}
				if err := c.Done(last); err != nil {
					t.Error(err)
				}
				b.Stats()
			}
			if len(seen) != writers*each {
				t.Errorf("%s saw %d records", name, len(seen))
			}
			c.Close()
		})
	}
	wg.Wait()
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}
