package topology

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// drawn is the links as lines.
func drawn(list []Link) string {
	var out []string
	for _, l := range list {
		s := fmt.Sprintf("%s %s - %s %s by %v %s", l.A.Name, l.A.Port, l.B.Name, l.B.Port, l.How, l.Confidence)
		if len(l.Faults) > 0 {
			s += fmt.Sprintf(" %q", l.Faults)
		}
		out = append(out, s)
	}
	return strings.Join(out, "\n")
}

func TestLinks(t *testing.T) {
	o := newOffice(t)
	core, a, b := o.sw("core", mac(0xc00), 8), o.sw("sw-a", mac(0xa00), 8), o.sw("sw-b", mac(0xb00), 8)
	// Told by both ends and by two protocols: one cable.
	o.cable(core, "Gi1/0/1", a, "Gi1/0/8")
	o.f.Neighbors = append(o.f.Neighbors, Neighbor{Of: a, Protocol: "cdp", Port: "Gi1/0/8", Chassis: "core", RemotePort: "GigabitEthernet1/0/1", NativeVlan: 99, Span: span(time.Hour, 0)})
	// One end says a port that its device does not have.
	o.lldp(core, "Gi1/0/2", mac(0xb00).String(), "", "slot 8", "bridge")
	o.lldp(b, "Gi1/0/8", "", "core", "Gi1/0/2", "bridge")
	// Two cables between the same two.
	o.cable(core, "Gi1/0/3", b, "Gi1/0/7")
	// A stranger, by two protocols; a phone and a host, which are no gear.
	o.lldp(a, "Gi1/0/7", "", "closet.example.org", "24", "bridge")
	o.f.Neighbors = append(o.f.Neighbors, Neighbor{Of: a, Protocol: "cdp", Port: "Gi1/0/7", Chassis: "closet", RemotePort: "24", Span: always()})
	o.lldp(a, "Gi1/0/1", "", "SEP001122334455", "Port 1", "telephone")
	o.pc("pc-1", mac(1))
	o.lldp(a, "Gi1/0/2", mac(1).String(), "pc-1", "eth0", "station", "bridge")
	// A cable that is there no more.
	o.f.Neighbors = append(o.f.Neighbors, Neighbor{Of: a, Protocol: "lldp", Port: "Gi1/0/3", Name: "sw-b", RemotePort: "Gi1/0/3", Capabilities: []string{"bridge"}, Span: gone(9*time.Hour, time.Hour)})
	for i := range o.f.Ports {
		switch p := &o.f.Ports[i]; {
		case p.Of == a && p.Name == "Gi1/0/8":
			p.Speed, p.Duplex, p.Untagged = 1e8, "half", 1
		case p.Of == b && p.Name == "Gi1/0/7":
			p.Duplex = "half"
		}
	}
	o.f.Ports = append(o.f.Ports, Port{Of: core, Name: "Po1"})
	want := `core Gi1/0/1 - sw-a Gi1/0/8 by [lldp cdp] high ["the ends run at different speeds" "one end is half duplex, the other full" "the ends have different native VLANs"]
core Gi1/0/2 - sw-b Gi1/0/8 by [lldp] high
core Gi1/0/3 - sw-b Gi1/0/7 by [lldp] high ["one end is half duplex, the other full"]
sw-a Gi1/0/7 - closet.example.org 24 by [lldp cdp] high`
	if got := drawn(o.join().Links()); got != want {
		t.Errorf("links are\n%s\nwant\n%s", got, want)
	}
}

// Gear that announces nothing, in a row: a - b - c. Who stands between is found
// by where it has the others.
func TestLinksByAddresses(t *testing.T) {
	o := newOffice(t)
	a, b, c := o.sw("a", mac(0xa00), 4), o.sw("b", mac(0xb00), 4), o.sw("c", mac(0xc00), 4)
	o.learn(a, "Gi1/0/4", always(), mac(0xb00), mac(0xc00))
	o.learn(b, "Gi1/0/1", always(), mac(0xa00))
	o.learn(b, "Gi1/0/2", always(), mac(0xc00))
	o.learn(c, "Gi1/0/3", always(), mac(0xa00), mac(0xb00))
	want := "a Gi1/0/4 - b Gi1/0/1 by [own_mac] medium\nb Gi1/0/2 - c Gi1/0/3 by [own_mac] medium"
	if got := drawn(o.join().Links()); got != want {
		t.Errorf("links are\n%s\nwant\n%s", got, want)
	}
}

func TestMoves(t *testing.T) {
	o, _, _ := twoSwitches(t)
	n := o.join()
	const day = 24 * time.Hour
	ago := func(d time.Duration) time.Time { return noon().Add(-d) }
	sw := ids("sw-a", "sw-b")
	v := func(at int, port string, from, until time.Duration) Version {
		x := Version{Switch: sw[at], Port: port, Mac: mac(1), Vlan: 10, From: ago(from)}
		if until != 0 {
			x.Until = ago(until)
		}
		return x
	}
	still := v(1, "Gi1/0/2", 2*day, 0)
	off := v(1, "Gi1/0/2", 2*day, 0)
	off.Gone = ago(day)
	other := v(0, "Gi1/0/1", 9*day, 8*day)
	other.Vlan = 20
	for _, x := range []struct {
		name string
		list []Version
		want string
	}{
		{"from port to port, at once", []Version{v(0, "Gi1/0/1", 9*day, 5*day), v(0, "Gi1/0/3", 5*day, 3*day), still},
			"sw-b/Gi1/0/2 2d- ; sw-a/Gi1/0/3 5d-4d; sw-a/Gi1/0/1 9d-5d"},
		{"off now", []Version{off}, "sw-b/Gi1/0/2 2d-1d"},
		{"uplinks are left out", []Version{v(0, "Gi1/0/8", 9*day, 0), still}, "sw-b/Gi1/0/2 2d- "},
		{"a night is no gap", []Version{v(0, "Gi1/0/1", 9*day, 7*day), v(0, "Gi1/0/1", 7*day+time.Hour, 6*day)}, "sw-a/Gi1/0/1 9d-7d"},
		{"a week is", []Version{v(0, "Gi1/0/1", 19*day, 17*day), v(0, "Gi1/0/1", 9*day, 6*day)}, "sw-a/Gi1/0/1 9d-7d; sw-a/Gi1/0/1 19d-18d"},
		{"there and back", []Version{v(0, "Gi1/0/1", 9*day, 8*day), v(0, "Gi1/0/3", 8*day, 7*day+12*time.Hour), v(0, "Gi1/0/1", 7*day+12*time.Hour, 5*day)},
			"sw-a/Gi1/0/1 7d-6d; sw-a/Gi1/0/3 8d-7d; sw-a/Gi1/0/1 9d-8d"},
		{"two VLANs are one stay", []Version{v(0, "Gi1/0/1", 9*day, 7*day), other}, "sw-a/Gi1/0/1 9d-8d [10 20]"},
		{"a port that is no more", []Version{v(0, "Fa0/1", 9*day, 7*day)}, "sw-a/Fa0/1 9d-8d"},
		{"nothing", nil, ""},
	} {
		var got []string
		days := func(at time.Time) string {
			if at.IsZero() {
				return " "
			}
			return fmt.Sprintf("%dd", int(noon().Sub(at)/day))
		}
		for _, s := range n.Moves(x.list, day) {
			line := fmt.Sprintf("%s/%s %s-%s", trimID(s.Switch), s.Port, days(s.From), days(s.Until))
			if len(s.Vlans) > 1 {
				line += fmt.Sprint(" ", s.Vlans)
			}
			got = append(got, line)
		}
		if s := strings.Join(got, "; "); s != x.want {
			t.Errorf("%s: %s\nwant %s", x.name, s, x.want)
		}
	}
}
