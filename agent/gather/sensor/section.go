package sensor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/order"
)

// Reader reads the section. It remembers which fans it has seen turn.
type Reader struct {
	turned map[string]bool
	zones  counters // of Windows
}

// Read reads the section.
func (r *Reader) Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, err := r.read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	return gather.Rows(rows, asked...)
}

// errNone is a machine without sysfs, such as some containers.
var errNone = fmt.Errorf("the system shows no sensors here: %w", errors.ErrUnsupported)

func (r *Reader) read(ctx context.Context, h *host.Host) ([]inventory.Sensor, []string, error) {
	if r.zones == nil {
		r.zones = thermal()
	}
	switch list, err := readZones(r.zones); {
	case err == nil:
		return zoneRows(list), []string{"pdh"}, nil
	case !errors.Is(err, errors.ErrUnsupported):
		return nil, nil, err
	}
	if !h.Exists("/sys/class") {
		return nil, nil, errNone
	}
	if r.turned == nil {
		r.turned = map[string]bool{}
	}
	rows := []inventory.Sensor{}
	for _, i := range inputs(h) {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		row := inventory.Sensor{Kind: i.Kind, Name: i.Name, Component: part(i), Source: i.Chip, Unit: i.Unit, Status: "ok"}
		row.Value = r.value(h, i)
		limits(h, i, &row)
		switch {
		case h.Line(i.Stem+"_fault") == "1":
			row.Status, row.Value = "unavailable", nil
		case h.Line(i.Stem+"_crit_alarm") == "1" || h.Line(i.Stem+"_emergency_alarm") == "1":
			row.Status = "critical"
		case guessed(i.Chip):
			row.Status = "unknown"
		case h.Line(i.Stem+"_alarm") == "1" || h.Line(i.Stem+"_max_alarm") == "1" || h.Line(i.Stem+"_min_alarm") == "1":
			row.Status = "warning"
		}
		rows = append(rows, row)
	}
	for _, f := range h.Glob("/sys/class/hwmon/hwmon*/intrusion*_alarm") {
		dir, base := f[:strings.LastIndexByte(f, '/')], f[strings.LastIndexByte(f, '/')+1:]
		chip := h.Line(dir + "/name")
		row := inventory.Sensor{Kind: "state", Name: Clean(chip + "_" + strings.TrimSuffix(base, "_alarm")), Component: "chassis", Source: chip, Unit: "code"}
		switch h.Line(f) {
		case "0":
			row.Value, row.ValueText = new(0.0), "closed"
		case "1": // until somebody resets it, so that it is no alarm of now
			row.Value, row.ValueText = new(1.0), "was opened"
		}
		rows = append(rows, row)
	}
	order.Stable(rows, func(a, b inventory.Sensor) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return rows, []string{"sysfs"}, nil
}

// value is the reading, or nothing where there is none: a part asleep, a
// sensor that is not wired, a number that cannot be.
func (r *Reader) value(h *host.Host, i input) *float64 {
	n, err := strconv.ParseInt(h.Line(i.File), 10, 64)
	if err != nil {
		return nil
	}
	v := float64(n) / i.Per
	switch i.Kind {
	case "temperature":
		if v < -60 || v > 200 || n == 0 {
			return nil
		}
		v = math.Round(v*10) / 10
	case "fan_speed":
		// A plug of the board without a fan reads 0 as one that stands does.
		if v > 0 {
			r.turned[i.Name] = true
		} else if guessed(i.Chip) && !r.turned[i.Name] {
			return nil
		}
		if v < 0 || v > 60_000 {
			return nil
		}
	default:
		v = math.Round(v*1000) / 1000
	}
	return &v
}

// limits reads the maker's limits. A limit of 0 at both ends is one that
// nobody set.
func limits(h *host.Host, i input, row *inventory.Sensor) {
	if guessed(i.Chip) {
		return
	}
	read := func(file string) *float64 {
		n, err := strconv.ParseInt(h.Line(file), 10, 64)
		if err != nil {
			return nil
		}
		v := math.Round(float64(n)/i.Per*1000) / 1000
		if i.Kind == "temperature" && (v < -100 || v > 200) {
			return nil // NVMe and others say "none" by the ends of their scale
		}
		return &v
	}
	if strings.HasSuffix(i.Stem, "/") { // a thermal zone
		for n := range 12 {
			trip := i.Stem + "trip_point_" + strconv.Itoa(n)
			switch h.Line(trip + "_type") {
			case "critical":
				row.HighCritical = read(trip + "_temp")
			case "hot":
				row.HighWarning = read(trip + "_temp")
			}
		}
		return
	}
	row.LowCritical, row.LowWarning = read(i.Stem+"_lcrit"), read(i.Stem+"_min")
	row.HighWarning, row.HighCritical = read(i.Stem+"_max"), read(i.Stem+"_crit")
	if row.HighCritical == nil {
		row.HighCritical = read(i.Stem + "_emergency")
	}
	for _, l := range []**float64{&row.HighWarning, &row.HighCritical} {
		// The most of a fan is what it can, not what it must not.
		if *l != nil && (**l <= 0 || i.Kind == "fan_speed") {
			*l = nil
		}
	}
	if i.Kind != "temperature" {
		for _, l := range []**float64{&row.LowWarning, &row.LowCritical} {
			if *l != nil && **l == 0 {
				*l = nil
			}
		}
	}
}

// guessed says whether a chip watches whatever a board's maker wired to it.
// Its driver knows neither which plugs are used nor which limits and alarms
// mean anything: they are what the firmware left there (Linux kernel,
// Documentation/hwmon/nct6775.rst and its neighbours).
func guessed(chip string) bool {
	return slices.ContainsFunc([]string{"nct6", "nct7", "it8", "w836", "w837", "f718", "f719", "f818", "sch5", "dme17", "vt12", "smsc", "lm78", "lm85", "adt7", "pc87", "via686", "sis5595", "asb100"},
		func(p string) bool { return strings.HasPrefix(chip, p) })
}

// part says what a sensor belongs to, by its chip and the words of its name.
func part(i input) string {
	name := strings.ToLower(i.Name)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(name, w) })
	}
	chip := func(prefixes ...string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(i.Chip, p) })
	}
	switch {
	case i.Kind == "fan_speed":
		return "fan"
	case chip("coretemp", "k8temp", "k10temp", "zenpower", "fam15h_power", "cpu", "via_cputemp", "x86_pkg_temp", "TCPU", "soc_thermal", "sibyl"):
		return "cpu"
	case chip("amdgpu", "radeon", "nouveau", "i915", "xe", "gpu"):
		return "gpu"
	case chip("nvme"):
		return "disk"
	case chip("jc42", "spd5118", "sbtsi_mem"):
		return "memory"
	case chip("iwlwifi", "ath", "mt7", "rtw", "r8169", "ixgbe", "bnxt", "mlx", "igb", "tg3"):
		return "network"
	case chip("corsairpsu", "pmbus", "max16601"):
		return "power_supply"
	case has("cpu", "peci", "tctl", "package_id"):
		return "cpu"
	case has("gpu", "video"):
		return "gpu"
	case has("dimm", "memory", "sodimm", "dram"):
		return "memory"
	case has("ambient", "inlet"):
		return "ambient"
	case has("battery"):
		return "battery"
	case chip("acpitz", "pch_"), guessed(i.Chip), has("motherboard", "systin", "pch", "chipset"):
		return "board"
	}
	return "other"
}
