package inventory

import "time"

// Address is one IP address of an interface or port. Temporary IPv6
// addresses (RFC 8981) are left out: they change by the day and tell nothing
// that the stable one does not.
type Address struct {
	Interface    string    `inv:"interface_name,key" doc:"Interface or port that carries it (interface.name, port.name)."`
	Address      string    `inv:"address,key" doc:"IP address in canonical form, without zone."`
	PrefixLength *int64    `inv:"prefix_length" doc:"Bits of the network part."`
	Family       string    `inv:"family" enum:"ipv4|ipv6" doc:"Version of IP."`
	Scope        string    `inv:"scope" enum:"global|private|link|loopback|unique_local|other" doc:"How far the address reaches."`
	Origin       string    `inv:"origin" enum:"dhcp|static|slaac|link_local|other" doc:"Where the address comes from."`
	Vrf          string    `inv:"vrf" doc:"Routing instance the address belongs to."`
	ValidUntil   time.Time `inv:"expires_at,latest" doc:"When the address ends unless renewed."`
}

// Section says how the section is named, kept and read.
func (Address) Section() Meta {
	return Meta{Name: "address", Doc: "IP addresses of interfaces and ports.", Cadence: time.Minute,
		Windows: "GetAdaptersAddresses", Darwin: "ifconfig -a -v", Linux: "netlink RTM_GETADDR", SNMP: "IP-MIB ipAdEntIfIndex, ipAddressIfIndex, ipAddressPrefix"}
}
