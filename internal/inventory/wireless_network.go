package inventory

import "time"

// WirelessNetwork is one network that the office's own access points offer;
// its name is broadcast and tells of no person.
type WirelessNetwork struct {
	SSID     string `inv:"ssid,key,dict" doc:"Name of the network."`
	Radio    string `inv:"band,key" enum:"2.4|5|6|all" doc:"Band in GHz, or all where the device does not tell."`
	Enabled  *bool  `inv:"enabled" doc:"True when it is offered."`
	Hidden   *bool  `inv:"hidden" doc:"True when its name is not broadcast."`
	Security string `inv:"security" enum:"open|wep|wpa|wpa2|wpa3|owe|wpa2_enterprise|wpa3_enterprise|other" doc:"How it is secured."`
	VlanID   *int64 `inv:"vlan_id" doc:"VLAN its clients are put in."`
	Clients  *int64 `inv:"client_count,latest" unit:"count" doc:"Clients on it."`
}

// Section says how the section is named, kept and read.
func (WirelessNetwork) Section() Meta {
	return Meta{Name: "wireless_network", Doc: "Wi-Fi networks that access points and controllers offer.", Cadence: 5 * time.Minute,
		SNMP: "AIRESPACE-WIRELESS-MIB, WLSX-WLAN-MIB, UBNT-UniFi-MIB, RUCKUS-ZD-WLAN-MIB"}
}
