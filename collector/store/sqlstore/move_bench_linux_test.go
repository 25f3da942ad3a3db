package sqlstore

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"muster/collector/store/sqlstore/postgrestest"
)

// BenchmarkMove moves a fleet from SQLite to a PostgreSQL that syncs: all of it
// at first, and then nothing, which is what holding both sides against each
// other costs at the end. MUSTER_BENCH_DEVICES is the size of the fleet, and
// MUSTER_BENCH_FILE one that is there already. It ends with one JSON line a
// figure.
func BenchmarkMove(b *testing.B) {
	s, err := postgrestest.Start(true)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Stop)
	if _, err := s.SQL("postgres", "CREATE DATABASE bench TEMPLATE template0"); err != nil {
		b.Fatal(err)
	}
	path := os.Getenv("MUSTER_BENCH_FILE")
	if path == "" {
		path = filepath.Join(b.TempDir(), "inventory.db")
	}
	x, err := Open(b.Context(), path, Options{})
	if err != nil {
		b.Fatal(err)
	}
	if c, err := x.Counts(b.Context()); err != nil || c.Devices != fleetSize() {
		fill(b, x, fleetSize(), 250)
	}
	if err := x.Close(); err != nil {
		b.Fatal(err)
	}
	figure := func(name string, value float64, unit string) {
		fmt.Printf("{\"figure\":\"migrate_%s\",\"value\":%.3g,\"unit\":%q}\n", name, value, unit)
	}
	begin := time.Now()
	m, err := OpenMove(b.Context(), PartInventory, path, on(s, "bench"), "one", Options{})
	if err != nil {
		b.Fatal(err)
	}
	figure("tables_made", time.Since(begin).Seconds(), "s")
	for _, name := range []string{"rows_per_second", "rows_compared_per_second"} {
		begin, rows := time.Now(), int64(0)
		list, err := m.Round(b.Context(), nil)
		if err != nil {
			b.Fatal(err)
		}
		for _, t := range list {
			rows += t.File.Rows
		}
		if name == "rows_per_second" {
			figure("rows", float64(rows), "")
		}
		figure(name, float64(rows)/time.Since(begin).Seconds(), "1/s")
		begin = time.Now()
		if err := m.Index(b.Context(), nil); err != nil {
			b.Fatal(err)
		}
		if name == "rows_per_second" {
			figure("indexes", time.Since(begin).Seconds(), "s")
		}
	}
	begin = time.Now()
	if err := m.Complete(b.Context(), nil); err != nil {
		b.Fatal(err)
	}
	figure("keys_checked", time.Since(begin).Seconds(), "s")
	if err := m.Seal(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := m.Close(); err != nil {
		b.Fatal(err)
	}
}
