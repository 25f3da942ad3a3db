package inventory

import "time"

// Fdb is one hardware address learned on a port of a switch. A move to
// another port is a new version of the row, which makes the history of where
// a machine was plugged in.
type Fdb struct {
	VlanID     int64  `inv:"vlan_id,key" doc:"VLAN it was seen in; 0 when the switch does not tell."`
	Mac        string `inv:"mac,key" doc:"Hardware address, as aa:bb:cc:dd:ee:ff."`
	Port       string `inv:"port" doc:"Port it was seen on (port.name); empty when it could not be resolved."`
	Status     string `inv:"status" enum:"learned|self|static|other" doc:"How the switch knows it."`
	Local      *bool  `inv:"mac_random" doc:"True when the address is locally administered, as random Wi-Fi addresses are."`
	BridgePort *int64 `inv:"bridge_port,latest" doc:"Port number as the table gave it."`
	Resolution string `inv:"port_resolution,latest" enum:"base_port|base_port_value|if_index|vendor|unresolved" doc:"How that number was understood."`
}

// Section says how the section is named, kept and read.
func (Fdb) Section() Meta {
	return Meta{Name: "fdb", Doc: "Hardware addresses learned on ports of switches.", Linger: 24 * time.Hour, Cadence: 10 * time.Minute,
		SNMP: "Q-BRIDGE-MIB dot1qTpFdbTable, BRIDGE-MIB dot1dTpFdbTable per VLAN context, vendor tables of the profile"}
}
