package topology

import (
	"cmp"
	"slices"
	"time"

	"muster/internal/inventory"
)

// Confidence is how sure a place is.
type Confidence string

// The confidences.
const (
	// High: both ends know each other by LLDP or CDP, or one machine is alone on
	// a port that leads nowhere else, or a controller names the access point.
	High Confidence = "high"
	// Medium: the port is right, and something stands between (an unmanaged
	// switch, an access point that no controller told of), or two ports are as
	// likely.
	Medium Confidence = "medium"
	// Low: it is somewhere behind that port.
	Low Confidence = "low"
)

// How is what a place rests on.
type How string

// What places rest on.
const (
	Announced  How = "announced"  // the machine and the port know each other by LLDP or CDP
	Learned    How = "fdb"        // a switch learned the address on the port
	Controlled How = "controller" // a Wi-Fi controller has it as a client
)

// Between is what stands between a port and a machine on it.
type Between string

// What may stand there.
const (
	BehindPhone      Between = "phone"
	BehindUnmanaged  Between = "unmanaged_switch"
	BehindAP         Between = "access_point"
	BehindGear       Between = "gear" // that is not polled, or in whose tables it is not
	BehindHypervisor Between = "hypervisor"
)

// Via is one thing between a port and a machine.
type Via struct {
	Kind   Between
	Device inventory.DeviceID // empty: none of the inventory
	Name   string             // as announced
	Hosts  int                // machines behind it, where that is known
}

// Place is where an address hangs.
type Place struct {
	Mac       Mac
	Device    inventory.DeviceID // whose it is; empty: nobody's that is known
	Interface string             // of that device
	// The wired port. Both are empty for a client of an access point whose own
	// port is not known.
	Switch     inventory.DeviceID
	Port       string
	Vlans      []int32
	Confidence Confidence
	How        How
	By         inventory.DeviceID // who tells
	Via        []Via              // from the port to the machine
	First      time.Time          // since when it is there without a break
	Last       time.Time          // when it was there last
	Present    bool               // it is there at present
	Else       int                // ports of other switches that are as likely
}

// candidate is one port that an address may hang on.
type candidate struct {
	port        int32 // -1: an access point whose port is not known
	tier        int   // the smaller the surer
	how         How
	by          int32
	first, last int64
	gone        bool
	client      int32 // in Facts.Clients; -1
}

// Tiers, the surest first.
const (
	onHeard = iota
	onAccess
	onController
	onWireless
	onShared
	onUnpolled
	onUplink
)

func tierOf(r Role) int {
	switch r {
	case Shared:
		return onShared
	case Wireless:
		return onWireless
	case Unpolled:
		return onUnpolled
	case Uplink:
		return onUplink
	}
	return onAccess
}

// sameTime is within what two switches may be read to learn of one arrival.
const sameTime = 30 * time.Minute

// Locate answers where an address hangs; false when nobody has seen it.
func (n *Network) Locate(m Mac) (Place, bool) {
	list := n.candidates(m)
	if len(list) == 0 {
		return Place{}, false
	}
	newest := int64(0)
	for i := range list {
		if list[i].port < 0 || n.ports[list[i].port].role != Uplink {
			newest = max(newest, list[i].last)
		}
	}
	// Present before gone; what was seen long before the newest is where it was
	// before. Then the surer port, the deeper switch, the port with fewer
	// machines, and of two that are alike the one it came to last.
	now := func(c *candidate) bool { return !c.gone && newest-c.last <= fresh.Milliseconds() }
	depth := func(c *candidate) int64 {
		if c.port < 0 {
			return 0
		}
		return n.cost[n.ports[c.port].of]
	}
	hosts := func(c *candidate) int32 {
		if c.port < 0 {
			return 0
		}
		if p := &n.ports[c.port]; p.role != Uplink && p.role != Unpolled {
			return p.hosts
		}
		return n.ports[c.port].macs
	}
	slices.SortStableFunc(list, func(a, b candidate) int {
		if x, y := now(&a), now(&b); x != y {
			if x {
				return -1
			}
			return 1
		}
		if !now(&a) {
			// Where it was last, among ports that could have been its own.
			if x, y := a.tier == onUplink, b.tier == onUplink; x != y {
				return cmp.Compare(a.tier, b.tier)
			}
			if c := cmp.Compare(b.last, a.last); c != 0 {
				return c
			}
		}
		if c := cmp.Compare(a.tier, b.tier); c != 0 {
			return c
		}
		if a.tier == onAccess {
			// What lingers on a port it was taken from is older. What two switches
			// came to know at about the same time hangs on the one further from the
			// root, and the other leads there.
			if c := cmp.Compare(depth(&b), depth(&a)); c != 0 && max(a.first-b.first, b.first-a.first) < sameTime.Milliseconds() {
				return c
			}
			return cmp.Compare(b.first, a.first)
		}
		if c := cmp.Compare(hosts(&a), hosts(&b)); c != 0 {
			return c
		}
		return cmp.Compare(b.first, a.first)
	})
	best := &list[0]
	p := n.place(m, best)
	for i := range list[1:] {
		c := &list[i+1]
		if now(c) == now(best) && now(c) && c.tier == best.tier && c.port >= 0 && best.port >= 0 && n.ports[c.port].of != n.ports[best.port].of && c.tier != onUplink {
			p.Else++
		}
	}
	if p.Else > 0 && p.Confidence == High && best.tier == onAccess {
		p.Confidence = Medium
	}
	return p, true
}

// candidates lists the ports that an address may hang on, each once.
func (n *Network) candidates(m Mac) []candidate {
	var list []candidate
	for _, h := range n.heard[m] {
		list = append(list, candidate{port: h.port, tier: onHeard, how: Announced, by: h.by, first: h.First, last: h.Last, gone: h.Gone, client: -1})
	}
	for _, s := range n.seen(m) {
		merged := false
		for i := range list {
			if c := &list[i]; c.port == s.port && c.how == Learned {
				c.first, c.last, c.gone = min(c.first, s.first), max(c.last, s.last), c.gone && s.gone
				merged = true
			}
		}
		if !merged {
			p := &n.ports[s.port]
			list = append(list, candidate{port: s.port, tier: tierOf(p.role), how: Learned, by: p.of, first: s.first, last: s.last, gone: s.gone, client: -1})
		}
	}
	if i, ok := n.stations[m]; ok {
		c := &n.f.Clients[i]
		list = append(list, candidate{port: n.apPort[portKey{c.Of, c.AccessPoint}], tier: onController, how: Controlled, by: c.Of, first: c.First, last: c.Last, gone: c.Gone, client: i})
	}
	return list
}

// place tells of a candidate.
func (n *Network) place(m Mac, c *candidate) Place {
	out := Place{Mac: m, How: c.how, By: n.f.Devices[c.by].ID, First: stamp(c.first), Last: stamp(c.last), Present: n.present(c.last, c.gone), Confidence: High}
	o := n.ownerOf(m)
	if o != nil {
		out.Device = n.f.Devices[o.dev].ID
		switch {
		case o.face >= 0:
			out.Interface = n.f.Interfaces[o.face].Name
		case o.port >= 0:
			out.Interface = n.ports[o.port].name
		}
	}
	if c.client >= 0 {
		x := &n.f.Clients[c.client]
		out.Via = append(out.Via, n.viaAP(x))
		if x.Vlan != 0 {
			out.Vlans = []int32{x.Vlan}
		}
	}
	if c.port < 0 {
		return out
	}
	p := &n.ports[c.port]
	out.Switch, out.Port = n.f.Devices[p.of].ID, p.name
	for _, s := range n.seen(m) {
		if s.port == c.port && s.vlan != 0 && s.gone == c.gone {
			out.Vlans = append(out.Vlans, int32(s.vlan))
		}
	}
	slices.Sort(out.Vlans)
	out.Vlans = slices.Compact(out.Vlans)
	if c.client >= 0 {
		return out
	}
	if c.tier == onHeard && p.role == Shared {
		out.Via = append(out.Via, Via{Kind: BehindUnmanaged, Hosts: int(p.hosts)})
	}
	if c.tier <= onAccess || c.tier == onShared {
		if v, ok := n.phoneOn(p, m); ok {
			out.Via = append(out.Via, v)
		}
	}
	switch c.tier {
	case onAccess:
		if p.hosts > 1 && !m.ofVirtual() && p.single < 0 {
			out.Confidence = Medium
		}
		if m.ofVirtual() && p.single >= 0 && (o == nil || o.dev != p.single) {
			out.Via = append(out.Via, Via{Kind: BehindHypervisor, Device: n.f.Devices[p.single].ID, Name: n.f.Devices[p.single].Name, Hosts: int(p.hosts) - 1})
		}
	case onWireless:
		out.Confidence = Medium
		if p.ap >= 0 && o != nil && o.dev == p.ap {
			out.Confidence = High // it is the access point itself
			break
		}
		v := Via{Kind: BehindAP, Hosts: int(p.macs)}
		if p.ap >= 0 {
			v.Device, v.Name = n.f.Devices[p.ap].ID, n.f.Devices[p.ap].Name
		} else {
			v.Name = n.announced(p, wireless)
		}
		out.Via = append(out.Via, v)
	case onShared:
		out.Confidence = Medium
		out.Via = append(out.Via, Via{Kind: BehindUnmanaged, Hosts: int(p.hosts)})
	case onUnpolled, onUplink:
		out.Confidence = Low
		v := Via{Kind: BehindGear}
		if p.gear >= 0 && c.tier == onUplink {
			if o != nil && o.dev == p.gear {
				out.Confidence = High // it is that gear itself
				break
			}
			v.Device, v.Name = n.f.Devices[p.gear].ID, n.f.Devices[p.gear].Name
		} else {
			v.Name = n.announced(p, bridged)
		}
		out.Via = append(out.Via, v)
	}
	return out
}

func stamp(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// phoneOn is the phone that stands before a machine on a port.
func (n *Network) phoneOn(p *port, m Mac) (Via, bool) {
	if _, itself := n.phones[m]; itself {
		return Via{}, false
	}
	for _, x := range n.neighbors[p.nFrom:p.nUntil] {
		if r := &n.f.Neighbors[x.row]; x.class == phone && !r.Gone {
			v := Via{Kind: BehindPhone, Name: cmp.Or(r.Name, r.Chassis)}
			if x.dev >= 0 {
				v.Device = n.f.Devices[x.dev].ID
			}
			return v, true
		}
	}
	for _, i := range n.byPort[p.from:p.until] {
		s := &n.at[i]
		if s.gone {
			continue
		}
		row, ok := n.phones[s.mac]
		if !ok {
			continue
		}
		v := Via{Kind: BehindPhone}
		if o := n.ownerOf(s.mac); o != nil {
			v.Device, v.Name = n.f.Devices[o.dev].ID, n.f.Devices[o.dev].Name
		} else if row >= 0 {
			v.Name = n.f.Neighbors[row].Name
		}
		return v, true
	}
	return Via{}, false
}

// announced is the name of the first neighbour of a class on a port.
func (n *Network) announced(p *port, c class) string {
	for _, x := range n.neighbors[p.nFrom:p.nUntil] {
		if r := &n.f.Neighbors[x.row]; x.class == c && !r.Gone {
			return cmp.Or(r.Name, r.Chassis)
		}
	}
	return ""
}

// Of lists the places of a device's cards, the one it is at now first: those at
// which it is present before others, wires before Wi-Fi only where both were
// seen at the same time.
func (n *Network) Of(id inventory.DeviceID) []Place {
	d, ok := n.byID[id]
	if !ok {
		return nil
	}
	var out []Place
	var done []Mac
	for _, i := range n.ownersOf[n.deviceAt[d]:n.deviceAt[d+1]] {
		m := n.owners[i].mac
		if slices.Contains(done, m) || n.ownerOf(m).dev != d {
			continue
		}
		if len(done) == maxCards {
			break
		}
		done = append(done, m)
		if p, ok := n.Locate(m); ok {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b Place) int {
		if a.Present != b.Present {
			if a.Present {
				return -1
			}
			return 1
		}
		if c := cmp.Compare(sure(a.Confidence), sure(b.Confidence)); c != 0 && a.Present {
			return c
		}
		return b.Last.Compare(a.Last)
	})
	return out
}

// maxCards is how many addresses of one device are located: a chassis has
// hundreds, and its own place is told by the first that is seen.
const maxCards = 64

func sure(c Confidence) int { return slices.Index([]Confidence{High, Medium, Low}, c) }

// Macs are the hardware addresses of a device, each once.
func (n *Network) Macs(id inventory.DeviceID) []Mac {
	d, ok := n.byID[id]
	if !ok {
		return nil
	}
	var out []Mac
	for _, i := range n.ownersOf[n.deviceAt[d]:n.deviceAt[d+1]] {
		if n.ownerOf(n.owners[i].mac).dev == d {
			out = append(out, n.owners[i].mac)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Owner is whose an address is; empty when nobody's that is known.
func (n *Network) Owner(m Mac) inventory.DeviceID {
	if o := n.ownerOf(m); o != nil {
		return n.f.Devices[o.dev].ID
	}
	return ""
}
