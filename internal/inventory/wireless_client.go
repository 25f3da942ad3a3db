package inventory

import "time"

// WirelessClient is one station on the office's Wi-Fi. A move to another
// access point is a new version of the row.
type WirelessClient struct {
	Mac         string    `inv:"mac,key" doc:"Hardware address, as aa:bb:cc:dd:ee:ff; often random."`
	AccessPoint string    `inv:"access_point" doc:"Access point it is on (access_point.name)."`
	SSID        string    `inv:"ssid,dict,personal" doc:"Network it is in."`
	UserName    string    `inv:"user_name,personal" doc:"Person signed in with it."`
	Name        string    `inv:"client_name" doc:"Name the station told."`
	VlanID      *int64    `inv:"vlan_id" doc:"VLAN it was put in."`
	Band        string    `inv:"band" enum:"2.4|5|6|60|other" doc:"Band in GHz."`
	Random      *bool     `inv:"mac_random" doc:"True when the address is locally administered."`
	Address     string    `inv:"address,latest" doc:"IP address of the station."`
	Channel     *int64    `inv:"channel,latest" doc:"Channel of the station."`
	Signal      *float64  `inv:"signal_dbm,latest" unit:"dbm" doc:"Strength of its signal at the access point."`
	SNR         *float64  `inv:"snr_decibels,latest" unit:"decibel" doc:"Signal above noise."`
	TxBits      int64     `inv:"transmit_bits_per_second,latest" unit:"bit_per_second" doc:"Speed towards the station."`
	RxBits      int64     `inv:"receive_bits_per_second,latest" unit:"bit_per_second" doc:"Speed from the station."`
	ConnectedAt time.Time `inv:"connected_at,latest" doc:"When it associated."`
}

// Section says how the section is named, kept and read.
func (WirelessClient) Section() Meta {
	return Meta{Name: "wireless_client", Doc: "Stations on Wi-Fi as access points and controllers see them.", Linger: 24 * time.Hour, Cadence: 5 * time.Minute,
		SNMP: "AIRESPACE-WIRELESS-MIB, WLSX-USER-MIB, AI-AP-MIB, UBNT-AirMAX-MIB, MIKROTIK-MIB, RUCKUS-ZD-WLAN-MIB"}
}
