package api

import (
	"time"

	"muster/internal/inventory"
)

// NamedDevice is a device in few words.
type NamedDevice struct {
	ID   inventory.DeviceID `json:"id"`
	Name string             `json:"name"`
	Kind string             `json:"kind"`
	Site string             `json:"site,omitempty" doc:"AGENCY/SITE."`
}

// PortWhereInput asks which port something hangs on.
type PortWhereInput struct {
	What    string `query:"what" required:"true" minLength:"1" maxLength:"256" doc:"REF of a device, a hardware address in any notation, or an IP address."`
	History bool   `query:"history" doc:"Also where it was before."`
	From    string `query:"from" maxLength:"64" doc:"With history: what ended before is left out. Default: all that is kept."`
}

// PortPlacesInput asks where many devices hang, for a list of them.
type PortPlacesInput struct {
	Devices []string `query:"devices" required:"true" minItems:"1" maxItems:"500" doc:"IDs of devices, separated by commas."`
}

// PortPlaces is the ports of those that hang on one now, in the order asked.
type PortPlaces struct {
	Places []DevicePlace `json:"places" nullable:"false" doc:"Devices of which no port is known, or only guessed, and those out of scope are left out."`
	ReadAt time.Time     `json:"read_at" doc:"When the answer was worked out; it may be some minutes old in a large network."`
}

// DevicePlace is a device and its port.
type DevicePlace struct {
	Device     NamedDevice `json:"device"`
	Switch     NamedDevice `json:"switch"`
	Port       string      `json:"port"`
	Confidence string      `json:"confidence" doc:"high or medium."`
}

// PortWhere is which port something hangs on.
type PortWhere struct {
	What       string         `json:"what" doc:"As asked."`
	Understood string         `json:"understood" doc:"device, mac or address."`
	Device     *NamedDevice   `json:"device,omitempty" doc:"That was asked for, or whose the address is."`
	Macs       []string       `json:"macs" nullable:"false" doc:"Hardware addresses that were looked for."`
	Addresses  []KnownAddress `json:"addresses" nullable:"false" doc:"IP addresses of these, the newest word first."`
	Places     []Place        `json:"places" nullable:"false" doc:"Where it is, the best one first; after those at which it is present, where its other cards were last."`
	History    []Stay         `json:"history,omitempty" doc:"The newest first. Ports that lead to other gear are left out."`
	ReadAt     time.Time      `json:"read_at" doc:"When the answer was worked out; it may be some minutes old in a large network."`
	Concealed  int            `json:"concealed,omitempty" doc:"Places on gear that is out of the caller's scope."`
	Hidden     []string       `json:"hidden,omitempty" doc:"What is left out because the caller may not see personal facts."`
}

// KnownAddress is an IP address and who says whose it is.
type KnownAddress struct {
	Address  string       `json:"address"`
	Mac      string       `json:"mac,omitempty"`
	Device   *NamedDevice `json:"device,omitempty"`
	ToldBy   *NamedDevice `json:"told_by,omitempty" doc:"The device itself, or a router or Wi-Fi controller that knows it."`
	LastSeen time.Time    `json:"last_seen,omitzero"`
}

// Place is where a card hangs.
type Place struct {
	Mac        string       `json:"mac"`
	Device     *NamedDevice `json:"device,omitempty" doc:"Whose card it is; absent when nobody's that is known, or that is in scope."`
	Interface  string       `json:"interface,omitempty" doc:"Of that device."`
	Switch     *NamedDevice `json:"switch,omitempty" doc:"Absent for a Wi-Fi client whose access point's own port is not known."`
	Port       string       `json:"port,omitempty"`
	Alias      string       `json:"alias,omitempty" doc:"What people call the port, often the socket in the wall."`
	Role       string       `json:"role,omitempty" doc:"access, shared, access_point, unpolled, uplink, unseen, internal or free."`
	Vlans      []int32      `json:"vlans,omitempty"`
	Confidence string       `json:"confidence" doc:"high, medium or low."`
	How        string       `json:"how" doc:"announced (LLDP, CDP), fdb (a switch learned the address) or controller (of the Wi-Fi)."`
	ToldBy     *NamedDevice `json:"told_by,omitempty"`
	Via        []Via        `json:"via,omitempty" doc:"What stands between, from the port on."`
	Present    bool         `json:"present" doc:"It is there at present."`
	FirstSeen  time.Time    `json:"first_seen,omitzero"`
	LastSeen   time.Time    `json:"last_seen,omitzero"`
	Else       int          `json:"else,omitempty" doc:"Ports of other switches that are as likely."`
	PortEnd    *CableEnd    `json:"port_end,omitempty"`
	DeviceEnd  *CableEnd    `json:"device_end,omitempty"`
}

// Via is something between a port and a machine.
type Via struct {
	Kind   string       `json:"kind" doc:"phone, unmanaged_switch, access_point, gear or hypervisor."`
	Name   string       `json:"name,omitempty"`
	Device *NamedDevice `json:"device,omitempty"`
	Hosts  int          `json:"hosts,omitempty" doc:"Machines behind it."`
}

// CableEnd is how one end of a cable runs.
type CableEnd struct {
	State     string `json:"state,omitempty" doc:"up, down and so on."`
	SpeedBits int64  `json:"speed_bits_per_second,omitempty"`
	Duplex    string `json:"duplex,omitempty"`
	Errors
}

// Errors is damaged frames in the last 24 hours; absent when not known.
type Errors struct {
	In  *int64 `json:"errors_in,omitempty"`
	Out *int64 `json:"errors_out,omitempty"`
}

// Stay is a time on one port.
type Stay struct {
	Mac    string       `json:"mac"`
	Switch *NamedDevice `json:"switch,omitempty"`
	Port   string       `json:"port"`
	Alias  string       `json:"alias,omitempty" doc:"As it is now."`
	Vlans  []int32      `json:"vlans,omitempty"`
	From   time.Time    `json:"from"`
	Until  time.Time    `json:"until,omitzero" doc:"When it was there last; absent while it is there."`
}

// PortShowInput asks what hangs on the ports of a device.
type PortShowInput struct {
	Ref  string `path:"ref" maxLength:"256"`
	Port string `query:"port" maxLength:"256" doc:"Only this one, in its long or short form."`
}

// PortShow is the ports of a device and what hangs on them.
type PortShow struct {
	Device     NamedDevice `json:"device"`
	Ports      []PortLine  `json:"ports" nullable:"false"`
	Unresolved int         `json:"unresolved,omitempty" doc:"Addresses of its forwarding table whose port could not be named."`
	ReadAt     time.Time   `json:"read_at"`
}

// PortLine is one port and what hangs on it.
type PortLine struct {
	Name         string       `json:"name"`
	Alias        string       `json:"alias,omitempty"`
	Description  string       `json:"description,omitempty"`
	Admin        string       `json:"admin_status,omitempty"`
	Role         string       `json:"role" doc:"free (no link), unseen (a link, and nobody was seen), access, shared (an unmanaged switch), access_point, uplink (to gear of the inventory), unpolled (to other gear) or internal (no socket)."`
	Why          string       `json:"why,omitempty" doc:"What the role rests on: lldp, cdp and so on, stp, own_mac, lag, manual, count."`
	Gear         *NamedDevice `json:"gear,omitempty" doc:"That it leads to."`
	Aggregate    string       `json:"aggregate,omitempty" doc:"It is a member of."`
	Members      []string     `json:"members,omitempty" doc:"Of an aggregate."`
	UntaggedVlan int32        `json:"untagged_vlan,omitempty"`
	VoiceVlan    int32        `json:"voice_vlan,omitempty"`
	StpState     string       `json:"stp_state,omitempty"`
	End          CableEnd     `json:"end"`
	Macs         int          `json:"macs" doc:"Addresses learned there at present."`
	Neighbors    []HeardOn    `json:"neighbors" nullable:"false"`
	Hosts        []Place      `json:"hosts" nullable:"false" doc:"Who hangs there; not told of uplinks. At most 1,000."`
}

// HeardOn is who announced itself on a port.
type HeardOn struct {
	Protocol string       `json:"protocol"`
	What     string       `json:"what" doc:"gear, access_point, phone or host."`
	Name     string       `json:"name,omitempty" doc:"As announced, as are chassis and port."`
	Chassis  string       `json:"chassis,omitempty"`
	Port     string       `json:"port,omitempty"`
	Device   *NamedDevice `json:"device,omitempty"`
	Since    time.Time    `json:"since"`
}

// TopologyInput asks how network gear is connected.
type TopologyInput struct {
	Filter string `query:"filter" maxLength:"4096" doc:"Only links of these devices, in the search language. Default: all."`
}

// Topology is how network gear is connected.
type Topology struct {
	Links  []Link    `json:"links" nullable:"false"`
	ReadAt time.Time `json:"read_at"`
	// Counted is false where more devices are at the ends than errors are
	// counted of at once.
	Counted bool `json:"errors_counted" doc:"False when there are too many devices to count the errors of; a filter helps."`
}

// Link is one cable between network gear.
type Link struct {
	A          LinkEnd   `json:"a"`
	B          LinkEnd   `json:"b"`
	How        []string  `json:"how" nullable:"false" doc:"What it rests on: lldp, cdp and so on, or own_mac."`
	Confidence string    `json:"confidence" doc:"high or medium."`
	Faults     []string  `json:"faults,omitempty" doc:"By which the ends do not fit each other."`
	FirstSeen  time.Time `json:"first_seen,omitzero"`
	LastSeen   time.Time `json:"last_seen,omitzero"`
}

// LinkEnd is one end of a link.
type LinkEnd struct {
	Device    *NamedDevice `json:"device,omitempty" doc:"Absent for gear that is not of the inventory."`
	Name      string       `json:"name,omitempty" doc:"Of the device, or as announced."`
	Port      string       `json:"port,omitempty"`
	Aggregate string       `json:"aggregate,omitempty"`
	StpState  string       `json:"stp_state,omitempty"`
	Concealed bool         `json:"concealed,omitempty" doc:"The device is out of the caller's scope."`
	CableEnd
}
