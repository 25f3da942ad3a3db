package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"testing"

	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/inventory"
)

// TestSectionsOfThisMachine reads everything of the machine the test runs on:
// whatever it is, no reading may fail, and every row conforms.
func TestSectionsOfThisMachine(t *testing.T) {
	h := host.Local()
	for _, s := range sections() {
		t.Run(s.Name, func(t *testing.T) {
			r, err := s.Read(context.Background(), h)
			if err != nil && !errors.Is(err, errors.ErrUnsupported) {
				t.Fatal(err)
			}
			rows := recorded.Check(t, s.Name, r)
			schema, _ := inventory.Lookup(s.Name)
			if schema.Single && err == nil && len(rows) != 1 {
				t.Errorf("%d rows, want one", len(rows))
			}
			for _, f := range r.Faults {
				t.Logf("fault: %s", f)
			}
			for i, row := range rows {
				if i == 3 {
					t.Logf("and %d more", len(rows)-i)
					break
				}
				b, _ := json.Marshal(row)
				t.Logf("%s", b)
			}
		})
	}
}

// BenchmarkInventory reads the full inventory of this machine: what a full
// check each day costs. The figure is the memory it takes from the system at
// most beyond what the process had before.
func BenchmarkInventory(b *testing.B) {
	h := host.Local()
	ctx := context.Background()
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		rows = 0
		for _, s := range sections() {
			r, err := s.Read(ctx, h)
			if err != nil && !errors.Is(err, errors.ErrUnsupported) {
				b.Fatal(err)
			}
			rows += len(r.Table.Rows)
		}
	}
	b.ReportMetric(float64(rows), "rows")
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Printf("{\"figure\":\"agent_inventory_milliseconds\",\"value\":%.1f,\"unit\":\"ms\"}\n", float64(b.Elapsed().Microseconds())/float64(b.N)/1000)
}

// BenchmarkSection shows which section costs what.
func BenchmarkSection(b *testing.B) {
	h := host.Local()
	for _, s := range sections() {
		b.Run(s.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Read(context.Background(), h); err != nil && !errors.Is(err, errors.ErrUnsupported) {
					b.Fatal(err)
				}
			}
		})
	}
}
