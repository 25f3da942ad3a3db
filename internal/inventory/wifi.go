package inventory

import "time"

// Wifi is one wireless interface of a host and the network it is in. The
// access point is kept without history, since it would tell where a person
// was at each time.
type Wifi struct {
	Interface   string    `inv:"interface_name,key" doc:"Interface (interface.name)."`
	SSID        string    `inv:"ssid,personal" doc:"Name of the network; only read where the office has asked for it."`
	BSSID       string    `inv:"bssid,personal,latest" doc:"Hardware address of the access point."`
	Security    string    `inv:"security" enum:"open|wep|wpa|wpa2|wpa3|owe|wpa2_enterprise|wpa3_enterprise|other" doc:"How the network is secured."`
	Standards   []string  `inv:"standards" doc:"Standards the card can use, such as 802.11ac or 802.11ax."`
	Bands       []string  `inv:"bands" doc:"Bands the card can use: 2.4, 5, 6 (GHz)."`
	Country     string    `inv:"country_code" doc:"Country of the radio rules in force."`
	Connected   *bool     `inv:"connected,latest" doc:"True when associated."`
	Standard    string    `inv:"standard,latest" doc:"Standard in use."`
	Channel     *int64    `inv:"channel,latest" doc:"Channel in use."`
	Frequency   int64     `inv:"frequency_hertz,latest" unit:"hertz" doc:"Centre of the channel."`
	Width       int64     `inv:"channel_width_hertz,latest" unit:"hertz" doc:"Width of the channel."`
	Signal      *float64  `inv:"signal_dbm,latest" unit:"dbm" doc:"Strength of the access point's signal."`
	Noise       *float64  `inv:"noise_dbm,latest" unit:"dbm" doc:"Strength of the noise."`
	Quality     *float64  `inv:"quality_percent,latest" unit:"percent" doc:"Quality as the system shows it."`
	TxBits      int64     `inv:"transmit_bits_per_second,latest" unit:"bit_per_second" doc:"Speed of sending."`
	RxBits      int64     `inv:"receive_bits_per_second,latest" unit:"bit_per_second" doc:"Speed of receiving."`
	ConnectedAt time.Time `inv:"connected_at,latest" doc:"When it associated."`
}

// Section says how the section is named, kept and read.
func (Wifi) Section() Meta {
	return Meta{Name: "wifi", Doc: "Wireless interfaces, their network and signal.", Cadence: time.Minute,
		Windows: "WlanQueryInterface", Darwin: "wdutil info", Linux: "nl80211 by generic netlink, else /proc/net/wireless", SNMP: "UBNT-AirMAX-MIB, MIKROTIK-MIB wireless station mode"}
}
