package inventory

import "time"

// PowerLine is one input, output, phase, bank or outlet of a UPS or PDU.
type PowerLine struct {
	Kind      string   `inv:"kind,key" enum:"input|output|bypass|phase|bank|outlet" doc:"What it is."`
	Number    int64    `inv:"line_number,key" doc:"Number of it, from 1."`
	Name      string   `inv:"name" doc:"Name by people."`
	RatedAmps *float64 `inv:"rated_amperes" unit:"ampere" doc:"Current it may carry."`
	State     string   `inv:"state" enum:"on|off|low|normal|near_overload|overload|unknown" doc:"State of the line or outlet."`
	Volts     *float64 `inv:"voltage_volts,latest" unit:"volt" doc:"Voltage of the line or outlet."`
	Amperes   *float64 `inv:"current_amperes,latest" unit:"ampere" doc:"Current of the line or outlet."`
	Watts     *float64 `inv:"power_watts,latest" unit:"watt" doc:"Power of the line or outlet."`
	EnergyWh  *float64 `inv:"energy_watt_hours,latest" unit:"watt_hour" doc:"Energy counted so far."`
	Hertz     *float64 `inv:"frequency_hertz,latest" unit:"hertz" doc:"Frequency of the line or outlet."`
	Load      *float64 `inv:"load_percent,latest" unit:"percent" doc:"Load as share of what it may carry."`
}

// Section says how the section is named, kept and read.
func (PowerLine) Section() Meta {
	return Meta{Name: "power_line", Doc: "Inputs, outputs, phases and outlets of UPSes and PDUs.", Cadence: time.Minute,
		SNMP: "UPS-MIB upsInputTable and upsOutputTable, PowerNet-MIB rPDU and rPDU2, XUPS-MIB, EATON-EPDU-MIB"}
}
