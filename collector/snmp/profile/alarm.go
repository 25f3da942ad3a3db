package profile

import (
	"strconv"
	"strings"

	"muster/internal/event"
	"muster/internal/report"
)

// mostAlarms bounds what is remembered of one device's alarms.
const mostAlarms = 500

// alarms tells what the device itself judges differently than in the reading
// before. What was bad before anything was known is told too, once.
func (d *Device) alarms(a *assembled, out *Reading) {
	if a.status != report.OK && a.status != report.Partial {
		return
	}
	switch a.section.Name {
	case "sensor":
		d.sensorAlarms(a, out)
	case "ups":
		d.upsAlarms(a, out)
	case "printer_alert":
		d.printerAlarms(a, out)
	case "bridge":
		d.treeChanges(a, out)
	}
}

// alarm notes a state and says what it was before.
func (d *Device) alarm(key, state string) (before string, changed bool) {
	before = d.state.Alarms[key]
	if before == state {
		return before, false
	}
	if d.state.Alarms == nil {
		d.state.Alarms = map[string]string{}
	}
	if state == "" {
		delete(d.state.Alarms, key)
	} else if len(d.state.Alarms) < mostAlarms {
		d.state.Alarms[key] = state
	} else {
		return before, false
	}
	d.state.kept = nil
	return before, true
}

// keepAlarms forgets what is known of sensors that are no more.
func (d *Device) keepAlarms(prefix string, here map[string]bool) {
	for key := range d.state.Alarms {
		if strings.HasPrefix(key, prefix) && !here[key] {
			delete(d.state.Alarms, key)
			d.state.kept = nil
		}
	}
}

func (d *Device) sensorAlarms(a *assembled, out *Reading) {
	s := a.section
	kind, name, status := s.Index("kind"), s.Index("name"), s.Index("status")
	if len(d.state.Alarms) > mostAlarms/2 && a.status == report.OK {
		here := make(map[string]bool, len(a.rows))
		for _, row := range a.rows {
			here["sensor/"+textAt(row, kind)+"/"+textAt(row, name)] = true
		}
		d.keepAlarms("sensor/", here)
	}
	for i, row := range a.rows {
		state := textAt(row, status)
		// Those of a UPS are events of their own.
		if !a.fresh[i] || state == "" || state == "unknown" || textAt(row, s.Index("source")) == "UPS-MIB" {
			continue
		}
		keep := state
		told := state
		switch state {
		case "ok":
			keep = ""
		case "unavailable":
			keep, told = "absent", "absent"
		}
		n := textAt(row, name)
		before, changed := d.alarm("sensor/"+textAt(row, kind)+"/"+n, keep)
		if !changed || keep == "absent" && before == "" {
			continue // what is not there has not been there before
		}
		out.Events = append(out.Events, report.Event{Kind: event.SensorAlarm, Attributes: map[string]string{
			"sensor": n, "kind": alarmKind(textAt(row, kind), n, textAt(row, s.Index("component"))), "state": told}})
	}
}

// alarmKind is the kind of a sensor as the event has it.
func alarmKind(kind, name, component string) string {
	low := strings.ToLower(name)
	switch {
	case kind == "temperature", kind == "humidity", kind == "voltage":
		return kind
	case kind == "fan_speed", component == "fan", kind == "state" && strings.Contains(low, "fan"):
		return "fan"
	case component == "power_supply", kind == "state" && (strings.Contains(low, "power") || strings.Contains(low, "psu")):
		return "power_supply"
	}
	return "other"
}

func (d *Device) upsAlarms(a *assembled, out *Reading) {
	s := a.section
	for i, row := range a.rows {
		if !a.fresh[i] {
			continue
		}
		flags := int(upsFlags(s, row))
		battery := textAt(row, s.Index("battery_status"))
		now := map[string]bool{
			"battery_bad":      flags&(1<<7) != 0,
			"battery_low":      battery == "low",
			"battery_depleted": battery == "depleted",
			"overload":         flags&(1<<5) != 0,
			"bypass":           textAt(row, s.Index("output_source")) == "bypass",
			"test_failed":      textAt(row, s.Index("test_result")) == "failed",
		}
		for _, text := range strings.FieldsFunc(strings.Trim(textAt(row, s.Index("alarms")), "[]"), func(r rune) bool { return r == ',' || r == '"' }) {
			if name, ok := upsAlarm(text); ok {
				now[name] = true
			} else {
				now["other"] = true
			}
		}
		for _, name := range []string{"battery_bad", "battery_low", "battery_depleted", "overload", "temperature", "input_bad", "output_bad", "bypass", "charger_failed", "communication_lost", "test_failed", "other"} {
			keep := ""
			if now[name] {
				keep = "active"
			}
			if _, changed := d.alarm("ups/"+textAt(row, s.Index("name"))+"/"+name, keep); changed {
				out.Events = append(out.Events, report.Event{Kind: event.UPSAlarm, Attributes: map[string]string{"alarm": name, "active": strconv.FormatBool(now[name])}})
			}
		}
	}
}

func (d *Device) printerAlarms(a *assembled, out *Reading) {
	s := a.section
	if a.status != report.OK {
		return
	}
	now := map[string]bool{}
	for _, row := range a.rows {
		code := labelText(row[s.Index("alert_code")])
		part := firstText(textAt(row, s.Index("description")), textAt(row, s.Index("printer_part")))
		key := "printer/" + code + "/" + part
		if now[key] {
			continue
		}
		now[key] = true
		severity := textAt(row, s.Index("severity"))
		if severity == "warning_binary_change" {
			severity = "warning"
		}
		if _, changed := d.alarm(key, "active"); changed {
			out.Events = append(out.Events, report.Event{Kind: event.PrinterAlert, Attributes: map[string]string{"code": code, "severity": severity, "supply": part}})
		}
	}
	for key := range d.state.Alarms {
		if strings.HasPrefix(key, "printer/") && !now[key] {
			d.alarm(key, "")
		}
	}
}

func (d *Device) treeChanges(a *assembled, out *Reading) {
	if len(a.rows) == 0 || !a.fresh[0] {
		return
	}
	n, ok := floatAt(a.rows[0], a.section.Index("topology_change_count"))
	if !ok {
		return
	}
	before, known := d.state.Signs["topology_changes"]
	now := strconv.FormatFloat(n, 'f', 0, 64)
	if !d.state.sign("topology_changes", now) || !known {
		return
	}
	old, err := strconv.ParseFloat(before, 64)
	if err != nil || n <= old {
		return // counted anew since a start
	}
	out.Events = append(out.Events, report.Event{Kind: event.TopologyChanged, Attributes: map[string]string{"changes": strconv.FormatFloat(n-old, 'f', 0, 64)}})
}
