package power

import (
	"math"
	"reflect"
	"testing"
)

func TestBattery(t *testing.T) {
	is := func(p *float64) float64 {
		if p == nil {
			return math.NaN()
		}
		return *p
	}
	for name, c := range map[string]struct {
		of                                map[string]string
		design, full, health, charge, now float64
		left                              int64
	}{
		"energy": {map[string]string{"status": "Discharging", "energy_full_design": "57000000", "energy_full": "45600000", "energy_now": "22800000", "power_now": "11400000", "capacity": "50"},
			57, 45.6, 80, 50, 11.4, 7200},
		"charge, of an old design": {map[string]string{"status": "Charging", "charge_full_design": "4000000", "charge_full": "3000000", "charge_now": "1500000",
			"voltage_min_design": "11100000", "voltage_now": "12000000", "current_now": "-2000000"}, 44.4, 33.3, 75, 50, -24, 0},
		"nothing": {map[string]string{"energy_full": "0", "energy_full_design": "0", "power_now": "0"}, 0, math.NaN(), math.NaN(), math.NaN(), 0, 0},
		"errors of drivers": {map[string]string{"status": "Discharging", "energy_full_design": "1000000", "energy_full": "65535000", "power_now": "2147483647", "capacity": "255"},
			1, 65.54, math.NaN(), math.NaN(), math.NaN(), 0},
		"seconds": {map[string]string{"status": "Discharging", "time_to_empty_now": "600", "power_now": "1", "capacity": "3"}, 0, math.NaN(), math.NaN(), 3, 0, 600},
	} {
		r := supply{name: "BAT0", of: c.of}.row()
		got := []float64{r.DesignWh, is(r.FullWh), is(r.HealthShare), is(r.Charge), is(r.Watts)}
		for i, want := range []float64{c.design, c.full, c.health, c.charge, c.now} {
			if got[i] != want && !(math.IsNaN(got[i]) && math.IsNaN(want)) {
				t.Errorf("%s: number %d is %v, want %v", name, i, got[i], want)
			}
		}
		left := int64(0)
		if r.LeftSeconds != nil {
			left = *r.LeftSeconds
		}
		if left != c.left {
			t.Errorf("%s: %d s left, want %d", name, left, c.left)
		}
	}
}

func TestFed(t *testing.T) {
	mains := func(kind, online string) supply { return supply{of: map[string]string{"type": kind, "online": online}} }
	pd := supply{of: map[string]string{"type": "USB", "online": "1", "voltage_max": "20000000", "current_max": "3250000"}}
	mouse := supply{of: map[string]string{"type": "Mains", "online": "1", "scope": "Device"}}
	for _, c := range []struct {
		list  []supply
		yes   any
		watts float64
	}{
		{nil, nil, 0}, {[]supply{mains("Mains", "0")}, false, 0}, {[]supply{mains("Mains", "0"), pd}, true, 65}, {[]supply{mouse}, nil, 0},
		{[]supply{mains("Battery", "1")}, nil, 0},
	} {
		got, w := online(c.list), adapter(c.list)
		if (got == nil) != (c.yes == nil) || got != nil && *got != c.yes || (w == nil) != (c.watts == 0) || w != nil && *w != c.watts {
			t.Errorf("%+v: %v %v", c, got, w)
		}
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct {
		state, mem string
		want       []string
	}{
		{"freeze mem disk", "s2idle [deep]", []string{"s0ix", "s3", "s4"}}, {"freeze mem", "[s2idle]", []string{"s0ix"}}, {"", "", nil}, {"standby mem", "", []string{"s1", "s3"}},
	} {
		if got := sleepStates(c.state, c.mem); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v: %v", c, got)
		}
	}
	for in, want := range map[string]string{"[State]\nDriver=x\nProfile=power-saver\n": "power-saver", "": "", "Profile": ""} {
		if got := profile(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func FuzzBattery(f *testing.F) {
	f.Add("57000000", "45600000", "11400000", "Discharging", "2031")
	f.Fuzz(func(t *testing.T, design, full, now, status, year string) {
		s := supply{name: "BAT0", of: map[string]string{"type": "Battery", "energy_full_design": design, "energy_full": full, "energy_now": now, "power_now": now, "capacity": full,
			"voltage_now": now, "current_now": design, "charge_full": full, "charge_full_design": design, "status": status, "temp": year, "cycle_count": now,
			"manufacture_year": year, "manufacture_month": full, "manufacture_day": design, "voltage_max": now, "current_max": full, "online": "1"}}
		r := s.row()
		for _, p := range []*float64{r.FullWh, r.HealthShare, r.Charge, r.Watts, r.Volts, r.Celsius} {
			if p != nil && (math.IsNaN(*p) || math.IsInf(*p, 0)) {
				t.Errorf("%+v", r)
			}
		}
		if r.Charge != nil && (*r.Charge < 0 || *r.Charge > 100) || r.LeftSeconds != nil && *r.LeftSeconds < 0 {
			t.Errorf("%+v", r)
		}
		adapter([]supply{s})
		sleepStates(design, full)
	})
}
