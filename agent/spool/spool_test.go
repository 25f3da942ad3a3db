package spool_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/agent/spool"
	"muster/internal/segment"
	"muster/internal/segment/segmenttest"
)

const dir = "/data/spool"

// start is the time of the tests' clock.
var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// clock is a wall clock that only moves when told.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func open(t testing.TB, disk *segmenttest.Disk, o spool.Options) *spool.Spool {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return start }
	}
	o.FS = disk
	s, err := spool.Open(dir, o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// body is what a test adds as report seq.
func body(seq uint64, n int) []byte {
	b := fmt.Appendf(nil, "report %d ", seq)
	for len(b) < n {
		b = append(b, byte(uint64(len(b))*seq))
	}
	return b
}

func add(t testing.TB, s *spool.Spool, n int, sections ...string) uint64 {
	t.Helper()
	kind := spool.Samples
	if len(sections) > 0 {
		kind |= spool.Inventory
	}
	seq, err := s.Add(kind, sections, func(slot spool.Slot) ([]byte, error) { return body(slot.Seq, n), nil })
	if err != nil {
		t.Fatalf("add: %v", err)
	}
	return seq
}

func peek(t testing.TB, s *spool.Spool, maxReports, maxBytes int) []spool.Entry {
	t.Helper()
	list, err := s.Peek(maxReports, maxBytes)
	if err != nil {
		t.Fatalf("peek: %v", err)
	}
	return list
}

// drain takes out all that waits.
func drain(t testing.TB, s *spool.Spool) string {
	t.Helper()
	var seen []string
	for {
		list := peek(t, s, 3, 1<<20)
		if len(list) == 0 {
			return strings.Join(seen, " ")
		}
		for _, e := range list {
			seen = append(seen, fmt.Sprint(e.Seq))
			if !bytes.Equal(e.Body, body(e.Seq, len(e.Body))) {
				t.Errorf("report %d is not what was added", e.Seq)
			}
		}
		if err := s.Acked(list[len(list)-1].Seq); err != nil {
			t.Fatal(err)
		}
	}
}

func gapsOf(s *spool.Spool) string {
	var list []string
	for _, g := range s.Gaps() {
		list = append(list, fmt.Sprintf("%d-%d", g.From, g.To))
	}
	return strings.Join(list, " ")
}

func TestQueue(t *testing.T) {
	disk := segmenttest.New()
	s := open(t, disk, spool.Options{})
	if s.Epoch() == 0 {
		t.Error("no epoch")
	}
	if list := peek(t, s, 10, 1000); len(list) != 0 {
		t.Errorf("an empty spool gives %v", list)
	}
	for range 5 {
		add(t, s, 100, "disk", "os")
	}
	list := peek(t, s, 10, 250)
	if len(list) != 2 || list[0].Seq != 1 || list[1].Seq != 2 {
		t.Fatalf("peek of 250 bytes: %v", list)
	}
	e := list[0]
	if e.Kind != spool.Samples|spool.Inventory || !e.Added.Equal(start) || !slices.Equal(e.Sections, []string{"disk", "os"}) || !bytes.Equal(e.Body, body(1, 100)) {
		t.Errorf("entry %+v", e)
	}
	if list := peek(t, s, 10, 1); len(list) != 1 {
		t.Errorf("a report above the bytes asked for: %d reports", len(list))
	}
	if list := peek(t, s, 3, 1<<20); len(list) != 3 || list[0].Seq != 1 {
		t.Errorf("peek again: %v", list)
	}
	if err := s.Acked(2); err != nil {
		t.Fatal(err)
	}
	if err := s.Acked(1); err != nil { // an old answer
		t.Fatal(err)
	}
	if st := s.Stats(); st.Head != 3 || st.Next != 6 || st.Waiting != 3 || st.Dropped != 0 {
		t.Errorf("stats %+v", st)
	}
	if got := drain(t, s); got != "3 4 5" {
		t.Errorf("drained %s", got)
	}
	if err := s.Acked(6); !errors.Is(err, spool.ErrAhead) {
		t.Errorf("acknowledged from the future: %v", err)
	}
}

func TestNumbersAndEpochOutliveRestarts(t *testing.T) {
	disk := segmenttest.New()
	s := open(t, disk, spool.Options{})
	epoch := s.Epoch()
	next := uint64(1)
	for range 4 {
		for range 3 {
			if seq := add(t, s, 30_000); seq != next {
				t.Fatalf("number %d, want %d", seq, next)
			}
			next++
		}
		s.Close()
		disk = disk.Crash(nil)
		s = open(t, disk, spool.Options{})
		if got := drain(t, s); got != fmt.Sprint(next-3, next-2, next-1) {
			t.Errorf("drained %q", got)
		}
		s.Close()
		disk = disk.Crash(nil)
		s = open(t, disk, spool.Options{})
		if s.Epoch() != epoch || len(peek(t, s, 1, 1)) != 0 || s.Stats().Next != next {
			t.Errorf("after a restart: %+v, epoch was %d", s.Stats(), epoch)
		}
	}
	// The newest segment may go as well.
	for _, f := range disk.Files(dir) {
		if strings.HasSuffix(f, ".seg") {
			if err := disk.Remove(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.Close()
	s = open(t, disk, spool.Options{})
	if seq := add(t, s, 10); seq != next || gapsOf(s) != "" {
		t.Errorf("number %d, want %d; gaps %s", seq, next, gapsOf(s))
	}
	other := open(t, segmenttest.New(), spool.Options{})
	if other.Epoch() == epoch {
		t.Error("two spools with one epoch")
	}
}

func TestSlot(t *testing.T) {
	s := open(t, segmenttest.New(), spool.Options{})
	add(t, s, 10)
	bad := errors.New("cannot encode")
	if _, err := s.Add(spool.Samples, nil, func(spool.Slot) ([]byte, error) { return nil, bad }); !errors.Is(err, bad) {
		t.Errorf("failing body: %v", err)
	}
	if _, err := s.Add(spool.Samples, nil, func(spool.Slot) ([]byte, error) { return make([]byte, 9<<20), nil }); !errors.Is(err, segment.ErrTooLarge) {
		t.Errorf("large body: %v", err)
	}
	var slot spool.Slot
	if _, err := s.Add(spool.Samples, nil, func(sl spool.Slot) ([]byte, error) { slot = sl; return nil, nil }); err != nil {
		t.Fatal(err)
	}
	if slot.Seq != 2 || slot.Oldest != 1 || slot.Epoch != s.Epoch() || len(slot.Gaps) != 0 {
		t.Errorf("slot %+v", slot)
	}
}

func TestRewind(t *testing.T) {
	disk := segmenttest.New()
	s := open(t, disk, spool.Options{MaxBytes: 1 << 20})
	for range 12 {
		add(t, s, 20_000) // three in a segment of 64 KiB
	}
	if err := s.Acked(10); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		to, head uint64
		err      error
	}{{10, 10, nil}, {2, 10, nil}, {11, 11, nil}, {13, 13, nil}, {12, 12, nil}, {14, 0, spool.ErrAhead}} {
		head, err := s.Rewind(tt.to)
		if head != tt.head || !errors.Is(err, tt.err) {
			t.Errorf("rewind to %d: %d, %v; want %d, %v", tt.to, head, err, tt.head, tt.err)
		}
	}
	if got := drain(t, s); got != "12" {
		t.Errorf("drained %s", got)
	}
}

func TestRenewKeepsReports(t *testing.T) {
	disk := segmenttest.New()
	s := open(t, disk, spool.Options{})
	old := s.Epoch()
	add(t, s, 10)
	if err := s.Renew(); err != nil {
		t.Fatal(err)
	}
	fresh := s.Epoch()
	s.Close()
	s = open(t, disk, spool.Options{})
	if s.Epoch() != fresh || fresh == old {
		t.Errorf("epochs %d, %d, %d", old, fresh, s.Epoch())
	}
	if got := drain(t, s); got != "1" {
		t.Errorf("drained %s", got)
	}
}

func TestPoisonDoesNotBlock(t *testing.T) {
	disk := segmenttest.New()
	s := open(t, disk, spool.Options{})
	for range 6 {
		add(t, s, 50, "os")
	}
	for _, seq := range []uint64{3, 1, 1, 99, 6} {
		if err := s.Poison(seq, "status 400"); err != nil {
			t.Fatal(err)
		}
	}
	// A batch has no hole: the sender says what is the oldest it still has.
	if list := peek(t, s, 10, 1<<20); len(list) != 1 || list[0].Seq != 2 {
		t.Errorf("peek: %v", list)
	}
	s.Close()
	s = open(t, disk, spool.Options{})
	if st := s.Stats(); st.Poisoned != 3 || st.Dropped != 3 || st.Waiting != 3 || gapsOf(s) != "1-1 3-3 6-6" {
		t.Errorf("stats %+v, gaps %s", st, gapsOf(s))
	}
	if got := drain(t, s); got != "2 4 5" {
		t.Errorf("drained %s", got)
	}
	kept := disk.Files(dir + "/quarantine")
	if len(kept) != 3 || !bytes.Contains(disk.Bytes(kept[0]), body(1, 50)) || !bytes.HasPrefix(disk.Bytes(kept[0]), []byte("status 400\n")) {
		t.Errorf("quarantine %v", kept)
	}
}

func TestBoundDropsOldestAndTells(t *testing.T) {
	disk := segmenttest.New()
	o := spool.Options{MaxBytes: 256 << 10} // in segments of 64 KiB, each with six reports
	s := open(t, disk, o)
	first := add(t, s, 10_000, "os", "disk")
	for range 20 {
		add(t, s, 10_000)
	}
	add(t, s, 10_000, "disk")
	if len(s.Missing()) != 0 {
		t.Errorf("missing %v", s.Missing())
	}
	for range 5 {
		add(t, s, 10_000)
	}
	st := s.Stats()
	if st.Head <= first || st.Bytes > o.MaxBytes || st.Dropped != st.Head-1 {
		t.Fatalf("stats %+v", st)
	}
	// disk came again later, os did not.
	if got := s.Missing(); !slices.Equal(got, []string{"os"}) {
		t.Errorf("missing %v", got)
	}
	// The next report tells of it, and only that one.
	told := uint64(0)
	for range 3 {
		if _, err := s.Add(spool.Samples, nil, func(sl spool.Slot) ([]byte, error) {
			if len(sl.Gaps) > 0 && told != 0 {
				t.Errorf("told twice: %v", sl.Gaps)
			}
			if len(sl.Gaps) > 0 {
				told = sl.Seq
			}
			return body(sl.Seq, 10), nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	s = open(t, disk, o)
	if got := s.Missing(); !slices.Equal(got, []string{"os"}) {
		t.Errorf("missing after a restart %v", got)
	}
	add(t, s, 10, "os")
	if got := s.Missing(); len(got) != 0 {
		t.Errorf("missing after it was added again: %v", got)
	}
	if err := s.Acked(told - 1); err != nil {
		t.Fatal(err)
	}
	if g := s.Gaps(); len(g) != 1 || g[0].To != st.Head-1 || g[0].In != told {
		t.Errorf("gaps %v before %d is acknowledged", g, told)
	}
	if err := s.Acked(told); err != nil {
		t.Fatal(err)
	}
	if gapsOf(s) != "" {
		t.Errorf("gaps %s after they were told", gapsOf(s))
	}
}

// When the report that told of a gap is dropped itself, the gap is told again.
func TestGapOfAGap(t *testing.T) {
	s := open(t, segmenttest.New(), spool.Options{MaxBytes: 256 << 10})
	var last spool.Slot
	for range 200 {
		if _, err := s.Add(spool.Samples, nil, func(sl spool.Slot) ([]byte, error) {
			last = sl
			return body(sl.Seq, 10_000), nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	st := s.Stats()
	lost := uint64(0)
	for i, g := range s.Gaps() {
		if i > 0 && g.From <= s.Gaps()[i-1].To || g.In != 0 && g.In < st.Head {
			t.Errorf("gaps %+v, head %d", s.Gaps(), st.Head)
		}
		lost += g.To - g.From + 1
	}
	if st.Dropped != st.Head-1 || lost != st.Dropped || last.Seq != 200 {
		t.Errorf("%d in gaps, stats %+v", lost, st)
	}
	if n := len(s.Gaps()); n > 20 {
		t.Errorf("%d gaps for one stretch: %v", n, s.Gaps())
	}
}

func TestAge(t *testing.T) {
	c := &clock{start}
	disk := segmenttest.New()
	s := open(t, disk, spool.Options{Now: c.now})
	add(t, s, 10, "os")
	c.at = c.at.Add(3 * 24 * time.Hour)
	add(t, s, 10)
	c.at = c.at.Add(3 * 24 * time.Hour)
	add(t, s, 10)
	if st := s.Stats(); st.Waiting != 3 {
		t.Errorf("after 6 days: %+v", st)
	}
	c.at = c.at.Add(2 * 24 * time.Hour) // 8, 5 and 2 days old
	if list := peek(t, s, 10, 1000); len(list) != 2 || list[0].Seq != 2 {
		t.Errorf("after 8 days: %v", list)
	}
	if gapsOf(s) != "1-1" || !slices.Equal(s.Missing(), []string{"os"}) {
		t.Errorf("gaps %s, missing %v", gapsOf(s), s.Missing())
	}
	s.Close()
	c.at = c.at.Add(30 * 24 * time.Hour)
	s = open(t, disk, spool.Options{Now: c.now})
	add(t, s, 10)
	if got := drain(t, s); got != "4" || s.Stats().Dropped != 3 {
		t.Errorf("after a month drained %s, %+v", got, s.Stats())
	}
}

// A machine that begins in 1970 and learns the year later has not waited for
// half a century.
func TestClockThatIsSet(t *testing.T) {
	for name, begin := range map[string]time.Time{
		"1970": time.Unix(0, 0), "2041": time.Date(2041, 1, 1, 0, 0, 0, 0, time.UTC), "now": start,
	} {
		t.Run(name, func(t *testing.T) {
			c := &clock{begin}
			elapsed := time.Duration(0)
			s := open(t, segmenttest.New(), spool.Options{Now: c.now, Elapsed: func() time.Duration { return elapsed }})
			pass := func(d time.Duration) {
				c.at = c.at.Add(d)
				elapsed += d
			}
			add(t, s, 10)
			add(t, s, 10)
			pass(time.Hour)
			c.at = start
			add(t, s, 10)
			pass(time.Hour)
			if got := drain(t, s); got != "1 2 3" {
				t.Errorf("drained %q", got)
			}
			for range 3 {
				add(t, s, 10)
			}
			pass(8 * 24 * time.Hour)
			if got := drain(t, s); got != "" || s.Stats().Dropped != 3 {
				t.Errorf("after 8 days drained %q, %+v", got, s.Stats())
			}
		})
	}
}

func TestDamagedRecordIsAGap(t *testing.T) {
	disk := segmenttest.New()
	s := open(t, disk, spool.Options{})
	for range 5 {
		add(t, s, 100, "os")
	}
	s.Close()
	var f string
	for _, name := range disk.Files(dir) {
		if strings.HasSuffix(name, ".seg") {
			f = name
		}
	}
	b := disk.Bytes(f)
	b[bytes.Index(b, []byte("report 2"))] ^= 1
	s = open(t, disk, spool.Options{})
	if gapsOf(s) != "2-2" || !slices.Equal(s.Missing(), []string{spool.AllSections}) {
		t.Errorf("gaps %s, missing %v", gapsOf(s), s.Missing())
	}
	// A second one, while it runs.
	b[bytes.Index(b, []byte("report 4"))] ^= 1
	if got := drain(t, s); got != "1 3 5" || s.Stats().Dropped != 2 || gapsOf(s) != "2-2 4-4" {
		t.Errorf("drained %s, gaps %s, %+v", got, gapsOf(s), s.Stats())
	}
	s.Found(spool.AllSections)
	if got := s.Missing(); len(got) != 0 {
		t.Errorf("missing %v", got)
	}
}

func TestCursorLost(t *testing.T) {
	setup := func(t *testing.T) (*segmenttest.Disk, uint64) {
		disk := segmenttest.New()
		s := open(t, disk, spool.Options{})
		for range 4 {
			add(t, s, 100)
		}
		if err := s.Acked(2); err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		return disk, s.Epoch()
	}
	t.Run("gone", func(t *testing.T) {
		disk, epoch := setup(t)
		if err := disk.Remove(dir + "/cursor"); err != nil {
			t.Fatal(err)
		}
		s := open(t, disk, spool.Options{})
		// Repeats are known by epoch and number; nothing is lost.
		if got := drain(t, s); got != "1 2 3 4" || s.Epoch() != epoch || gapsOf(s) != "" {
			t.Errorf("drained %s, epoch %d, was %d, gaps %s", got, s.Epoch(), epoch, gapsOf(s))
		}
		if seq := add(t, s, 10); seq != 5 {
			t.Errorf("number %d", seq)
		}
	})
	t.Run("damaged", func(t *testing.T) {
		disk, epoch := setup(t)
		disk.Bytes(dir + "/cursor")[12] ^= 1
		s := open(t, disk, spool.Options{})
		if got := drain(t, s); got != "1 2 3 4" || s.Epoch() != epoch || !slices.Equal(s.Missing(), []string{spool.AllSections}) {
			t.Errorf("drained %s, epoch %d, was %d, missing %v", got, s.Epoch(), epoch, s.Missing())
		}
	})
	t.Run("with all records", func(t *testing.T) {
		disk, epoch := setup(t)
		for _, f := range disk.Files(dir) {
			_ = disk.Remove(f)
		}
		s := open(t, disk, spool.Options{})
		if s.Epoch() == epoch || add(t, s, 10) != 1 {
			t.Errorf("epoch %d, was %d: numbers would be used again", s.Epoch(), epoch)
		}
	})
}

func FuzzEntry(f *testing.F) {
	b, _ := spool.AppendEntry(nil, start, 7, []string{"os", "disk"})
	f.Add(append(b, "body"...))
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff}, 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, epoch, err := spool.ParseEntry(b)
		if err != nil {
			return
		}
		again, err := spool.AppendEntry(nil, e.Added, epoch, e.Sections)
		if err != nil || !bytes.Equal(append(again, e.Body...), b) {
			t.Fatalf("%x reads as %+v and writes as %x, %v", b, e, again, err)
		}
	})
}
