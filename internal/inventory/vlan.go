package inventory

import "time"

// Vlan is one VLAN of a switch.
type Vlan struct {
	VlanID   int64  `inv:"vlan_id,key" doc:"Number of the VLAN."`
	Name     string `inv:"name,dict" doc:"Name of the VLAN."`
	State    string `inv:"state" enum:"active|suspended|other" doc:"Whether it is in use."`
	Kind     string `inv:"kind" enum:"static|dynamic|other" doc:"How it came about."`
	FdbID    *int64 `inv:"fdb_id" doc:"Number of its forwarding table, where it is not its own (dot1qVlanFdbId)."`
	StpRoot  string `inv:"stp_root" doc:"Bridge that is root of its spanning tree."`
	Untagged string `inv:"untagged_ports" doc:"Ports that carry it untagged, joined by commas."`
	Tagged   string `inv:"tagged_ports" doc:"Ports that carry it tagged, joined by commas."`
}

// Section says how the section is named, kept and read.
func (Vlan) Section() Meta {
	return Meta{Name: "vlan", Doc: "VLANs of switches with their ports.", Cadence: time.Hour,
		SNMP: "Q-BRIDGE-MIB dot1qVlanCurrentTable and dot1qVlanStaticTable, IEEE8021-Q-BRIDGE-MIB, CISCO-VTP-MIB vtpVlanTable"}
}
