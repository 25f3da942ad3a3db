package inventory

import "time"

// Radio is one radio of an access point.
type Radio struct {
	AccessPoint string   `inv:"access_point,key" doc:"Access point (access_point.name); empty text when it is the device itself."`
	Name        string   `inv:"name,key" doc:"Number or name of the radio."`
	Band        string   `inv:"band" enum:"2.4|5|6|60|other" doc:"Band in GHz."`
	Mac         string   `inv:"mac" doc:"Hardware address of the radio."`
	Enabled     *bool    `inv:"enabled" doc:"True when it is switched on."`
	Channel     *int64   `inv:"channel,latest" doc:"Channel of the radio."`
	Frequency   int64    `inv:"frequency_hertz,latest" unit:"hertz" doc:"Frequency of the radio."`
	Width       int64    `inv:"channel_width_hertz,latest" unit:"hertz" doc:"Width of the channel."`
	Power       *float64 `inv:"transmit_power_dbm,latest" unit:"dbm" doc:"Power it sends with."`
	Noise       *float64 `inv:"noise_dbm,latest" unit:"dbm" doc:"Noise it hears."`
	Utilization *float64 `inv:"utilization_percent,latest" unit:"percent" doc:"Share of time the channel is busy."`
	Clients     *int64   `inv:"client_count,latest" unit:"count" doc:"Clients on it."`
}

// Section says how the section is named, kept and read.
func (Radio) Section() Meta {
	return Meta{Name: "radio", Doc: "Radios of access points.", Cadence: 5 * time.Minute,
		SNMP: "UBNT-UniFi-MIB, UBNT-AirMAX-MIB, AIRESPACE-WIRELESS-MIB, WLSX-WLAN-MIB, MIKROTIK-MIB"}
}
