package power

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"muster/agent/host"
	"muster/internal/inventory"
)

// attributes are those of a supply that are read.
func attributes() []string {
	return []string{
		"type", "scope", "present", "online", "status", "health", "technology", "manufacturer", "model_name", "serial_number",
		"capacity", "cycle_count", "charge_control_end_threshold", "temp", "time_to_empty_now",
		"energy_full_design", "energy_full", "energy_now", "charge_full_design", "charge_full", "charge_now",
		"power_now", "current_now", "voltage_now", "voltage_min_design", "voltage_max", "current_max",
		"manufacture_year", "manufacture_month", "manufacture_day",
	}
}

func supplies(ctx context.Context, h *host.Host) ([]supply, []string, error) {
	list, err := h.ReadDir("/sys/class/power_supply")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("the kernel shows no power supplies: %w", errors.ErrUnsupported)
	}
	if err != nil {
		return nil, nil, err
	}
	var all []supply
	for _, e := range list[:min(len(list), maxSupplies)] {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		s := supply{name: e.Name(), of: map[string]string{}}
		for _, a := range attributes() {
			if v := strings.TrimSpace(h.Line("/sys/class/power_supply/" + e.Name() + "/" + a)); v != "" {
				s.of[a] = v
			}
		}
		all = append(all, s)
	}
	return all, []string{"sysfs"}, nil
}

func read(ctx context.Context, h *host.Host) (inventory.Power, []string, error) {
	var r inventory.Power
	list, _, err := supplies(ctx, h)
	switch {
	case err == nil:
		var n int64
		for _, s := range list {
			if s.battery() && s.row().Kind == "internal" {
				n++
			}
		}
		r.BatteryCount, r.ACOnline, r.AdapterWatts = &n, online(list), adapter(list)
	case !errors.Is(err, errors.ErrUnsupported):
		return r, nil, err
	case !h.Exists("/sys/power") && !h.Exists("/sys/devices/system/cpu"):
		return r, nil, fmt.Errorf("sysfs is not mounted here, so power is not known: %w", errors.ErrUnsupported)
	}
	state := h.Line("/sys/power/state")
	r.SleepStates = sleepStates(state, h.Line("/sys/power/mem_sleep"))
	if state != "" || h.Exists("/sys/power/disk") {
		// "[disabled]" when the kernel is locked down or was told so.
		allowed := strings.Contains(state, "disk") && !strings.Contains(h.Line("/sys/power/disk"), "[disabled]")
		r.Hibernation = &allowed
	}
	r.Governor = h.Line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
	r.Plan = plan(h)
	r.Throttled = throttled(h)
	return r, []string{"sysfs"}, nil
}

// plan is the profile in force, by whoever keeps one.
func plan(h *host.Host) string {
	if p := h.Line("/etc/tuned/active_profile"); p != "" {
		return p
	}
	if b, err := h.ReadFile("/var/lib/power-profiles-daemon/state.ini"); err == nil && len(b) < 4096 {
		if p := profile(string(b)); p != "" {
			return p
		}
	}
	return h.Line("/sys/firmware/acpi/platform_profile")
}

// throttled says whether heat or want of power slows the processor right now:
// by the kernel's cooling devices, or on a Raspberry Pi by its firmware, whose
// low four bits tell of the present (under-voltage, capped, throttled, soft
// limit).
func throttled(h *host.Host) *bool {
	var told, yes bool
	for i, p := range h.Glob("/sys/class/thermal/cooling_device*") {
		if i == 512 {
			break
		}
		kind := h.Line(p + "/type")
		if kind != "Processor" && !strings.HasPrefix(kind, "thermal-cpufreq") && !strings.HasPrefix(kind, "cpufreq-") {
			continue
		}
		if n, err := strconv.ParseInt(h.Line(p+"/cur_state"), 10, 32); err == nil {
			told = true
			yes = yes || n > 0
		}
	}
	if n, err := strconv.ParseUint(strings.TrimPrefix(h.Line("/sys/devices/platform/soc/soc:firmware/get_throttled"), "0x"), 16, 32); err == nil {
		told = true
		yes = yes || n&15 != 0
	}
	if !told {
		return nil
	}
	return &yes
}
