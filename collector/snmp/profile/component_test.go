package profile

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"muster/internal/inventory"
)

// What a state is of must be known where its name says so: rules look for
// failed supplies and fans by the component alone.
func TestSuppliesAndFansAreKnownAsSuch(t *testing.T) {
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d goldens, %v", len(files), err)
	}
	named := regexp.MustCompile(`^  kind="state" name="([^"]*)"`)
	part := regexp.MustCompile(` component="([^"]*)"`)
	seen := map[string]int{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			m := named.FindStringSubmatch(line)
			if m == nil || !strings.Contains(line, ` status="`) {
				continue
			}
			var component string
			if c := part.FindStringSubmatch(line); c != nil {
				component = c[1]
			}
			seen[component]++
			if !told(m[1], component) {
				t.Errorf("%s: %q is of component %q", file, m[1], component)
			}
		}
	}
	if seen["power_supply"] < 20 || seen["fan"] < 20 {
		t.Errorf("only %v", seen)
	}
}

// told says that the component of a state is what its name says. A fan of a
// supply may be either, and how hot a fan is is no matter of the fan.
func told(name, component string) bool {
	low := strings.ToLower(name)
	fan := regexp.MustCompile(`\bfans?\b|\bfan[ _]?(tray)?[ _]?\d`).MatchString(low)
	supply := regexp.MustCompile(`\bpsu|power ?suppl`).MatchString(low)
	switch {
	case strings.Contains(low, "temp"), strings.Contains(low, "tmp"), !fan && !supply:
		return true
	case fan && component == "fan":
		return true
	}
	return supply && component == "power_supply"
}

// What failed is told once, by the row that has the judgement, and as what it is.
func TestAFailedSupplyOrFanIsTold(t *testing.T) {
	for _, x := range []struct{ title, walk, component, text string }{
		{"Nexus, CISCO-ENTITY-FRU-CONTROL-MIB", `
1.3.6.1.2.1.1.1.0 s Cisco NX-OS(tm) n9000, Software (n9000-dk9), Version 9.3(5), RELEASE SOFTWARE
1.3.6.1.2.1.1.2.0 o 1.3.6.1.4.1.9.12.3.1.3.1812
1.3.6.1.2.1.47.1.1.1.1.2.470 s Nexus9000 AC unit
1.3.6.1.2.1.47.1.1.1.1.5.470 i 6
1.3.6.1.2.1.47.1.1.1.1.7.470 s Unit-1
1.3.6.1.2.1.47.1.1.1.1.2.471 s Nexus9000 AC unit
1.3.6.1.2.1.47.1.1.1.1.5.471 i 6
1.3.6.1.2.1.47.1.1.1.1.7.471 s Unit-2
1.3.6.1.4.1.9.9.117.1.1.2.1.2.470 i 2
1.3.6.1.4.1.9.9.117.1.1.2.1.2.471 i 8
`, "power_supply", "failed"},
		{"IOS XE, which has each supply in CISCO-ENVMON-MIB too", `
1.3.6.1.2.1.1.1.0 s Cisco IOS Software [Cupertino], Catalyst L3 Switch Software (CAT9K_IOSXE), Version 17.9.4, RELEASE SOFTWARE (fc5)
1.3.6.1.2.1.1.2.0 o 1.3.6.1.4.1.9.1.2494
1.3.6.1.2.1.47.1.1.1.1.5.13 i 6
1.3.6.1.2.1.47.1.1.1.1.7.13 s Power Supply Module 1
1.3.6.1.4.1.9.9.13.1.5.1.2.13 s Power Supply Module 1
1.3.6.1.4.1.9.9.13.1.5.1.3.13 i 6
1.3.6.1.4.1.9.9.117.1.1.2.1.2.13 i 8
`, "power_supply", "not working"},
		{"RouterOS", `
1.3.6.1.2.1.1.1.0 s RouterOS CRS326-24S+2Q+
1.3.6.1.2.1.1.2.0 o 1.3.6.1.4.1.14988.1
1.3.6.1.4.1.14988.1.1.3.100.1.2.7401 s psu1-state
1.3.6.1.4.1.14988.1.1.3.100.1.3.7401 i 0
1.3.6.1.4.1.14988.1.1.3.100.1.4.7401 i 6
1.3.6.1.4.1.14988.1.1.3.100.1.2.7402 s psu2-state
1.3.6.1.4.1.14988.1.1.3.100.1.3.7402 i 1
1.3.6.1.4.1.14988.1.1.3.100.1.4.7402 i 6
`, "power_supply", "failed"},
		{"FortiGate, whose redundant supply was never plugged in", `
1.3.6.1.2.1.1.2.0 o 1.3.6.1.4.1.12356.101.1.5000
1.3.6.1.4.1.12356.101.4.3.2.1.2.1 s FAN1
1.3.6.1.4.1.12356.101.4.3.2.1.3.1 s 0
1.3.6.1.4.1.12356.101.4.3.2.1.4.1 i 1
1.3.6.1.4.1.12356.101.4.3.2.1.2.2 s RPS 12V
1.3.6.1.4.1.12356.101.4.3.2.1.3.2 s 0
1.3.6.1.4.1.12356.101.4.3.2.1.4.2 i 1
`, "fan", "alarm"},
	} {
		w, err := parseWalk([]byte(x.walk))
		if err != nil {
			t.Fatal(err)
		}
		_, rows := section[inventory.Sensor](t, read(t, identifyWith(t, own(t), w), w))
		bad := 0
		for _, s := range rows {
			if s.Status != "critical" && s.Status != "warning" {
				continue
			}
			if bad++; s.Component != x.component || s.ValueText != x.text {
				t.Errorf("%s: %+v", x.title, s)
			}
		}
		if bad != 1 {
			t.Errorf("%s: %d sensors tell it, want 1: %+v", x.title, bad, rows)
		}
	}
}

// A temperature that stands in CISCO-ENVMON-MIB and in CISCO-ENTITY-SENSOR-MIB
// under one number is one sensor; one that stands in the first alone stays.
func TestATemperatureIsToldOnce(t *testing.T) {
	w, err := parseWalk([]byte(`
1.3.6.1.2.1.1.1.0 s Cisco IOS Software [Cupertino], Catalyst L3 Switch Software (CAT9K_IOSXE), Version 17.9.4, RELEASE SOFTWARE (fc5)
1.3.6.1.2.1.1.2.0 o 1.3.6.1.4.1.9.1.2494
1.3.6.1.2.1.47.1.1.1.1.5.1012 i 8
1.3.6.1.2.1.47.1.1.1.1.7.1012 s Slot 1 Temp: Outlet
1.3.6.1.4.1.9.9.13.1.3.1.2.1012 s Slot 1 Temp: Outlet
1.3.6.1.4.1.9.9.13.1.3.1.3.1012 g 27
1.3.6.1.4.1.9.9.13.1.3.1.6.1012 i 1
1.3.6.1.4.1.9.9.13.1.3.1.2.7 s Intake
1.3.6.1.4.1.9.9.13.1.3.1.3.7 g 21
1.3.6.1.4.1.9.9.13.1.3.1.6.7 i 1
1.3.6.1.4.1.9.9.91.1.1.1.1.1.1012 i 8
1.3.6.1.4.1.9.9.91.1.1.1.1.2.1012 i 9
1.3.6.1.4.1.9.9.91.1.1.1.1.3.1012 i 0
1.3.6.1.4.1.9.9.91.1.1.1.1.4.1012 i 27
1.3.6.1.4.1.9.9.91.1.1.1.1.5.1012 i 1
`))
	if err != nil {
		t.Fatal(err)
	}
	_, rows := section[inventory.Sensor](t, read(t, identifyWith(t, own(t), w), w))
	got := map[string]int{}
	for _, s := range rows {
		got[s.Kind+" "+s.Name]++
	}
	if len(rows) != 3 || got["temperature Slot 1 Temp: Outlet"] != 1 || got["temperature Intake"] != 1 || got["state Intake"] != 1 {
		t.Errorf("%v", got)
	}
}
