package sqlstore

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"muster/collector/search"
	"muster/collector/store"
	"muster/collector/store/sqlstore/postgrestest"
)

// busy is the processor time of this program and of the server.
func busy(s *postgrestest.Server) time.Duration {
	var own syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &own) // of oneself it does not fail
	return s.Busy() + time.Duration(own.Utime.Nano()+own.Stime.Nano())
}

// BenchmarkDatabases measures a fleet over SQLite and over PostgreSQL in the
// same run, both syncing each commit: taking reports in, lists and searches.
// It ends with one JSON line a figure.
func BenchmarkDatabases(b *testing.B) {
	s, err := postgrestest.Start(true)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Stop) // after the stores are closed
	if _, err := s.SQL("postgres", "CREATE DATABASE bench TEMPLATE template0"); err != nil {
		b.Fatal(err)
	}
	for _, e := range []struct {
		name string
		x    *Inventory
	}{{"sqlite", open(b)}, {"postgres", openOn(b, on(s, "bench"))}} {
		figure := func(name string, value float64, unit string) {
			fmt.Printf("{\"figure\":\"%s_%s\",\"value\":%.3g,\"unit\":%q}\n", e.name, name, value, unit)
		}
		n := fleetSize()
		begin, used := time.Now(), busy(s)
		fill(b, e.x, n, 250)
		figure("first_inventories_per_second", float64(n)/time.Since(begin).Seconds(), "1/s")
		figure("processor_time_of_a_first_inventory", (busy(s)-used).Seconds()*1e3/float64(n), "ms")
		c, err := e.x.Counts(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		figure("bytes_per_device", float64(c.Bytes)/float64(n), "B")
		if e.name == "postgres" {
			if _, err := s.SQL("bench", "VACUUM ANALYZE"); err != nil { // as autovacuum does within minutes
				b.Fatal(err)
			}
		}
		seq := 1
		for _, size := range []int{1, 200} {
			begin, reports, used := time.Now(), 0, busy(s)
			for time.Since(begin) < 3*time.Second {
				seq++
				for from := 1; from <= n && time.Since(begin) < 3*time.Second; from += size {
					var group []store.Entry
					for d := from; d < from+size && d <= n; d++ {
						group = append(group, entry(d, seq))
					}
					take(b, e.x, group...)
					reports += len(group)
				}
			}
			figure(fmt.Sprintf("reports_per_second_in_groups_of_%d", size), float64(reports)/time.Since(begin).Seconds(), "1/s")
			figure(fmt.Sprintf("processor_time_of_a_report_in_groups_of_%d", size), (busy(s)-used).Seconds()*1e6/float64(reports), "us")
		}
		for _, q := range []struct{ name, filter string }{
			{"list", ""}, {"search_software", `software:"Adobe Reader"<23`}, {"search_facts", `os:windows ram<8GB model:"Model 1"`}, {"search_free", "hfd-0007"},
		} {
			f, err := search.Parse(q.filter)
			if err != nil {
				b.Fatal(err)
			}
			var took []time.Duration
			for range 200 {
				begin := time.Now()
				if _, err := e.x.Devices(b.Context(), store.DeviceQuery{Scope: store.Scope{All: true}, Filter: f, Limit: 50, Now: at(100)}); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(begin))
			}
			slices.Sort(took)
			figure(q.name+"_p50", took[len(took)/2].Seconds()*1000, "ms")
			figure(q.name+"_p95", took[len(took)*95/100].Seconds()*1000, "ms")
		}
	}
}
