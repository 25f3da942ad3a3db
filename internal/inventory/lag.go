package inventory

import "time"

// Lag is one link aggregate; its members name it in port.lag.
type Lag struct {
	Name    string   `inv:"name,key" doc:"Aggregate (port.name)."`
	Mode    string   `inv:"mode" enum:"lacp|static|pagp|other" doc:"How it is formed."`
	Members []string `inv:"members" doc:"Ports set for it (port.name)."`
	Partner string   `inv:"partner_system" doc:"System identifier of the other end."`
	Active  []string `inv:"active_members,latest" doc:"Ports that carry traffic in it."`
}

// Section says how the section is named, kept and read.
func (Lag) Section() Meta {
	return Meta{Name: "lag", Doc: "Link aggregates of network devices.", Cadence: 15 * time.Minute,
		SNMP: "IEEE8023-LAG-MIB dot3adAggPortAttachedAggID, IF-MIB ifStackStatus"}
}
