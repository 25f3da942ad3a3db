package collector

import (
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/outbox"
)

// TestGathering: few records are handed out once a second, many at once, and
// one that comes after a silence at once too.
func TestGathering(t *testing.T) {
	b, err := outbox.Open(t.TempDir(), outbox.Options{Sinks: []outbox.Sink{{Name: "influx"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	cur, err := b.Cursor("influx")
	if err != nil {
		t.Fatal(err)
	}
	add := func(n int) {
		recs := make([][]byte, n)
		for i := range recs {
			recs[i] = []byte("record")
		}
		if _, _, err := b.Append(recs); err != nil {
			t.Fatal(err)
		}
	}
	add(11)
	synctest.Test(t, func(t *testing.T) {
		g := &gathering{outboxSource: outboxSource{cur}, every: time.Second}
		for i, c := range []struct {
			want  int
			after time.Duration // the one before
		}{{8, 0}, {3, 0}, {1, time.Second}, {1, time.Second}} {
			if i >= 2 {
				time.Sleep(300 * time.Millisecond)
				add(1)
			}
			began := time.Now()
			recs, err := g.Next(t.Context(), 8, 1<<20)
			if err != nil || len(recs) != c.want {
				t.Fatalf("step %d: %d records, want %d; %v", i, len(recs), c.want, err)
			}
			if waited := time.Since(began); waited != max(c.after-300*time.Millisecond, 0) {
				t.Errorf("step %d: waited %s, want %s", i, waited, max(c.after-300*time.Millisecond, 0))
			}
			if err := g.Done(recs[len(recs)-1].ID); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		add(1)
		began := time.Now()
		if _, err := g.Next(t.Context(), 8, 1<<20); err != nil || time.Since(began) != 0 {
			t.Errorf("after a silence: waited %s, %v", time.Since(began), err)
		}
	})
}
