package power

import (
	"context"
	"strconv"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// ReadUPS reads section ups where the system itself drives what hangs on the
// PC's port, as Windows does: those of its batteries that are a UPS.
func ReadUPS(ctx context.Context, h *host.Host) (gather.Reading, error) {
	list, asked, err := supplies(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	rows := []inventory.Ups{}
	for _, s := range list {
		if s.of["type"] == "UPS" {
			rows = append(rows, s.ups())
		}
	}
	return gather.Rows(rows, asked...)
}

// ups is the row of a supply that is one.
func (s supply) ups() inventory.Ups {
	b := s.row()
	u := inventory.Ups{Name: b.Name, Vendor: b.Vendor, Model: b.Model, Serial: b.Serial, BatteryStatus: "unknown", OutputSource: "other",
		Charge: b.Charge, BatteryVolts: b.Volts, Celsius: b.Celsius}
	switch b.State {
	case "charging", "full", "idle":
		u.OutputSource = "mains"
	case "discharging":
		u.OutputSource = "battery"
		if n, err := strconv.ParseInt(s.of["time_to_empty_now"], 10, 64); err == nil && n >= 0 {
			u.LeftSeconds = &n
		}
	}
	const low, depleted = 25, 5 // percent, as Windows' own levels for a UPS
	switch {
	case b.Condition == "failed":
		u.BatteryStatus = "fault"
	case u.Charge == nil:
	case *u.Charge <= depleted:
		u.BatteryStatus = "depleted"
	case *u.Charge <= low && u.OutputSource == "battery":
		u.BatteryStatus = "low"
	default:
		u.BatteryStatus = "normal"
	}
	return u
}
