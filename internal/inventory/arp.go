package inventory

import "time"

// Arp is one pair of IP and hardware address that a router or host knows.
type Arp struct {
	Vrf       string `inv:"vrf,key" doc:"Routing instance; empty text for the main one."`
	Interface string `inv:"interface_name,key" doc:"Interface or port it is known on; empty text when not told."`
	Address   string `inv:"address,key" doc:"IP address in canonical form."`
	Mac       string `inv:"mac" doc:"Hardware address, as aa:bb:cc:dd:ee:ff."`
	Kind      string `inv:"kind" enum:"dynamic|static|local|other" doc:"How it is known."`
	State     string `inv:"state,latest" enum:"reachable|stale|delay|probe|invalid|unknown|incomplete" doc:"How fresh it is, where told."`
}

// Section says how the section is named, kept and read.
func (Arp) Section() Meta {
	return Meta{Name: "arp", Doc: "Pairs of IP and hardware addresses that routers know (ARP and neighbour discovery).", Linger: 24 * time.Hour, Cadence: 10 * time.Minute,
		SNMP: "IP-MIB ipNetToMediaTable, ipNetToPhysicalTable"}
}
