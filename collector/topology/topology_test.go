package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"muster/internal/inventory"
)

// twoSwitches is an office of two switches on a cable, with a PC each.
func twoSwitches(t *testing.T) (o *office, a, b int32) {
	o = newOffice(t)
	a, b = o.sw("sw-a", mac(0xa00), 8), o.sw("sw-b", mac(0xb00), 8)
	o.cable(a, "Gi1/0/8", b, "Gi1/0/8")
	o.pc("pc-1", mac(1))
	o.pc("pc-2", mac(2))
	o.learn(a, "Gi1/0/1", always(), mac(1))
	o.learn(a, "Gi1/0/8", always(), mac(2), mac(0xb00))
	o.learn(b, "Gi1/0/2", always(), mac(2))
	o.learn(b, "Gi1/0/8", always(), mac(1), mac(0xa00))
	return o, a, b
}

func TestAccessPortWins(t *testing.T) {
	o, _, _ := twoSwitches(t)
	n := o.join()
	p := o.at(n, mac(1), "sw-a/Gi1/0/1", High)
	if !p.Present || p.Device != "id-pc-1" || p.Interface != "eth0" || !slices.Equal(p.Vlans, []int32{10}) || !p.First.Equal(noon().Add(-240*time.Hour)) || !p.Last.Equal(noon()) {
		t.Errorf("%+v", p)
	}
	o.at(n, mac(2), "sw-b/Gi1/0/2", High)
	if l := n.Of("id-pc-1"); len(l) != 1 || l[0].Port != "Gi1/0/1" {
		t.Errorf("%+v", l)
	}
	if _, ok := n.Locate(mac(99)); ok || n.Of("nobody") != nil {
		t.Error("what nobody saw was found")
	}
	// The switch itself is on the other one's uplink, and that is where it is.
	o.at(n, mac(0xb00), "sw-a/Gi1/0/8", High)
}

// Each sign alone makes an uplink.
func TestUplinks(t *testing.T) {
	for _, x := range []struct {
		name string
		draw func(o *office, a, b int32)
		role Role
		why  Why
	}{
		{"lldp", func(o *office, a, b int32) { o.lldp(a, "Gi1/0/8", "", "SW-B.example.org", "Gi1/0/8", "bridge") }, Uplink, "lldp"},
		{"cdp", func(o *office, a, b int32) {
			o.f.Neighbors = append(o.f.Neighbors, Neighbor{Of: a, Protocol: "cdp", Port: "Gi1/0/8", Chassis: "sw-b(FOC123)", RemotePort: "GigabitEthernet1/0/8", Platform: "N9K", Span: always()})
		}, Uplink, "cdp"},
		{"chassis", func(o *office, a, b int32) { o.lldp(a, "Gi1/0/8", mac(0xb00).String(), "", "8") }, Uplink, "lldp"},
		{"address", func(o *office, a, b int32) {
			o.ip(b, "Vlan1", "10.0.0.2")
			o.f.Neighbors = append(o.f.Neighbors, Neighbor{Of: a, Protocol: "cdp", Port: "Gi1/0/8", Chassis: "other name", Addresses: []string{"10.0.0.2"}, Span: always()})
		}, Uplink, "cdp"},
		{"own address", func(o *office, a, b int32) { o.learn(a, "Gi1/0/8", always(), mac(0xb00)) }, Uplink, ByAddress},
		{"stp and own address", func(o *office, a, b int32) {
			o.learn(a, "Gi1/0/8", always(), mac(0xb00))
			o.f.Bridges[0].RootPort = "Gi1/0/8"
		}, Uplink, ByTree},
		{"stp alone", func(o *office, a, b int32) { o.f.Bridges[0].RootPort = "Gi1/0/8" }, Unpolled, ByTree},
		{"a stranger", func(o *office, a, b int32) { o.lldp(a, "Gi1/0/8", "", "core-9", "1", "bridge", "router") }, Unpolled, "lldp"},
		{"by hand", func(o *office, a, b int32) { o.f.Ports[7].Manual = new(true) }, Uplink, ByHand},
		{"by hand not", func(o *office, a, b int32) {
			o.learn(a, "Gi1/0/8", always(), mac(0xb00))
			o.f.Ports[7].Manual = new(false)
		}, Access, ByHand},
		{"a row that is gone", func(o *office, a, b int32) { o.learn(a, "Gi1/0/8", gone(time.Hour, time.Minute), mac(0xb00)) }, Unseen, ByCount},
		{"nothing plugged in", func(o *office, a, b int32) { o.f.Ports[7].Oper = "down" }, Free, ByCount},
		{"no socket", func(o *office, a, b int32) { o.f.Ports[7].Kind = "loopback" }, Internal, ByCount},
		{"a phone", func(o *office, a, b int32) {
			o.lldp(a, "Gi1/0/8", "", "SEP001122334455", "Port 1", "bridge", "telephone")
		}, Unseen, ByCount},
		{"a known PC that routes for its containers", func(o *office, a, b int32) {
			o.pc("pc-9", mac(9))
			o.lldp(a, "Gi1/0/8", mac(9).String(), "pc-9", mac(9).String(), "bridge", "router", "station")
			o.learn(a, "Gi1/0/8", always(), mac(9))
		}, Access, ByCount},
		{"firmware of a network card", func(o *office, a, b int32) {
			o.lldp(a, "Gi1/0/8", mac(9).String(), "", mac(9).String())
			o.learn(a, "Gi1/0/8", always(), mac(9))
		}, Access, ByCount},
		{"an access point", func(o *office, a, b int32) {
			o.lldp(a, "Gi1/0/8", "", "ap-1", "eth0", "bridge", "wlan_access_point")
		}, Wireless, "lldp"},
	} {
		t.Run(x.name, func(t *testing.T) {
			o := newOffice(t)
			a, b := o.sw("sw-a", mac(0xa00), 8), o.sw("sw-b", mac(0xb00), 8)
			x.draw(o, a, b)
			p := o.join().PortsOf("id-sw-a")[7]
			if p.Role != x.role || p.Why != x.why {
				t.Errorf("%s is %s by %s, want %s by %s", p.Name, p.Role, p.Why, x.role, x.why)
			}
		})
	}
}

func TestAggregates(t *testing.T) {
	o := newOffice(t)
	a, b := o.sw("sw-a", mac(0xa00), 8), o.sw("sw-b", mac(0xb00), 8)
	for _, d := range []int32{a, b} {
		o.f.Ports = append(o.f.Ports, Port{Of: d, Name: "Po1", Kind: "lag"})
		o.f.Lags = append(o.f.Lags, Lag{Of: d, Name: "Po1", Members: []string{"Gi1/0/7", "Gi1/0/8"}})
	}
	// Only one member tells.
	o.lldp(a, "Gi1/0/7", "", "sw-b", "Gi1/0/7", "bridge")
	o.pc("pc-2", mac(2))
	o.learn(a, "Po1", always(), mac(2))
	o.learn(b, "Gi1/0/2", always(), mac(2))
	// A server on an aggregate of its own.
	srv := o.device("server", "srv")
	o.f.Interfaces = append(o.f.Interfaces, Interface{Of: srv, Name: "bond0", Kind: "bond", Mac: mac(50), Up: new(true)})
	o.f.Ports = append(o.f.Ports, Port{Of: b, Name: "Po2"})
	for i := range o.f.Ports {
		if p := &o.f.Ports[i]; p.Of == b && (p.Name == "Gi1/0/3" || p.Name == "Gi1/0/4") {
			p.Lag = "Po2"
		}
	}
	o.learn(b, "Po2", always(), mac(50))
	o.learn(a, "Po1", always(), mac(50))
	n := o.join()
	o.at(n, mac(2), "sw-b/Gi1/0/2", High)
	o.at(n, mac(50), "sw-b/Po2", High)
	want := map[string]Why{"Po1": "lldp", "Gi1/0/7": "lldp", "Gi1/0/8": ByLag}
	if got := n.Marks("id-sw-a"); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("uplinks %v, want %v", got, want)
	}
	for _, p := range n.PortsOf("id-sw-b") {
		if p.Name == "Po2" && !slices.Equal(p.Members, []string{"Gi1/0/3", "Gi1/0/4"}) || p.Name == "Gi1/0/4" && p.Aggregate != "Po2" {
			t.Errorf("%+v", p)
		}
	}
}

func TestPhoneBeforePC(t *testing.T) {
	for _, x := range []struct {
		name string
		draw func(o *office, a int32)
	}{
		{"lldp", func(o *office, a int32) {
			o.lldp(a, "Gi1/0/1", mac(77).String(), "desk phone", "p1", "telephone", "bridge")
		}},
		{"cdp", func(o *office, a int32) {
			o.f.Neighbors = append(o.f.Neighbors, Neighbor{Of: a, Protocol: "cdp", Port: "Gi1/0/1", Chassis: "SEP" + "00112200004D", Platform: "Cisco IP Phone 8845", Span: always()})
		}},
		{"a device", func(o *office, a int32) {
			d := o.device("phone", "phone-7")
			o.f.Ports = append(o.f.Ports, Port{Of: d, Name: "lan", Mac: mac(77)})
		}},
		{"its VLAN", func(o *office, a int32) { o.f.Ports[0].Voice = 20 }},
	} {
		t.Run(x.name, func(t *testing.T) {
			o := newOffice(t)
			a := o.sw("sw-a", mac(0xa00), 4)
			o.pc("pc-1", mac(1))
			x.draw(o, a)
			o.learn(a, "Gi1/0/1", always(), mac(1))
			o.f.Fdb = append(o.f.Fdb, Fdb{Of: a, Vlan: 20, Mac: mac(77), Port: "Gi1/0/1", Span: always()})
			n := o.join()
			p := o.at(n, mac(1), "sw-a/Gi1/0/1", High)
			if x.name != "its VLAN" && (len(p.Via) != 1 || p.Via[0].Kind != BehindPhone) {
				t.Errorf("via %+v", p.Via)
			}
			if q := o.at(n, mac(77), "sw-a/Gi1/0/1", High); len(q.Via) != 0 {
				t.Errorf("the phone is behind %+v", q.Via)
			}
			if r := n.PortsOf("id-sw-a")[0]; r.Role != Access || len(r.Hosts) != 2 || r.Hosts[0].Device == "" {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestUnmanagedSwitch(t *testing.T) {
	o := newOffice(t)
	a := o.sw("sw-a", mac(0xa00), 4)
	for i := range 4 {
		o.pc(fmt.Sprint("pc-", i), mac(i+1))
		o.learn(a, "Gi1/0/1", always(), mac(i+1))
	}
	// Two of which one is nobody known are a machine and its phone.
	o.pc("pc-8", mac(8))
	o.learn(a, "Gi1/0/2", always(), mac(8), mac(9))
	// Two that are known are not.
	o.pc("pc-10", mac(10))
	o.pc("pc-11", mac(11))
	o.learn(a, "Gi1/0/3", always(), mac(10), mac(11))
	n := o.join()
	p := o.at(n, mac(1), "sw-a/Gi1/0/1", Medium)
	if len(p.Via) != 1 || p.Via[0].Kind != BehindUnmanaged || p.Via[0].Hosts != 4 {
		t.Errorf("via %+v", p.Via)
	}
	o.at(n, mac(8), "sw-a/Gi1/0/2", Medium)
	if p := o.at(n, mac(10), "sw-a/Gi1/0/3", Medium); len(p.Via) != 1 {
		t.Errorf("via %+v", p.Via)
	}
}

func TestVirtualMachines(t *testing.T) {
	o := newOffice(t)
	a := o.sw("sw-a", mac(0xa00), 4)
	o.device("server", "host")
	o.f.Interfaces = append(o.f.Interfaces, Interface{Of: o.by["host"], Name: "eno1", Kind: "ethernet", Mac: mac(1), Up: new(true)},
		Interface{Of: o.by["host"], Name: "vmnet8", Kind: "ethernet", Mac: 0x005056c00008, Virtual: true})
	vm := Mac(0x525400000001)
	o.pc("vm-1", vm)
	o.learn(a, "Gi1/0/1", always(), mac(1), vm, 0x525400000002, 0x525400000003)
	n := o.join()
	o.at(n, mac(1), "sw-a/Gi1/0/1", High)
	if p := o.at(n, vm, "sw-a/Gi1/0/1", High); len(p.Via) != 1 || p.Via[0] != (Via{Kind: BehindHypervisor, Device: "id-host", Name: "host", Hosts: 3}) {
		t.Errorf("via %+v", p.Via)
	}
	if n.Owner(0x005056c00008) != "" {
		t.Error("an address that every such hypervisor has is somebody's")
	}
}

func TestMoved(t *testing.T) {
	for _, x := range []struct {
		name string
		draw func(o *office, a, b int32)
		want string
	}{
		// Both tables have it until the old one forgets.
		{"a moment ago", func(o *office, a, b int32) {
			o.learn(a, "Gi1/0/1", span(24*time.Hour, 0), mac(1))
			o.learn(b, "Gi1/0/2", span(5*time.Minute, 0), mac(1))
		}, "sw-b/Gi1/0/2"},
		{"an hour ago", func(o *office, a, b int32) {
			o.learn(a, "Gi1/0/1", gone(24*time.Hour, time.Hour), mac(1))
			o.learn(b, "Gi1/0/2", span(time.Hour, 0), mac(1))
		}, "sw-b/Gi1/0/2"},
		// There and back within a day: the row of the first port goes on.
		{"and came back", func(o *office, a, b int32) {
			o.learn(a, "Gi1/0/1", span(24*time.Hour, 0), mac(1))
			o.learn(b, "Gi1/0/2", gone(5*time.Hour, 2*time.Hour), mac(1))
		}, "sw-a/Gi1/0/1"},
		// It is off: where it was last.
		{"and is off", func(o *office, a, b int32) {
			o.learn(a, "Gi1/0/1", gone(24*time.Hour, 9*time.Hour), mac(1))
			o.learn(b, "Gi1/0/2", gone(9*time.Hour, 3*time.Hour), mac(1))
			o.learn(a, "Gi1/0/8", gone(9*time.Hour, 2*time.Hour), mac(1))
		}, "sw-b/Gi1/0/2"},
		// A switch that nobody could ask for hours says what was.
		{"while a switch was dead", func(o *office, a, b int32) {
			o.learn(a, "Gi1/0/1", span(48*time.Hour, 6*time.Hour), mac(1))
			o.learn(b, "Gi1/0/2", span(5*time.Hour, 0), mac(1))
		}, "sw-b/Gi1/0/2"},
		// It hangs on a small switch now, among others.
		{"to a busier port", func(o *office, a, b int32) {
			o.learn(a, "Gi1/0/1", gone(24*time.Hour, time.Hour), mac(1))
			o.learn(b, "Gi1/0/2", span(time.Hour, 0), mac(1), mac(21), mac(22), mac(23))
		}, "sw-b/Gi1/0/2"},
	} {
		t.Run(x.name, func(t *testing.T) {
			o := newOffice(t)
			a, b := o.sw("sw-a", mac(0xa00), 8), o.sw("sw-b", mac(0xb00), 8)
			o.cable(a, "Gi1/0/8", b, "Gi1/0/8")
			o.pc("pc-1", mac(1))
			x.draw(o, a, b)
			p, _ := o.join().Locate(mac(1))
			if got := trimID(p.Switch) + "/" + p.Port; got != x.want {
				t.Errorf("at %s, want %s", got, x.want)
			}
			if x.name == "and is off" && p.Present {
				t.Error("it counts as present")
			}
		})
	}
}

// Two switches that announce nothing and whose own addresses nobody learned:
// the one further from the root has the machine.
func TestDeeperSwitch(t *testing.T) {
	o := newOffice(t)
	a, b := o.sw("sw-a", 0, 8), o.sw("sw-b", 0, 8)
	o.f.Bridges[1].RootCost, o.f.Bridges[1].RootPort = 20000, "Gi1/0/8"
	o.learn(a, "Gi1/0/8", span(time.Hour, 0), mac(1))
	o.learn(b, "Gi1/0/2", span(time.Hour+5*time.Minute, 0), mac(1))
	if p := o.at(o.join(), mac(1), "sw-b/Gi1/0/2", Medium); p.Else != 1 {
		t.Errorf("%+v", p)
	}
}

func TestBehindGear(t *testing.T) {
	o := newOffice(t)
	a, b := o.sw("sw-a", mac(0xa00), 8), o.sw("sw-b", mac(0xb00), 8)
	o.cable(a, "Gi1/0/8", b, "Gi1/0/8")
	o.lldp(a, "Gi1/0/7", "", "closet-3", "24", "bridge")
	o.learn(a, "Gi1/0/7", always(), mac(1), mac(2))
	o.learn(b, "Gi1/0/8", always(), mac(1), mac(3))
	n := o.join()
	// Gear that is not polled is let through.
	if p := o.at(n, mac(1), "sw-a/Gi1/0/7", Low); p.Via[0] != (Via{Kind: BehindGear, Name: "closet-3"}) {
		t.Errorf("via %+v", p.Via)
	}
	// What only an uplink has seen is behind what it leads to.
	if p := o.at(n, mac(3), "sw-b/Gi1/0/8", Low); p.Via[0].Device != "id-sw-a" {
		t.Errorf("via %+v", p.Via)
	}
}

func TestAnnouncements(t *testing.T) {
	o := newOffice(t)
	a := o.sw("sw-a", mac(0xa00), 8)
	// A host that hears its switch, before any table has it.
	pc := o.pc("pc-1", mac(1))
	o.lldp(pc, "eth0", mac(0xa00).String(), "sw-a", "GigabitEthernet1/0/3", "bridge")
	// A switch that hears a host: its table has the host's card on an uplink
	// only.
	o.pc("pc-2", mac(2))
	o.lldp(a, "Gi1/0/4", mac(2).String(), "pc-2", mac(2).String(), "station")
	n := o.join()
	if p := o.at(n, mac(1), "sw-a/Gi1/0/3", High); p.How != Announced || p.By != "id-pc-1" {
		t.Errorf("%+v", p)
	}
	if p := o.at(n, mac(2), "sw-a/Gi1/0/4", High); p.How != Announced || p.By != "id-sw-a" {
		t.Errorf("%+v", p)
	}
	if l := n.PortsOf("id-sw-a")[2].Hosts; len(l) != 1 || l[0].Device != "id-pc-1" {
		t.Errorf("%+v", l)
	}
}

func TestWireless(t *testing.T) {
	o := newOffice(t)
	a := o.sw("sw-a", mac(0xa00), 8)
	wlc := o.device("wireless_controller", "wlc")
	o.f.AccessPoints = append(o.f.AccessPoints, AccessPoint{Of: wlc, Name: "ap-hall", Mac: mac(0x500)}, AccessPoint{Of: wlc, Name: "ap-far", Mac: mac(0x600)})
	o.learn(a, "Gi1/0/5", always(), mac(0x500))
	laptop := o.device("pc", "laptop")
	o.f.Interfaces = append(o.f.Interfaces, Interface{Of: laptop, Name: "wlan0", Kind: "wifi", Mac: mac(1), Up: new(true)})
	o.f.Clients = append(o.f.Clients, Client{Of: wlc, Mac: mac(1), AccessPoint: "ap-hall", Address: netip.MustParseAddr("10.9.0.7"), Vlan: 30, Span: always()},
		Client{Of: wlc, Mac: mac(2), AccessPoint: "ap-far", Span: always()},
		Client{Of: wlc, Mac: mac(3), AccessPoint: "ap-old", Span: gone(9*time.Hour, 5*time.Hour)},
		Client{Of: wlc, Mac: mac(3), AccessPoint: "ap-hall", Span: span(time.Hour, 0)})
	// Without a controller: an access point that announces itself.
	o.lldp(a, "Gi1/0/6", mac(0x700).String(), "ap-lone", "eth0", "wlan_access_point", "bridge")
	o.learn(a, "Gi1/0/6", always(), mac(0x700), mac(4), mac(5), mac(6))
	n := o.join()
	p := o.at(n, mac(1), "sw-a/Gi1/0/5", High)
	if p.How != Controlled || p.By != "id-wlc" || p.Via[0] != (Via{Kind: BehindAP, Name: "ap-hall"}) || !slices.Equal(p.Vlans, []int32{30}) {
		t.Errorf("%+v", p)
	}
	if p := o.at(n, mac(2), "/", High); p.Via[0].Name != "ap-far" {
		t.Errorf("%+v", p)
	}
	o.at(n, mac(3), "sw-a/Gi1/0/5", High)
	if p := o.at(n, mac(4), "sw-a/Gi1/0/6", Medium); p.Via[0].Kind != BehindAP || p.Via[0].Name != "ap-lone" {
		t.Errorf("%+v", p)
	}
	if h := n.Holders(netip.MustParseAddr("10.9.0.7")); len(h) != 1 || h[0].Device != "id-laptop" || h[0].By != "id-wlc" {
		t.Errorf("%+v", h)
	}
	if l := n.PortsOf("id-sw-a")[4].Hosts; len(l) != 3 { // the access point and its two clients
		t.Errorf("%+v", l)
	}
}

func TestAddresses(t *testing.T) {
	o, a, _ := twoSwitches(t)
	o.ip(o.by["pc-1"], "eth0", "10.0.0.5")
	rt := o.device("router", "rt")
	o.f.Arp = append(o.f.Arp, Arp{Of: rt, Address: netip.MustParseAddr("10.0.0.6"), Mac: mac(2), Span: always()},
		Arp{Of: rt, Address: netip.MustParseAddr("10.0.0.7"), Mac: mac(70), Span: always()},
		Arp{Of: rt, Address: netip.MustParseAddr("10.0.0.8"), Mac: mac(71), Span: gone(time.Hour, time.Minute)})
	o.learn(a, "Gi1/0/3", always(), mac(70))
	n := o.join()
	for ip, want := range map[string]string{"10.0.0.5": "pc-1 00:11:22:00:00:01 by pc-1", "10.0.0.6": "pc-2 00:11:22:00:00:02 by rt", "::ffff:10.0.0.7": " 00:11:22:00:00:46 by rt", "10.0.0.8": "", "10.0.0.9": ""} {
		got := ""
		for _, h := range n.Holders(netip.MustParseAddr(ip)) {
			got += fmt.Sprintf("%s %s by %s", trimID(h.Device), h.Mac, trimID(h.By))
		}
		if got != want {
			t.Errorf("%s is of %q, want %q", ip, got, want)
		}
	}
	if l := n.AddressesOf(mac(70)); len(l) != 1 || l[0].Address.String() != "10.0.0.7" {
		t.Errorf("%+v", l)
	}
}

// Who has an address that two claim: gear, then the card with a link, then who
// was heard of last.
func TestOwners(t *testing.T) {
	o := newOffice(t)
	dock := mac(500)
	for i, up := range []bool{false, true, false} {
		d := o.device("pc", fmt.Sprint("laptop-", i))
		o.f.Interfaces = append(o.f.Interfaces, Interface{Of: d, Name: "dock", Kind: "ethernet", Mac: dock, Up: new(up)})
	}
	n := o.join()
	if n.Owner(dock) != "id-laptop-1" {
		t.Errorf("the dock is at %s", n.Owner(dock))
	}
	if len(n.Macs("id-laptop-0")) != 0 || len(n.Macs("id-laptop-1")) != 1 {
		t.Error("an address is of two")
	}
}

func TestHostileRows(t *testing.T) {
	o := newOffice(t)
	a := o.sw("sw-a", mac(0xa00), 2)
	o.learn(a, "Gi1/0/1", always(), 0x00005e000101, 0x0000_0c07_ac0a) // VRRP, HSRP
	o.learn(a, "", always(), mac(1))                                  // could not be resolved
	o.f.Fdb = append(o.f.Fdb, Fdb{Of: a, Mac: 0, Port: "Gi1/0/1"})
	o.f.Lags = append(o.f.Lags, Lag{Of: a, Name: "Po1", Members: []string{"Po1", "Po2"}}, Lag{Of: a, Name: "Po2", Members: []string{"Po1"}})
	for range 3 {
		o.lldp(a, "Gi1/0/2", "", "", "")
		o.lldp(a, "Gi1/0/2", "", "sw-a", "Gi1/0/1") // itself
	}
	// Fifty thousand addresses on one port are slow to count only for who counts
	// badly.
	for i := range 50_000 {
		o.learn(a, "Gi1/0/1", always(), mac(0x10000+i))
	}
	n := o.join()
	if n.Unresolved("id-sw-a") != 1 || n.Unresolved("nobody") != 0 {
		t.Errorf("%d unresolved", n.Unresolved("id-sw-a"))
	}
	p := n.PortsOf("id-sw-a")
	if p[0].Role != Shared || p[0].Macs != 50_000 || len(p[0].Hosts) != maxHosts {
		t.Errorf("%s with %d addresses, %d shown", p[0].Role, p[0].Macs, len(p[0].Hosts))
	}
	n.Links()
	Join(&Facts{}).Links()
}

// Who looks for a socket finds the sockets first.
func TestPortsWithASocketComeFirst(t *testing.T) {
	o := newOffice(t)
	a := o.device("switch", "sw-a")
	for name, kind := range map[string]string{"1": "virtual", "Vlan10": "vlan", "Po1": "lag", "gi10": "ethernet", "gi2": "ethernet"} {
		o.f.Ports = append(o.f.Ports, Port{Of: a, Name: name, Kind: kind})
	}
	var got []string
	for _, p := range o.join().PortsOf("id-sw-a") {
		got = append(got, p.Name)
	}
	if want := []string{"gi2", "gi10", "Po1", "1", "Vlan10"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestParseMac(t *testing.T) {
	for text, want := range map[string]Mac{
		"00:11:22:aA:bB:cC": 0x001122aabbcc, "00-11-22-aa-bb-cc": 0x001122aabbcc, "0011.22aa.bbcc": 0x001122aabbcc, "001122AABBCC": 0x001122aabbcc,
		"02:00:00:00:00:01": 0x020000000001, "": 0, "00:00:00:00:00:00": 0, "ff:ff:ff:ff:ff:ff": 0, "01:00:5e:00:00:01": 0,
		"00:11:22:aa:bb": 0, "00:11:22:aa:bb:cc:dd": 0, "0:11:22:aa:bb:cc0": 0, "00:11:22:aa:bb:cc:": 0, "00::1122aabbcc": 0, "g0:11:22:aa:bb:cc": 0,
	} {
		m, ok := ParseMac(text)
		if ok != (want != 0) || ok && m != want {
			t.Errorf("%q is %s, %t", text, m, ok)
		}
	}
	if s := Mac(0x0200000000ff).String(); s != "02:00:00:00:00:ff" || !Mac(0x020000000001).Random() || mac(1).Random() || Mac(0).String() != "" {
		t.Error(s)
	}
}

func FuzzParseMac(f *testing.F) {
	f.Add("00:11:22:33:44:55")
	f.Add("0011.2233.4455")
	f.Fuzz(func(t *testing.T, s string) {
		if m, ok := ParseMac(s); ok {
			if back, ok := ParseMac(m.String()); !ok || back != m {
				t.Errorf("%q is %s, which is %s", s, m, back)
			}
		}
	})
}

func TestByNumbers(t *testing.T) {
	l := []string{"Gi1/0/10", "Te1/1/1", "Gi1/0/9", "Gi1/0/1", "Po1", "Gi01/0/2", ""}
	slices.SortFunc(l, byNumbers)
	if got := fmt.Sprint(l); got != "[ Gi1/0/1 Gi01/0/2 Gi1/0/9 Gi1/0/10 Po1 Te1/1/1]" {
		t.Error(got)
	}
}

func ids(l ...string) []inventory.DeviceID {
	var out []inventory.DeviceID
	for _, s := range l {
		out = append(out, inventory.DeviceID("id-"+s))
	}
	return out
}
