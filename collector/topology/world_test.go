package topology

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"muster/internal/inventory"
)

// office is a network that a test draws.
type office struct {
	*testing.T
	f  Facts
	by map[string]int32
}

// noon is the time of all tests.
func noon() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

func newOffice(t *testing.T) *office {
	return &office{T: t, f: Facts{Now: noon()}, by: map[string]int32{}}
}

// always is a row that has been there for ten days.
func always() Span { return span(10*24*time.Hour, 0) }

// span is a row that came and was there last that long ago.
func span(first, last time.Duration) Span {
	return Span{First: noon().Add(-first).UnixMilli(), Last: noon().Add(-last).UnixMilli()}
}

// gone is a row that a later reading no longer had.
func gone(first, last time.Duration) Span {
	s := span(first, last)
	s.Gone = true
	return s
}

func (o *office) device(kind, name string) int32 {
	if d, ok := o.by[name]; ok {
		return d
	}
	d := o.f.Add(Device{ID: inventory.DeviceID("id-" + name), Kind: kind, Name: name, Seen: noon()})
	o.by[name] = d
	return d
}

// mac is the n-th address of a maker.
func mac(n int) Mac { return 0x001122000000 | Mac(n) }

// sw draws a switch with some ports, Gi1/0/1 and on, and an address of its own.
func (o *office) sw(name string, own Mac, ports int) int32 {
	d := o.device("switch", name)
	for i := range ports {
		o.f.Ports = append(o.f.Ports, Port{Of: d, Name: fmt.Sprintf("Gi1/0/%d", i+1), Description: fmt.Sprintf("GigabitEthernet1/0/%d", i+1), Admin: "up", Oper: "up", Speed: 1e9, Duplex: "full"})
	}
	o.f.Bridges = append(o.f.Bridges, Bridge{Of: d, Mac: own})
	return d
}

// pc draws a PC with one card.
func (o *office) pc(name string, m Mac) int32 {
	d := o.device("pc", name)
	o.f.Interfaces = append(o.f.Interfaces, Interface{Of: d, Name: "eth0", Kind: "ethernet", Mac: m, Permanent: m, Up: new(true), Speed: 1e9, Duplex: "full"})
	return d
}

// learn puts addresses into a switch's table.
func (o *office) learn(of int32, port string, s Span, macs ...Mac) {
	for _, m := range macs {
		o.f.Fdb = append(o.f.Fdb, Fdb{Of: of, Vlan: 10, Mac: m, Port: port, Span: s})
	}
}

// lldp draws that a device hears another on a port.
func (o *office) lldp(of int32, port, chassis, name, far string, capabilities ...string) {
	o.f.Neighbors = append(o.f.Neighbors, Neighbor{Of: of, Protocol: "lldp", Port: port, Chassis: chassis, Name: name, RemotePort: far, Capabilities: capabilities, Span: always()})
}

// cable draws that two switches hear each other.
func (o *office) cable(a int32, aPort string, b int32, bPort string) {
	o.lldp(a, aPort, "", o.f.Devices[b].Name, bPort, "bridge")
	o.lldp(b, bPort, "", o.f.Devices[a].Name, aPort, "bridge")
}

func (o *office) ip(of int32, face, a string) {
	o.f.Addresses = append(o.f.Addresses, Address{Of: of, Interface: face, Address: netip.MustParseAddr(a), Last: noon().UnixMilli()})
}

func (o *office) join() *Network { return Join(&o.f) }

// at wants an address to be at SWITCH/PORT, with a confidence.
func (o *office) at(n *Network, m Mac, where string, c Confidence) Place {
	o.Helper()
	p, ok := n.Locate(m)
	got := ""
	if ok {
		got = fmt.Sprintf("%s/%s", trimID(p.Switch), p.Port)
	}
	if got != where || p.Confidence != c {
		o.Errorf("%s is at %q with %q, want %q with %q: %+v", m, got, p.Confidence, where, c, p)
	}
	return p
}

func trimID(id inventory.DeviceID) string {
	if len(id) > 3 {
		return string(id[3:])
	}
	return ""
}
