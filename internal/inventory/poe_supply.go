package inventory

import "time"

// PoeSupply is the store of power that feeds ports.
type PoeSupply struct {
	Number    int64    `inv:"group_number,key" doc:"Number of the supply (pethMainPseGroupIndex)."`
	Watts     *float64 `inv:"capacity_watts" unit:"watt" doc:"Power it can give."`
	Threshold *int64   `inv:"threshold_percent" unit:"percent" doc:"Use from which it warns."`
	Status    string   `inv:"status" enum:"on|off|faulty" doc:"State of the supply."`
	Used      *float64 `inv:"used_watts,latest" unit:"watt" doc:"Power given."`
}

// Section says how the section is named, kept and read.
func (PoeSupply) Section() Meta {
	return Meta{Name: "poe_supply", Doc: "Power supplies for power over Ethernet.", Cadence: 5 * time.Minute,
		SNMP: "POWER-ETHERNET-MIB pethMainPseTable"}
}
