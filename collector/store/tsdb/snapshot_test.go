package tsdb

import (
	"maps"
	"path/filepath"
	"testing"
	"time"

	"muster/collector/store"
	"muster/collector/store/storetest"
	"muster/internal/inventory"
)

// A snapshot has every point that was appended before it, of blocks, of the
// head, and of those that came late; the store goes on meanwhile and is not
// changed by what is done to the copy.
func TestSnapshotHasAll(t *testing.T) {
	dir := t.TempDir()
	r := start(t, Options{Dir: filepath.Join(dir, "series")})
	ready(t, r)
	from := storetest.Now().Add(-25 * time.Hour)
	for d := range 3 {
		write(t, r, string(rune('a'+d)), from, 1400)
	}
	if err := r.db.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(r.db.Blocks()) == 0 {
		t.Fatal("nothing was moved into blocks")
	}
	write(t, r, "late", from.Add(time.Hour), 60) // behind the head: the other log
	write(t, r, "fresh", storetest.Now().Add(-time.Hour), 30)
	want := count(t, r, "cpu", "usage_user")
	snap := filepath.Join(dir, "snap")
	if err := r.Snapshot(t.Context(), snap); err != nil {
		t.Fatal(err)
	}
	// What comes after stays out, also of the segment that was being written.
	write(t, r, "after", storetest.Now().Add(-30*time.Minute), 10)
	if want["late"] != 60 || want["fresh"] != 30 || want["a"] != 1400 {
		t.Fatalf("the store itself has %v", want)
	}
	copied := start(t, Options{Dir: snap})
	ready(t, copied)
	if got := count(t, copied, "cpu", "usage_user"); !maps.Equal(got, want) {
		t.Errorf("the copy has %v, the store had %v", got, want)
	}
	l := testLayout()
	b := store.Batch{Device: inventory.DeviceID("only-in-the-copy"), Host: "h", Layout: l, Hash: l.Hash(), Points: []store.Point{{At: storetest.Now().UnixMilli(), Values: []float64{1, 2, 3}}}}
	if _, err := copied.Append(t.Context(), []store.Batch{b}); err != nil {
		t.Fatal(err)
	}
	if err := copied.db.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	want["after"] = 10
	if got := count(t, r, "cpu", "usage_user"); !maps.Equal(got, want) {
		t.Errorf("the store has %v after the copy was worked with, want %v", got, want)
	}
	if err := r.db.Compact(t.Context()); err != nil {
		t.Errorf("the store does not compact any more: %v", err)
	}
}
