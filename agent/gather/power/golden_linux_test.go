package power

import (
	"context"
	"fmt"
	"testing"

	"muster/agent/gather/recorded"
	"muster/internal/metric"
)

const laptop = `
-- values /sys/class/power_supply/AC --
type Mains
online 0
-- values /sys/class/power_supply/BAT0 --
type Battery
present 1
status Discharging
technology Li-poly
manufacturer CELLMAKER
model_name 5B10TEST
serial_number  4711
cycle_count 212
capacity 61
charge_control_end_threshold 80
energy_full_design 57020000
energy_full 48510000
energy_now 29800000
power_now 7450000
voltage_now 15521000
voltage_min_design 15440000
manufacture_year 2022
manufacture_month 11
manufacture_day 3
-- values /sys/class/power_supply/BAT1 --
type Battery
present 0
-- values /sys/class/power_supply/hidpp_battery_0 --
type Battery
scope Device
status Discharging
capacity 90
model_name Test Mouse
-- values /sys/class/power_supply/ucsi-source-psy-USBC000:001 --
type USB
online 0
-- values /sys/power --
state freeze mem disk
mem_sleep [s2idle] deep
disk [platform] shutdown reboot
-- /sys/devices/system/cpu/cpu0/cpufreq/scaling_governor --
powersave
-- /var/lib/power-profiles-daemon/state.ini --
[State]
Profile=balanced
-- values /sys/class/thermal --
cooling_device0/type Processor
cooling_device0/cur_state 0
cooling_device1/type Fan
cooling_device1/cur_state 1
`

const board = `
-- values /sys/power --
state freeze mem
-- /sys/devices/platform/soc/soc:firmware/get_throttled --
50005
-- values /sys/devices/system/cpu/cpu0/cpufreq --
scaling_governor ondemand
`

func TestGolden(t *testing.T) {
	for name, text := range map[string]string{"laptop": laptop, "board": board, "nothing": "-- /etc/hostname --\nx\n"} {
		t.Run(name, func(t *testing.T) {
			h := recorded.Unpack(t, []byte(text))
			r, err := ReadBatteries(context.Background(), h)
			recorded.Golden(t, h, "battery", "battery."+name, r, err)
			r, err = Read(context.Background(), h)
			recorded.Golden(t, h, "power", "power."+name, r, err)
		})
	}
}

type sink map[string]float64

func (s sink) Put(m, f string, v float64, labels ...string) {
	if _, _, ok := metric.Lookup(m, f); !ok {
		panic(m + "." + f + " is not in the catalogue")
	}
	s[fmt.Sprint(labels[1], " ", f)] = v
}

func TestSample(t *testing.T) {
	none := sink{}
	if err := (&Sampler{}).Sample(t.Context(), recorded.Unpack(t), none); err != nil || len(none) > 0 {
		t.Errorf("a machine without supplies: %v %v", none, err)
	}
	h := recorded.Unpack(t, []byte(laptop))
	s := &Sampler{}
	for range each + 1 {
		got := sink{}
		if err := s.Sample(t.Context(), h, got); err != nil {
			t.Fatal(err)
		}
		want := sink{"BAT0 charge_percent": 61, "BAT0 full_watt_hours": 48.51, "BAT0 design_watt_hours": 57.02, "BAT0 cycles": 212, "BAT0 power_watts": 7.45,
			"BAT0 voltage_volts": 15.52, "BAT0 remaining_seconds": 14400, "BAT0 ac_online": 0}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v\nwant %v", got, want)
		}
	}
}

func TestDraining(t *testing.T) {
	supply := func(text string) string { return laptop + text }
	for name, c := range map[string]struct {
		tree string
		want float64 // 0: it does not
	}{
		"61 percent":        {laptop, 61},
		"15 percent":        {supply("-- values /sys/class/power_supply/BAT0 --\nenergy_now 7000000\ncapacity 15\n"), 15},
		"15 percent, mains": {supply("-- values /sys/class/power_supply/BAT0 --\nenergy_now 7000000\ncapacity 15\n-- values /sys/class/power_supply/AC --\nonline 1\n"), 0},
		"15 percent, idle":  {supply("-- values /sys/class/power_supply/BAT0 --\nenergy_now 7000000\ncapacity 15\nstatus Not charging\n"), 0},
		"the fuller of two": {supply("-- values /sys/class/power_supply/BAT0 --\nenergy_now 7000000\ncapacity 15\n-- values /sys/class/power_supply/BAT2 --\ntype Battery\npresent 1\nstatus Discharging\ncapacity 90\nenergy_full 100\nenergy_now 90\n"), 90},
		"no batteries":      {"-- values /sys/class/power_supply/AC --\ntype Mains\nonline 1\n", 0},
		"no supplies":       {"-- /etc/hostname --\nx\n", 0},
	} {
		if got, yes := Draining(t.Context(), recorded.Unpack(t, []byte(c.tree))); yes != (c.want > 0) || yes && got != c.want {
			t.Errorf("%s: %v, %v", name, got, yes)
		}
	}
}
