package topology

import (
	"cmp"
	"slices"
	"time"

	"muster/internal/inventory"
)

// OnPort is what is known of a port and what hangs on it.
type OnPort struct {
	Port      // as its device has it; of a port that only other tables name no more than Name
	Role      Role
	Why       Why
	Gear      inventory.DeviceID // of the inventory that it leads to
	Aggregate string             // it is a member of
	Members   []string           // of an aggregate
	Heard     []Heard            // who announced themselves there, and still do
	Hosts     []Place            // whose place is there, the present ones first
	Macs      int                // addresses that are learned there now
}

// Heard is who announced itself on a port.
type Heard struct {
	Protocol string
	Name     string // as announced
	Chassis  string
	Port     string             // as announced
	Device   inventory.DeviceID // empty: none of the inventory
	FarPort  string             // of Device
	What     string             // gear, access_point, phone, host
	First    time.Time
	Last     time.Time
}

func (c class) String() string { return [...]string{"host", "gear", "access_point", "phone"}[c] }

// PortsOf lists the ports of a device: those with a socket first, then
// aggregates, then what has none, each in the order of their names' numbers.
func (n *Network) PortsOf(id inventory.DeviceID) []OnPort {
	d, ok := n.byID[id]
	if !ok {
		return nil
	}
	members := map[int32][]string{}
	for at := n.portsOf[d]; at < n.portsOf[d+1]; at++ {
		if p := &n.ports[at]; p.lag >= 0 {
			members[p.lag] = append(members[p.lag], p.name)
		}
	}
	out := make([]OnPort, 0, n.portsOf[d+1]-n.portsOf[d])
	for at := n.portsOf[d]; at < n.portsOf[d+1]; at++ {
		x := n.onPort(at)
		x.Members = members[at]
		slices.SortFunc(x.Members, byNumbers)
		out = append(out, x)
	}
	slices.SortStableFunc(out, func(a, b OnPort) int {
		return cmp.Or(cmp.Compare(rank(a.Kind), rank(b.Kind)), byNumbers(a.Name, b.Name))
	})
	return out
}

// rank puts kinds of ports in the order in which people look for them.
func rank(kind string) int {
	switch kind {
	case "", "ethernet", "fibre_channel", "wifi", "management":
		return 0
	case "lag":
		return 1
	}
	return 2
}

// Lookup finds a port by its name, or by the long or short form of it; false
// when the device has none such.
func (n *Network) Lookup(id inventory.DeviceID, name string) (string, bool) {
	d, ok := n.byID[id]
	if !ok {
		return "", false
	}
	found := ""
	for at := n.portsOf[d]; at < n.portsOf[d+1]; at++ {
		p := &n.ports[at]
		if p.name == name {
			return name, true
		}
		if k := shortPort(name); k != "" && k == shortPort(p.name) {
			if found != "" {
				return "", false
			}
			found = p.name
		}
	}
	return found, found != ""
}

func (n *Network) onPort(at int32) OnPort {
	p := &n.ports[at]
	out := OnPort{Port: Port{Of: p.of, Name: p.name}, Role: p.role, Why: p.why, Macs: int(p.macs)}
	if p.row >= 0 {
		out.Port = n.f.Ports[p.row]
	}
	if p.lag >= 0 {
		out.Aggregate = n.ports[p.lag].name
	}
	if p.gear >= 0 {
		out.Gear = n.f.Devices[p.gear].ID
	}
	for _, x := range n.neighbors[p.nFrom:p.nUntil] {
		r := &n.f.Neighbors[x.row]
		if r.Gone {
			continue
		}
		h := Heard{Protocol: r.Protocol, Name: r.Name, Chassis: r.Chassis, Port: cmp.Or(r.RemotePort, r.PortText), What: x.class.String(), First: stamp(r.First), Last: stamp(r.Last)}
		if x.dev >= 0 {
			h.Device = n.f.Devices[x.dev].ID
		}
		if x.far >= 0 {
			h.FarPort = n.ports[x.far].name
		}
		out.Heard = append(out.Heard, h)
	}
	id := n.f.Devices[p.of].ID
	add := func(m Mac) {
		if x, ok := n.Locate(m); ok && x.Switch == id && x.Port == p.name && !slices.ContainsFunc(out.Hosts, func(h Place) bool { return h.Mac == m }) {
			out.Hosts = append(out.Hosts, x)
		}
	}
	if p.role != Uplink {
		for _, i := range n.byPort[p.from:p.until] {
			if len(out.Hosts) == maxHosts {
				break
			}
			add(n.at[i].mac)
		}
	}
	for _, m := range n.hearers[at] {
		add(m)
	}
	slices.SortStableFunc(out.Hosts, func(a, b Place) int {
		if a.Present != b.Present {
			if a.Present {
				return -1
			}
			return 1
		}
		if (a.Device == "") != (b.Device == "") {
			return -cmp.Compare(a.Device, b.Device)
		}
		return cmp.Compare(a.Mac, b.Mac)
	})
	return out
}

// maxHosts is how many hosts of one port are listed.
const maxHosts = 1000

// byNumbers orders names with numbers in them as people count: Gi1/0/2 comes
// before Gi1/0/10.
func byNumbers(a, b string) int {
	digit := func(s string, i int) bool { return i < len(s) && s[i] >= '0' && s[i] <= '9' }
	i, k := 0, 0
	for i < len(a) && k < len(b) {
		if !digit(a, i) || !digit(b, k) {
			if a[i] != b[k] {
				return cmp.Compare(a[i], b[k])
			}
			i++
			k++
			continue
		}
		for digit(a, i) && a[i] == '0' {
			i++
		}
		for digit(b, k) && b[k] == '0' {
			k++
		}
		x, y := i, k
		for digit(a, i) {
			i++
		}
		for digit(b, k) {
			k++
		}
		if c := cmp.Compare(i-x, k-y); c != 0 {
			return c
		}
		if c := cmp.Compare(a[x:i], b[y:k]); c != 0 {
			return c
		}
	}
	if c := cmp.Compare(len(a)-i, len(b)-k); c != 0 {
		return c
	}
	return cmp.Compare(a, b)
}

// Marks are a device's ports that lead to other gear, with why: what section
// port has as uplink and uplink_reason.
func (n *Network) Marks(id inventory.DeviceID) map[string]Why {
	out := map[string]Why{}
	if d, ok := n.byID[id]; ok {
		for at := n.portsOf[d]; at < n.portsOf[d+1]; at++ {
			if p := &n.ports[at]; p.role == Uplink || p.role == Unpolled {
				out[p.name] = p.why
			}
		}
	}
	return out
}

// Port is what is known of one port, and its role; false when the device has
// none of that name.
func (n *Network) Port(id inventory.DeviceID, name string) (Port, Role, bool) {
	d, ok := n.byID[id]
	if !ok {
		return Port{}, "", false
	}
	for at := n.portsOf[d]; at < n.portsOf[d+1]; at++ {
		if p := &n.ports[at]; p.name == name {
			if p.row >= 0 {
				return n.f.Ports[p.row], p.role, true
			}
			return Port{Of: d, Name: name}, p.role, true
		}
	}
	return Port{}, "", false
}

// Card is an interface of a device; false when it has none of that name.
func (n *Network) Card(id inventory.DeviceID, name string) (Interface, bool) {
	d, ok := n.byID[id]
	if !ok {
		return Interface{}, false
	}
	for _, i := range n.ownersOf[n.deviceAt[d]:n.deviceAt[d+1]] {
		if o := &n.owners[i]; o.face >= 0 && n.f.Interfaces[o.face].Name == name {
			return n.f.Interfaces[o.face], true
		}
	}
	return Interface{}, false
}
