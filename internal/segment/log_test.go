package segment_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"muster/internal/segment"
	"muster/internal/segment/segmenttest"
)

const dir = "/data/log"

// payload is what a test writes under an id: its own id, then bytes.
func payload(id uint64, n int) []byte {
	b := fmt.Appendf(nil, "record %d ", id)
	for len(b) < n {
		b = append(b, byte(len(b)*int(id)))
	}
	return b
}

func open(t testing.TB, disk *segmenttest.Disk, o segment.Options) (*segment.Log, segment.Recovery) {
	t.Helper()
	o.FS = disk
	l, r, err := segment.Open(dir, o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { l.Close() })
	return l, r
}

func appendTo(t testing.TB, l *segment.Log, from, to uint64, size int) {
	t.Helper()
	for id := from; id <= to; id++ {
		if err := l.Append(segment.Record{ID: id, Flags: uint32(id), Data: payload(id, size)}); err != nil {
			t.Fatalf("append %d: %v", id, err)
		}
	}
}

// all reads everything from an id on and copies it.
func all(t testing.TB, l *segment.Log, from uint64) []segment.Record {
	t.Helper()
	r := l.Reader(from)
	defer r.Close()
	var list []segment.Record
	for {
		rec, err := r.Next()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatalf("read: %v", err)
		}
		rec.Data = bytes.Clone(rec.Data)
		list = append(list, rec)
	}
}

func ids(recs []segment.Record) string {
	var s []string
	for _, r := range recs {
		s = append(s, fmt.Sprint(r.ID))
	}
	return strings.Join(s, " ")
}

func TestWhatWasAppendedIsReadAgain(t *testing.T) {
	disk := segmenttest.New()
	l, r := open(t, disk, segment.Options{SegmentBytes: 500})
	if r != (segment.Recovery{Next: 1}) {
		t.Errorf("recovery of nothing: %+v", r)
	}
	appendTo(t, l, 1, 20, 60)
	if err := l.Append(segment.Record{ID: 25}, segment.Record{ID: 26, Flags: 7, Data: payload(26, 2000)}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got := all(t, l, 3)
		if want := "3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 25 26"; ids(got) != want {
			t.Fatalf("read %s, want %s", ids(got), want)
		}
		for _, r := range got {
			switch {
			case r.ID <= 20 && (r.Flags != uint32(r.ID) || !bytes.Equal(r.Data, payload(r.ID, 60))),
				r.ID == 25 && len(r.Data) != 0,
				r.ID == 26 && (r.Flags != 7 || !bytes.Equal(r.Data, payload(26, 2000))):
				t.Errorf("record %d is not what was written", r.ID)
			}
		}
		if l.Newest() != 26 || l.Oldest() != 1 {
			t.Errorf("from %d to %d", l.Oldest(), l.Newest())
		}
		l.Close()
		l, r = open(t, disk, segment.Options{SegmentBytes: 500})
		if r.Next != 27 || r.Torn != 0 || r.Damaged != 0 {
			t.Errorf("recovery: %+v", r)
		}
	}
}

func TestAppendRefuses(t *testing.T) {
	l, _ := open(t, segmenttest.New(), segment.Options{MaxRecord: 100})
	appendTo(t, l, 5, 5, 10)
	if err := l.Append(segment.Record{ID: 5}); err == nil {
		t.Error("an id came twice")
	}
	if err := l.Append(segment.Record{ID: 7}, segment.Record{ID: 6}); err == nil {
		t.Error("ids that fall were taken")
	}
	if err := l.Append(segment.Record{ID: 8, Data: make([]byte, 101)}); !errors.Is(err, segment.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	appendTo(t, l, 6, 6, 10)
	l.Close()
	if err := l.Append(segment.Record{ID: 9}); !errors.Is(err, segment.ErrClosed) {
		t.Errorf("append after close: %v", err)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	l, _, err := segment.Open(folder, segment.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := segment.Open(folder, segment.Options{}); !errors.Is(err, segment.ErrLocked) || !strings.Contains(err.Error(), folder) {
		t.Errorf("second open: %v", err)
	}
	l.Close()
	l, _, err = segment.Open(folder, segment.Options{})
	if err != nil {
		t.Fatalf("open after close: %v", err)
	}
	l.Close()
}

func TestRealDisk(t *testing.T) {
	folder := t.TempDir()
	o := segment.Options{SegmentBytes: 4 << 10}
	l, _, err := segment.Open(folder, o)
	if err != nil {
		t.Fatal(err)
	}
	appendTo(t, l, 1, 50, 300)
	if err := l.Trim(20); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if l, _, err = segment.Open(folder, o); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := all(t, l, 0)
	if len(got) == 0 || got[0].ID > 21 || got[0].ID < 5 || got[len(got)-1].ID != 50 {
		t.Errorf("after trim: %s", ids(got))
	}
}

func TestTrimDropsWholeSealedSegments(t *testing.T) {
	disk := segmenttest.New()
	l, _ := open(t, disk, segment.Options{SegmentBytes: 500})
	appendTo(t, l, 1, 20, 72) // a record is 100 bytes: four in a segment
	steps := []struct {
		trim   uint64
		oldest uint64
	}{{3, 1}, {4, 5}, {11, 9}, {12, 13}, {100, 17}}
	for _, s := range steps {
		if err := l.Trim(s.trim); err != nil {
			t.Fatal(err)
		}
		if l.Oldest() != s.oldest {
			t.Errorf("trim to %d leaves %d as the oldest, want %d", s.trim, l.Oldest(), s.oldest)
		}
	}
	l.Seal()
	if err := l.Trim(20); err != nil {
		t.Fatal(err)
	}
	if n := len(disk.Files(dir)); n != 0 || l.Bytes() != 0 || l.Oldest() != 0 || l.Newest() != 20 {
		t.Errorf("%d files, %d bytes, %d…%d after everything went", n, l.Bytes(), l.Oldest(), l.Newest())
	}
	appendTo(t, l, 21, 21, 10)
	if got := ids(all(t, l, 0)); got != "21" {
		t.Errorf("read %s", got)
	}
}

// A reader in a segment that is dropped reads on, and the file goes when it
// leaves: Windows removes no open file.
func TestReaderOutlivesTrim(t *testing.T) {
	disk := segmenttest.New()
	l, _ := open(t, disk, segment.Options{SegmentBytes: 500})
	appendTo(t, l, 1, 9, 72)
	r := l.Reader(0)
	defer r.Close()
	if rec, err := r.Next(); err != nil || rec.ID != 1 {
		t.Fatal(rec.ID, err)
	}
	if err := l.Trim(8); err != nil {
		t.Fatal(err)
	}
	if n := len(disk.Files(dir)); n != 2 {
		t.Errorf("%d files, want the one being read and the newest", n)
	}
	var seen []string
	for {
		rec, err := r.Next()
		if err != nil {
			break
		}
		seen = append(seen, fmt.Sprint(rec.ID))
	}
	if got := strings.Join(seen, " "); got != "2 3 4 9" {
		t.Errorf("read %s", got)
	}
	if n := len(disk.Files(dir)); n != 1 {
		t.Errorf("%d files after the reader left", n)
	}
	// The end of the log goes under the reader too.
	l.Seal()
	if err := l.Trim(9); err != nil {
		t.Fatal(err)
	}
	appendTo(t, l, 10, 10, 10)
	if rec, err := r.Next(); err != nil || rec.ID != 10 {
		t.Errorf("read on: %d, %v", rec.ID, err)
	}
}

func TestReaderFollowsTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := open(t, segmenttest.New(), segment.Options{SegmentBytes: 300})
		var got []uint64
		var wg sync.WaitGroup
		wg.Go(func() {
			r := l.Reader(0)
			defer r.Close()
			last := uint64(0)
			for {
				rec, err := r.Next()
				switch {
				case err == nil:
					last = rec.ID
					got = append(got, last)
				case l.Wait(t.Context(), last) != nil:
					return
				}
			}
		})
		for id := uint64(1); id <= 30; id++ {
			synctest.Wait()
			appendTo(t, l, id, id, 80)
		}
		synctest.Wait()
		l.Close()
		wg.Wait()
		if len(got) != 30 || got[29] != 30 {
			t.Errorf("followed %v", got)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		m, _ := open(t, segmenttest.New(), segment.Options{})
		if err := m.Wait(ctx, 0); !errors.Is(err, context.Canceled) {
			t.Errorf("wait without a record: %v", err)
		}
	})
}

func TestManyReadersAndAppenders(t *testing.T) {
	disk := segmenttest.New()
	l, _ := open(t, disk, segment.Options{SegmentBytes: 2000})
	g := segment.NewGroup(l, 10)
	const writers, each = 8, 50
	var wg sync.WaitGroup
	var mu sync.Mutex
	acked := map[uint64]string{}
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				a, b := fmt.Sprintf("w%d i%d a", w, i), fmt.Sprintf("w%d i%d b", w, i)
				first, last, err := g.Append(uint32(w), []byte(a), []byte(b))
				if err != nil || last != first+1 {
					t.Errorf("append: %d…%d, %v", first, last, err)
					return
				}
				mu.Lock()
				acked[first], acked[last] = a, b
				mu.Unlock()
			}
		})
	}
	for range 2 {
		wg.Go(func() {
			r := l.Reader(0)
			defer r.Close()
			for last := uint64(0); last < writers*each*2; {
				rec, err := r.Next()
				if err == io.EOF {
					if err := l.Wait(t.Context(), last); err != nil {
						t.Error(err)
						return
					}
					continue
				}
				if err != nil || rec.ID != last+1 {
					t.Errorf("read %d after %d: %v", rec.ID, last, err)
					return
				}
				last = rec.ID
			}
		})
	}
	wg.Wait()
	for _, r := range all(t, l, 0) {
		if acked[r.ID] != string(r.Data) {
			t.Fatalf("record %d is %q, its appender was told so of %q", r.ID, r.Data, acked[r.ID])
		}
		delete(acked, r.ID)
	}
	if len(acked) > 0 {
		t.Errorf("%d acknowledged records are missing", len(acked))
	}
	if _, _, err := g.Append(0, make([]byte, 9<<20)); !errors.Is(err, segment.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	disk.Fault(func(c segmenttest.Call) error {
		if c.Op == segmenttest.Sync {
			return syscall.EIO
		}
		return nil
	})
	if _, _, err := g.Append(0, []byte("x")); !errors.Is(err, segment.ErrBroken) {
		t.Errorf("failed fsync: %v", err)
	}
	if _, _, err := g.Append(0); !errors.Is(err, segment.ErrBroken) {
		t.Errorf("afterwards: %v", err)
	}
}

func TestState(t *testing.T) {
	disk := segmenttest.New()
	if err := disk.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := dir + "/cursor"
	if _, err := segment.ReadState(disk, path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no state: %v", err)
	}
	for _, want := range []string{`{"head":1}`, "", strings.Repeat("x", 5000), "end"} {
		if err := segment.WriteState(disk, path, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if got, err := segment.ReadState(disk.Crash(nil), path); err != nil || string(got) != want {
			t.Errorf("read %q, %v", got, err)
		}
	}
	whole := bytes.Clone(disk.Bytes(path))
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 1 << rand.IntN(8)
		disk.Put(path, b)
		if got, err := segment.ReadState(disk, path); !errors.Is(err, segment.ErrDamaged) {
			t.Errorf("byte %d flipped: %q, %v", i, got, err)
		}
		disk.Put(path, whole[:i])
		if got, err := segment.ReadState(disk, path); !errors.Is(err, segment.ErrDamaged) {
			t.Errorf("cut to %d: %q, %v", i, got, err)
		}
	}
}
