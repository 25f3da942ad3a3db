package inventory

import "time"

// VpnTunnel is one tunnel of a firewall between sites.
type VpnTunnel struct {
	Name      string    `inv:"name,key" doc:"Name, with its phase 2 after a slash where the device tells it."`
	Remote    string    `inv:"remote_gateway" doc:"Address of the other end."`
	Kind      string    `inv:"kind" enum:"ipsec|ssl|gre|wireguard|other" doc:"Kind of tunnel."`
	State     string    `inv:"state" enum:"up|down|unknown" doc:"State of the tunnel."`
	LocalNet  string    `inv:"local_network" doc:"Own network behind it."`
	RemoteNet string    `inv:"remote_network" doc:"Network behind the other end."`
	SinceAt   time.Time `inv:"since_at,latest" doc:"Since when it has been in this state."`
}

// Section says how the section is named, kept and read.
func (VpnTunnel) Section() Meta {
	return Meta{Name: "vpn_tunnel", Doc: "Tunnels of firewalls between sites.", Cadence: 5 * time.Minute,
		SNMP: "FORTINET-FORTIGATE-MIB fgVpnTunTable, CISCO-IPSEC-FLOW-MONITOR-MIB"}
}
