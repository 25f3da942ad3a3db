package inventory

import "time"

// PoePort is the feeding of one port with power. Cisco gear tells the drawn
// power, plain RFC 3621 only the class.
type PoePort struct {
	Port      string   `inv:"port,key" doc:"Port (port.name), or group and number as 1.7 when it cannot be resolved."`
	Enabled   *bool    `inv:"enabled" doc:"True when feeding is switched on."`
	Priority  string   `inv:"priority" enum:"critical|high|medium|low" doc:"Who is cut off last when power runs short."`
	Limit     *float64 `inv:"limit_watts" unit:"watt" doc:"Most the port may give."`
	Status    string   `inv:"status,latest" enum:"disabled|searching|delivering|fault|test|other_fault|denied" doc:"State of feeding."`
	Class     *int64   `inv:"power_class,latest" doc:"Class of what is fed, 0 to 8."`
	Watts     *float64 `inv:"power_watts,latest" unit:"watt" doc:"Power drawn."`
	Allocated *float64 `inv:"allocated_watts,latest" unit:"watt" doc:"Power set aside for it."`
	Volts     *float64 `inv:"voltage_volts,latest" unit:"volt" doc:"Voltage of the port."`
	Amperes   *float64 `inv:"current_amperes,latest" unit:"ampere" doc:"Current of the port."`
	Fault     string   `inv:"fault,latest" doc:"Why it does not feed."`
}

// Section says how the section is named, kept and read.
func (PoePort) Section() Meta {
	return Meta{Name: "poe_port", Doc: "Power over Ethernet by port.", Cadence: time.Minute,
		SNMP: "POWER-ETHERNET-MIB pethPsePortTable, CISCO-POWER-ETHERNET-EXT-MIB, HP-ICF-POE-MIB, MIKROTIK-MIB"}
}
