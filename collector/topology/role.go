package topology

import "slices"

// Role is what a port leads to.
type Role string

// The roles of ports.
const (
	// Free has nothing on it at present: its link is not up.
	Free Role = "free"
	// Unseen has a link, and nobody was seen there: what hangs there keeps quiet,
	// or the forwarding table is not known.
	Unseen Role = "unseen"
	// Internal has no socket: a VLAN's interface, a loopback.
	Internal Role = "internal"
	// Access has one machine on it, perhaps with a phone in front of it or
	// virtual ones inside.
	Access Role = "access"
	// Shared has several machines and no neighbour that would explain them: an
	// unmanaged switch, or gear that announces nothing.
	Shared Role = "shared"
	// Wireless has an access point on it.
	Wireless Role = "access_point"
	// Uplink leads to gear of the inventory: what is seen there hangs elsewhere.
	Uplink Role = "uplink"
	// Unpolled leads to gear that is not in the inventory: what is seen only
	// there is somewhere behind that.
	Unpolled Role = "unpolled"
)

// Why is what a role rests on.
type Why string

// What roles rest on, beside the protocols lldp, cdp, fdp, edp and mndp that a
// neighbour announced itself by.
const (
	ByHand    Why = "manual"
	ByTree    Why = "stp"     // the port is the way to the root of the spanning tree
	ByAddress Why = "own_mac" // the address of other gear is learned there
	ByLag     Why = "lag"     // another port of its aggregate leads there
	ByCount   Why = "count"   // how many machines are seen there
)

// see marks ports on which addresses of gear were learned.
func (j *joining) see() {
	j.gearAt = map[[2]int32]int32{}
	o := 0
	for i := 0; i < len(j.at); {
		m := j.at[i].mac
		for o < len(j.owners) && j.owners[o].mac < m {
			o++
		}
		dev := int32(-1)
		if o < len(j.owners) && j.owners[o].mac == m {
			dev = j.owners[o].dev
		}
		for ; i < len(j.at) && j.at[i].mac == m; i++ {
			s := &j.at[i]
			p := &j.ports[s.port]
			if dev < 0 || dev == p.of || s.gone {
				continue
			}
			switch j.class[dev] {
			case bridged:
				p.gear = dev
				j.gearAt[[2]int32{p.of, dev}] = s.port
			case wireless:
				p.ap = dev
			}
		}
	}
}

// weigh gives every port its role. An aggregate and its members share theirs.
func (j *joining) weigh() {
	for i := range j.ports {
		j.role(&j.ports[i])
	}
	lead := func(r Role) bool { return r == Uplink || r == Unpolled || r == Wireless }
	// The aggregate takes the surest of its members, then they all take its.
	stronger := func(a, b Role) bool { return lead(a) && (!lead(b) || a == Uplink && b != Uplink) }
	for i := range j.ports {
		p := &j.ports[i]
		if p.lag < 0 {
			continue
		}
		if l := &j.ports[p.lag]; stronger(p.role, l.role) {
			l.role, l.why = p.role, p.why
			l.gear, l.ap = max(l.gear, p.gear), max(l.ap, p.ap)
		}
	}
	for i := range j.ports {
		p := &j.ports[i]
		if p.lag < 0 {
			continue
		}
		if l := &j.ports[p.lag]; stronger(l.role, p.role) {
			p.role, p.why, p.gear = l.role, ByLag, max(l.gear, p.gear)
		}
	}
	var keys []int64
	for i := range j.ports {
		keys = j.count(&j.ports[i], keys[:0])
	}
}

// role judges a port by what is known to be on it.
func (j *joining) role(p *port) {
	if p.row >= 0 {
		if by := j.f.Ports[p.row].Manual; by != nil {
			if *by {
				p.role, p.why = Uplink, ByHand
			} else {
				p.role, p.why, p.gear, p.ap = Free, ByHand, -1, -1
			}
			return
		}
	}
	var gear, ap Why
	known := int32(-1)
	for _, x := range j.neighbors[p.nFrom:p.nUntil] {
		r := &j.f.Neighbors[x.row]
		if r.Gone {
			continue
		}
		switch x.class {
		case bridged:
			// MNDP is broadcast through all switches: alone it says nothing of
			// this cable.
			if gear == "" || gear == "mndp" {
				gear = Why(r.Protocol)
			}
			if x.dev >= 0 {
				known = x.dev
			}
		case wireless:
			ap = Why(r.Protocol)
			if x.dev >= 0 {
				p.ap = x.dev
			}
		}
	}
	if known >= 0 {
		p.gear = known
	}
	switch {
	case gear != "" && p.gear >= 0:
		p.role, p.why = Uplink, gear
	case gear != "":
		p.role, p.why = Unpolled, gear
	case ap != "":
		p.role, p.why = Wireless, ap
	case p.gear >= 0 && p.root:
		p.role, p.why = Uplink, ByTree
	case p.gear >= 0:
		p.role, p.why = Uplink, ByAddress
	case p.ap >= 0:
		p.role, p.why = Wireless, ByAddress
	case p.root:
		p.role, p.why = Unpolled, ByTree
	}
}

// sharedFrom is from how many machines of which not all are known on a port is
// taken to lead to an unmanaged switch. Two are a machine and, most likely, a
// phone that announces nothing.
const sharedFrom = 3

// count counts who is on a port, and gives ports without a role theirs.
func (j *joining) count(p *port, keys []int64) []int64 {
	var last Mac
	devices, virtual := 0, 0
	voice := uint16(0)
	if p.row >= 0 {
		voice = uint16(j.f.Ports[p.row].Voice)
	}
	plain := p.role == "" || p.role == Free
	p.single = -1
	for _, i := range j.byPort[p.from:p.until] {
		s := &j.at[i]
		if s.gone || s.mac == last {
			continue
		}
		last = s.mac
		p.macs++
		if !plain {
			continue
		}
		if _, ok := j.phones[s.mac]; ok || voice != 0 && s.vlan == voice {
			continue
		}
		key := -int64(s.mac)
		if o := j.ownerOf(s.mac); o != nil {
			key = int64(o.dev)
		}
		if known(keys, key) {
			continue
		}
		keys = append(keys, key)
		switch {
		case s.mac.ofVirtual():
			virtual++
		case key >= 0:
			devices++
			p.single = int32(key)
		}
	}
	if !plain {
		return keys
	}
	p.hosts = int32(len(keys))
	real := len(keys) - virtual
	if real > 1 {
		p.single = -1
	}
	switch {
	case len(keys) == 0 && p.row >= 0 && rank(j.f.Ports[p.row].Kind) > 1:
		p.role = Internal
	case len(keys) == 0 && p.row >= 0 && j.f.Ports[p.row].Oper == "up":
		p.role = Unseen
	case len(keys) == 0:
		p.role = Free
	case real <= 1, real < sharedFrom && devices < 2:
		p.role = Access
	default:
		p.role = Shared
	}
	if p.why == "" {
		p.why = ByCount
	}
	return keys
}

// manyKeys is from how many machines on a port on one with two addresses may be
// counted twice: it changes nothing, and a table of many thousand addresses on
// one port costs no square of them.
const manyKeys = 64

func known(keys []int64, key int64) bool {
	return len(keys) < manyKeys && slices.Contains(keys, key)
}
