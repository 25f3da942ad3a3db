package segment_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/segment"
	"muster/internal/segment/segmenttest"
)

const (
	fileHead = 16 // see the drawing in doc.go
	recHead  = 28
)

// place is where a record stands in its file.
type place struct {
	id       uint64
	file     string
	from, to int
}

// built is a log of the given payloads and where they stand.
func built(t testing.TB, o segment.Options, payloads ...[]byte) (*segmenttest.Disk, []place) {
	t.Helper()
	disk := segmenttest.New()
	l, _ := open(t, disk, o)
	var places []place
	at := map[string]int{}
	for i, p := range payloads {
		if err := l.Append(segment.Record{ID: uint64(i + 1), Data: p}); err != nil {
			t.Fatal(err)
		}
		files := segmentFiles(disk)
		f := files[len(files)-1]
		from := max(at[f], fileHead)
		at[f] = from + recHead + len(p)
		places = append(places, place{uint64(i + 1), f, from, at[f]})
	}
	l.Close()
	return disk, places
}

func segmentFiles(disk *segmenttest.Disk) []string {
	var list []string
	for _, f := range disk.Files(dir) {
		if strings.HasSuffix(f, ".seg") {
			list = append(list, f)
		}
	}
	return list
}

func sized(n int, size func(i int) int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		list[i] = payload(uint64(i+1), size(i))
	}
	return list
}

func TestCorruptions(t *testing.T) {
	payloads := sized(6, func(int) int { return 100 })
	tests := map[string]struct {
		file    int // which of the two segments; records 1–3 and 4–6
		change  func(b []byte, at []place) []byte
		want    string
		next    uint64 // the next id that may be used; 7 unless said
		damaged int    // stretches seen by Open and a reader together
	}{
		"untouched": {0, func(b []byte, _ []place) []byte { return b }, "1 2 3 4 5 6", 0, 0},
		"bad magic": {1, func(b []byte, _ []place) []byte { b[0] ^= 1; return b }, "1 2 3 4 5 6", 0, 0},
		"bad version, sum does not hold": {1, func(b []byte, _ []place) []byte {
			b[8] = 9
			return b
		}, "1 2 3 4 5 6", 0, 0},
		"head of the file gone": {0, func(b []byte, _ []place) []byte { clear(b[:fileHead]); return b }, "1 2 3 4 5 6", 0, 0},
		"marker":                {0, func(b []byte, p []place) []byte { b[p[1].from] ^= 4; return b }, "1 3 4 5 6", 0, 1},
		"length too long":       {0, func(b []byte, p []place) []byte { b[p[1].from+6] ^= 1; return b }, "1 3 4 5 6", 0, 1},
		"length too short":      {0, func(b []byte, p []place) []byte { b[p[1].from+4] ^= 0x40; return b }, "1 3 4 5 6", 0, 1},
		"length all ones": {0, func(b []byte, p []place) []byte {
			copy(b[p[1].from+4:], "\xff\xff\xff\xff")
			return b
		}, "1 3 4 5 6", 0, 1},
		"id":      {0, func(b []byte, p []place) []byte { b[p[1].from+8] ^= 1; return b }, "1 3 4 5 6", 0, 1},
		"flags":   {0, func(b []byte, p []place) []byte { b[p[1].from+16] ^= 1; return b }, "1 3 4 5 6", 0, 1},
		"payload": {0, func(b []byte, p []place) []byte { b[p[1].to-1] ^= 1; return b }, "1 3 4 5 6", 0, 1},
		"first record": {0, func(b []byte, p []place) []byte {
			clear(b[p[0].from:p[0].to])
			return b
		}, "2 3 4 5 6", 0, 1},
		"last record of a sealed segment": {0, func(b []byte, p []place) []byte {
			clear(b[p[2].from:p[2].to])
			return b
		}, "1 2 4 5 6", 0, 1},
		"sealed segment cut short": {0, func(b []byte, p []place) []byte { return b[:p[2].from+50] }, "1 2 4 5 6", 0, 1},
		"sealed segment empty":     {0, func(b []byte, _ []place) []byte { return nil }, "4 5 6", 0, 0},
		"zeros behind the end":     {1, func(b []byte, _ []place) []byte { return append(b, make([]byte, 4096)...) }, "1 2 3 4 5 6", 0, 1},
		"torn in the head":         {1, func(b []byte, p []place) []byte { return b[:p[5].from+10] }, "1 2 3 4 5", 6, 0},
		"torn in the payload":      {1, func(b []byte, p []place) []byte { return b[:p[5].to-1] }, "1 2 3 4 5", 6, 0},
		"last record damaged":      {1, func(b []byte, p []place) []byte { b[p[5].to-1] ^= 1; return b }, "1 2 3 4 5", 7, 1},
		"last head damaged":        {1, func(b []byte, p []place) []byte { b[p[5].from+24] ^= 1; return b }, "1 2 3 4 5", 7, 1},
		"two heads damaged at the end": {1, func(b []byte, p []place) []byte {
			b[p[4].from+24] ^= 1
			b[p[5].from+24] ^= 1
			return b
		}, "1 2 3 4", 7, 1},
		"newest segment holds nothing good": {1, func(b []byte, _ []place) []byte {
			for i := fileHead; i < len(b); i += 20 {
				b[i] ^= 0x10
			}
			return b
		}, "1 2 3", 6, 1}, // two markers are left to count by
		"a record twice": {1, func(b []byte, p []place) []byte {
			return append(b, b[p[4].from:p[4].to]...)
		}, "1 2 3 4 5 6", 7, 1},
		"a record moved": {1, func(b []byte, p []place) []byte {
			return slices.Concat(b[:p[3].from], b[p[4].from:p[4].to], b[p[3].from:p[3].to], b[p[5].from:])
		}, "1 2 3 5 6", 0, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			disk, places := built(t, segment.Options{SegmentBytes: 450}, payloads...)
			files := segmentFiles(disk)
			if len(files) != 2 {
				t.Fatalf("files %v", files)
			}
			disk.Put(files[tt.file], tt.change(bytes.Clone(disk.Bytes(files[tt.file])), places))
			l, r := open(t, disk, segment.Options{SegmentBytes: 450})
			if next := max(tt.next, 1); tt.next != 0 && r.Next != next || tt.next == 0 && r.Next < 7 {
				t.Errorf("next id %d, want %d", r.Next, tt.next)
			}
			got := all(t, l, 0)
			if ids(got) != tt.want {
				t.Errorf("read %s, want %s", ids(got), tt.want)
			}
			if d := l.Damage(); d.Stretches != tt.damaged {
				t.Errorf("damage %+v, want %d stretches", d, tt.damaged)
			}
			kept := 0
			for _, f := range disk.Files(dir + "/quarantine") {
				if strings.HasSuffix(f, "-damaged") {
					kept++
				}
			}
			if kept != tt.damaged {
				t.Errorf("%d stretches in quarantine, want %d", kept, tt.damaged)
			}
			// It goes on, and a second opening sees the same.
			appendTo(t, l, r.Next, r.Next+3, 100)
			before := ids(all(t, l, 0))
			l.Close()
			l, _ = open(t, disk, segment.Options{SegmentBytes: 450})
			if after := ids(all(t, l, 0)); after != before || !strings.HasPrefix(after, tt.want) {
				t.Errorf("read %s, opened again %s", before, after)
			}
		})
	}
}

func TestFormatFromTheFuture(t *testing.T) {
	disk, _ := built(t, segment.Options{}, payload(1, 10))
	f := segmentFiles(disk)[0]
	b := bytes.Clone(disk.Bytes(f))
	copy(b, segment.FutureHead(f))
	disk.Put(f, b)
	_, _, err := segment.Open(dir, segment.Options{FS: disk})
	if err == nil || !strings.Contains(err.Error(), "newer program") || !strings.Contains(err.Error(), f) {
		t.Errorf("open: %v", err)
	}
	if !bytes.Equal(disk.Bytes(f), b) {
		t.Error("the file was changed")
	}
}

// F08: a 64 KiB segment cut at each byte opens, and all whole records are kept.
func TestTruncatedAtEveryByte(t *testing.T) {
	disk, places := built(t, segment.Options{}, sized(150, func(i int) int { return 20 + i*37%800 })...)
	f := segmentFiles(disk)[0]
	whole := bytes.Clone(disk.Bytes(f))
	if len(whole) < 60<<10 {
		t.Fatalf("%d bytes are too few", len(whole))
	}
	step := segmenttest.Count(97, 1)
	for n := len(whole); n >= 0; n -= step {
		cut := segmenttest.New()
		cut.Put(f, whole[:n])
		l, _, err := segment.Open(dir, segment.Options{FS: cut})
		if err != nil {
			t.Fatalf("cut to %d: %v", n, err)
		}
		want := 0
		for want < len(places) && places[want].to <= n {
			want++
		}
		r := l.Reader(0)
		for i := 1; ; i++ {
			rec, err := r.Next()
			if err == io.EOF {
				if i != want+1 {
					t.Fatalf("cut to %d: %d records, want %d", n, i-1, want)
				}
				break
			}
			if err != nil || rec.ID != uint64(i) || !bytes.Equal(rec.Data, payload(rec.ID, places[i-1].to-places[i-1].from-recHead)) {
				t.Fatalf("cut to %d: record %d, %v", n, rec.ID, err)
			}
		}
		r.Close()
		if err := l.Append(segment.Record{ID: uint64(want + 1), Data: []byte("on")}); err != nil {
			t.Fatalf("cut to %d: append: %v", n, err)
		}
		l.Close()
	}
}

// F07: whatever bit flips, no wrong record is read, and all others are.
func TestBitFlips(t *testing.T) {
	chance := rand.New(rand.NewPCG(7, 7))
	payloads := sized(120, func(i int) int { return i * 53 % 700 })
	disk, places := built(t, segment.Options{SegmentBytes: 8 << 10}, payloads...)
	files := segmentFiles(disk)
	clean := map[string][]byte{}
	for _, f := range files {
		clean[f] = bytes.Clone(disk.Bytes(f))
	}
	for i := range segmenttest.Count(500, 10_000) {
		hurt := segmenttest.New()
		for f, b := range clean {
			hurt.Put(f, b)
		}
		f := files[chance.IntN(len(files))]
		at := chance.IntN(len(clean[f]))
		hurt.Bytes(f)[at] ^= 1 << chance.IntN(8)
		l, r, err := segment.Open(dir, segment.Options{FS: hurt})
		if err != nil {
			t.Fatalf("flip %d at %s:%d: %v", i, f, at, err)
		}
		if r.Next < uint64(len(places))+1 {
			t.Fatalf("flip %d at %s:%d: id %d would be used again", i, f, at, r.Next)
		}
		rd := l.Reader(0)
		for _, p := range places {
			if p.file == f && p.from <= at && at < p.to {
				continue // the one that was hit
			}
			rec, err := rd.Next()
			if err != nil || rec.ID != p.id || !bytes.Equal(rec.Data, payloads[p.id-1]) {
				t.Fatalf("flip %d at %s:%d: record %d, want %d: %v", i, f, at, rec.ID, p.id, err)
			}
		}
		if rec, err := rd.Next(); err != io.EOF {
			t.Fatalf("flip %d at %s:%d: record %d that nobody wrote, %v", i, f, at, rec.ID, err)
		}
		rd.Close()
		l.Close()
	}
}

// A payload that holds records is not read as records when it is damaged, and
// one full of markers does not take for ever.
func TestHostilePayload(t *testing.T) {
	inner, _ := built(t, segment.Options{}, payload(1, 50), payload(2, 50), payload(3, 50))
	forged := bytes.Clone(inner.Bytes(segmentFiles(inner)[0])[fileHead:])
	binary.LittleEndian.PutUint64(forged[8:], 2)
	many := bytes.Repeat([]byte(segment.Marker), 1<<20)
	disk, places := built(t, segment.Options{SegmentBytes: 64 << 20}, payload(1, 10), forged, many, payload(4, 10))
	b := disk.Bytes(places[0].file)
	b[places[1].from+5] ^= 1
	b[places[2].from+5] ^= 1
	start := time.Now()
	l, _ := open(t, disk, segment.Options{SegmentBytes: 64 << 20})
	if got := ids(all(t, l, 0)); got != "1 4" {
		t.Errorf("read %s", got)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestQuarantineIsBounded(t *testing.T) {
	disk, places := built(t, segment.Options{}, sized(30, func(int) int { return 100 })...)
	for i := 0; i < 28; i += 2 {
		disk.Bytes(places[i].file)[places[i].to-1] ^= 1
	}
	l, _ := open(t, disk, segment.Options{QuarantineFiles: 3})
	for range 2 { // read twice, counted once
		if got := len(all(t, l, 0)); got != 16 {
			t.Errorf("%d records", got)
		}
	}
	if d := l.Damage(); d.Stretches != 14 {
		t.Errorf("damage %+v", d)
	}
	if err := l.Quarantine(99, "poison", []byte("bad")); err != nil {
		t.Error(err)
	}
	files := disk.Files(dir + "/quarantine")
	if len(files) != 3 || !strings.HasSuffix(files[2], "-poison") {
		t.Errorf("quarantine holds %v", files)
	}
}

// A bad spot of the disk gives errors, not silence; whoever reads may pass it.
func TestUnreadableSegment(t *testing.T) {
	disk, places := built(t, segment.Options{SegmentBytes: 450}, sized(9, func(int) int { return 100 })...)
	bad := errors.New("medium error")
	for _, victim := range []int{0, 4, 8} {
		t.Run(fmt.Sprint(victim), func(t *testing.T) {
			disk := disk.Kill()
			disk.Fault(func(c segmenttest.Call) error {
				if c.Op == segmenttest.Read && c.Name == places[victim].file {
					return bad
				}
				return nil
			})
			l, r := open(t, disk, segment.Options{SegmentBytes: 450})
			if r.Next < 10 {
				t.Errorf("id %d would be used again", r.Next)
			}
			appendTo(t, l, r.Next, r.Next, 10)
			rd := l.Reader(0)
			defer rd.Close()
			var got []string
			for {
				rec, err := rd.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					if _, again := rd.Next(); !errors.Is(err, bad) || !errors.Is(again, bad) {
						t.Fatalf("read: %v, then %v", err, again)
					}
					rd.Skip()
					continue
				}
				got = append(got, fmt.Sprint(rec.ID))
			}
			want := map[int]string{0: "4 5 6 7 8 9 10", 4: "1 2 3 7 8 9 10", 8: fmt.Sprintf("1 2 3 4 5 6 %d", r.Next)}[victim]
			if s := strings.Join(got, " "); s != want {
				t.Errorf("read %s, want %s", s, want)
			}
			if d := l.Damage(); d.Stretches != 1 {
				t.Errorf("damage %+v", d)
			}
			// It was only passed over: once the disk answers, it is all there.
			disk.Fault(nil)
			if got := len(all(t, l, 0)); got != 10 {
				t.Errorf("%d records afterwards", got)
			}
		})
	}
}

func FuzzOpen(f *testing.F) {
	const name = dir + "/0000000000000001-00000000.seg"
	seed := segment.Encode(0, segment.Record{ID: 1, Data: []byte("one")}, segment.Record{ID: 2, Flags: 1}, segment.Record{ID: 9, Data: payload(9, 300)})
	f.Add(seed)
	f.Add(seed[:len(seed)-5])
	f.Add(seed[:fileHead])
	f.Add([]byte{})
	f.Add(append(bytes.Clone(seed), seed[fileHead:]...))
	f.Add(bytes.Repeat([]byte(segment.Marker), 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		disk := segmenttest.New()
		disk.Put(filepath.FromSlash(name), b)
		l, r, err := segment.Open(dir, segment.Options{FS: disk, MaxRecord: 1 << 16})
		if err != nil {
			if strings.Contains(err.Error(), "newer program") {
				return
			}
			t.Fatal(err)
		}
		defer l.Close()
		last := uint64(0)
		for _, rec := range all(t, l, 0) {
			if rec.ID <= last || rec.ID >= r.Next {
				t.Fatalf("record %d after %d, next is %d", rec.ID, last, r.Next)
			}
			last = rec.ID
		}
		if r.Next == 0 {
			return // the last id there is was used
		}
		appendTo(t, l, r.Next, r.Next, 10)
		if got := all(t, l, r.Next); len(got) != 1 || !bytes.Equal(got[0].Data, payload(r.Next, 10)) {
			t.Fatalf("appended record reads as %v", got)
		}
	})
}
