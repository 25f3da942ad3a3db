package ups

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"muster/agent/host"
	"muster/internal/inventory"
)

// readKernel reads those supplies that the kernel itself calls a UPS
// (Documentation/ABI/testing/sysfs-class-power).
func readKernel(_ context.Context, h *host.Host) ([]inventory.Ups, error) {
	const at = "/sys/class/power_supply/"
	list, err := h.ReadDir(at)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the kernel shows no power supplies: %w", errors.ErrUnsupported)
	}
	if err != nil {
		return nil, err
	}
	var rows []inventory.Ups
	for _, e := range list[:min(len(list), maxUnits)] {
		line := func(name string) string { return h.Line(at + e.Name() + "/" + name) }
		if line("type") != "UPS" {
			continue
		}
		u := inventory.Ups{Name: e.Name(), Vendor: line("manufacturer"), Model: line("model_name"), Serial: line("serial_number"),
			Charge: share(line("capacity"), 100), LeftSeconds: whole(line("time_to_empty_now"), 1), BatteryStatus: "unknown", OutputSource: "other"}
		if n, err := strconv.ParseInt(line("voltage_now"), 10, 64); err == nil { // microvolts
			u.BatteryVolts = new(float64(n/1000) / 1000)
		}
		if n, err := strconv.ParseInt(line("temp"), 10, 64); err == nil { // tenths of a degree
			u.Celsius = new(float64(n) / 10)
		}
		switch line("status") {
		case "Charging", "Full", "Not charging":
			u.OutputSource = "mains"
		case "Discharging":
			u.OutputSource = "battery"
		}
		switch line("health") {
		case "Good":
			u.BatteryStatus = "normal"
		case "Dead":
			u.BatteryStatus = "fault"
		}
		switch line("capacity_level") {
		case "Low":
			u.BatteryStatus = "low"
		case "Critical":
			u.BatteryStatus = "depleted"
		}
		rows = append(rows, u)
	}
	return rows, nil
}
