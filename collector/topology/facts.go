package topology

import (
	"net/netip"
	"time"

	"muster/internal/inventory"
)

// Facts is what is known of all devices. Rows name their device by its place in
// Devices (Of). Texts are as sections of the inventory have them; what those do
// not tell is empty.
type Facts struct {
	Now time.Time

	Devices      []Device
	Ports        []Port
	Fdb          []Fdb
	Arp          []Arp
	Neighbors    []Neighbor
	Lags         []Lag
	Bridges      []Bridge
	Members      []Member
	AccessPoints []AccessPoint
	Clients      []Client
	Interfaces   []Interface
	Addresses    []Address
}

// Add enters a device and answers what its rows name it by.
func (f *Facts) Add(d Device) int32 {
	f.Devices = append(f.Devices, d)
	return int32(len(f.Devices) - 1)
}

// Device is one device of the inventory.
type Device struct {
	ID     inventory.DeviceID
	Kind   string // pc, server, switch, router, firewall, access_point, phone, printer …
	Name   string
	Serial string
	Seen   time.Time // when it was last heard of
}

// Span is since when a row has been there, in Unix milliseconds, and when it
// was there last. Gone says that a later reading no longer had it.
type Span struct {
	First, Last int64
	Gone        bool
}

// Port is a port of network gear (section port).
type Port struct {
	Of                       int32
	Name, Description, Alias string
	Kind                     string
	Mac                      Mac
	Admin, Oper              string
	Speed                    int64 // bits a second; 0: not known
	Duplex                   string
	Stp                      string // state in the spanning tree
	Untagged, Voice          int32  // VLANs; 0: not told
	Lag                      string // aggregate it is a member of
	// Manual is set when a person said whether it is an uplink.
	Manual *bool
}

// Fdb is an address that a switch has learned (section fdb).
type Fdb struct {
	Of   int32
	Vlan int32
	Mac  Mac
	Port string
	Self bool // the switch's own
	Span
}

// Arp is a pair of addresses that a device knows (section arp).
type Arp struct {
	Of      int32
	Address netip.Addr
	Mac     Mac
	Span
}

// Neighbor is a device that announced itself (section neighbor).
type Neighbor struct {
	Of                    int32
	Protocol              string
	Port                  string // own
	Chassis, RemotePort   string
	ChassisKind, PortKind string
	Name, PortText        string
	Description, Platform string
	Serial                string
	Capabilities          []string
	Addresses             []string
	NativeVlan            int32
	Span
}

// Lag is a link aggregate (section lag).
type Lag struct {
	Of      int32
	Name    string
	Members []string
}

// Bridge is a switch's place in the spanning tree (section bridge).
type Bridge struct {
	Of       int32
	Mac      Mac
	RootPort string
	RootCost int64
}

// Member is a box of a stack (section stack_member).
type Member struct {
	Of     int32
	Mac    Mac
	Serial string
}

// AccessPoint is one that a controller knows (section access_point).
type AccessPoint struct {
	Of     int32
	Name   string
	Mac    Mac
	Serial string
}

// Client is a station on Wi-Fi (section wireless_client). Who uses it and in
// which network is no part of a place.
type Client struct {
	Of          int32
	Mac         Mac
	AccessPoint string // by its name at the controller; empty: the device itself
	Address     netip.Addr
	Vlan        int32
	Span
}

// Interface is a card of a host (section interface).
type Interface struct {
	Of             int32
	Name, Kind     string
	Mac, Permanent Mac
	Virtual        bool // no hardware stands behind it
	Up             *bool
	Speed          int64 // bits a second; 0: not known
	Duplex         string
}

// Address is an IP address of an interface or port (section address).
type Address struct {
	Of        int32
	Interface string
	Address   netip.Addr
	Last      int64 // when it was last told, Unix ms
}

// gear says of a kind of device that frames of others pass through it.
func gear(kind string) bool {
	switch kind {
	case "switch", "router", "firewall", "wireless_controller":
		return true
	}
	return false
}
