package inventory

import "time"

// RoutingPeer is one neighbour of a routing protocol.
type RoutingPeer struct {
	Protocol    string    `inv:"protocol,key" enum:"bgp|ospf|ospfv3|isis|eigrp|other" doc:"Routing protocol spoken."`
	Vrf         string    `inv:"vrf,key" doc:"Routing instance; empty text for the main one."`
	Peer        string    `inv:"peer_address,key" doc:"Address of the neighbour."`
	RouterID    string    `inv:"peer_router_id" doc:"Router identifier of the neighbour."`
	RemoteAS    *int64    `inv:"remote_as" doc:"Autonomous system of the neighbour."`
	Description string    `inv:"description" doc:"Description by people."`
	Enabled     *bool     `inv:"enabled" doc:"True when it is switched on."`
	State       string    `inv:"state" enum:"idle|connect|active|opensent|openconfirm|established|down|attempt|init|two_way|exchange_start|exchange|loading|full" doc:"State of the relation."`
	SinceAt     time.Time `inv:"established_at,latest" doc:"Since when it has been in this state."`
	Prefixes    *int64    `inv:"accepted_prefix_count,latest" unit:"count" doc:"Routes taken from it."`
}

// Section says how the section is named, kept and read.
func (RoutingPeer) Section() Meta {
	return Meta{Name: "routing_peer", Doc: "Neighbours of routing protocols.", Cadence: 5 * time.Minute,
		SNMP: "BGP4-MIB bgpPeerTable, OSPF-MIB ospfNbrTable"}
}
