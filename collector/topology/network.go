package topology

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"muster/internal/inventory"
)

// fresh is how much older than the clock a sighting may be to count as
// present: six readings of a forwarding table (section fdb has a cadence of ten
// minutes).
const fresh = time.Hour

// Network is how devices hang together as of one reading of the facts. It does
// not change; several goroutines may ask it.
type Network struct {
	now     int64
	f       *Facts  // without the forwarding tables, which at has
	class   []class // of devices
	byID    map[inventory.DeviceID]int32
	ports   []port
	portsOf []int32 // ports[portsOf[d]:portsOf[d+1]] are those of device d
	at      []sighting
	byPort  []int32 // sightings by port

	owners   []owner // by address
	ownersOf []int32 // owners by device
	deviceAt []int32 // ownersOf[deviceAt[d]:deviceAt[d+1]] are those of device d

	neighbors []neighbor // by port, then by how long they have been there
	heard     map[Mac][]hearing
	hearers   map[int32][]Mac   // by port: who is known to hang there beside what tables tell
	phones    map[Mac]int32     // of whom some neighbour row tells; the row, or -1
	stations  map[Mac]int32     // newest client row
	apPort    map[portKey]int32 // switch port of an access point, by controller and name; -1
	apPorts   map[string]int32  // ports on which access points announced themselves, by their names
	aps       map[portKey]int32 // Facts.AccessPoints by controller and name
	apSerial  map[string]int32
	addresses []holder // by IP
	holdersOf []int32  // addresses by MAC
	gearAt    map[[2]int32]int32
	cost      []int64       // to the root of the spanning tree, by device
	unknown   map[int32]int // sightings by device, on ports that it could not name
}

// port is what was worked out of one port.
type port struct {
	of     int32
	row    int32 // in Facts.Ports; -1: only other sections name it
	name   string
	lag    int32 // aggregate it is a member of; -1
	role   Role
	why    Why
	root   bool  // towards the root of the spanning tree
	gear   int32 // polled gear that is there; -1
	ap     int32 // access point that is there; -1
	hosts  int32 // distinct, of those present
	macs   int32 // likewise, phones and all
	single int32 // the only host that is a device, with virtual ones beside it; -1
	from   int32 // byPort[from:until]
	until  int32
	nFrom  int32 // neighbors[nFrom:nUntil]
	nUntil int32
}

// sighting is one address on one port.
type sighting struct {
	mac         Mac
	first, last int64
	port        int32
	vlan        uint16
	gone        bool
}

// owner says whose an address is.
type owner struct {
	mac        Mac
	dev        int32
	face, port int32 // of Facts.Interfaces, of ports; -1
	up         bool
}

// holder is an IP address with the hardware address that has it.
type holder struct {
	ip   netip.Addr
	mac  Mac
	dev  int32 // whose it is, as it says itself; -1
	by   int32 // who tells
	last int64
}

// hearing is an announcement by which a host and a port know each other.
type hearing struct {
	port int32
	by   int32 // who tells
	Span
}

type portKey struct {
	of   int32
	name string
}

// joining is a Network in the making.
type joining struct {
	*Network
	portOf map[portKey]int32
	names  map[int32]map[string]int32 // what ports of a device are called, by device
	byName map[string]int32           // devices; ambiguous ones are -2
	byIP   map[netip.Addr]int32
	serial map[string]int32
}

// Join works out a network. It takes the facts over: the caller must not use
// them any more.
func Join(f *Facts) *Network {
	n := &Network{now: f.Now.UnixMilli(), f: f, byID: make(map[inventory.DeviceID]int32, len(f.Devices))}
	for i := range f.Devices {
		n.byID[f.Devices[i].ID] = int32(i)
	}
	j := &joining{Network: n, names: map[int32]map[string]int32{}}
	j.sortOut()
	j.layPorts()
	j.own()
	j.learn()
	j.meet()
	j.see()
	j.weigh()
	j.listAddresses()
	j.hear()
	return n
}

// class is what a device, or one that announced itself, is to the network.
type class uint8

const (
	end     class = iota // nothing is behind it
	bridged              // frames of others pass through it
	wireless
	phone
)

// sortOut finds what devices are. One of no known kind that has a forwarding
// table or a place in the spanning tree is gear.
func (j *joining) sortOut() {
	f := j.f
	j.class = make([]class, len(f.Devices))
	for i := range f.Devices {
		switch k := f.Devices[i].Kind; {
		case gear(k):
			j.class[i] = bridged
		case k == "access_point":
			j.class[i] = wireless
		case k == "phone":
			j.class[i] = phone
		}
	}
	odd := func(of int32) {
		if k := f.Devices[of].Kind; k == "" || k == "other" {
			j.class[of] = bridged
		}
	}
	for i := range f.Bridges {
		odd(f.Bridges[i].Of)
	}
	for i := range f.Fdb {
		odd(f.Fdb[i].Of)
	}
}

// layPorts lists ports, those too that only other sections name.
func (j *joining) layPorts() {
	f := j.f
	j.portOf = make(map[portKey]int32, len(f.Ports)+len(f.Ports)/8)
	add := func(of int32, name string, row int32) {
		if name == "" {
			return
		}
		if at, ok := j.portOf[portKey{of, name}]; ok {
			if row >= 0 && j.ports[at].row < 0 {
				j.ports[at].row = row
			}
			return
		}
		j.portOf[portKey{of, name}] = int32(len(j.ports))
		j.ports = append(j.ports, port{of: of, row: row, name: name, lag: -1, gear: -1, ap: -1, single: -1})
	}
	j.ports = make([]port, 0, len(f.Ports)+len(f.Ports)/8)
	for i := range f.Ports {
		add(f.Ports[i].Of, f.Ports[i].Name, int32(i))
	}
	for i := range f.Fdb {
		if !f.Fdb[i].Self {
			add(f.Fdb[i].Of, f.Fdb[i].Port, -1)
		}
	}
	for i := range f.Neighbors {
		if n := &f.Neighbors[i]; j.class[n.Of] != end {
			add(n.Of, n.Port, -1)
		}
	}
	for i := range f.Lags {
		l := &f.Lags[i]
		add(l.Of, l.Name, -1)
		for _, m := range l.Members {
			add(l.Of, m, -1)
		}
	}
	for i := range f.Bridges {
		add(f.Bridges[i].Of, f.Bridges[i].RootPort, -1)
	}
	// By device, in the order in which they were told.
	slices.SortStableFunc(j.ports, func(a, b port) int { return cmp.Compare(a.of, b.of) })
	j.portsOf = make([]int32, len(f.Devices)+1)
	for i := range j.ports {
		j.portOf[portKey{j.ports[i].of, j.ports[i].name}] = int32(i)
		j.portsOf[j.ports[i].of+1] = int32(i + 1)
	}
	for d := range f.Devices {
		j.portsOf[d+1] = max(j.portsOf[d+1], j.portsOf[d])
	}

	bind := func(of int32, member, lag string) {
		m, ok := j.portOf[portKey{of, member}]
		l, ok2 := j.portOf[portKey{of, lag}]
		if ok && ok2 && m != l && j.ports[l].lag < 0 {
			j.ports[m].lag = l
		}
	}
	for i := range f.Lags {
		for _, m := range f.Lags[i].Members {
			bind(f.Lags[i].Of, m, f.Lags[i].Name)
		}
	}
	for i := range f.Ports {
		bind(f.Ports[i].Of, f.Ports[i].Name, f.Ports[i].Lag)
	}
	j.cost = make([]int64, len(f.Devices))
	for i := range f.Bridges {
		b := &f.Bridges[i]
		j.cost[b.Of] = b.RootCost
		if at, ok := j.portOf[portKey{b.Of, b.RootPort}]; ok {
			j.ports[at].root = true
		}
	}
}

// own lists whose addresses are whose.
func (j *joining) own() {
	f := j.f
	j.owners = make([]owner, 0, 2*len(f.Interfaces)+len(f.Ports)+len(f.Bridges)+len(f.Members)+len(f.AccessPoints))
	add := func(m Mac, dev, face, port int32, up bool) {
		if m != 0 && !m.ofRouters() {
			j.owners = append(j.owners, owner{mac: m, dev: dev, face: face, port: port, up: up})
		}
	}
	for i := range f.Interfaces {
		x := &f.Interfaces[i]
		if x.Virtual {
			continue
		}
		switch x.Kind {
		case "loopback", "tunnel", "vpn", "virtual", "bluetooth", "cellular", "infiniband":
			continue // those of some programs are the same on every machine
		}
		up := x.Up != nil && *x.Up
		add(x.Mac, x.Of, int32(i), -1, up)
		if x.Permanent != x.Mac {
			add(x.Permanent, x.Of, int32(i), -1, false)
		}
	}
	for i := range f.Ports {
		p := &f.Ports[i]
		if at, ok := j.portOf[portKey{p.Of, p.Name}]; ok {
			add(p.Mac, p.Of, -1, at, p.Oper == "up")
		}
	}
	for i := range f.Bridges {
		add(f.Bridges[i].Mac, f.Bridges[i].Of, -1, -1, true)
	}
	for i := range f.Members {
		add(f.Members[i].Mac, f.Members[i].Of, -1, -1, true)
	}
	// Of one address the owner that most likely has it now comes first: gear
	// never lends its own; then the card with a link (docks and adapters go
	// from hand to hand), then who was heard of last.
	rank := func(o *owner) int64 {
		d := &f.Devices[o.dev]
		r := d.Seen.Unix()
		if o.up {
			r += 1 << 40
		}
		if j.class[o.dev] != end {
			r += 1 << 41
		}
		return r
	}
	slices.SortStableFunc(j.owners, func(a, b owner) int {
		if c := cmp.Compare(a.mac, b.mac); c != 0 {
			return c
		}
		return cmp.Compare(rank(&b), rank(&a))
	})
	j.ownersOf, j.deviceAt = grouped(len(j.owners), len(f.Devices), func(i int) int32 { return j.owners[i].dev })
}

// grouped lists the numbers below n by their group: those of group g are
// list[start[g]:start[g+1]], in order. What has a negative group is left out.
func grouped(n, groups int, of func(int) int32) (list, start []int32) {
	start = make([]int32, groups+1)
	for i := range n {
		if g := of(i); g >= 0 {
			start[g+1]++
		}
	}
	for g := range groups {
		start[g+1] += start[g]
	}
	list = make([]int32, start[groups])
	next := slices.Clone(start[:groups])
	for i := range n {
		if g := of(i); g >= 0 {
			list[next[g]] = int32(i)
			next[g]++
		}
	}
	return list, start
}

// learn takes in the forwarding tables.
func (j *joining) learn() {
	f := j.f
	j.unknown = map[int32]int{}
	j.at = make([]sighting, 0, len(f.Fdb))
	for i := range f.Fdb {
		r := &f.Fdb[i]
		if r.Self || r.Mac == 0 || r.Mac.ofRouters() {
			continue
		}
		at, ok := j.portOf[portKey{r.Of, r.Port}]
		if !ok {
			j.unknown[r.Of]++
			continue
		}
		j.at = append(j.at, sighting{mac: r.Mac, first: r.First, last: r.Last, port: at, vlan: uint16(r.Vlan), gone: r.Gone})
	}
	f.Fdb = nil
	slices.SortFunc(j.at, func(a, b sighting) int {
		if a.mac != b.mac {
			return cmp.Compare(a.mac, b.mac)
		}
		if a.port != b.port {
			return cmp.Compare(a.port, b.port)
		}
		return cmp.Compare(a.vlan, b.vlan)
	})
	list, start := grouped(len(j.at), len(j.ports), func(i int) int32 { return j.at[i].port })
	j.byPort = list
	for p := range j.ports {
		j.ports[p].from, j.ports[p].until = start[p], start[p+1]
	}
}

// ownerOf is who has an address; nil when nobody known has.
func (n *Network) ownerOf(m Mac) *owner {
	i, ok := slices.BinarySearchFunc(n.owners, m, func(o owner, m Mac) int { return cmp.Compare(o.mac, m) })
	if !ok {
		return nil
	}
	return &n.owners[i]
}

// seen are the sightings of an address.
func (n *Network) seen(m Mac) []sighting {
	lo, ok := slices.BinarySearchFunc(n.at, m, func(s sighting, m Mac) int { return cmp.Compare(s.mac, m) })
	if !ok {
		return nil
	}
	hi := lo
	for hi < len(n.at) && n.at[hi].mac == m {
		hi++
	}
	return n.at[lo:hi]
}

// present says whether a row is of now.
func (n *Network) present(last int64, gone bool) bool {
	return !gone && n.now-last <= fresh.Milliseconds()
}

// At is when the facts were read.
func (n *Network) At() time.Time { return n.f.Now }

// Unresolved is how many addresses of a device's forwarding table are on ports
// that it could not name; they are in no answer.
func (n *Network) Unresolved(id inventory.DeviceID) int {
	if d, ok := n.byID[id]; ok {
		return n.unknown[d]
	}
	return 0
}
