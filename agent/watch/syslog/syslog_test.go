package syslog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func TestParse(t *testing.T) {
	east := time.FixedZone("", 2*60*60)
	tests := []struct {
		line string
		want Line
	}{
		{"Mar  4 11:59:01 pc-7 sshd[812]: Failed password for root from 192.0.2.7", Line{time.Date(2026, 3, 4, 11, 59, 1, 0, time.UTC), "sshd", 812, "Failed password for root from 192.0.2.7"}},
		{"Dec 31 23:00:00 pc-7 kernel: [ 12.5] usb 1-4: new device", Line{time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC), "kernel", 0, "[ 12.5] usb 1-4: new device"}},
		{"Mar  4 11:59:01 alp daemon.info /usr/sbin/crond[9]: wakeup", Line{time.Date(2026, 3, 4, 11, 59, 1, 0, time.UTC), "crond", 9, "wakeup"}},
		{"2026-03-04T11:59:01.123456+02:00 pc-7 login[3]: FAILED LOGIN (1)", Line{time.Date(2026, 3, 4, 9, 59, 1, 123456000, time.UTC), "login", 3, "FAILED LOGIN (1)"}},
		{"2026-03-04T11:59:01 pc-7 su: x", Line{time.Date(2026, 3, 4, 11, 59, 1, 0, time.UTC), "su", 0, "x"}},
	}
	for _, x := range tests {
		if got, ok := Parse([]byte(x.line+"\n"), noon, time.UTC); !ok || got != x.want {
			t.Errorf("%q is %+v, want %+v", x.line, got, x.want)
		}
	}
	if l, ok := Parse([]byte("Mar  4 13:30:00 pc su: x"), noon, east); !ok || !l.At.Equal(time.Date(2026, 3, 4, 11, 30, 0, 0, time.UTC)) {
		t.Errorf("a time of the place: %v", l.At)
	}
	for _, s := range []string{"", "Mar  4 11:59:01", "Mar  4 11:59:01 pc-7", "Mar  4 11:59:01 pc-7 last message repeated 3 times", "Foo  4 11:59:01 pc x: y", "2026-13-04T11:59:01 pc x: y", "not a line"} {
		if l, ok := Parse([]byte(s), noon, time.UTC); ok {
			t.Errorf("%q is %+v", s, l)
		}
	}
}

// disk stands in for a folder whose files have numbers.
type disk struct{ dir string }

func (d disk) follower(name string) *Follower {
	return &Follower{Name: filepath.Join(d.dir, name), Place: time.UTC,
		Open: func(name string) (Source, error) {
			f, err := os.Open(name)
			if err != nil {
				return nil, err
			}
			return f, nil
		},
		// The first byte of a file is its number here: what is renamed keeps it.
		Inode: func(fi fs.FileInfo) uint64 {
			return uint64(fi.ModTime().Unix())
		}}
}

func (d disk) write(t *testing.T, name string, inode int64, lines ...string) {
	t.Helper()
	p := filepath.Join(d.dir, name)
	f, err := os.OpenFile(p, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, l := range lines {
		fmt.Fprintf(f, "Mar  4 11:59:01 pc x: %s\n", l)
	}
	if err := os.Chtimes(p, time.Unix(inode, 0), time.Unix(inode, 0)); err != nil {
		t.Fatal(err)
	}
}

func TestFollow(t *testing.T) {
	d := disk{t.TempDir()}
	f := d.follower("messages")
	want := func(list ...string) Outcome {
		t.Helper()
		var got []string
		out, err := f.Pass(context.Background(), noon, noon.Add(-time.Hour), 1000, func(l Line) { got = append(got, l.Text) })
		if err != nil || !slices.Equal(got, list) {
			t.Errorf("got %q, %v, want %q", got, err, list)
		}
		return out
	}
	if _, err := f.Pass(context.Background(), noon, noon, 10, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	d.write(t, "messages", 1, "a", "b")
	want("a", "b")
	want()
	d.write(t, "messages", 1, "c")
	want("c")
	d.write(t, "messages", 1, "d")
	if err := os.Rename(filepath.Join(d.dir, "messages"), filepath.Join(d.dir, "messages.1")); err != nil {
		t.Fatal(err)
	}
	d.write(t, "messages", 2, "e")
	want("d", "e")
	// Another process goes on; rotated twice meanwhile, compressed.
	mark := f.Mark
	f = d.follower("messages")
	f.Mark = mark
	os.Remove(filepath.Join(d.dir, "messages"))
	os.Remove(filepath.Join(d.dir, "messages.1"))
	d.write(t, "messages", 3, "g")
	if out := want("g"); !out.Compressed {
		t.Error("what is gone is not said")
	}
	// Cut short in place.
	os.Remove(filepath.Join(d.dir, "messages"))
	d.write(t, "messages", 3)
	want()
	d.write(t, "messages", 3, "h")
	want("h")
	// A line that is still being written is left for later.
	p := filepath.Join(d.dir, "messages")
	w, _ := os.OpenFile(p, os.O_APPEND|os.O_WRONLY, 0)
	w.WriteString("Mar  4 11:59:01 pc x: ha")
	os.Chtimes(p, time.Unix(3, 0), time.Unix(3, 0))
	want()
	w.WriteString("lf\n")
	w.Close()
	os.Chtimes(p, time.Unix(3, 0), time.Unix(3, 0))
	want("half")
	// A line without an end is passed over.
	d.write(t, "messages", 3, strings.Repeat("x", 40<<10), "i")
	var got []string
	for range 3 {
		if _, err := f.Pass(context.Background(), noon, noon.Add(-time.Hour), 1000, func(l Line) { got = append(got, l.Text[:1]) }); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) == 0 || got[len(got)-1] != "i" {
		t.Errorf("behind a line without an end: %q", got)
	}
}

func TestBounds(t *testing.T) {
	d := disk{t.TempDir()}
	var lines []string
	for i := range 3000 {
		lines = append(lines, fmt.Sprint(i))
	}
	d.write(t, "messages", 1, lines...)
	f, n := d.follower("messages"), 0
	for {
		out, err := f.Pass(context.Background(), noon, noon.Add(-time.Hour), 500, func(Line) { n++ })
		if err != nil {
			t.Fatal(err)
		}
		if !out.More {
			break
		}
	}
	if n != 3000 {
		t.Errorf("%d lines", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("Mar  4 11:59:01 pc-7 sshd[812]: Failed password", int64(0))
	f.Add("2026-03-04T11:59:01.123456+02:00 pc-7 login[3]: FAILED", int64(1e9))
	f.Add("Mar  4 11:59:01 alp daemon.info /usr/sbin/crond[9]: wakeup", int64(2e9))
	f.Fuzz(func(t *testing.T, line string, now int64) {
		l, ok := Parse([]byte(line), time.Unix(now%(1<<33), 0), time.UTC)
		if ok && (len(l.Program) > maxProgram || len(l.Text) > maxLine || l.PID < 0) {
			t.Errorf("%+v", l)
		}
	})
}
