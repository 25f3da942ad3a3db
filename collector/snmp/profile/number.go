package profile

import (
	"math"
	"slices"
	"strings"

	"muster/internal/inventory"
	"muster/internal/report"
)

// figure says which number of the metric catalogue a column of a section is.
type figure struct {
	column, field string
	factor        float64 // 0: 1
}

// figures are the measurement of a section, its labels with the columns they
// are, and its numbers. Sensors, whose number depends on their kind, and ports,
// which have counters in no section, are not among them.
func figures(section string) (measurement string, labels []figure, list []figure) {
	switch section {
	case "processor":
		return "processor", []figure{{column: "name", field: "processor"}}, []figure{{column: "load_percent", field: "usage_percent"}}
	case "memory_pool":
		return "memory_pool", []figure{{column: "name", field: "pool"}}, []figure{
			{column: "used_percent", field: "used_percent"},
			{column: "used_bytes", field: "used_bytes"},
			{column: "free_bytes", field: "free_bytes"},
			{column: "size_bytes", field: "total_bytes"},
		}
	case "storage":
		return "storage", []figure{{column: "name", field: "storage"}}, []figure{
			{column: "used_percent", field: "used_percent"},
			{column: "used_bytes", field: "used_bytes"},
			{column: "size_bytes", field: "size_bytes"},
		}
	case "poe_supply":
		return "poe", []figure{{column: "group_number", field: "group"}}, []figure{
			{column: "capacity_watts", field: "capacity_watts"},
			{column: "used_watts", field: "used_watts"},
		}
	case "poe_port":
		return "poe_port", []figure{{column: "port", field: "ifName"}}, []figure{
			{column: "power_watts", field: "power_watts"},
			{column: "voltage_volts", field: "voltage_volts"},
		}
	case "power_line":
		return "power_line", []figure{{column: "kind", field: "kind"}, {column: "line_number", field: "line"}}, []figure{
			{column: "voltage_volts", field: "voltage_volts"},
			{column: "current_amperes", field: "current_amperes"},
			{column: "power_watts", field: "power_watts"},
			{column: "load_percent", field: "load_percent"},
			{column: "energy_watt_hours", field: "energy_watt_hours"},
		}
	case "ups":
		return "upsd", []figure{{column: "model", field: "model"}, {column: "serial", field: "serial"}, {column: "name", field: "ups_name"}}, []figure{
			{column: "charge_percent", field: "battery_charge_percent"},
			{column: "load_percent", field: "load_percent"},
			{column: "remaining_seconds", field: "time_left_ns", factor: 1e9},
			{column: "on_battery_seconds", field: "time_on_battery_ns", factor: 1e9},
			{column: "battery_volts", field: "battery_voltage"},
			{column: "temperature_celsius", field: "internal_temp"},
			{column: "rated_watts", field: "nominal_power"},
		}
	case "printer_supply":
		return "printer_supply", []figure{{column: "color", field: "color"}, {column: "description", field: "supply"}}, []figure{{column: "level_percent", field: "level_percent"}}
	case "radio":
		return "radio", []figure{{column: "access_point", field: "access_point"}, {column: "name", field: "radio"}}, []figure{
			{column: "client_count", field: "clients"},
			{column: "utilization_percent", field: "channel_percent"},
			{column: "noise_dbm", field: "noise_dbm"},
		}
	case "bridge":
		return "bridge", nil, []figure{
			{column: "fdb_count", field: "fdb_entries"},
			{column: "topology_change_count", field: "topology_changes"},
		}
	}
	return "", nil, nil
}

// series adds the numbers that rows of a section hold, of rows that were read in
// this round.
func (r *round) series(a *assembled) {
	switch a.section.Name {
	case "sensor":
		r.sensorSeries(a)
		return
	case "arp":
		if slices.Contains(a.fresh, true) || a.status == report.OK {
			r.add(report.Series{Measurement: "bridge", Field: "arp_entries"}, float64(len(a.rows)))
		}
		return
	}
	measurement, labels, list := figures(a.section.Name)
	if measurement == "" {
		return
	}
	for n, row := range a.rows {
		if !a.fresh[n] {
			continue
		}
		var ls []report.Label
		for _, l := range labels {
			v := labelText(row[a.section.Index(l.column)])
			if v == "" && l.column == "name" && a.section.Name == "ups" {
				v = firstText(textAt(row, a.section.Index("model")), "ups")
			}
			if v != "" {
				ls = append(ls, report.Label{Key: l.field, Value: v})
			}
		}
		slices.SortFunc(ls, func(a, b report.Label) int { return strings.Compare(a.Key, b.Key) })
		for _, f := range list {
			v, ok := floatAt(row, a.section.Index(f.column))
			if !ok {
				continue
			}
			if f.factor != 0 {
				v *= f.factor
			}
			r.add(report.Series{Measurement: measurement, Field: f.field, Labels: ls}, v)
		}
		switch a.section.Name {
		case "ups":
			r.add(report.Series{Measurement: measurement, Field: "status_flags", Labels: ls}, upsFlags(a.section, row))
		case "poe_supply":
			c, ok := floatAt(row, a.section.Index("capacity_watts"))
			u, ok2 := floatAt(row, a.section.Index("used_watts"))
			if ok && ok2 && c > 0 {
				r.add(report.Series{Measurement: measurement, Field: "used_percent", Labels: ls}, u/c*100)
			}
		}
	}
}

func labelText(x any) string {
	return datumOf(x).string()
}

func datumOf(x any) datum {
	switch v := x.(type) {
	case string:
		return textDatum(v)
	case int64:
		return numberDatum(float64(v))
	case float64:
		return numberDatum(v)
	}
	return datum{}
}

// sensorSeries adds the numbers of sensors: temperatures are temp, all else has
// the field of its unit in sensor, and its state where the device judges.
func (r *round) sensorSeries(a *assembled) {
	s := a.section
	source := s.Index("source")
	kind, name, unit, value, status := s.Index("kind"), s.Index("name"), s.Index("value_unit"), s.Index("value"), s.Index("status")
	kinds := map[string]string{}
	for _, row := range a.rows {
		n := textAt(row, name)
		if k, ok := kinds[n]; ok && k != textAt(row, kind) {
			kinds[n] = ""
		} else {
			kinds[n] = textAt(row, kind)
		}
	}
	for i, row := range a.rows {
		if !a.fresh[i] || reflects(textAt(row, source)) {
			continue
		}
		label := textAt(row, name)
		if kinds[label] == "" {
			label += " (" + textAt(row, kind) + ")"
		}
		ls := []report.Label{{Key: "sensor", Value: label}}
		v, ok := floatAt(row, value)
		if !ok {
			v = math.NaN()
		}
		state, judged := sensorState(textAt(row, status))
		if textAt(row, kind) == "state" {
			if judged {
				r.add(report.Series{Measurement: "sensor", Field: "state", Labels: ls}, state)
			}
			continue
		}
		m, f := sensorField(textAt(row, unit))
		if f == "" || !ok && row[status] == nil {
			continue
		}
		r.add(report.Series{Measurement: m, Field: f, Labels: ls}, v)
		if judged {
			r.add(report.Series{Measurement: "sensor", Field: "state", Labels: ls}, state)
		}
	}
}

// sensorState is the code of a judgement in the metric catalogue.
func sensorState(status string) (float64, bool) {
	switch status {
	case "ok":
		return 1, true
	case "warning":
		return 2, true
	case "critical":
		return 3, true
	case "unavailable":
		return 4, true
	case "unknown":
		return 0, true
	}
	return 0, false
}

func sensorField(unit string) (measurement, field string) {
	switch unit {
	case "celsius":
		return "temp", "temp"
	case "rpm":
		return "sensor", "fan_rpm"
	case "volt":
		return "sensor", "voltage_volts"
	case "ampere":
		return "sensor", "current_amperes"
	case "watt":
		return "sensor", "power_watts"
	case "watt_hour":
		return "sensor", "energy_watt_hours"
	case "hertz":
		return "sensor", "frequency_hertz"
	case "dbm":
		return "sensor", "signal_dbm"
	case "percent":
		return "sensor", "load_percent"
	case "second":
		return "sensor", "runtime_seconds"
	case "cubic_meter_per_second":
		return "sensor", "airflow_cubic_meters_per_second"
	case "pascal":
		return "sensor", "pressure_pascals"
	case "count":
		return "sensor", "items"
	}
	return "", ""
}

// upsFlags are the bits of upsd.status_flags that a row tells of.
func upsFlags(s *inventory.Section, row []any) float64 {
	flags := 0
	set := func(bit int, yes bool) {
		if yes {
			flags |= 1 << bit
		}
	}
	source, battery := textAt(row, s.Index("output_source")), textAt(row, s.Index("battery_status"))
	set(1, source == "reducer")
	set(2, source == "booster")
	set(3, source == "mains" || source == "reducer" || source == "booster" || source == "bypass")
	set(4, source == "battery")
	load, ok := floatAt(row, s.Index("load_percent"))
	set(5, ok && load > 100)
	set(6, battery == "low" || battery == "depleted")
	replace, _ := row[s.Index("replace_battery")].(bool)
	set(7, replace || battery == "fault")
	return float64(flags)
}
