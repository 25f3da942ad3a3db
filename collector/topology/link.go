package topology

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"muster/internal/inventory"
)

// Link is one cable between network gear.
type Link struct {
	A, B       End
	How        []Why // protocols, or own_mac
	Confidence Confidence
	Faults     []string // by which the ends do not fit each other, in words
	First      time.Time
	Last       time.Time
}

// End is one end of a link.
type End struct {
	Device inventory.DeviceID // empty: none of the inventory
	Name   string             // of the device, or as announced
	Port   string             // of the device, or as announced; empty: not known
	Lag    string             // aggregate that the port is a member of
	Known  bool               // the port is one of a device of the inventory
	Oper   string
	Speed  int64 // bits a second; 0: not known
	Duplex string
	Stp    string
}

// link is a Link in the making: places in Network, -1 for what is not known.
type link struct {
	a, aPort, b, bPort int32
	row                int32 // the neighbour's row that names what b is not
	how                []Why
	vlanA, vlanB       int32 // native VLANs, as told
	first, last        int64
}

// Links lists what connects network gear, by the names of its ends. Access
// points count as gear.
func (n *Network) Links() []Link {
	list := n.byNeighbors()
	list = append(list, n.byAddresses(list)...)
	out := make([]Link, 0, len(list))
	for i := range list {
		out = append(out, n.linkOf(&list[i]))
	}
	slices.SortStableFunc(out, func(x, y Link) int {
		return cmp.Or(cmp.Compare(x.A.Name, y.A.Name), byNumbers(x.A.Port, y.A.Port), cmp.Compare(x.B.Name, y.B.Name), byNumbers(x.B.Port, y.B.Port))
	})
	return out
}

// byNeighbors makes links of what gear announced, each once.
func (n *Network) byNeighbors() []link {
	var list []link
	type pair struct{ a, b int32 }
	at := map[pair][]int{} // by devices, the lower first
	strangers := map[string]int{}
	add := func(l link) {
		if l.b < 0 {
			r := &n.f.Neighbors[l.row]
			key := n.ports[l.aPort].name + "\x00" + string(n.f.Devices[l.a].ID) + "\x00" + shortName(cmp.Or(r.Name, r.Chassis))
			if i, ok := strangers[key]; ok {
				n.merge(&list[i], &l)
				return
			}
			strangers[key] = len(list)
			list = append(list, l)
			return
		}
		if l.a > l.b {
			l.a, l.aPort, l.b, l.bPort, l.vlanA, l.vlanB = l.b, l.bPort, l.a, l.aPort, l.vlanB, l.vlanA
		}
		k := pair{l.a, l.b}
		fits := func(x, y int32) bool { return x == y || x < 0 || y < 0 }
		// The same cable told by its other end, or by another protocol. Where one
		// end is not known it is the cable only if there is no other.
		best := -1
		for _, i := range at[k] {
			if x := &list[i]; x.aPort == l.aPort && x.bPort == l.bPort {
				best = i
				break
			} else if fits(x.aPort, l.aPort) && fits(x.bPort, l.bPort) && (x.aPort == l.aPort || x.bPort == l.bPort || x.aPort < 0 && l.bPort < 0 || x.bPort < 0 && l.aPort < 0) {
				if best >= 0 {
					best = -2
				} else if best == -1 {
					best = i
				}
			}
		}
		if best >= 0 {
			n.merge(&list[best], &l)
			return
		}
		at[k] = append(at[k], len(list))
		list = append(list, l)
	}
	// Those whose both ends are known come first, so that the others find them.
	for _, both := range []bool{true, false} {
		for _, x := range n.neighbors {
			r := &n.f.Neighbors[x.row]
			if r.Gone || x.class != bridged && x.class != wireless || (x.dev >= 0 && x.far >= 0) != both {
				continue
			}
			if r.Protocol == "mndp" && n.ports[x.port].why != "mndp" {
				continue // heard through other gear
			}
			l := link{a: n.ports[x.port].of, aPort: x.port, b: x.dev, bPort: x.far, row: x.row, how: []Why{Why(r.Protocol)}, vlanB: r.NativeVlan, first: r.First, last: r.Last}
			if p := &n.ports[x.port]; p.row >= 0 {
				l.vlanA = n.f.Ports[p.row].Untagged
			}
			add(l)
		}
	}
	return list
}

func (n *Network) merge(into, from *link) {
	into.aPort, into.bPort = max(into.aPort, from.aPort), max(into.bPort, from.bPort)
	for _, h := range from.how {
		if !slices.Contains(into.how, h) {
			into.how = append(into.how, h)
		}
	}
	into.vlanA, into.vlanB = cmp.Or(into.vlanA, from.vlanA), cmp.Or(into.vlanB, from.vlanB)
	into.first, into.last = min(into.first, from.first), max(into.last, from.last)
}

// mostGear is of how much gear behind one port the nearest is looked for.
const mostGear = 64

// byAddresses finds the nearest gear behind ports on which nothing announces
// itself: that behind which there is none of the others. A switch C stands
// between A and B when it has them on different ports.
func (n *Network) byAddresses(known []link) []link {
	linked := map[int32]bool{}
	for i := range known {
		for _, at := range []int32{known[i].aPort, known[i].bPort} {
			if at >= 0 {
				linked[at], linked[n.whole(at)] = true, true
			}
		}
	}
	behind := map[int32][]int32{}
	for k, at := range n.gearAt {
		if !linked[at] && n.ports[at].role == Uplink {
			behind[at] = append(behind[at], k[1])
		}
	}
	var list []link
	done := map[[2]int32]bool{}
	for _, at := range sortedKeys(behind) {
		all := behind[at]
		slices.Sort(all)
		if len(all) > mostGear {
			continue
		}
		a := n.ports[at].of
		for _, b := range all {
			back, ok := n.gearAt[[2]int32{b, a}]
			if !ok {
				continue
			}
			between := slices.ContainsFunc(all, func(c int32) bool {
				x, seesA := n.gearAt[[2]int32{c, a}]
				y, seesB := n.gearAt[[2]int32{c, b}]
				return c != b && (!seesA || !seesB || x != y)
			})
			lo, hi := min(at, back), max(at, back)
			if between || done[[2]int32{lo, hi}] {
				continue
			}
			done[[2]int32{lo, hi}] = true
			l := link{a: a, aPort: at, b: b, bPort: back, row: -1, how: []Why{ByAddress}}
			for _, end := range []struct {
				on, of int32
			}{{at, b}, {back, a}} {
				for _, i := range n.byPort[n.ports[end.on].from:n.ports[end.on].until] {
					if o := n.ownerOf(n.at[i].mac); o != nil && o.dev == end.of && !n.at[i].gone {
						l.first, l.last = max(l.first, n.at[i].first), max(l.last, n.at[i].last)
					}
				}
			}
			if l.a > l.b {
				l.a, l.aPort, l.b, l.bPort = l.b, l.bPort, l.a, l.aPort
			}
			list = append(list, l)
		}
	}
	return list
}

func sortedKeys(m map[int32][]int32) []int32 {
	out := make([]int32, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (n *Network) linkOf(l *link) Link {
	out := Link{A: n.end(l.a, l.aPort), B: n.end(l.b, l.bPort), How: l.how, Confidence: High, First: stamp(l.first), Last: stamp(l.last)}
	if l.row >= 0 {
		r := &n.f.Neighbors[l.row]
		// What could not be found is as it was announced. Links are kept with the
		// lower device first, so the announcer may be either.
		far := &out.B
		if l.b >= 0 && n.f.Neighbors[l.row].Of == l.b {
			far = &out.A
		}
		if far.Device == "" {
			far.Name, far.Duplex = cmp.Or(r.Name, r.Chassis), ""
		}
		if far.Port == "" {
			far.Port = cmp.Or(r.RemotePort, r.PortText)
		}
	}
	if slices.Contains(l.how, ByAddress) || slices.Contains(l.how, "mndp") && len(l.how) == 1 {
		out.Confidence = Medium
	}
	a, b := &out.A, &out.B
	if a.Speed != 0 && b.Speed != 0 && a.Speed != b.Speed {
		out.Faults = append(out.Faults, "the ends run at different speeds")
	}
	full := func(e *End) bool { return e.Duplex == "full" || e.Duplex == "half" }
	switch {
	case full(a) && full(b) && a.Duplex != b.Duplex:
		out.Faults = append(out.Faults, "one end is half duplex, the other full")
	case a.Duplex == "half" || b.Duplex == "half":
		out.Faults = append(out.Faults, "half duplex")
	}
	if l.vlanA != 0 && l.vlanB != 0 && l.vlanA != l.vlanB {
		out.Faults = append(out.Faults, "the ends have different native VLANs")
	}
	// Better names first, so that a list reads from one device to its others.
	if b.Device != "" && strings.Compare(a.Name, b.Name) > 0 {
		out.A, out.B = out.B, out.A
	}
	return out
}

func (n *Network) end(dev, at int32) End {
	var e End
	if dev >= 0 {
		e.Device, e.Name = n.f.Devices[dev].ID, n.f.Devices[dev].Name
	}
	if at >= 0 {
		p := &n.ports[at]
		e.Port, e.Known = p.name, true
		if p.lag >= 0 {
			e.Lag = n.ports[p.lag].name
		}
		if p.row >= 0 {
			r := &n.f.Ports[p.row]
			e.Oper, e.Speed, e.Duplex, e.Stp = r.Oper, r.Speed, r.Duplex, r.Stp
		}
	}
	return e
}
