package spool_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/agent/spool"
	"muster/internal/segment"
	"muster/internal/segment/segmenttest"
)

// collector is the other end: what it was given, by epoch and number.
type collector struct {
	got map[[2]uint64][]byte
	err error
}

func newCollector() *collector { return &collector{got: map[[2]uint64][]byte{}} }

func (c *collector) take(epoch uint64, list []spool.Entry) {
	for _, e := range list {
		key := [2]uint64{epoch, e.Seq}
		if old := c.got[key]; old != nil && !bytes.Equal(old, e.Body) {
			c.err = fmt.Errorf("report %d came as %q and as %q", e.Seq, old, e.Body)
		}
		c.got[key] = e.Body
	}
}

// life is an agent that adds and sends, over all faults but ErrBroken.
type life struct {
	disk    *segmenttest.Disk
	options spool.Options
	c       *collector
	added   map[[2]uint64][]byte      // Add returned nil
	tells   map[[2]uint64][]spool.Gap // what a report tells of
}

func newLife(disk *segmenttest.Disk) *life {
	return &life{disk, spool.Options{MaxBytes: 256 << 10, Reserve: 1 << 10, Now: func() time.Time { return start }}, newCollector(), map[[2]uint64][]byte{}, map[[2]uint64][]spool.Gap{}}
}

func (l *life) open() (*spool.Spool, error) {
	o := l.options
	o.FS = l.disk
	return spool.Open(dir, o)
}

// live adds reports of some size and sends some of them. It ends with the
// first error that ends an agent.
func (l *life) live(run, size int) error {
	s, err := l.open()
	if err != nil {
		return err
	}
	defer s.Close()
	for i := range 12 {
		err := l.add(s, run, i, size)
		if errors.Is(err, segment.ErrBroken) {
			if again := l.add(s, run, i, size); again == nil {
				return errors.New("a report was added after a failed fsync")
			}
			return err
		}
		if i%3 == 2 {
			if err := l.send(s, 2); errors.Is(err, segment.ErrBroken) {
				return err
			}
		}
		if i == 7 {
			if err := s.Poison(s.Stats().Head, "a test"); errors.Is(err, segment.ErrBroken) {
				return err
			}
		}
	}
	_, err = s.Peek(1, 1)
	return err
}

func (l *life) add(s *spool.Spool, run, i, size int) error {
	var b []byte
	var key [2]uint64
	_, err := s.Add(spool.Samples|spool.Inventory, []string{"os"}, func(sl spool.Slot) ([]byte, error) {
		key = [2]uint64{sl.Epoch, sl.Seq}
		l.tells[key] = sl.Gaps
		b = fmt.Appendf(nil, "run %d step %d %s", run, i, strings.Repeat("x", size))
		return b, nil
	})
	if err == nil {
		l.added[key] = b
	}
	return err
}

func (l *life) send(s *spool.Spool, n int) error {
	list, err := s.Peek(n, 1<<20)
	if err != nil || len(list) == 0 {
		return err
	}
	l.c.take(s.Epoch(), list)
	return s.Acked(list[len(list)-1].Seq)
}

// judge sends what is left and accounts for every report that was added.
func (l *life) judge() error {
	s, err := l.open()
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer s.Close()
	for s.Stats().Waiting > 0 {
		if err := l.send(s, 100); err != nil {
			return err
		}
	}
	if l.c.err != nil {
		return l.c.err
	}
	lost := map[uint64]bool{}
	for key := range l.c.got {
		l.account(lost, l.tells[key])
	}
	l.account(lost, s.Gaps())
	for key, b := range l.added {
		got := l.c.got[key]
		if got == nil && !lost[key[1]] || got != nil && !bytes.Equal(got, b) {
			return fmt.Errorf("report %d was added, got is %q, in a gap: %v, %+v", key[1], got, lost[key[1]], s.Stats())
		}
	}
	next := s.Stats().Next
	for key := range l.added {
		if key[0] == s.Epoch() && key[1] >= next {
			return fmt.Errorf("number %d would be used again, next is %d", key[1], next)
		}
	}
	return nil
}

func (l *life) account(lost map[uint64]bool, list []spool.Gap) {
	for _, g := range list {
		for q := g.From; q <= g.To; q++ {
			lost[q] = true
		}
	}
}

// F02, F03 without the machine: the power goes at each call, with what a crash
// may leave varied, or only the process does.
func TestPowerCutAtEveryCall(t *testing.T) {
	for _, size := range []int{50, 30_000} { // within a segment; dropping at the bound
		probe := newLife(segmenttest.New())
		if err := probe.live(0, size); err != nil {
			t.Fatal(err)
		}
		rounds := segmenttest.Count(3, 60)
		for n := 1; n <= probe.disk.Calls(); n += segmenttest.Count(4, 1) {
			for round := range rounds {
				after := func(d *segmenttest.Disk) *segmenttest.Disk {
					switch round {
					case 0:
						return d.Crash(nil)
					case 1:
						return d.Kill()
					}
					return d.Crash(rand.New(rand.NewPCG(uint64(n), uint64(round))))
				}
				l := newLife(segmenttest.New())
				l.disk.DieAt(n)
				_ = l.live(0, size)
				l.disk = after(l.disk)
				if err := l.judge(); err != nil {
					t.Fatalf("size %d, cut at call %d, round %d: %v", size, n, round, err)
				}
				l.disk.DieAt(n/3 + 1)
				_ = l.live(1, size)
				l.disk = after(l.disk)
				if err := l.judge(); err != nil {
					t.Fatalf("size %d, cut at call %d, round %d, then at %d: %v", size, n, round, n/3+1, err)
				}
			}
		}
	}
}

// Each call in turn fails once: F04 for the spool.
func TestFaultAtEveryCall(t *testing.T) {
	for _, size := range []int{50, 30_000} {
		probe := newLife(segmenttest.New())
		if err := probe.live(0, size); err != nil {
			t.Fatal(err)
		}
		for i, fault := range []error{syscall.EIO, syscall.ENOSPC} {
			for n := 1 + i; n <= probe.disk.Calls(); n += segmenttest.Count(2, 1) {
				l := newLife(segmenttest.New())
				var hit segmenttest.Call
				l.disk.Fault(func(c segmenttest.Call) error {
					if c.N == n {
						hit = c
						return fault
					}
					return nil
				})
				err := l.live(0, size)
				switch {
				case hit.Op == segmenttest.Sync, hit.Op == segmenttest.SyncDir:
					if !errors.Is(err, segment.ErrBroken) {
						t.Errorf("%v at %+v: %v, want ErrBroken", fault, hit, err)
					}
				case errors.Is(err, segment.ErrBroken), err != nil && !errors.Is(err, fault):
					t.Errorf("%v at %+v: %v", fault, hit, err)
				}
				l.disk.Fault(nil)
				if err := l.judge(); err != nil {
					t.Errorf("size %d, %v at %+v: %v", size, fault, hit, err)
				}
			}
		}
	}
}

// F05: a disk of 8 MiB that others fill. The spool lives, accounts for every
// report, and goes on when there is room again.
func TestDiskFilledByOthers(t *testing.T) {
	const size = 8 << 20
	l := newLife(segmenttest.New())
	l.options.MaxBytes = 4 << 20
	l.options.Reserve = 1 << 20
	clk := &clock{start}
	l.options.Now = clk.now
	l.disk.Limit(size, 0)
	s, err := l.open()
	if err != nil {
		t.Fatal(err)
	}
	tries, refused := 0, 0
	add := func(n int) {
		for range n {
			clk.at = clk.at.Add(time.Minute)
			tries++
			if err := l.add(s, 0, tries, 20_000); err != nil {
				if !segment.NoSpace(err) {
					t.Fatalf("add %d: %v", tries, err)
				}
				refused++
			}
		}
	}
	add(50) // 1 MB
	for _, fill := range []int64{size - l.disk.Used(), size} {
		l.disk.Limit(size, fill)
		add(40)
		if err := l.send(s, 3); err != nil && !segment.NoSpace(err) {
			t.Fatalf("send: %v", err)
		}
		add(40)
	}
	if refused == 0 {
		t.Error("the disk was never full")
	}
	l.disk.Limit(size, 0)
	before := refused
	add(20)
	if refused != before {
		t.Errorf("%d reports refused after there was room again", refused-before)
	}
	st := s.Stats()
	if total := st.Next - 1; total != uint64(tries) {
		t.Errorf("%d numbers for %d reports", total, tries)
	}
	s.Close()
	if err := l.judge(); err != nil {
		t.Error(err)
	}
	if got := len(l.c.got); got+int(st.Dropped) != tries {
		t.Errorf("%d arrived and %d were dropped of %d", got, st.Dropped, tries)
	}
	if n := len(l.disk.Bytes(dir + "/reserve")); n != 1<<20 {
		t.Errorf("the reserve has %d bytes again", n)
	}
}

// Without a reserve too, an acknowledgement on a full disk is not an error,
// and nothing is removed that a restart would call lost.
func TestAckedOnFullDisk(t *testing.T) {
	disk := segmenttest.New()
	s := open(t, disk, spool.Options{MaxBytes: 256 << 10})
	for range 9 {
		add(t, s, 20_000) // three in a segment
	}
	if err := disk.Remove(dir + "/reserve"); err != nil {
		t.Fatal(err)
	}
	disk.Limit(disk.Used(), 0)
	if err := s.Acked(7); err != nil {
		t.Fatal(err)
	}
	if list := peek(t, s, 1, 1); len(list) != 1 || list[0].Seq != 8 {
		t.Errorf("peek: %v", list)
	}
	s.Close()
	s = open(t, disk, spool.Options{MaxBytes: 256 << 10})
	if st := s.Stats(); st.Head != 1 || st.Dropped != 0 {
		t.Errorf("after a restart %+v", st)
	}
}

// The cursor can be written on a full disk, out of the reserve.
func TestReserve(t *testing.T) {
	disk := segmenttest.New()
	s := open(t, disk, spool.Options{})
	for range 3 {
		add(t, s, 100)
	}
	disk.Limit(disk.Used(), 0)
	if err := s.Acked(2); err != nil {
		t.Fatalf("acknowledge on a full disk: %v", err)
	}
	if disk.Bytes(dir+"/reserve") != nil {
		t.Error("the reserve is still there")
	}
	s.Close()
	s = open(t, disk.Crash(nil), spool.Options{})
	if got := drain(t, s); got != "3" {
		t.Errorf("drained %s", got)
	}
}

// F07: a flipped bit loses at most the report it hits, and says so.
func TestBitFlips(t *testing.T) {
	chance := rand.New(rand.NewPCG(3, 4))
	clean := newLife(segmenttest.New())
	s, err := clean.open()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		if err := clean.add(s, 0, i, i*29%2000); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	var files []string
	for _, f := range clean.disk.Files(dir) {
		if strings.HasSuffix(f, ".seg") || strings.HasSuffix(f, "cursor") {
			files = append(files, f)
		}
	}
	_ = clean.disk.Remove(dir + "/reserve")
	for i := range segmenttest.Count(300, 10_000) {
		l := newLife(clean.disk.Kill())
		l.added = clean.added
		f := files[chance.IntN(len(files))]
		b := l.disk.Bytes(f)
		at := chance.IntN(len(b))
		b[at] ^= 1 << chance.IntN(8)
		if err := l.judge(); err != nil {
			t.Fatalf("flip %d at %s:%d: %v", i, f, at, err)
		}
		if n := len(l.c.got); n < len(l.added)-1 {
			t.Fatalf("flip %d at %s:%d: %d of %d arrived", i, f, at, n, len(l.added))
		}
	}
}

// Reading fails for good in one place: what comes after it is not blocked.
func TestUnreadableSegmentDoesNotBlock(t *testing.T) {
	disk := segmenttest.New()
	s := open(t, disk, spool.Options{MaxBytes: 256 << 10})
	for range 12 {
		add(t, s, 20_000)
	}
	first := ""
	for _, f := range disk.Files(dir) {
		if strings.HasSuffix(f, ".seg") && first == "" {
			first = f
		}
	}
	disk.Fault(func(c segmenttest.Call) error {
		if c.Op == segmenttest.Read && c.Name == first {
			return syscall.EIO
		}
		return nil
	})
	if got := drain(t, s); got != "4 5 6 7 8 9 10 11 12" || gapsOf(s) != "1-3" {
		t.Errorf("drained %s, gaps %s", got, gapsOf(s))
	}
}
