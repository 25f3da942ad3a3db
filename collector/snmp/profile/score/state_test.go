package score

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"muster/collector/snmp/profile"
	"muster/internal/inventory"
)

// What devices of the recordings complain of, by recording: all is in trouble
// there by its own word. Anything else would be a false alarm.
func complaints() map[string][]string {
	return map[string][]string{
		"cyberpower_cp1000pfclcd": {"Battery replacement"},
		"ironware":                {"Power supply 2"},
		"junos_qfx5100":           {"Yellow alarm"},
		"routeros_crs317":         {"psu2-state"},
	}
}

func TestHealthyGearRaisesNoAlarm(t *testing.T) {
	expected, err := Load(*dir)
	if err != nil {
		t.Skipf("there are no recordings to hold profiles against: %v", err)
	}
	set, err := profile.Load(profile.Own(), "")
	if err != nil {
		t.Fatal(err)
	}
	supply, fan := regexp.MustCompile(`(?i)\bpsu|power ?suppl`), regexp.MustCompile(`(?i)\bfans?\b|\bfan ?\d`)
	for _, e := range expected {
		if !strings.Contains(e.ID, *device) {
			continue
		}
		r, err := Run(set, *dir, e)
		if err != nil {
			t.Error(err)
			continue
		}
		var bad []string
		for _, s := range rows[inventory.Sensor](r) {
			if s.Status == "critical" || s.Status == "warning" {
				bad = append(bad, s.Name)
			}
			if s.Kind != "state" || s.Status == "" {
				continue
			}
			if isFan, isSupply := fan.MatchString(s.Name), supply.MatchString(s.Name); (isFan || isSupply) && !(isFan && s.Component == "fan" || isSupply && s.Component == "power_supply") {
				t.Errorf("%s: %q is of component %q", e.ID, s.Name, s.Component)
			}
		}
		slices.Sort(bad)
		if want := complaints()[e.ID]; !slices.Equal(bad, want) {
			t.Errorf("%s (%s) complains of %q, want %q", e.ID, r.Profile, bad, want)
		}
	}
}
