package poll

import (
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"testing"

	"muster/internal/report"
)

// figure prints a line that a machine can read; see docs/performance.
func figure(t testing.TB, name string, value float64, unit string, goal float64) {
	line, err := json.Marshal(map[string]any{"figure": name, "value": math.Round(value*1000) / 1000, "unit": unit, "goal": goal})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(line))
}

// switch48 is what a round of a switch with 48 ports reads: 12 numbers each.
func switch48() (report.Layout, []float64) {
	fields := []string{"ifHCInOctets", "ifHCOutOctets", "ifHCInUcastPkts", "ifHCOutUcastPkts", "ifInErrors", "ifOutErrors", "ifInDiscards", "ifOutDiscards", "ifAdminStatus", "ifOperStatus", "ifHighSpeed", "dot3StatsDuplexStatus"}
	var l report.Layout
	var v []float64
	for port := range 48 {
		labels := []report.Label{{Key: "ifName", Value: fmt.Sprint("Gi1/0/", port+1)}}
		for i, f := range fields {
			l = append(l, report.Series{Measurement: "interface", Field: f, Labels: labels})
			v = append(v, float64(port*i))
		}
	}
	return l, v
}

// What a round costs the poller itself, without packets and stores: what is due,
// sections, numbers, the report. 2,000 switches with 48 ports, round after round.
func BenchmarkRound(b *testing.B) {
	const n = 2000
	l, v := switch48()
	w := newWorld()
	targets := w.add(n)
	for _, x := range targets {
		w.of(x).values = func() (report.Layout, []float64) { return l, append([]float64(nil), v...) }
	}
	w.quiet = true
	p := w.poller()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	p.Set(targets)
	round := func(i int) { p.one(b.Context(), p.targets[targets[i%n].ID], false) }
	for i := range n {
		round(i)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if s := p.States()[n-1]; s.Lane != Live || s.Device == "" {
		b.Fatalf("%+v", s)
	}
	i := 0
	for b.Loop() {
		round(i)
		i++
	}
	figure(b, "poll_own_cpu_per_1000_rounds", b.Elapsed().Seconds()/float64(b.N)*1000, "s", 0.5)
	figure(b, "poll_heap_per_target", float64(after.HeapAlloc-before.HeapAlloc)/n, "byte", 16384)
}
