package inventory

import "time"

// AccessPoint is one Wi-Fi access point as its controller knows it. One that
// is polled itself is a device of its own.
type AccessPoint struct {
	Name       string    `inv:"name,key" doc:"Name; its hardware address where it has none."`
	Mac        string    `inv:"mac" doc:"Hardware address of the access point."`
	Serial     string    `inv:"serial" doc:"Serial number; joins it to its own device."`
	Model      string    `inv:"model,dict" doc:"Model of the access point."`
	Version    string    `inv:"software_version,dict,version" doc:"Software version of the access point."`
	Address    string    `inv:"address" doc:"IP address of the access point."`
	Location   string    `inv:"location" doc:"Where it hangs, by the controller's word."`
	GroupName  string    `inv:"group_name,dict" doc:"Group of the controller."`
	State      string    `inv:"state" enum:"up|down|upgrading|disconnected|unknown" doc:"State by the controller."`
	Uplink     string    `inv:"uplink" enum:"wired|mesh|unknown" doc:"How it reaches the network."`
	Clients    *int64    `inv:"client_count,latest" unit:"count" doc:"Clients on it."`
	CPU        *float64  `inv:"cpu_percent,latest" unit:"percent" doc:"Load of its processor."`
	FreeBytes  *int64    `inv:"memory_free_bytes,latest" unit:"byte" doc:"Free memory of the access point."`
	UptimeSecs *int64    `inv:"uptime_seconds,latest" unit:"second" doc:"Time since it started."`
	LastSeen   time.Time `inv:"seen_at,latest" doc:"When the controller last heard of it."`
}

// Section says how the section is named, kept and read.
func (AccessPoint) Section() Meta {
	return Meta{Name: "access_point", Doc: "Wi-Fi access points known to a controller.", Cadence: 5 * time.Minute,
		SNMP: "AIRESPACE-WIRELESS-MIB, WLSX-WLAN-MIB, AI-AP-MIB, RUCKUS-ZD-WLAN-MIB, RUCKUS-SZ-WLAN-MIB"}
}
