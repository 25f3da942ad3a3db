package inventory

import "time"

// Ups is one uninterruptible power supply: a device of its own by SNMP, or
// one on a PC's USB port.
type Ups struct {
	Name           string    `inv:"name,key" doc:"Name of the unit; empty text when it is the device itself."`
	Vendor         string    `inv:"vendor,dict" doc:"Maker of the unit."`
	Model          string    `inv:"model,dict" doc:"Model of the unit."`
	Serial         string    `inv:"serial" doc:"Serial number of the unit."`
	Firmware       string    `inv:"firmware_version,dict,version" doc:"Version of the firmware."`
	AgentVersion   string    `inv:"agent_version,dict,version" doc:"Version of its network card's software."`
	RatedVA        *float64  `inv:"rated_volt_amperes" unit:"volt_ampere" doc:"Apparent power it is made for."`
	RatedWatts     *float64  `inv:"rated_watts" unit:"watt" doc:"Power it is made for."`
	BatteryCount   *int64    `inv:"battery_pack_count" unit:"count" doc:"Battery packs."`
	BatteryAt      time.Time `inv:"battery_replaced_at" doc:"When the battery was last replaced, as set on the unit."`
	BatteryDueAt   time.Time `inv:"battery_due_at" doc:"When the unit wants a new battery."`
	ReplaceBattery *bool     `inv:"replace_battery" doc:"True when it says that its battery must be replaced."`
	BatteryStatus  string    `inv:"battery_status" enum:"normal|low|depleted|fault|missing|unknown" doc:"State of the battery."`
	OutputSource   string    `inv:"output_source" enum:"mains|battery|bypass|booster|reducer|none|other" doc:"Where its output comes from."`
	TestResult     string    `inv:"test_result" enum:"passed|warning|failed|aborted|in_progress|none|unknown" doc:"Result of the last self-test."`
	Alarms         []string  `inv:"alarms" doc:"Alarms present, by their names in UPS-MIB or the maker's words."`
	OnBatterySecs  *int64    `inv:"on_battery_seconds,latest" unit:"second" doc:"Time on battery; 0 on mains."`
	LeftSeconds    *int64    `inv:"remaining_seconds,latest" unit:"second" doc:"Time the battery lasts at the present load."`
	Charge         *float64  `inv:"charge_percent,latest" unit:"percent" doc:"Charge of the unit."`
	Load           *float64  `inv:"load_percent,latest" unit:"percent" doc:"Load of the unit."`
	OutputWatts    *float64  `inv:"output_watts,latest" unit:"watt" doc:"Power given."`
	BatteryVolts   *float64  `inv:"battery_volts,latest" unit:"volt" doc:"Voltage of the battery."`
	Celsius        *float64  `inv:"temperature_celsius,latest" unit:"celsius" doc:"Temperature of battery or unit."`
	TransferReason string    `inv:"transfer_reason,latest" doc:"Why it last went on battery."`
	TestedAt       time.Time `inv:"tested_at,latest" doc:"When it was last tested."`
}

// Section says how the section is named, kept and read.
func (Ups) Section() Meta {
	return Meta{Name: "ups", Doc: "Uninterruptible power supplies: battery, load, source.", Cadence: time.Minute,
		Windows: "IOCTL_BATTERY_QUERY_INFORMATION and _STATUS of batteries of short term", Darwin: "ioreg IOPSPowerSource", Linux: "NUT and apcupsd sockets where they run, /sys/class/power_supply of kind UPS",
		SNMP: "UPS-MIB, PowerNet-MIB, XUPS-MIB, MG-SNMP-UPS-MIB, CPS-MIB"}
}
