package poll

import (
	"fmt"
	"math"
	"testing"
	"time"

	"muster/internal/report"
)

func TestCountersOf32BitsGoOnOverAWrapAndFallWithAReset(t *testing.T) {
	const wrap = 1 << 32
	port := func(field string) report.Series {
		return report.Series{Measurement: "interface", Field: field, Labels: []report.Label{{Key: "ifName", Value: "Fa0/1"}}}
	}
	for _, c := range []struct {
		name          string
		field         string
		speed         float64 // Mbit/s
		before, after float64
		elapsed       time.Duration
		grew          bool
		want          float64
	}{
		{"grows", "ifInOctets", 100, 1000, 2000, time.Minute, true, 2000},
		{"wraps at 100 Mbit/s", "ifInOctets", 100, wrap - 1000, 500e6, time.Minute, true, wrap + 500e6},
		{"would be faster than the port", "ifInOctets", 100, 1000, 900, time.Minute, true, 900},
		{"falls with the agent", "ifInOctets", 100, wrap - 1000, 500e6, time.Minute, false, 500e6},
		{"could have wrapped more than once", "ifInOctets", 1000, wrap - 1000, 1000, time.Minute, true, 1000},
		{"no speed is told", "ifInOctets", math.NaN(), wrap - 1000, 1000, time.Minute, true, 1000},
		{"packets wrap", "ifInUcastPkts", 1000, wrap - 1000, 1000, time.Minute, true, wrap + 1000},
		{"packets that cannot be", "ifInUcastPkts", 10, wrap - 1e7, 1e7, time.Minute, true, 1e7},
		{"64 bits are left alone", "ifHCInOctets", 100, wrap - 1000, 1000, time.Minute, true, 1000},
		{"errors are left alone", "ifInErrors", 100, wrap - 1, 0, time.Minute, true, 0},
		{"not read", "ifInOctets", 100, wrap - 1000, math.NaN(), time.Minute, true, math.NaN()},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w width
			l := report.Layout{port(c.field), port("ifHighSpeed")}
			now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
			v := []float64{c.before, c.speed}
			w.widen(l, v, now, false)
			if v[0] != c.before {
				t.Fatalf("the first value became %v", v[0])
			}
			v = []float64{c.after, c.speed}
			w.widen(l, v, now.Add(c.elapsed), c.grew)
			if v[0] != c.want && !(math.IsNaN(v[0]) && math.IsNaN(c.want)) {
				t.Errorf("%v, want %v", v[0], c.want)
			}
		})
	}
}

// A port with full load over many wraps, and a reset in the middle: never a
// rate above its speed.
func TestAWidenedCounterHasNoPeaks(t *testing.T) {
	var w width
	l := report.Layout{
		{Measurement: "interface", Field: "ifInOctets", Labels: []report.Label{{Key: "ifName", Value: "Fa0/1"}}},
		{Measurement: "interface", Field: "ifSpeed", Labels: []report.Label{{Key: "ifName", Value: "Fa0/1"}}},
	}
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	count, last := 0.0, 0.0
	for i := range 500 {
		reset := i == 250
		if reset {
			count = 0
		}
		v := []float64{math.Mod(count, 1<<32), 100e6}
		w.widen(l, v, now, i > 0 && !reset)
		if d := v[0] - last; i > 0 && !reset && (d < 0 || d > 100e6/8*60*1.01) {
			t.Fatalf("round %d grew by %v bytes in a minute", i, d)
		}
		if reset && v[0] != 0 {
			t.Errorf("after the reset it is %v", v[0])
		}
		last = v[0]
		count += 100e6 / 8 * 60
		now = now.Add(time.Minute)
	}
}

func TestRenamedPortsDoNotFillTheMemory(t *testing.T) {
	var w width
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for round := range 50 {
		var l report.Layout
		var v []float64
		for i := range 100 {
			l = append(l, report.Series{Measurement: "interface", Field: "ifInOctets", Labels: []report.Label{{Key: "ifName", Value: fmt.Sprint("p", round, ".", i)}}})
			v = append(v, 1)
		}
		w.widen(l, v, now.Add(time.Duration(round)*time.Minute), true)
	}
	if len(w.Last) > 300 {
		t.Errorf("%d ports are remembered of 100", len(w.Last))
	}
}
