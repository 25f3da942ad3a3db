package profile

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
)

// ENTITY-SENSOR-MIB (RFC 3433), CISCO-ENTITY-SENSOR-MIB, whose table is made
// alike, and LM-SENSORS-MIB of net-snmp.
const (
	entitySensorEntry   = "1.3.6.1.2.1.99.1.1.1."
	ciscoSensorEntry    = "1.3.6.1.4.1.9.9.91.1.1.1.1."
	ciscoThresholdEntry = "1.3.6.1.4.1.9.9.91.1.2.1.1."
	lmSensorEntry       = "1.3.6.1.4.1.2021.13.16."
	mostSensors         = 5000
)

func entitySensorTasks() []*task {
	return []*task{{name: "ENTITY-SENSOR-MIB", pace: paceFast, sections: []string{"sensor"}, run: func(ctx context.Context, r *round) {
		readEntitySensors(ctx, r, "ENTITY-SENSOR-MIB", "ENTITY-SENSOR-MIB", entitySensorEntry, nil)
	}}}
}

func ciscoEntitySensorTasks() []*task {
	return []*task{{name: "CISCO-ENTITY-SENSOR-MIB", pace: paceFast, sections: []string{"sensor"}, run: func(ctx context.Context, r *round) {
		// Newer systems have the same sensors in both tables; firewalls have the
		// standard one alone.
		if len(r.d.lookedUp(ctx, r.reader, ciscoSensorEntry+"1")) == 0 {
			readEntitySensors(ctx, r, "CISCO-ENTITY-SENSOR-MIB", "ENTITY-SENSOR-MIB", entitySensorEntry, nil)
			return
		}
		readEntitySensors(ctx, r, "CISCO-ENTITY-SENSOR-MIB", "CISCO-ENTITY-SENSOR-MIB", ciscoSensorEntry, ciscoLimits(ctx, r))
	}}}
}

// limits are the raw thresholds of a sensor.
type limits struct{ low, lower, high, higher *float64 }

// readEntitySensors reads sensors that are parts in ENTITY-MIB, from where they
// have their names.
func readEntitySensors(ctx context.Context, r *round, task, source, entry string, of map[string]limits) {
	t := r.reader.table(ctx, session.Limits{Rows: mostSensors}, entry+"1", entry+"2", entry+"3", entry+"4", entry+"5")
	var rows []inventory.Sensor
	var index []string
	for _, row := range t.Rows {
		s, factor, ok := entitySensor(row.Cells)
		if !ok {
			continue
		}
		s.Source = source
		if e := r.d.entity(ctx, r.reader, row.Index); e != nil {
			s.Name, s.EntityIndex = sensorName(e), &e.Index
			s.Port = r.d.portOfEntity(ctx, r.reader, row.Index)
			s.Component = r.d.componentOf(e, s)
		}
		if s.Name == "" {
			s.Name = row.Index
		}
		shine := s.Kind == "power" && light(s.Name)
		if shine {
			s.Kind, s.Unit, s.Value = "dbm", sensorUnit("dbm"), decibelMilliwatts(s.Value)
		}
		if n, err := strconv.ParseInt(row.Index, 10, 64); err == nil && s.EntityIndex == nil {
			s.EntityIndex = &n
		}
		l := of[row.Index]
		for _, x := range []struct {
			to   **float64
			from *float64
		}{{&s.LowWarning, l.low}, {&s.LowCritical, l.lower}, {&s.HighWarning, l.high}, {&s.HighCritical, l.higher}} {
			if x.from == nil {
				continue
			}
			if *x.to = new(tidy(*x.from * factor)); shine {
				*x.to = decibelMilliwatts(*x.to)
			}
		}
		rows, index = append(rows, s), append(index, row.Index)
	}
	put(r, task, rows, index, t.Fault)
}

// light says that a power is that of a transceiver's light, which makers who
// keep to the units of the MIB give in watts, and people read in dBm.
func light(name string) bool {
	low := strings.ToLower(name)
	return strings.Contains(low, "power") && slices.ContainsFunc([]string{"dom rx", "dom tx", "rx power", "tx power", "receive power", "transmit power", "optical"}, func(s string) bool { return strings.Contains(low, s) })
}

// decibelMilliwatts are dBm of watts. Without light there is none.
func decibelMilliwatts(w *float64) *float64 {
	if w == nil || *w <= 0 {
		return nil
	}
	return new(tidy(math.Round(10*math.Log10(*w*1000)*1000) / 1000))
}

// sensorName is what people call a sensor: by its name, unless that is a number
// or says less than its description.
func sensorName(e *inventory.Entity) string {
	if e.Name != "" && !digits(e.Name) && len(e.Name) >= min(len(e.Description), 4) {
		return e.Name
	}
	return firstText(e.Description, e.Name)
}

// entitySensor makes a row of type, scale, precision, value and status. factor
// is what a raw value is multiplied with.
func entitySensor(c []session.Value) (s inventory.Sensor, factor float64, ok bool) {
	kind, hasKind := integerOf(c[0])
	raw, hasValue := numberOf(c[3])
	if !hasKind || !hasValue && c[4].Kind == session.Missing {
		return s, 0, false
	}
	factor = 1
	// EntitySensorDataScale: 9 is units, each step a factor of 1,000.
	if n, ok := integerOf(c[1]); ok && n >= 1 && n <= 17 {
		factor = math.Pow(10, float64(3*(n-9)))
	}
	if n, ok := integerOf(c[2]); ok && n >= -8 && n <= 9 {
		factor *= math.Pow(10, -float64(n))
	}
	switch kind {
	case 3, 4:
		s.Kind = "voltage"
	case 5:
		s.Kind = "current"
	case 6:
		s.Kind = "power"
	case 7:
		s.Kind = "frequency"
	case 8:
		s.Kind = "temperature"
	case 9:
		s.Kind = "humidity"
	case 10:
		s.Kind = "fan_speed"
	case 11:
		s.Kind = "airflow"
		factor /= 60 // cubic metres a minute
	case 12, 13:
		s.Kind, factor = "state", 1
	case 14:
		s.Kind = "dbm" // Cisco's own
	default:
		s.Kind = "other"
	}
	s.Unit = sensorUnit(s.Kind)
	switch n, _ := integerOf(c[4]); n {
	case 1:
		s.Status = "ok"
	case 2:
		s.Status, hasValue = "unavailable", false
	case 3:
		s.Status = "critical" // nonoperational: it is broken
	}
	if !hasValue {
		return s, factor, true
	}
	v := tidy(raw * factor)
	// ±10^9 stand for over- and underflow (RFC 3433, EntitySensorValue).
	if s.Kind != "state" && math.Abs(raw) >= 1_000_000_000 {
		return s, factor, true
	}
	s.Value = &v
	if s.Kind == "state" {
		s.ValueText = "false"
		if kind == 13 {
			s.ValueText = strconv.FormatFloat(v, 'f', -1, 64)
		} else if v == 1 {
			s.ValueText = "true"
		}
	}
	return s, factor, true
}

// tidy takes the noise of binary fractions off a decimal number.
func tidy(f float64) float64 {
	t, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 12, 64), 64)
	if err != nil {
		return f
	}
	return t
}

// componentOf is the part that a sensor belongs to, by the parts it sits in and
// by its name.
func (d *Device) componentOf(e *inventory.Entity, s inventory.Sensor) string {
	if s.Port != "" {
		return "transceiver"
	}
	low := strings.ToLower(e.Name + " " + e.Description)
	switch {
	case s.Kind == "fan_speed":
		return "fan"
	case strings.Contains(low, "transceiver"), strings.Contains(low, "xcvr"), strings.Contains(low, "sfp"):
		return "transceiver"
	}
	for range 4 {
		if e.Parent == nil {
			break
		}
		i, ok := d.entities.index[strconv.FormatInt(*e.Parent, 10)]
		if !ok {
			break
		}
		e = &d.entities.list[i]
		switch e.Class {
		case "fan":
			return "fan"
		case "power_supply":
			return "power_supply"
		case "cpu":
			return "cpu"
		case "module":
			return "board"
		case "chassis":
			return "chassis"
		}
	}
	switch {
	case strings.Contains(low, "cpu"):
		return "cpu"
	case strings.Contains(low, "power supply"), strings.Contains(low, "psu"):
		return "power_supply"
	case strings.Contains(low, "inlet"), strings.Contains(low, "ambient"):
		return "ambient"
	}
	return ""
}

// ciscoLimits reads thresholds: severity, relation and value, by sensor and
// number. 10 is minor, 20 major, 30 critical; relations 1 and 2 are less, 3 and
// 4 greater.
func ciscoLimits(ctx context.Context, r *round) map[string]limits {
	severity := r.d.lookedUp(ctx, r.reader, ciscoThresholdEntry+"2")
	if len(severity) == 0 {
		return nil
	}
	relation, value := r.d.lookedUp(ctx, r.reader, ciscoThresholdEntry+"3"), r.d.lookedUp(ctx, r.reader, ciscoThresholdEntry+"4")
	out := map[string]limits{}
	for index, s := range severity {
		sensor, _, _ := strings.Cut(index, ".")
		level, _ := integerOf(s)
		how, _ := integerOf(relation[index])
		v, ok := numberOf(value[index])
		if !ok || level < 10 {
			continue
		}
		l := out[sensor]
		to := &l.low
		switch {
		case how <= 2 && level >= 20:
			to = &l.lower
		case how > 2 && level < 20:
			to = &l.high
		case how > 2:
			to = &l.higher
		}
		// Of two of one kind the outer one.
		if *to == nil || how <= 2 && v < **to || how > 2 && v > **to {
			*to = &v
		}
		out[sensor] = l
	}
	return out
}

func lmSensorTasks() []*task {
	return []*task{{name: "LM-SENSORS-MIB", pace: paceFast, sections: []string{"sensor"}, run: func(ctx context.Context, r *round) {
		var rows []inventory.Sensor
		var index []string
		var err error
		// Temperatures in thousandths of a degree, fans in rpm, voltages in
		// thousandths of a volt.
		for _, x := range []struct {
			table, kind string
			divisor     float64
		}{{"2", "temperature", 1000}, {"3", "fan_speed", 1}, {"4", "voltage", 1000}} {
			entry := lmSensorEntry + x.table + ".1."
			t := r.reader.table(ctx, session.Limits{Rows: mostSensors}, entry+"2", entry+"3")
			err = fault(err, t.Fault)
			for _, row := range t.Rows {
				v, ok := numberOf(row.Cells[1])
				name := textOf(row.Cells[0])
				if !ok || name == "" || v >= math.MaxUint32-100_000 {
					continue // a negative number in an unsigned type means that nothing is attached
				}
				rows = append(rows, inventory.Sensor{Kind: x.kind, Name: name, Source: "LM-SENSORS-MIB", Unit: sensorUnit(x.kind), Value: new(tidy(v / x.divisor))})
				index = append(index, row.Index)
			}
		}
		put(r, "LM-SENSORS-MIB", rows, index, err)
	}}}
}
