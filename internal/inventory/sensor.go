package inventory

import "time"

// Sensor is one measured quantity of hardware with its limits. Its values
// over time are samples (metric temp and sensor); the last one stands here
// too, so that a page can show it beside its limits.
type Sensor struct {
	Kind         string   `inv:"kind,key" enum:"temperature|voltage|current|power|energy|fan_speed|humidity|frequency|load|charge|runtime|dbm|signal|airflow|pressure|percent|count|state|other" doc:"Quantity it measures."`
	Name         string   `inv:"name,key" doc:"Name, unique within its kind on the device; its index follows in brackets where two are named alike."`
	Component    string   `inv:"component" enum:"cpu|gpu|memory|board|chassis|disk|fan|power_supply|battery|transceiver|ambient|outlet|line|phase|network|other" doc:"Part it belongs to."`
	Source       string   `inv:"source,dict" doc:"Chip, MIB or driver it is read from."`
	EntityIndex  *int64   `inv:"entity_index" doc:"Entity it belongs to (entity.entity_index)."`
	Port         string   `inv:"port" doc:"Port whose transceiver it measures (port.name)."`
	Unit         string   `inv:"value_unit" enum:"celsius|volt|ampere|watt|watt_hour|rpm|percent|hertz|dbm|second|cubic_meter_per_second|pascal|count|code" doc:"Unit of value and limits."`
	LowWarning   *float64 `inv:"low_warning" unit:"value_unit" doc:"Below it the maker warns."`
	LowCritical  *float64 `inv:"low_critical" unit:"value_unit" doc:"Below it the maker calls it critical."`
	HighWarning  *float64 `inv:"high_warning" unit:"value_unit" doc:"Above it the maker warns."`
	HighCritical *float64 `inv:"high_critical" unit:"value_unit" doc:"Above it the maker calls it critical; trip point of a PC."`
	Status       string   `inv:"status" enum:"ok|warning|critical|unavailable|unknown" doc:"Judgement of the device itself."`
	Value        *float64 `inv:"value,latest" unit:"value_unit" doc:"Last reading; for a state its code."`
	ValueText    string   `inv:"value_text,latest" doc:"Last reading of a state in words."`
}

// Section says how the section is named, kept and read.
func (Sensor) Section() Meta {
	return Meta{Name: "sensor", Doc: "Sensors of hardware with limits, state and last reading.", Cadence: time.Hour,
		Windows: "NVMe health log, Thermal Zone Information counters", Darwin: "SMC, IOHIDEventSystem", Linux: "/sys/class/hwmon, /sys/class/thermal",
		SNMP: "ENTITY-SENSOR-MIB, LM-SENSORS-MIB, CISCO-ENVMON-MIB and vendor objects of the profile"}
}
