package segment_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"muster/internal/segment"
	"muster/internal/segment/segmenttest"
)

// oracle knows what was promised. Its work is what a spool does: append,
// sometimes save a cursor and trim behind it.
type oracle struct {
	acked  map[uint64][]byte          // Append returned nil
	tried  map[uint64]map[string]bool // contents that were tried under an id
	saved  uint64                     // the cursor whose writing returned nil
	saving uint64                     // the one being written
}

func newOracle() *oracle {
	return &oracle{acked: map[uint64][]byte{}, tried: map[uint64]map[string]bool{}}
}

var faultOptions = segment.Options{SegmentBytes: 600}

// work goes on through all errors but ErrBroken, as its users do.
func (o *oracle) work(disk *segmenttest.Disk, run int) error {
	opt := faultOptions
	opt.FS = disk
	l, r, err := segment.Open(dir, opt)
	if err != nil {
		return err
	}
	defer l.Close()
	next := max(r.Next, o.saved+1)
	for i := range 14 {
		var batch []segment.Record
		for range 1 + i%3 {
			id := next + uint64(len(batch))
			p := fmt.Appendf(nil, "run %d step %d id %d %s", run, i, id, strings.Repeat("x", i*20))
			if o.tried[id] == nil {
				o.tried[id] = map[string]bool{}
			}
			o.tried[id][string(p)] = true
			batch = append(batch, segment.Record{ID: id, Data: p})
		}
		err := l.Append(batch...)
		if errors.Is(err, segment.ErrBroken) {
			if again := l.Append(batch...); again == nil {
				return errors.New("an append succeeded after a failed fsync")
			}
			return err
		}
		if err == nil {
			for _, r := range batch {
				o.acked[r.ID] = r.Data
			}
			next += uint64(len(batch))
		}
		if i%4 == 3 {
			o.saving = next - 2
			err := segment.WriteState(disk, dir+"/cursor", fmt.Appendf(nil, "%d", o.saving))
			if errors.Is(err, segment.ErrBroken) {
				return err
			}
			if err == nil {
				o.saved = o.saving
				_ = l.Trim(o.saved)
			}
		}
		if i == 9 {
			l.Seal()
		}
	}
	return nil
}

// judge opens what is left and holds it against the promises.
func (o *oracle) judge(disk *segmenttest.Disk) error {
	cursor := uint64(0)
	b, err := segment.ReadState(disk, dir+"/cursor")
	if err == nil {
		err = json.Unmarshal(b, &cursor)
	} else if errors.Is(err, fs.ErrNotExist) && o.saved == 0 {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("cursor: %w", err)
	}
	if cursor != o.saved && cursor != o.saving {
		return fmt.Errorf("cursor is %d, saved was %d, then %d", cursor, o.saved, o.saving)
	}
	opt := faultOptions
	opt.FS = disk
	l, r, err := segment.Open(dir, opt)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer l.Close()
	rd := l.Reader(0)
	defer rd.Close()
	found := map[uint64]bool{}
	last := uint64(0)
	for {
		rec, err := rd.Next()
		if err != nil {
			break
		}
		if rec.ID <= last || rec.ID >= r.Next {
			return fmt.Errorf("record %d after %d, next is %d", rec.ID, last, r.Next)
		}
		last = rec.ID
		if want := o.acked[rec.ID]; want != nil && !bytes.Equal(want, rec.Data) {
			return fmt.Errorf("record %d is %q, promised was %q", rec.ID, rec.Data, want)
		}
		if !o.tried[rec.ID][string(rec.Data)] {
			return fmt.Errorf("record %d is %q, which nobody wrote", rec.ID, rec.Data)
		}
		found[rec.ID] = true
	}
	for id := range o.acked {
		if id > cursor && !found[id] {
			return fmt.Errorf("record %d was promised and is gone; cursor %d, read up to %d, %+v", id, cursor, last, r)
		}
	}
	o.saved, o.saving = cursor, cursor
	return nil
}

// Power is cut at each call in turn, and what a crash may leave is varied.
func TestPowerCutAtEveryCall(t *testing.T) {
	probe := segmenttest.New()
	if err := newOracle().work(probe, 0); err != nil {
		t.Fatal(err)
	}
	rounds := segmenttest.Count(4, 100)
	for n := 1; n <= probe.Calls(); n++ {
		for round := range rounds {
			var chance *rand.Rand
			if round > 0 {
				chance = rand.New(rand.NewPCG(uint64(n), uint64(round)))
			}
			o, disk := newOracle(), segmenttest.New()
			disk.DieAt(n)
			_ = o.work(disk, 0)
			disk = disk.Crash(chance)
			if err := o.judge(disk); err != nil {
				t.Fatalf("cut at call %d, round %d: %v", n, round, err)
			}
			// And once more, on what was left, at another place.
			disk.DieAt(n/2 + 1)
			_ = o.work(disk, 1)
			if err := o.judge(disk.Crash(chance)); err != nil {
				t.Fatalf("cut at call %d, round %d, then at %d: %v", n, round, n/2+1, err)
			}
		}
	}
}

// Each call in turn fails once, with each kind of error.
func TestFaultAtEveryCall(t *testing.T) {
	probe := segmenttest.New()
	if err := newOracle().work(probe, 0); err != nil {
		t.Fatal(err)
	}
	for _, fault := range []error{syscall.EIO, syscall.ENOSPC} {
		for n := 1; n <= probe.Calls(); n++ {
			o, disk := newOracle(), segmenttest.New()
			var hit segmenttest.Call
			disk.Fault(func(c segmenttest.Call) error {
				if c.N == n {
					hit = c
					return fault
				}
				return nil
			})
			err := o.work(disk, 0)
			switch {
			case hit.Op == segmenttest.Sync, hit.Op == segmenttest.SyncDir:
				if !errors.Is(err, segment.ErrBroken) || !errors.Is(err, fault) {
					t.Errorf("%v at %+v: %v, want ErrBroken", fault, hit, err)
				}
			case errors.Is(err, segment.ErrBroken):
				t.Errorf("%v at %+v ended the log: %v", fault, hit, err)
			case err != nil && !errors.Is(err, fault):
				t.Errorf("%v at %+v: %v", fault, hit, err)
			}
			disk.Fault(nil)
			for _, left := range []*segmenttest.Disk{disk.Kill(), disk.Crash(nil)} {
				c := *o
				if err := c.judge(left); err != nil {
					t.Errorf("%v at %+v: %v", fault, hit, err)
				}
			}
		}
	}
}

// A full disk is an answer, not an end.
func TestDiskFull(t *testing.T) {
	disk := segmenttest.New()
	l, _ := open(t, disk, segment.Options{SegmentBytes: 1000})
	disk.Limit(5000, 0)
	id := uint64(1)
	for {
		err := l.Append(segment.Record{ID: id, Data: payload(id, 100)})
		if err != nil {
			if !segment.NoSpace(err) || !errors.Is(err, syscall.ENOSPC) || errors.Is(err, segment.ErrBroken) {
				t.Fatalf("append: %v", err)
			}
			break
		}
		id++
	}
	if got := all(t, l, 0); uint64(len(got)) != id-1 {
		t.Errorf("%d records of %d", len(got), id-1)
	}
	used := disk.Used()
	if err := l.Append(segment.Record{ID: id, Data: payload(id, 100)}); !segment.NoSpace(err) || disk.Used() != used {
		t.Errorf("second try: %v, %d bytes, before %d", err, disk.Used(), used)
	}
	if err := l.Trim(7); err != nil {
		t.Fatal(err)
	}
	appendTo(t, l, id, id+5, 100)
	l.Close()
	l, r := open(t, disk, segment.Options{SegmentBytes: 1000})
	if r.Torn != 0 || r.Damaged != 0 || l.Newest() != id+5 {
		t.Errorf("recovery %+v, newest %d", r, l.Newest())
	}
}

// When what failed to be written cannot be taken back, the log must not go on.
func TestCutBackFails(t *testing.T) {
	for _, from := range []uint64{1, 2} { // into a new segment, into an old one
		disk := segmenttest.New()
		l, _ := open(t, disk, segment.Options{})
		appendTo(t, l, 1, from-1, 50)
		disk.Fault(func(c segmenttest.Call) error {
			if c.Op == segmenttest.Write || c.Op == segmenttest.Cut || c.Op == segmenttest.Remove {
				return syscall.EIO
			}
			return nil
		})
		err := l.Append(segment.Record{ID: from, Data: payload(from, 50)})
		if !errors.Is(err, segment.ErrBroken) || !errors.Is(err, syscall.EIO) {
			t.Errorf("append: %v", err)
		}
		disk.Fault(nil)
		if err := l.Append(segment.Record{ID: from}); !errors.Is(err, segment.ErrBroken) || !errors.Is(l.Err(), segment.ErrBroken) {
			t.Errorf("append afterwards: %v", err)
		}
		l.Close()
		l, _ = open(t, disk, segment.Options{})
		if got := all(t, l, 0); uint64(len(got)) != from-1 {
			t.Errorf("%d records after opening again", len(got))
		}
	}
}
