package inventory

import "time"

// Route is one route of a host other than to its own subnets, or of a router
// within the limit of rows.
type Route struct {
	Vrf         string `inv:"vrf,key" doc:"Routing instance or table; empty text for the main one."`
	Destination string `inv:"destination,key" doc:"Network in CIDR form."`
	NextHop     string `inv:"next_hop,key" doc:"Next router; empty text when directly attached."`
	Interface   string `inv:"interface_name,key" doc:"Interface or port it leaves by; empty text when not told."`
	Protocol    string `inv:"protocol,dict" doc:"Where the route comes from, such as static, dhcp, ospf or bgp."`
	Metric      *int64 `inv:"metric" doc:"Cost of the route, lower is better."`
	Kind        string `inv:"kind" enum:"local|remote|blackhole|reject|other" doc:"What happens with packets."`
}

// Section says how the section is named, kept and read.
func (Route) Section() Meta {
	return Meta{Name: "route", Doc: "Routes of hosts and routers.", Cadence: time.Hour,
		Windows: "GetIpForwardTable2", Darwin: "netstat -rn", Linux: "netlink RTM_GETROUTE", SNMP: "IP-FORWARD-MIB inetCidrRouteTable, ipCidrRouteTable"}
}
