package simulate

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Scenario is what happens to a fleet. The zero value is a quiet fleet.
type Scenario struct {
	Seed   uint64  `yaml:"seed"`
	Rhythm string  `yaml:"rhythm"` // office or always
	Speed  float64 `yaml:"speed"`  // simulated seconds in a real one
	Steps  []Step  `yaml:"steps"`
}

// Step is one thing that happens to some machines.
type Step struct {
	At     Span   `yaml:"at"`
	Agents Share  `yaml:"agents"`
	Do     string `yaml:"do"`
	Name   string `yaml:"name"`
	For    Span   `yaml:"for"`
}

// Span is a duration in YAML: 90s, 10m, 2h, 3d.
type Span time.Duration

// UnmarshalYAML reads a span.
func (s *Span) UnmarshalYAML(b []byte) error {
	text := strings.Trim(strings.TrimSpace(string(b)), `"'`)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseFloat(days, 64); err == nil && n >= 0 && n < 1e5 {
			*s = Span(n * float64(24*time.Hour))
			return nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is not a time such as 90s, 10m, 2h or 3d", text)
	}
	*s = Span(d)
	return nil
}

// Share is a part of the fleet: 5% or a number of machines.
type Share struct {
	Percent float64
	Count   int
}

// UnmarshalYAML reads a share.
func (s *Share) UnmarshalYAML(b []byte) error {
	text := strings.Trim(strings.TrimSpace(string(b)), `"'`)
	if p, ok := strings.CutSuffix(text, "%"); ok {
		n, err := strconv.ParseFloat(p, 64)
		if err != nil || n < 0 || n > 100 {
			return fmt.Errorf("%q is not a share of 0%% to 100%%", text)
		}
		s.Percent = n
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is neither a share (5%%) nor a number of machines", text)
	}
	s.Count = n
	return nil
}

// holds says whether machine n of a fleet is among the share. Machines are
// taken evenly over the fleet, the same ones each time.
func (s Share) holds(n, fleet int) bool {
	want := s.Count
	if s.Percent > 0 {
		want = int(math.Ceil(s.Percent / 100 * float64(fleet)))
	}
	if want <= 0 || fleet == 0 {
		return false
	}
	want = min(want, fleet)
	return (n+1)*want/fleet > n*want/fleet
}

// What a step may do.
const (
	doInstall = "install"
	doRemove  = "remove"
	doUpgrade = "upgrade"
	doReboot  = "reboot"
	doOffline = "offline"
	doFill    = "fill_disk"
	doRename  = "rename"
	doClock   = "wrong_clock"
)

// LoadScenario reads a scenario; an empty path is the quiet fleet.
func LoadScenario(path string) (Scenario, error) {
	s := Scenario{Seed: 1, Rhythm: "always", Speed: 1}
	if path == "" {
		return s, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return s, fmt.Errorf("read scenario: %w", err)
	}
	return ParseScenario(b, s)
}

// ParseScenario reads a scenario over defaults.
func ParseScenario(b []byte, s Scenario) (Scenario, error) {
	if err := yaml.UnmarshalWithOptions(b, &s, yaml.Strict()); err != nil {
		return s, fmt.Errorf("scenario: %w", err)
	}
	switch {
	case s.Rhythm != "office" && s.Rhythm != "always":
		return s, fmt.Errorf("scenario: rhythm %q is neither office nor always", s.Rhythm)
	case !(s.Speed > 0 && s.Speed <= 10_000):
		return s, fmt.Errorf("scenario: speed %v is not between 0 and 10000", s.Speed)
	case len(s.Steps) > 1000:
		return s, fmt.Errorf("scenario: %d steps, at most 1000", len(s.Steps))
	}
	for i, st := range s.Steps {
		switch st.Do {
		case doInstall, doRemove, doUpgrade, doReboot, doRename, doClock:
		case doOffline, doFill:
			if st.For == 0 {
				return s, fmt.Errorf("scenario: step %d (%s) needs for, such as for: 2h", i+1, st.Do)
			}
		default:
			return s, fmt.Errorf("scenario: step %d does %q; there are install, remove, upgrade, reboot, offline, fill_disk, rename, wrong_clock", i+1, st.Do)
		}
		if st.Do == doInstall && st.Name == "" {
			return s, fmt.Errorf("scenario: step %d installs, but names no program", i+1)
		}
	}
	return s, nil
}
