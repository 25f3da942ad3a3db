package inventory

import "time"

// Bridge is the switching of a device as a whole and its place in the
// spanning tree.
type Bridge struct {
	Mac          string    `inv:"base_mac" doc:"Address of the bridge (dot1dBaseBridgeAddress); evidence of identity."`
	PortCount    *int64    `inv:"port_count" unit:"count" doc:"Ports it switches."`
	StpProtocol  string    `inv:"stp_protocol" enum:"none|stp|rstp|mstp|pvst|other" doc:"Kind of spanning tree."`
	Priority     *int64    `inv:"stp_priority" doc:"Its priority in the election."`
	Root         string    `inv:"stp_root" doc:"Root of the spanning tree, priority and address."`
	RootPort     string    `inv:"stp_root_port" doc:"Port towards the root (port.name); empty on the root itself."`
	RootCost     *int64    `inv:"stp_root_cost" doc:"Cost of the way to the root."`
	ChangeCount  *int64    `inv:"topology_change_count,latest" unit:"count" doc:"Changes of the tree since the device started."`
	ChangedAt    time.Time `inv:"topology_changed_at,latest" doc:"When the tree last changed."`
	FdbCount     *int64    `inv:"fdb_count,latest" unit:"count" doc:"Addresses in its forwarding tables."`
	AgingSeconds *int64    `inv:"aging_seconds" unit:"second" doc:"Time after which a silent address is forgotten."`
}

// Section says how the section is named, kept and read.
func (Bridge) Section() Meta {
	return Meta{Name: "bridge", Doc: "Bridge address and spanning tree of a switch.", Single: true, Cadence: 15 * time.Minute,
		SNMP: "BRIDGE-MIB dot1dBase, dot1dStp, dot1dTpAgingTime"}
}
