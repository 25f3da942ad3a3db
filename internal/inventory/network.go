package inventory

import "time"

// Network is what holds for the host as a whole; what an interface carries
// stands in section interface. A proxy is told without user and password.
type Network struct {
	DefaultInterface string   `inv:"default_interface" doc:"Interface of the best default route."`
	GatewayV4        string   `inv:"gateway_v4" doc:"Gateway of the best IPv4 default route."`
	GatewayV6        string   `inv:"gateway_v6" doc:"Gateway of the best IPv6 default route."`
	GatewayMac       string   `inv:"gateway_mac" doc:"Hardware address of that gateway; tells in which office a laptop is."`
	DNSServers       []string `inv:"dns_servers" doc:"Name servers in use, in order."`
	SearchDomains    []string `inv:"search_domains" doc:"Domains tried for short names."`
	Domain           string   `inv:"dns_domain" doc:"DNS domain of the host."`
	Proxy            string   `inv:"proxy" doc:"Proxy set for the system as host and port."`
	ProxyScript      *bool    `inv:"proxy_script" doc:"True when a script or discovery chooses the proxy."`
	Forwarding       *bool    `inv:"forwarding" doc:"True when the host passes packets between interfaces."`
	IPv6             *bool    `inv:"ipv6" doc:"True when IPv6 is switched on."`
	VPN              []string `inv:"vpn_interfaces,latest" doc:"Interfaces of VPNs that are up."`
	PublicAddress    string   `inv:"public_address,latest" doc:"Address the report came from; filled in by the collector."`
}

// Section says how the section is named, kept and read.
func (Network) Section() Meta {
	return Meta{Name: "network", Doc: "Default route, name servers and proxy of a host.", Single: true, Cadence: time.Minute,
		Windows: `GetAdaptersAddresses, GetIpNetTable, HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters, WinHttpSettings`, Darwin: "netstat -rn, scutil --dns, ifconfig -a -v", Linux: "netlink RTM_GETROUTE, RTM_GETNEIGH, /etc/resolv.conf, resolved"}
}
