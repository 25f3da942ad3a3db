package profile

import (
	"fmt"
	"strings"

	"muster/internal/inventory"
)

// mirrored makes sensors of what sections of power say of quantities, so that
// the sensors of a device are all in one place, whatever it is. Their numbers
// are those of their own sections.
func mirrored(a *assembled) *part {
	sec, ok := inventory.Lookup("sensor")
	if !ok {
		return nil
	}
	p := &part{section: sec, task: a.section.Name, none: true}
	for n, row := range a.rows {
		text := func(column string) string { return textAt(row, a.section.Index(column)) }
		add := func(kind, name, component, column string) {
			v, ok := floatAt(row, a.section.Index(column))
			if !ok {
				return
			}
			x := newRow(sec)
			x[sec.Index("kind")], x[sec.Index("name")], x[sec.Index("source")] = kind, name, a.section.Name
			x[sec.Index("component")], x[sec.Index("value")] = component, v
			p.rows, p.index = append(p.rows, x), append(p.index, "")
			p.none, p.fresh = false, p.fresh || a.fresh[n]
		}
		switch a.section.Name {
		case "ups":
			unit := text("name")
			if unit != "" {
				unit += " "
			}
			add("charge", unit+"Battery charge", "battery", "charge_percent")
			add("runtime", unit+"Battery runtime", "battery", "remaining_seconds")
			add("runtime", unit+"Time on battery", "battery", "on_battery_seconds")
			add("voltage", unit+"Battery voltage", "battery", "battery_volts")
			add("temperature", unit+"Battery temperature", "battery", "temperature_celsius")
			add("load", unit+"Load", "line", "load_percent")
			add("power", unit+"Output power", "line", "output_watts")
		case "power_line":
			kind := text("kind")
			name := strings.ToUpper(kind[:min(1, len(kind))]) + kind[min(1, len(kind)):]
			number, _ := floatAt(row, a.section.Index("line_number"))
			name = fmt.Sprintf("%s %.0f", name, number)
			if own := text("name"); own != "" {
				name += " " + own
			}
			component := map[string]string{"outlet": "outlet", "phase": "phase"}[kind]
			if component == "" {
				component = "line"
			}
			add("voltage", name, component, "voltage_volts")
			add("current", name, component, "current_amperes")
			add("power", name, component, "power_watts")
			add("load", name, component, "load_percent")
			add("frequency", name, component, "frequency_hertz")
			add("energy", name, component, "energy_watt_hours")
		case "poe_supply":
			number, _ := floatAt(row, a.section.Index("group_number"))
			add("power", fmt.Sprintf("PoE group %.0f used", number), "line", "used_watts")
			add("power", fmt.Sprintf("PoE group %.0f capacity", number), "line", "capacity_watts")
		}
	}
	return p
}

// reflects says that a section is shown among the sensors too.
func reflects(section string) bool {
	return section == "ups" || section == "power_line" || section == "poe_supply"
}
