package sqlstore

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
)

// F09: single bits of a database flip. Nothing crashes when it is looked at:
// the look finds it, cannot open it, or what changed was no part of the state.
func TestF09_FlippedBitsAreLookedAt(t *testing.T) {
	dir := t.TempDir()
	x, err := Open(t.Context(), filepath.Join(dir, "inventory.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for i := range 40 {
		id := inventory.DeviceID(fmt.Sprintf("01900000-0000-7000-8000-%012d", i))
		if err := x.AddDevice(t.Context(), store.NewDevice{ID: id, Kind: "pc", Name: fmt.Sprint("pc-", i), At: now}); err != nil {
			t.Fatal(err)
		}
		var rows [][]any
		for n := range 30 {
			rows = append(rows, []any{"dpkg", fmt.Sprint("program-", n), fmt.Sprint(i, ".", n)})
		}
		if err := x.Commit(t.Context(), []store.Entry{{Device: id, Head: store.Head{Epoch: 1, Seq: 1}, At: now, ReceivedAt: now,
			Sections: []store.SectionReading{purgeReading(t, "software", now, []string{"source", "name", "version"}, rows...)}}}); err != nil {
			t.Fatal(err)
		}
	}
	whole := filepath.Join(dir, "whole.db")
	if err := x.Snapshot(t.Context(), whole); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ExamineInventory(t.Context(), whole, true)
	if err != nil || len(e.Faults) > 0 || len(e.Differs) > 0 || e.Hashed != 40 {
		t.Fatalf("untouched: %+v, %v", e, err)
	}
	count := 60
	if os.Getenv("MUSTER_FAULTS") == "full" {
		count = 1000
	}
	found, r := 0, rand.New(rand.NewPCG(9, 9))
	for i := range count {
		bad := bytes.Clone(good)
		bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
		path := filepath.Join(dir, fmt.Sprintf("bad-%d.db", i%4))
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		e, err := ExamineInventory(t.Context(), path, true)
		if err != nil || len(e.Faults) > 0 || len(e.Differs) > 0 || e.Hashed != 40 {
			found++
		}
		if errors.Is(err, store.ErrFull) {
			t.Errorf("a flipped bit is told as a full disk: %v", err)
		}
	}
	// SQLite's pages have no sums: a bit within free space (most of a small
	// file of hundreds of tables), or of a value that
	// no section hash covers, cannot be told.
	t.Logf("%d of %d flips were found", found, count)
	if found < count/12 {
		t.Errorf("only %d of %d flips were found", found, count)
	}
}
