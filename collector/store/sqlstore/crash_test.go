package sqlstore

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"muster/collector/store"
)

// copyFiles takes what is on disk at this moment, as a crash leaves it: the
// shared index (-shm) is lost.
func copyFiles(t *testing.T, from string, walBytes int64) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "inventory.db")
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(from + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if suffix != "" && walBytes >= 0 && int64(len(b)) > walBytes {
			b = b[:walBytes]
		}
		if err := os.WriteFile(to+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// TestCrash copies the files after every commit and in the middle of every
// transaction: what was answered for is there, whole, and nothing else.
func TestCrash(t *testing.T) {
	x := open(t)
	addDevice(t, x, 1)
	addDevice(t, x, 2)
	want := func(path string, seq int) {
		t.Helper()
		y := openAt(t, path)
		s, err := y.State(t.Context(), deviceID(1))
		if err != nil {
			t.Fatal(err)
		}
		if seq == 0 {
			if len(s.Heads) != 0 || len(s.Sections) != 0 {
				t.Errorf("before the first commit: %+v", s)
			}
			return
		}
		if s.Heads[0].Seq != uint64(seq) {
			t.Errorf("head is %d, want %d", s.Heads[0].Seq, seq)
		}
		for d := 1; d <= 2; d++ {
			if got, w := programs(t, y, d), fmt.Sprintf("a%[1]d b%[1]d", seq); got != w {
				t.Errorf("device %d has %q, want %q", d, got, w)
			}
		}
		c, err := y.Counts(t.Context())
		if err != nil || c.CurrentRows != 4 || c.Rows != int64(4*seq) || c.Events != int64(2*seq) {
			t.Errorf("counts %+v, %v", c, err)
		}
		l, err := y.Software(t.Context(), store.SoftwareQuery{Scope: store.Scope{All: true}, Versions: true})
		if err != nil || len(l) != 2 || l[0].Devices != 2 || l[0].Version != fmt.Sprint(seq) {
			t.Errorf("titles %+v, %v", l, err)
		}
		if seq > 3 {
			return
		}
		// Going on from there with the same reports again, as a device does
		// that got no answer.
		for s := 1; s <= seq+1; s++ {
			take(t, y, group(s)...)
		}
		if got, w := programs(t, y, 2), fmt.Sprintf("a%[1]d b%[1]d", seq+1); got != w {
			t.Errorf("gone on it has %q, want %q", got, w)
		}
		if c, err := y.Counts(t.Context()); err != nil || c.Events != int64(2*(seq+1)) {
			t.Errorf("gone on it has %+v, %v", c, err)
		}
	}
	for seq := 1; seq <= 6; seq++ {
		err := x.d.write(t.Context(), func(tx *tx) error {
			c := x.newCommit(tx)
			for _, e := range group(seq) {
				if err := c.take(&e); err != nil {
					return err
				}
			}
			if err := c.finish(); err != nil {
				return err
			}
			want(copyFiles(t, x.d.path, -1), seq-1)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want(copyFiles(t, x.d.path, -1), seq)
	}
}

func group(seq int) []store.Entry {
	var out []store.Entry
	for d := 1; d <= 2; d++ {
		e := software(d, seq, "a", "b")
		e.Events = []store.EventReading{{Kind: "app_crash", At: at(seq)}}
		out = append(out, e)
	}
	return out
}

// TestTornLog cuts the write-ahead log at many places: the state is always
// that after some whole group.
func TestTornLog(t *testing.T) {
	x := open(t)
	addDevice(t, x, 1)
	addDevice(t, x, 2)
	for seq := 1; seq <= 5; seq++ {
		take(t, x, group(seq)...)
	}
	st, err := os.Stat(x.d.path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	last := -1
	for n := int64(0); n <= st.Size(); n += max(st.Size()/12, 1) {
		y := openAt(t, copyFiles(t, x.d.path, n))
		seq := 0
		if s, err := y.State(t.Context(), deviceID(1)); err == nil && len(s.Heads) > 0 {
			seq = int(s.Heads[0].Seq)
		}
		for d := 1; d <= 2 && seq > 0; d++ {
			if got, w := programs(t, y, d), fmt.Sprintf("a%[1]d b%[1]d", seq); got != w {
				t.Errorf("cut at %d device %d has %q, want %q", n, d, got, w)
			}
		}
		if seq < last {
			t.Errorf("cut at %d the state is older than with less", n)
		}
		last = seq
		if _, err := y.Sections(t.Context(), deviceID(1), time.Time{}, nil); seq > 0 && err != nil {
			t.Error(err)
		}
	}
}
