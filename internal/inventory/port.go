package inventory

import "time"

// Port is one interface of a network device. It is known by its name, since
// interface indexes move when a device restarts: ifName, else ifDescr, else
// ifAlias, else the index, with the index in brackets where two are named
// alike. Whether it is up, its speed and duplex change each time a PC sleeps
// and are series and events; here they stand as last read.
type Port struct {
	Name         string    `inv:"name,key" doc:"Name, such as Gi1/0/7 or ether2."`
	Index        int64     `inv:"if_index,latest" doc:"Interface index at present (ifIndex)."`
	Description  string    `inv:"description,dict" doc:"Description by the device (ifDescr)."`
	Alias        string    `inv:"alias" doc:"Description by people (ifAlias), often the wall port."`
	Kind         string    `inv:"kind,dict" enum:"ethernet|wifi|lag|vlan|loopback|tunnel|bridge|ppp|virtual|management|stack|fibre_channel|other" doc:"What kind of port it is."`
	TypeNumber   *int64    `inv:"if_type" doc:"Number of the kind by IANA (ifType)."`
	Mac          string    `inv:"mac" doc:"Hardware address of the port."`
	MTU          int64     `inv:"mtu_bytes" unit:"byte" doc:"Largest packet."`
	MaxSpeedBits int64     `inv:"max_speed_bits_per_second" unit:"bit_per_second" doc:"Highest speed seen or set."`
	Admin        string    `inv:"admin_status" enum:"up|down|testing" doc:"Whether it is switched on."`
	Connector    *bool     `inv:"connector_present" doc:"True when it has a socket."`
	EntityIndex  *int64    `inv:"entity_index" doc:"Entity it is (entity.entity_index)."`
	Member       *int64    `inv:"stack_member" doc:"Member of a stack it is on (stack_member.member_number)."`
	Mode         string    `inv:"vlan_mode" enum:"access|trunk|hybrid|routed|unknown" doc:"How it treats VLANs."`
	UntaggedVlan *int64    `inv:"untagged_vlan" doc:"VLAN of untagged frames (PVID, native VLAN)."`
	VoiceVlan    *int64    `inv:"voice_vlan" doc:"VLAN of telephones."`
	TaggedVlans  string    `inv:"tagged_vlans" doc:"VLANs carried tagged, as ranges such as 10,20-29."`
	Lag          string    `inv:"lag" doc:"Aggregate it is a member of (port.name, lag.name)."`
	Parent       string    `inv:"parent" doc:"Port it rides on, as a VLAN interface does."`
	Uplink       *bool     `inv:"uplink" doc:"True when other network gear hangs on it; worked out by the collector."`
	UplinkReason string    `inv:"uplink_reason" enum:"lldp|cdp|fdp|edp|mndp|stp|own_mac|lag|manual" doc:"What made the collector call it an uplink."`
	Oper         string    `inv:"oper_status,latest" enum:"up|down|testing|unknown|dormant|not_present|lower_layer_down" doc:"Whether it carries traffic (ifOperStatus)."`
	SpeedBits    int64     `inv:"speed_bits_per_second,latest" unit:"bit_per_second" doc:"Speed; absent when the device does not know or plainly errs."`
	Duplex       string    `inv:"duplex,latest" enum:"full|half|unknown" doc:"Duplex (dot3StatsDuplexStatus)."`
	StpState     string    `inv:"stp_state,latest" enum:"disabled|blocking|listening|learning|forwarding|broken" doc:"State in the spanning tree."`
	ChangedAt    time.Time `inv:"changed_at,latest" doc:"When it last went up or down (ifLastChange)."`
	Unreliable   *bool     `inv:"counters_unreliable,latest" doc:"True when its counters are 32 bit on a link too fast for them, or go backwards."`
	MacCount     *int64    `inv:"mac_count,latest" unit:"count" doc:"Hardware addresses learned on it."`
}

// Section says how the section is named, kept and read.
func (Port) Section() Meta {
	return Meta{Name: "port", Doc: "Ports of network devices: names, VLANs, aggregates, state and speed.", Cadence: time.Minute,
		SNMP: "IF-MIB ifTable and ifXTable, EtherLike-MIB dot3StatsDuplexStatus, Q-BRIDGE-MIB, BRIDGE-MIB dot1dStpPortState, CISCO-VLAN-MEMBERSHIP-MIB, CISCO-VTP-MIB"}
}
