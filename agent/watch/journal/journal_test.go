package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/agent/watch/journal/journaltest"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func at(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }

func TestEntries(t *testing.T) {
	long := "MESSAGE=" + strings.Repeat("a long text that is compressed, ", 40)
	for _, x := range []struct{ compact, packed bool }{{false, false}, {true, true}, {false, true}, {true, false}} {
		w := journaltest.New(1, x.compact, x.packed)
		for i := range 100 {
			w.Add(uint64(10+i), at(i), fmt.Sprintf("MESSAGE=line %d", i), "_TRANSPORT=kernel", "_HOSTNAME=pc-7", "PRIORITY=6", long)
		}
		f, err := Open(bytes.NewReader(w.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if f.Entries != 100 || f.First != 10 || f.Last != 109 || !f.FirstAt.Equal(at(0)) || !f.LastAt.Equal(at(99)) || f.State != Online {
			t.Errorf("header %+v", f.Header)
		}
		for i := range 100 {
			e, err := f.Next()
			if err != nil {
				t.Fatal(err)
			}
			if e.Number != uint64(10+i) || !e.At.Equal(at(i)) || e.Boot[0] != 7 || e.Field("_TRANSPORT") != "kernel" || e.Field("UNIT") != "" || e.Field("_HOSTNAME") != "" {
				t.Fatalf("entry %d: %+v", i, e)
			}
			if got := e.Field("MESSAGE"); got != fmt.Sprintf("line %d", i) {
				t.Fatalf("entry %d says %.50q", i, got)
			}
		}
		if _, err := f.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("behind the last: %v", err)
		}
	}
}

func TestCompressedText(t *testing.T) {
	text := strings.Repeat("Process 77 (calc) dumped core. ", 500)
	w := journaltest.New(1, true, true)
	w.Add(1, noon, "MESSAGE="+text, "COREDUMP_COMM=calc")
	f, err := Open(bytes.NewReader(w.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	e, err := f.Next()
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Field("MESSAGE"); got != text[:maxText-len("MESSAGE=")] {
		t.Errorf("%d bytes, %.40q", len(got), got)
	}
	if e.Field("COREDUMP_COMM") != "calc" {
		t.Error("a field that is not compressed is lost beside one that is")
	}
}

// Fields that are compressed with xz are not read, and counted.
func TestXZ(t *testing.T) {
	w := journaltest.New(1, false, true)
	w.Add(1, noon, "MESSAGE="+strings.Repeat("Process 77 (calc) dumped core. ", 500), "COREDUMP_COMM=calc")
	w.Add(2, noon, "MESSAGE=short")
	b := w.Bytes()
	i := bytes.Index(b, []byte{0x28, 0xb5, 0x2f, 0xfd}) - dataHead
	if i < 0 || b[i+1] != objectZSTD {
		t.Fatal("there is no compressed field")
	}
	b[i+1] = objectXZ
	r := Reader{List: func() ([]string, error) { return []string{"system.journal"}, nil },
		Open: func(string) (Source, error) {
			return struct {
				io.ReaderAt
				io.Closer
			}{bytes.NewReader(b), io.NopCloser(nil)}, nil
		}}
	var got []string
	out, err := r.Pass(t.Context(), noon, noon.Add(-time.Hour), 10, func(e Entry) {
		got = append(got, e.Field("MESSAGE")+e.Field("COREDUMP_COMM"))
	})
	if err != nil || out.Sealed != 1 || !slices.Equal(got, []string{"calc", "short"}) {
		t.Errorf("%q, %+v, %v", got, out, err)
	}
}

// The example of an overlapping match, and a block by hand.
func TestLZ4(t *testing.T) {
	block := []byte{0x35, 'a', 'b', 'c', 3, 0, 0x30, 'x', 'y', 'z'} // abc, then 9 bytes from 3 back, then xyz
	if got := string(unpackLZ4(block, 100)); got != "abcabcabcabcxyz" {
		t.Errorf("%q", got)
	}
	if got := string(unpackLZ4(block, 5)); got != "abcab" {
		t.Errorf("%q", got)
	}
	for _, b := range [][]byte{nil, {0xf0}, {0xff, 255, 255}, {0x10}, {0x11, 'a', 9, 0}, {0x11, 'a', 0, 0}} {
		if got := unpackLZ4(b, 50); len(got) > 1 {
			t.Errorf("%v gives %q", b, got)
		}
	}
}

func TestSeek(t *testing.T) {
	for n := range 70 {
		w := journaltest.New(1, n%2 == 0, false)
		for i := range n {
			w.Add(uint64(100+2*i), at(i), "MESSAGE=x")
		}
		f, err := Open(bytes.NewReader(w.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		for want := 99; want < 100+2*n+2; want++ {
			if err := f.Seek(func(number uint64, _ time.Time) bool { return number > uint64(want) }); err != nil {
				t.Fatal(err)
			}
			e, err := f.Next()
			first := max(100, want+1+(want+1)%2)
			if first >= 100+2*n {
				if !errors.Is(err, io.EOF) {
					t.Fatalf("%d entries, behind %d: %v %v", n, want, e.Number, err)
				}
			} else if err != nil || e.Number != uint64(first) || f.Read() != uint64(first-100)/2+1 {
				t.Fatalf("%d entries, behind %d: %d %v at %d", n, want, e.Number, err, f.Read())
			}
		}
	}
}

func follow(dir string) *Reader {
	return &Reader{
		List: func() ([]string, error) {
			a, err := filepath.Glob(filepath.Join(dir, "*.journal"))
			b, _ := filepath.Glob(filepath.Join(dir, "*.journal~"))
			return append(a, b...), err
		},
		Open: func(name string) (Source, error) { return os.Open(name) },
	}
}

func pass(t *testing.T, r *Reader, now, from time.Time, most int) ([]string, Outcome) {
	t.Helper()
	var got []string
	out, err := r.Pass(context.Background(), now, from, most, func(e Entry) { got = append(got, e.Field("MESSAGE")) })
	if err != nil {
		t.Fatal(err)
	}
	return got, out
}

// Entries are told once, in order, while the file grows, is rotated, the
// reader starts anew, and another file of a user comes.
func TestFollow(t *testing.T) {
	dir, from := t.TempDir(), noon.Add(-time.Hour)
	r := follow(dir)
	want := func(got []string, list ...string) {
		t.Helper()
		if !slices.Equal(got, list) {
			t.Errorf("got %q, want %q", got, list)
		}
	}
	if got, _ := pass(t, r, noon, from, 100); len(got) != 0 {
		t.Errorf("an empty folder tells %q", got)
	}
	w := journaltest.New(1, true, true)
	w.Add(1, at(1), "MESSAGE=a")
	w.Add(2, at(2), "MESSAGE=b")
	w.Save(t, dir, "system.journal")
	got, _ := pass(t, r, at(60), from, 100)
	want(got, "a", "b")
	w.Add(3, at(61), "MESSAGE=c")
	w.Save(t, dir, "system.journal")
	got, _ = pass(t, r, at(61), from, 100)
	want(got, "c")
	got, _ = pass(t, r, at(62), from, 100)
	want(got)

	// One more, and then the file is rotated before it was looked at.
	w.Add(4, at(63), "MESSAGE=d")
	w.State = journaltest.Archived
	w.Save(t, dir, "system@01.journal")
	w2 := journaltest.New(1, true, true)
	w2.Add(5, at(64), "MESSAGE=e")
	w2.Save(t, dir, "system.journal")
	u := journaltest.New(2, true, true)
	u.Add(900, at(65), "MESSAGE=user")
	u.Save(t, dir, "user-1000.journal")
	got, _ = pass(t, r, at(150), from, 100)
	want(got, "d", "e", "user")

	// Another process goes on where this one stopped.
	kept := r.Mark.Clone()
	r.Close()
	w2.Add(6, at(160), "MESSAGE=f")
	w2.Save(t, dir, "system.journal")
	next := follow(dir)
	next.Mark = kept
	got, _ = pass(t, next, at(161), from, 100)
	want(got, "f")
	next.Close()

	// A journal that was begun anew, while nobody looked.
	os.Remove(filepath.Join(dir, "system.journal"))
	w3 := journaltest.New(9, true, true)
	w3.Add(1, at(10), "MESSAGE=before")
	w3.Add(2, at(170), "MESSAGE=anew")
	w3.Save(t, dir, "system.journal")
	got, _ = pass(t, next, at(171), from, 100)
	want(got, "anew")
}

func TestBounds(t *testing.T) {
	dir := t.TempDir()
	w := journaltest.New(1, true, false)
	for i := range 1000 {
		w.Add(uint64(i+1), at(i), fmt.Sprintf("MESSAGE=%d", i))
	}
	w.Save(t, dir, "system.journal")
	r := follow(dir)
	var got []string
	for n := 0; ; n++ {
		list, out := pass(t, r, at(2000+n), at(500), 64)
		got = append(got, list...)
		if len(list) > 64 {
			t.Fatalf("%d entries in one pass", len(list))
		}
		if out.TooOld {
			t.Error("a first look at a journal passes nothing over")
		}
		if !out.More {
			break
		}
	}
	if len(got) != 500 || got[0] != "500" || got[499] != "999" {
		t.Errorf("%d entries from %q on", len(got), got[0])
	}
	// What was not read in time is passed over, and that is said.
	r = follow(dir)
	r.Mark.Read = map[string]uint64{"system/" + ID(w.Seqnum).String(): 10}
	got, out := pass(t, r, at(2000), at(900), 1000)
	if len(got) != 100 || !out.TooOld {
		t.Errorf("%d entries, %+v", len(got), out)
	}
}

// A file that was torn is read as far as it goes.
func TestDamaged(t *testing.T) {
	w := journaltest.New(1, false, false)
	for i := range 200 {
		w.Add(uint64(i+1), at(i), fmt.Sprintf("MESSAGE=%d", i))
	}
	whole := w.Bytes()
	for _, x := range []struct {
		name string
		harm func([]byte) []byte
		most int
	}{
		{"cut", func(b []byte) []byte { return b[:len(b)/2] }, 150},
		{"zeros", func(b []byte) []byte { clear(b[len(b)/3 : len(b)/2]); return b }, 199},
		{"noise", func(b []byte) []byte {
			for i := len(b) / 3; i < len(b)/3+999; i++ {
				b[i] ^= byte(i * 7)
			}
			return b
		}, 199},
		{"no signature", func(b []byte) []byte { b[0] = 'X'; return b }, 0},
		{"empty", func([]byte) []byte { return nil }, 0},
	} {
		dir := t.TempDir()
		b := x.harm(bytes.Clone(whole))
		if err := os.WriteFile(filepath.Join(dir, "system@1-2.journal~"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		r := follow(dir)
		got, out := pass(t, r, noon, noon.Add(-time.Hour), 1000)
		if len(got) > x.most || out.Damaged == 0 {
			t.Errorf("%s: %d entries, %+v", x.name, len(got), out)
		}
		if x.most > 0 && (len(got) < 20 || got[0] != "0") {
			t.Errorf("%s: only %d entries", x.name, len(got))
		}
		if again, _ := pass(t, r, noon.Add(time.Hour), noon.Add(-time.Hour), 1000); len(again) > 0 {
			t.Errorf("%s: told again: %d", x.name, len(again))
		}
	}
}

func TestHeaderOfAnotherVersion(t *testing.T) {
	b := journaltest.New(1, false, false).Bytes()
	b[13] = 1
	if _, err := Open(bytes.NewReader(b)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("features that are not known: %v", err)
	}
}

func FuzzFile(f *testing.F) {
	for _, packed := range []bool{false, true} {
		w := journaltest.New(1, packed, packed)
		for i := range 20 {
			w.Add(uint64(i+1), at(i), fmt.Sprintf("MESSAGE=%d", i), "_TRANSPORT=kernel", "MESSAGE="+strings.Repeat("x", 600))
		}
		f.Add(bytes.TrimRight(w.Bytes(), "\x00"), uint16(300), byte(0))
		f.Add(bytes.TrimRight(w.Bytes(), "\x00"), uint16(170), byte(9))
	}
	f.Fuzz(func(t *testing.T, b []byte, where uint16, what byte) {
		if int(where) < len(b) {
			b[where] ^= what
		}
		j, err := Open(bytes.NewReader(b))
		if err != nil {
			return
		}
		j.Seek(func(n uint64, _ time.Time) bool { return n > 3 })
		for range 400 {
			e, err := j.Next()
			if errors.Is(err, io.EOF) {
				if j.Read() > j.Entries {
					t.Fatalf("%d entries read of %d", j.Read(), j.Entries)
				}
				return
			}
			if err == nil {
				for _, name := range []string{"MESSAGE", "UNIT"} {
					if len(e.Field(name)) > maxText {
						t.Fatal("a long field")
					}
				}
			}
		}
	})
}

func FuzzLZ4(f *testing.F) {
	f.Add([]byte{0x35, 'a', 'b', 'c', 3, 0, 0x30, 'x', 'y', 'z'}, 100)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		n = min(max(n, 0), 1<<16)
		if got := unpackLZ4(b, n); len(got) > n {
			t.Errorf("%d bytes, at most %d were asked for", len(got), n)
		}
	})
}

func BenchmarkNext(b *testing.B) {
	w := journaltest.New(1, true, true)
	for i := range 10_000 {
		w.Add(uint64(i+1), at(i), fmt.Sprintf("MESSAGE=line %d", i), "_TRANSPORT=journal", "_HOSTNAME=pc-7", "PRIORITY=6", "_PID=77",
			"_UID=0", "_GID=0", "_COMM=sshd", "_EXE=/usr/sbin/sshd", "_CMDLINE=x", "_CAP_EFFECTIVE=1", "_SYSTEMD_CGROUP=/a", "_SYSTEMD_UNIT=ssh.service",
			"_BOOT_ID=1", "_MACHINE_ID=2", fmt.Sprintf("_SOURCE_REALTIME_TIMESTAMP=%d", i), "SYSLOG_IDENTIFIER=sshd", "SYSLOG_FACILITY=4")
	}
	file := w.Bytes()
	f, _ := Open(bytes.NewReader(file))
	b.ReportAllocs()
	for b.Loop() {
		e, err := f.Next()
		if errors.Is(err, io.EOF) {
			f.at = place{array: f.entryArray}
			continue
		}
		if err != nil {
			b.Fatal(err)
		}
		e.Field("_TRANSPORT")
		e.Field("SYSLOG_IDENTIFIER")
	}
}
