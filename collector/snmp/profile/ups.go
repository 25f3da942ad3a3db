package profile

import (
	"context"
	"strconv"
	"strings"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
)

// UPS-MIB (RFC 1628).
const (
	upsMIB         = "1.3.6.1.2.1.33.1."
	upsInputEntry  = upsMIB + "3.3.1."
	upsOutputEntry = upsMIB + "4.4.1."
	upsBypassEntry = upsMIB + "5.3.1."
	oidUPSAlarms   = upsMIB + "6.2.1.2" // upsAlarmDescr
	upsWellKnown   = "1.3.6.1.2.1.33.1.6.3."
)

func upsTasks() []*task {
	var objects []string
	for _, s := range []string{"1.1", "1.2", "1.3", "1.4", "1.5", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "4.1", "4.2", "5.1", "6.1", "7.3", "9.5", "9.6"} {
		objects = append(objects, upsMIB+s+".0")
	}
	return []*task{{name: "UPS-MIB", pace: paceFast, sections: []string{"ups", "power_line", "sensor"}, objects: objects, run: readUPS}}
}

func readUPS(ctx context.Context, r *round) {
	var err error
	get := func(s string) session.Value {
		a := r.object(ctx, upsMIB+s+".0")
		err = fault(err, a.err)
		return a.Value
	}
	number := func(s string, scale, low, high float64) *float64 {
		f, ok := numberOf(get(s))
		if f *= scale; !ok || f < low || f > high {
			return nil
		}
		return new(tidy(f))
	}
	if get("2.1").Kind == session.Missing && get("1.2").Kind == session.Missing && get("2.4").Kind == session.Missing {
		put(r, "UPS-MIB", []inventory.Ups(nil), nil, err)
		put(r, "UPS-MIB", []inventory.PowerLine(nil), nil, err)
		put(r, "UPS-MIB", []inventory.Sensor(nil), nil, err)
		return
	}
	u := inventory.Ups{Vendor: textOf(get("1.1")), Model: textOf(get("1.2")), Firmware: textOf(get("1.3")), AgentVersion: textOf(get("1.4")), Serial: r.d.facts["serial"]}
	switch n, _ := integerOf(get("2.1")); n {
	case 1:
		u.BatteryStatus = "unknown"
	case 2:
		u.BatteryStatus = "normal"
	case 3:
		u.BatteryStatus = "low"
	case 4:
		u.BatteryStatus = "depleted"
	}
	if n, ok := integerOf(get("2.2")); ok && n >= 0 && n < 1<<31 {
		u.OnBatterySecs = &n
	}
	if n, ok := integerOf(get("2.3")); ok && n >= 0 && n < 1<<24 {
		u.LeftSeconds = new(n * 60) // minutes
	}
	u.Charge = number("2.4", 1, 0, 100)
	u.BatteryVolts = number("2.5", 0.1, 0, 10_000)
	u.Celsius = number("2.7", 1, -60, 200)
	sources := []string{"", "other", "none", "mains", "bypass", "battery", "booster", "reducer"}
	if n, ok := integerOf(get("4.1")); ok && n > 0 && n < int64(len(sources)) {
		u.OutputSource = sources[n]
	}
	results := []string{"", "passed", "warning", "failed", "aborted", "in_progress", "none"}
	if n, ok := integerOf(get("7.3")); ok && n > 0 && n < int64(len(results)) {
		u.TestResult = results[n]
	}
	u.RatedVA = number("9.5", 1, 1, 1e8)
	u.RatedWatts = number("9.6", 1, 1, 1e8)
	lines, fail := upsLines(ctx, r, number("4.2", 0.1, 1, 1000), number("5.1", 0.1, 1, 1000))
	watts, load, loads := 0.0, 0.0, 0
	for _, l := range lines {
		if l.Kind != "output" {
			continue
		}
		if l.Watts != nil {
			watts += *l.Watts
		}
		if l.Load != nil {
			load += *l.Load
			loads++
		}
	}
	if loads > 0 {
		u.Load = new(tidy(load / float64(loads)))
	}
	if watts > 0 {
		u.OutputWatts = &watts
	}
	alarms := r.column(ctx, oidUPSAlarms)
	for _, index := range alarms.order {
		u.Alarms = append(u.Alarms, upsAlarmName(alarms.cells[index]))
	}
	put(r, "UPS-MIB", []inventory.Ups{u}, nil, fault(err, alarms.err))
	put(r, "UPS-MIB", lines, nil, fault(err, fail))
	var states []inventory.Sensor
	state := func(name, component, object, text, status string) {
		if n, ok := numberOf(get(object)); ok {
			states = append(states, inventory.Sensor{Kind: "state", Name: name, Component: component, Source: "UPS-MIB", Value: &n, ValueText: text, Status: status})
		}
	}
	state("Battery status", "battery", "2.1", u.BatteryStatus, map[string]string{"normal": "ok", "low": "critical", "depleted": "critical"}[u.BatteryStatus])
	state("Output source", "line", "4.1", u.OutputSource, map[string]string{"mains": "ok", "battery": "warning", "bypass": "warning", "booster": "ok", "reducer": "ok", "none": "critical"}[u.OutputSource])
	state("Self-test", "battery", "7.3", u.TestResult, map[string]string{"passed": "ok", "none": "ok", "in_progress": "ok", "warning": "warning", "failed": "critical", "aborted": "warning"}[u.TestResult])
	if n, ok := numberOf(get("6.1")); ok {
		status := "ok"
		if n > 0 {
			status = "warning"
		}
		states = append(states, inventory.Sensor{Kind: "count", Name: "Alarms", Source: "UPS-MIB", Value: &n, Status: status})
	}
	if n := number("2.6", 0.1, -10_000, 10_000); n != nil {
		states = append(states, inventory.Sensor{Kind: "current", Name: "Battery current", Component: "battery", Source: "UPS-MIB", Value: n})
	}
	put(r, "UPS-MIB", states, nil, err)
}

// upsLines reads inputs, outputs and bypasses.
func upsLines(ctx context.Context, r *round, outputHertz, bypassHertz *float64) ([]inventory.PowerLine, error) {
	var rows []inventory.PowerLine
	var err error
	part := func(v session.Value, scale, high float64) *float64 {
		f, ok := numberOf(v)
		if f *= scale; !ok || f < 0 || f > high {
			return nil
		}
		return new(tidy(f))
	}
	line := func(kind, index string) inventory.PowerLine {
		n, _ := strconv.ParseInt(index, 10, 64)
		return inventory.PowerLine{Kind: kind, Number: n}
	}
	in := r.reader.table(ctx, session.Limits{Rows: 50}, upsInputEntry+"2", upsInputEntry+"3", upsInputEntry+"4", upsInputEntry+"5")
	for _, row := range in.Rows {
		l := line("input", row.Index)
		l.Hertz, l.Volts, l.Amperes, l.Watts = part(row.Cells[0], 0.1, 1000), part(row.Cells[1], 1, 100_000), part(row.Cells[2], 0.1, 100_000), part(row.Cells[3], 1, 1e8)
		rows = append(rows, l)
	}
	out := r.reader.table(ctx, session.Limits{Rows: 50}, upsOutputEntry+"2", upsOutputEntry+"3", upsOutputEntry+"4", upsOutputEntry+"5")
	for _, row := range out.Rows {
		l := line("output", row.Index)
		l.Volts, l.Amperes, l.Watts, l.Load = part(row.Cells[0], 1, 100_000), part(row.Cells[1], 0.1, 100_000), part(row.Cells[2], 1, 1e8), part(row.Cells[3], 1, 1000)
		l.Hertz = outputHertz
		rows = append(rows, l)
	}
	bypass := r.reader.table(ctx, session.Limits{Rows: 50}, upsBypassEntry+"2", upsBypassEntry+"3", upsBypassEntry+"4")
	for _, row := range bypass.Rows {
		l := line("bypass", row.Index)
		l.Volts, l.Amperes, l.Watts = part(row.Cells[0], 1, 100_000), part(row.Cells[1], 0.1, 100_000), part(row.Cells[2], 1, 1e8)
		l.Hertz = bypassHertz
		rows = append(rows, l)
	}
	err = fault(in.Fault, out.Fault, bypass.Fault)
	return rows, err
}

// upsAlarmName is the name of a well-known alarm, or what the maker points at.
func upsAlarmName(v session.Value) string {
	names := []string{
		"", "battery_bad", "on_battery", "low_battery", "depleted_battery", "temperature_bad", "input_bad", "output_bad", "output_overload", "on_bypass", "bypass_bad",
		"output_off_as_requested", "ups_off_as_requested", "charger_failed", "ups_output_off", "ups_system_off", "fan_failure", "fuse_failure", "general_fault",
		"diagnostic_test_failed", "communications_lost", "awaiting_power", "shutdown_pending", "shutdown_imminent", "test_in_progress",
	}
	if s, ok := strings.CutPrefix(v.S, upsWellKnown); ok {
		s, _, _ = strings.Cut(s, ".")
		if n, err := strconv.Atoi(s); err == nil && n > 0 && n < len(names) {
			return names[n]
		}
	}
	return firstText(textOf(v), "unknown")
}

// upsAlarm is the alarm of the event catalogue that a name in section ups
// stands for. False: it is none of those listed there.
func upsAlarm(name string) (string, bool) {
	switch name {
	case "battery_bad":
		return "battery_bad", true
	case "low_battery":
		return "battery_low", true
	case "depleted_battery":
		return "battery_depleted", true
	case "output_overload":
		return "overload", true
	case "temperature_bad":
		return "temperature", true
	case "input_bad", "on_battery", "awaiting_power":
		return "input_bad", true
	case "output_bad", "ups_output_off", "ups_system_off":
		return "output_bad", true
	case "on_bypass":
		return "bypass", true
	case "charger_failed":
		return "charger_failed", true
	case "communications_lost":
		return "communication_lost", true
	case "diagnostic_test_failed":
		return "test_failed", true
	}
	return "", false
}
