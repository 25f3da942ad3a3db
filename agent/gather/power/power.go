// Package power reads how the machine is fed: section battery and the numbers
// of measurement battery, and section power.
//
// It owns what the kernel's power supplies mean, and what batteries leave out
// or get wrong. It must not change a setting.
package power

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// maxSupplies bounds how many supplies are read: batteries, mains, ports.
const maxSupplies = 64

// Read reads section power.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	row, asked, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	return gather.Rows([]inventory.Power{row}, asked...)
}

// ReadBatteries reads section battery.
func ReadBatteries(ctx context.Context, h *host.Host) (gather.Reading, error) {
	list, asked, err := supplies(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	rows := []inventory.Battery{}
	for _, s := range list {
		if s.battery() {
			rows = append(rows, s.row())
		}
	}
	return gather.Rows(rows, asked...)
}

// Sampler reads the numbers of batteries. The machine's controller is slow to
// answer, so it is asked each fifth time; between, its last answer stands.
type Sampler struct {
	age  int
	rows []inventory.Battery
	ac   *bool
}

// each is after how many samplings batteries are asked again: the catalogue
// wants them each 5 minutes.
const each = 5

// Name of the sampler in logs.
func (*Sampler) Name() string { return "battery" }

// Sample puts the numbers of the batteries that feed the machine.
func (s *Sampler) Sample(ctx context.Context, h *host.Host, to gather.Sink) error {
	if s.age%each == 0 {
		s.rows, s.ac = nil, nil
		list, _, err := supplies(ctx, h)
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
		for _, x := range list {
			if r := x.row(); x.battery() && r.Kind == "internal" {
				s.rows = append(s.rows, r)
			}
		}
		s.ac = online(list)
	}
	s.age++
	for _, r := range s.rows[:min(len(s.rows), 4)] {
		put := func(field string, v *float64) {
			if v != nil {
				to.Put("battery", field, *v, "battery", r.Name)
			}
		}
		put("charge_percent", r.Charge)
		put("full_watt_hours", r.FullWh)
		if r.DesignWh > 0 {
			put("design_watt_hours", &r.DesignWh)
		}
		put("cycles", float(r.Cycles))
		put("power_watts", r.Watts)
		put("voltage_volts", r.Volts)
		put("remaining_seconds", float(r.LeftSeconds))
		if s.ac != nil {
			v := 0.0
			if *s.ac {
				v = 1
			}
			put("ac_online", &v)
		}
	}
	return nil
}

func float(n *int64) *float64 {
	if n == nil {
		return nil
	}
	return new(float64(*n))
}

// supply is one of the kernel's power supplies by its attributes
// (Documentation/ABI/testing/sysfs-class-power): millionths of volts, watts
// and so on.
type supply struct {
	name string
	of   map[string]string
}

// number is an attribute as a number, or 0 and false. Drivers write 0 or all
// ones where a battery does not tell.
func (s supply) number(attribute string) (float64, bool) {
	n, err := strconv.ParseInt(s.of[attribute], 10, 64)
	if err != nil || n == math.MaxInt32 || n == -1 || n < -1<<50 || n > 1<<50 {
		return 0, false
	}
	return float64(n), true
}

// micro is an attribute in millionths, above 0.
func (s supply) micro(attribute string) (float64, bool) {
	n, ok := s.number(attribute)
	return n / 1e6, ok && n > 0
}

func (s supply) battery() bool {
	return (s.of["type"] == "Battery" || s.of["type"] == "UPS") && s.of["present"] != "0"
}

// energy is an amount in watt-hours, from energy or from charge and the
// voltage the battery was made for.
func (s supply) energy(which string) (float64, bool) {
	if wh, ok := s.micro("energy_" + which); ok {
		return wh, true
	}
	ah, ok := s.micro("charge_" + which)
	volts, ok2 := s.micro("voltage_min_design")
	if !ok2 {
		volts, ok2 = s.micro("voltage_now")
	}
	return ah * volts, ok && ok2
}

// row is the battery's row.
func (s supply) row() inventory.Battery {
	r := inventory.Battery{Name: s.name, Kind: "internal", Vendor: s.of["manufacturer"], Model: s.of["model_name"],
		Serial: serial(s.of["serial_number"]), Chemistry: s.of["technology"], State: "unknown"}
	switch {
	case s.of["type"] == "UPS":
		r.Kind = "ups"
	case s.of["scope"] == "Device":
		r.Kind = "peripheral"
	}
	if r.Chemistry == "Unknown" {
		r.Chemistry = ""
	}
	switch s.of["status"] {
	case "Charging":
		r.State = "charging"
	case "Discharging":
		r.State = "discharging"
	case "Full":
		r.State = "full"
	case "Not charging":
		r.State = "idle"
	}
	switch s.of["health"] {
	case "Good":
		r.Condition = "good"
	case "Dead", "Unspecified failure", "Cell imbalance", "No battery":
		r.Condition = "failed"
	}
	s.amounts(&r)
	if n, ok := s.number("cycle_count"); ok && n > 0 && n < 100_000 { // 0 says that the firmware does not count
		r.Cycles = new(int64(n))
	}
	if n, ok := s.number("charge_control_end_threshold"); ok && n > 0 && n < 100 {
		r.ChargeLimit = new(int64(n))
	}
	if n, ok := s.number("temp"); ok && n != 0 && n > -500 && n < 1200 { // tenths of a degree
		r.Celsius = new(n / 10)
	}
	if v, ok := s.micro("voltage_now"); ok {
		r.Volts = new(hundredth(v))
	}
	if v, ok := s.micro("voltage_min_design"); ok {
		r.DesignVolts = hundredth(v)
	}
	year, ok1 := s.number("manufacture_year")
	month, ok2 := s.number("manufacture_month")
	day, ok3 := s.number("manufacture_day")
	if ok1 && ok2 && ok3 && year >= 1995 && year < 2100 && month >= 1 && month <= 12 && day >= 1 && day <= 31 {
		r.MadeAt = time.Date(int(year), time.Month(month), int(day), 0, 0, 0, 0, time.UTC)
	}
	return r
}

// amounts fills in what it holds and what flows.
func (s supply) amounts(r *inventory.Battery) {
	design, okDesign := s.energy("full_design")
	full, okFull := s.energy("full")
	if okDesign {
		r.DesignWh = hundredth(design)
	}
	if okFull {
		r.FullWh = new(hundredth(full))
	}
	// More than half above the design is a driver's error.
	if okDesign && okFull && full/design < 1.5 {
		r.HealthShare = new(math.Round(full/design*1000) / 10)
	}
	now, okNow := s.energy("now")
	if n, ok := s.number("capacity"); ok && n >= 0 && n <= 100 && s.of["capacity"] != "" {
		r.Charge = &n
	} else if okNow && okFull {
		r.Charge = new(min(math.Round(now/full*100), 100))
	}
	watts, ok := s.number("power_now")
	if watts = math.Abs(watts) / 1e6; !ok {
		amps, ok1 := s.number("current_now")
		volts, ok2 := s.micro("voltage_now")
		watts, ok = math.Abs(amps)/1e6*volts, ok1 && ok2
	}
	if !ok || watts > 1000 {
		return
	}
	signed := hundredth(watts)
	if r.State == "charging" && signed != 0 {
		signed = -signed // the kernel has no sign of its own for it
	}
	r.Watts = &signed
	if r.State != "discharging" {
		return
	}
	if n, ok := s.number("time_to_empty_now"); ok && n > 0 && n < 1<<20 {
		r.LeftSeconds = new(int64(n))
	} else if okNow && watts > 0.2 && now/watts < 240 {
		r.LeftSeconds = new(int64(now / watts * 3600))
	}
}

// hundredth rounds to what such gauges can tell.
func hundredth(n float64) float64 { return math.Round(n*100) / 100 }

// serial leaves out what is no serial number.
func serial(s string) string {
	if strings.Trim(s, "0 ") == "" {
		return ""
	}
	return s
}

// online says whether the machine is fed from outside; nil when nothing tells.
func online(list []supply) *bool {
	var told, yes bool
	for _, s := range list {
		switch s.of["type"] {
		case "Mains", "USB", "Wireless", "USB_C", "USB_PD", "BrickID":
			if s.of["scope"] == "Device" || s.of["online"] == "" {
				continue
			}
			told = true
			yes = yes || s.of["online"] != "0"
		}
	}
	if !told {
		return nil
	}
	return &yes
}

// adapter is the most power that an adapter on a port offers, in watts; nil
// when none tells.
func adapter(list []supply) *float64 {
	var most float64
	for _, s := range list {
		volts, ok1 := s.micro("voltage_max")
		amps, ok2 := s.micro("current_max")
		if s.of["type"] == "USB" && s.of["online"] != "0" && s.of["online"] != "" && ok1 && ok2 && volts*amps < 500 {
			most = max(most, hundredth(volts*amps))
		}
	}
	if most == 0 {
		return nil
	}
	return &most
}

// sleepStates reads /sys/power/state and mem_sleep, "s2idle [deep]", in the
// words of ACPI (Documentation/admin-guide/pm/sleep-states.rst).
func sleepStates(state, memSleep string) []string {
	var list []string
	add := func(s string) {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	for _, w := range strings.Fields(state) {
		switch w {
		case "freeze":
			add("s0ix")
		case "standby":
			add("s1")
		case "disk":
			add("s4")
		case "mem":
			if memSleep == "" {
				add("s3")
			}
			for _, m := range strings.Fields(memSleep) {
				switch strings.Trim(m, "[]") {
				case "s2idle":
					add("s0ix")
				case "shallow":
					add("s1")
				case "deep":
					add("s3")
				}
			}
		}
	}
	slices.Sort(list)
	return list
}

// profile reads the state file of power-profiles-daemon: "Profile=balanced".
func profile(text string) string {
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "Profile="); ok && len(v) < 64 {
			return v
		}
	}
	return ""
}

// Draining says whether the machine lives off its batteries, and how full the
// fullest of those is that feed it, in percent. What cannot be told is no.
func Draining(ctx context.Context, h *host.Host) (percent float64, yes bool) {
	if b, err := h.AskNative(host.NativePower); err == nil {
		return drainingNative(b)
	}
	list, _, err := supplies(ctx, h)
	if err != nil {
		return 0, false
	}
	if ac := online(list); ac != nil && *ac {
		return 0, false
	}
	for _, s := range list {
		r := s.row()
		if !s.battery() || r.Kind != "internal" {
			continue
		}
		if r.State == "charging" || r.Charge == nil {
			return 0, false
		}
		percent = max(percent, *r.Charge)
		yes = yes || r.State == "discharging"
	}
	return percent, yes
}

// drainingNative reads SYSTEM_POWER_STATUS (Microsoft, winbase.h): a byte each
// for the mains (0 off), flags (128 no battery, 8 charging, 255 unknown) and
// the charge of all batteries in percent (255 unknown).
func drainingNative(b []byte) (percent float64, yes bool) {
	const charging, none, unknown = 8, 128, 255
	if len(b) < 3 || b[0] != 0 || b[1] == unknown || b[1]&(charging|none) != 0 || b[2] > 100 {
		return 0, false
	}
	return float64(b[2]), true
}
