//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"muster/agent/simulate"
)

// BenchmarkJudgeRemembers is what a judge takes, after a start, to know what it
// knew before: each device's rows, events and changes, and its numbers of the
// last week, from the real stores.
func BenchmarkJudgeRemembers(b *testing.B) {
	const agents, days, interval = 60, 7, 5 * time.Minute
	sc, err := simulate.ParseScenario("quiet.yaml", []byte(fleetOf), simulate.Scenario{Speed: 1})
	if err != nil {
		b.Fatal(err)
	}
	start := time.Date(2026, 10, 26, 0, 0, 0, 0, time.UTC)
	s, err := NewStage(b.Context(), StageOptions{Dir: b.TempDir(), Start: start, Agency: "State",
		Fleet: simulate.Options{Agents: agents, Programs: 120, Interval: interval, Refresh: 4 * time.Hour, Scenario: sc}})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for now := start.Add(interval); !now.After(start.AddDate(0, 0, days)); now = now.Add(interval) {
		if err := s.Step(b.Context(), now); err != nil {
			b.Fatal(err)
		}
	}
	n, devices := 0, 0
	var load time.Duration
	for b.Loop() {
		begin := time.Now()
		if err := s.NewJudge(b.Context(), 0); err != nil {
			b.Fatal(err)
		}
		load += time.Since(begin)
		j := s.Judges[0]
		devices = j.Stats().Devices
		for j.Stats().Unknown > 0 {
			if err := j.Remind(b.Context(), 20); err != nil {
				b.Fatal(err)
			}
		}
		n++
	}
	per := b.Elapsed().Seconds() / float64(n*devices) * 1000
	b.ReportMetric(per, "ms/device")
	b.ReportMetric(float64(load.Milliseconds())/float64(n), "ms/load")
	line, err := json.Marshal(map[string]any{"figure": "judge_milliseconds_per_device_after_a_start", "value": per, "unit": "ms", "goal": 0})
	if err != nil {
		b.Fatal(err)
	}
	fmt.Println(string(line))
}
