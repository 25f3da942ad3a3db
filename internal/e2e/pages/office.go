//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/agent/simulate"
	"muster/internal/e2e"
)

// script is what happens in the days before anybody looks, among PCs of which
// nearly all are fine. %[1]d is hours until tomorrow: troubles on the way. %[2]d
// is the hour of yesterday morning, when begins what shows at once. %[3]d is how
// many hours troubles have that have come to their end, %[4]s when PCs are on.
const script = `
seed: 11
rhythm: %[4]s
sites:
  - {name: hartford, agents: 30%%, switches: 8, ups: 2, printers: 4}
  - {name: stamford, agents: 20%%, switches: 6, ups: 1, printers: 3}
  - {name: norwich, agents: 16%%, switches: 4, ups: 1, printers: 2}
  - {name: windham, agents: 12%%, switches: 3, ups: 1, printers: 2}
  - {name: groton, agents: 12%%, switches: 2, ups: 1, printers: 1}
  - {name: milford, switches: 2, printers: 1}
steps:
  - {at: 0s,       agents: 2, do: throttle}
  - {at: 0s,       agents: 3, do: fail_battery, for: %[1]dh}
  - {at: 0s,       agents: 4, do: fill_disk, for: %[1]dh}
  - {at: 0s,       agents: 1, do: leak_memory, for: %[1]dh}
  - {at: 0s,       do: toner_low, site: windham, for: %[1]dh}
  - {at: 9h,       agents: 3, do: dying_disk, for: %[3]dh}
  - {at: 9h,       agents: 1, do: wear_out, for: %[1]dh}
  - {at: 10h,      agents: 40%%, do: upgrade}
  - {at: 10h,      agents: 3%%, do: install, name: Sample Reader}
  - {at: 10h,      agents: 50%%, model: Book 14 G2, site: norwich, do: bad_driver}
  - {at: 10h,      agents: 3, do: crash_program}
  - {at: 11h,      agents: 2, do: silent}
  - {at: 11h,      agents: 2, do: memory_module_lost}
  - {at: 11h,      agents: 2, do: disk_gone}
  - {at: 11h,      agents: 2, do: update_fails}
  - {at: %[2]dh,   do: switch_errors, switch: sw-stamford-2, agents: 50%%}
  - {at: %[2]dh,   agents: 3, do: link_slow}
  - {at: %[2]dh,   agents: 4, do: overheat}
  - {at: %[2]dh,   agents: 4, do: flap_link}
  - {at: %[2]dh,   agents: 4, do: service_crash_loop}
  - {at: %[2]dh,   agents: 3, do: antivirus_off}
`

// office is what is played before anybody looks.
type office struct {
	PCs      int
	Programs int           // on each, about
	Days     int           // that are played
	Interval time.Duration // between two reports of one device
}

// many is of how many PCs not all are switched on in one hour.
const many = 20_000

// play fills the stores in a folder with the days before now, in virtual time.
func (o office) play(ctx context.Context, dir string, now time.Time) (stats e2e.StageStats, err error) {
	rhythm := "office"
	if o.PCs > many {
		rhythm = "always" // or all of them come at eight, and wait in memory for one another
	}
	text := fmt.Sprintf(script, 24*o.Days+24, max(24*o.Days-15, 1), max(24*o.Days-40, 1), rhythm)
	sc, err := simulate.ParseScenario("office.yaml", []byte(text), simulate.Scenario{Speed: 1})
	if err != nil {
		return stats, err
	}
	// From midnight on, so that the hours of the script are those of the day.
	start := now.Truncate(24*time.Hour).AddDate(0, 0, -o.Days)
	s, err := e2e.NewStage(ctx, e2e.StageOptions{Dir: dir, Start: start, Agency: "State",
		Fleet: simulate.Options{Agents: o.PCs, Programs: o.Programs, Interval: o.Interval, Refresh: 4 * time.Hour, Scenario: sc}})
	if err != nil {
		return stats, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	// A few thousand a step, as they come over an interval.
	step := o.Interval / time.Duration((o.PCs+1999)/2000)
	for at := now.Add(-now.Sub(start).Truncate(step) + step); !at.After(now); at = at.Add(step) {
		if err := s.Step(ctx, at); err != nil {
			return s.Stats, err
		}
	}
	return s.Stats, nil
}

// morning is the next Tuesday, 10:40 in the morning: a time at which an office
// works. A browser takes a clock that is ahead, and throws away what is signed
// by one behind.
func morning(t time.Time) time.Time {
	at := t.UTC().Truncate(24 * time.Hour).Add(10*time.Hour + 40*time.Minute)
	for at.Weekday() != time.Tuesday || !at.After(t) {
		at = at.AddDate(0, 0, 1)
	}
	return at
}
