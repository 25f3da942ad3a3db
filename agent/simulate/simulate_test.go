package simulate

import (
	"strings"
	"testing"
	"time"

	"muster/internal/inventory"
	"muster/internal/metric"
)

func TestMachinesSpeakTheCatalogues(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for _, s := range layout() {
		if _, _, ok := metric.Lookup(s.Measurement, s.Field); !ok {
			t.Errorf("%s_%s is not in the catalogue", s.Measurement, s.Field)
		}
	}
	names := map[string]bool{}
	for n := range 50 {
		m := newMachine(n, 7, 120, now)
		names[m.serial()] = true
		all, err := m.inventory(now)
		if err != nil {
			t.Fatal(err)
		}
		for name, tab := range all {
			sec, ok := inventory.Lookup(name)
			if !ok {
				t.Fatalf("section %s is not in the catalogue", name)
			}
			if _, faults, err := sec.Conform(tab); err != nil || len(faults) > 0 {
				t.Errorf("section %s of machine %d: %v, %v", name, n, faults, err)
			}
		}
		if got, want := len(m.sample(now, 0.5)), len(layout()); got != want {
			t.Fatalf("%d values for %d names", got, want)
		}
	}
	if len(names) != 50 {
		t.Errorf("%d serial numbers for 50 machines", len(names))
	}
	a, b := newMachine(3, 7, 120, now), newMachine(3, 7, 120, now)
	if x, y := a.software(), b.software(); len(x) != len(y) || x[0] != y[0] {
		t.Error("the same seed makes another machine")
	}
}

func TestShare(t *testing.T) {
	for _, c := range []struct {
		s    Share
		want int
	}{{Share{Percent: 5}, 10}, {Share{Percent: 100}, 200}, {Share{Count: 7}, 7}, {Share{Count: 999}, 200}, {Share{}, 0}} {
		n := 0
		for i := range 200 {
			if c.s.holds(i, 200) {
				n++
			}
		}
		if n != c.want {
			t.Errorf("%+v holds %d of 200, want %d", c.s, n, c.want)
		}
	}
}

func TestScenarioFaultsAreTold(t *testing.T) {
	base := Scenario{Rhythm: "always", Speed: 1}
	for text, want := range map[string]string{
		"rhythm: nights":                      "neither office nor always",
		"speed: 0":                            "speed",
		"steps: [{do: dance}]":                "there are install",
		"steps: [{do: offline, at: 1m}]":      "needs for",
		"steps: [{do: install, at: 1m}]":      "names no program",
		"steps: [{do: reboot, at: soon}]":     "not a time",
		"steps: [{do: reboot, agents: many}]": "neither a share",
		"steps: [{do: reboot, agents: 120%}]": "not a share",
		"stepps: []":                          "stepps",
	} {
		if _, err := ParseScenario([]byte(text), base); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	s, err := ParseScenario([]byte("seed: 9\nrhythm: office\nspeed: 60\nsteps:\n  - {at: 2h, agents: 5%, do: install, name: Sample Reader}\n  - {at: 1d, agents: 3, do: offline, for: 90m}\n"), base)
	if err != nil || len(s.Steps) != 2 || time.Duration(s.Steps[1].At) != 24*time.Hour || s.Steps[0].Agents.Percent != 5 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestOfficeSleepsAtNight(t *testing.T) {
	m := newMachine(1, 1, 50, time.Now())
	night := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	if a := m.awake(night, "office"); a != 0 {
		t.Errorf("awake at three in the morning: %v", a)
	}
	if a := m.awake(night.Add(9*time.Hour), "office"); a <= 0 {
		t.Errorf("asleep at noon: %v", a)
	}
}

func FuzzScenario(f *testing.F) {
	f.Add([]byte("steps: [{do: reboot, at: 1m, agents: 3%}]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		ParseScenario(b, Scenario{Rhythm: "always", Speed: 1})
	})
}
