package inventory

import "time"

// Neighbor is one device that announced itself on a port.
type Neighbor struct {
	Protocol     string   `inv:"protocol,key" enum:"lldp|cdp|fdp|edp|mndp|other" doc:"Protocol it announced itself by."`
	LocalPort    string   `inv:"local_port,key" doc:"Own port (port.name, interface.name)."`
	Chassis      string   `inv:"remote_chassis,key" doc:"Chassis or device identifier it announced."`
	RemotePort   string   `inv:"remote_port,key" doc:"Port identifier it announced; empty text when none."`
	ChassisKind  string   `inv:"remote_chassis_kind" enum:"mac|address|name|component|alias|local|other" doc:"What the chassis identifier is."`
	PortKind     string   `inv:"remote_port_kind" enum:"mac|address|name|alias|component|circuit|local|other" doc:"What the port identifier is."`
	Name         string   `inv:"remote_name" doc:"System name it announced."`
	PortText     string   `inv:"remote_port_description" doc:"Description of its port."`
	Description  string   `inv:"remote_description,dict" doc:"System description or platform."`
	Platform     string   `inv:"remote_platform,dict" doc:"Platform or model."`
	Version      string   `inv:"remote_version,dict" doc:"Software version of the neighbour."`
	Serial       string   `inv:"remote_serial" doc:"Serial number (LLDP-MED)."`
	Capabilities []string `inv:"capabilities" doc:"What it is: bridge, router, wlan_access_point, telephone, station, repeater, docsis, other."`
	Addresses    []string `inv:"management_addresses" doc:"Addresses it can be managed at."`
	NativeVlan   *int64   `inv:"remote_native_vlan" doc:"Untagged VLAN of its port; another than one's own is a fault."`
	Duplex       string   `inv:"remote_duplex" enum:"full|half|unknown" doc:"Duplex of its port."`
}

// Section says how the section is named, kept and read.
func (Neighbor) Section() Meta {
	return Meta{Name: "neighbor", Doc: "Devices that announced themselves on ports by LLDP, CDP and kin.", Linger: 24 * time.Hour, Cadence: 10 * time.Minute,
		Linux: "lldpd socket where it runs", SNMP: "LLDP-MIB lldpRemTable, LLDP-V2-MIB, LLDP-EXT-MED-MIB, CISCO-CDP-MIB, FOUNDRY-SN-SWITCH-GROUP-MIB, MIKROTIK-MIB"}
}
