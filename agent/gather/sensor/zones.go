package sensor

import (
	"math"

	"muster/agent/gather"
	"muster/agent/gather/pdh"
	"muster/internal/inventory"
)

// Counters of Windows for the thermal zones of ACPI: in tenths of a kelvin,
// and in kelvin before Windows 10. The zones are those of the firmware; what
// they measure, it does not say. Temperatures of cores need a driver in the
// kernel, which the agent has none of.
const (
	fineZones  = `\Thermal Zone Information(*)\High Precision Temperature`
	wholeZones = `\Thermal Zone Information(*)\Temperature`
)

// counters reads counters; see pdh.Query.
type counters func() ([][]pdh.Value, error)

func thermal() counters { return pdh.New(fineZones, wholeZones).Read }

// zone is a thermal zone with its temperature in degrees Celsius.
type zone struct {
	name    string
	celsius float64
}

// readZones reads the thermal zones of Windows, without those that say nothing.
func readZones(read counters) ([]zone, error) {
	values, err := read()
	if err != nil {
		return nil, err
	}
	var list []zone
	for i, per := range []float64{10, 1} {
		if len(list) > 0 || i >= len(values) {
			break
		}
		for _, v := range values[i] {
			c := math.Round((v.Value/per-273.15)*10) / 10
			if v.Instance == "_Total" || c < -60 || c > 200 || c == 0 || len(list) >= maxInputs {
				continue
			}
			list = append(list, zone{Clean("acpi " + v.Instance), c})
		}
	}
	return list, nil
}

func putZones(list []zone, to gather.Sink) {
	for _, z := range list[:min(len(list), most)] {
		to.Put("temp", "temp", z.celsius, "sensor", z.name)
	}
}

func zoneRows(list []zone) []inventory.Sensor {
	rows := []inventory.Sensor{}
	for _, z := range list {
		rows = append(rows, inventory.Sensor{Kind: "temperature", Name: z.name, Component: "other", Source: "acpi", Unit: "celsius", Status: "unknown", Value: &z.celsius})
	}
	return rows
}
