package topology

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// neighbor is who announced itself on a port, as far as it was found out.
type neighbor struct {
	row   int32 // in Facts.Neighbors
	port  int32 // it was heard on
	dev   int32 // who it is; -1: no device of the inventory
	far   int32 // its port; -1
	class class
}

// meet finds out who the neighbours are.
func (j *joining) meet() {
	f := j.f
	j.heard, j.hearers, j.phones, j.apPorts = map[Mac][]hearing{}, map[int32][]Mac{}, map[Mac]int32{}, map[string]int32{}
	j.indexNames()
	for i := range f.Neighbors {
		r := &f.Neighbors[i]
		dev := j.whoIs(r)
		if dev == r.Of {
			continue // a loop of cables, or a stack that hears itself
		}
		c := j.classify(r, dev)
		if cls := j.class[r.Of]; cls == end || cls == phone {
			j.heardByHost(r, dev, c)
			continue
		}
		at, ok := j.portOf[portKey{r.Of, r.Port}]
		if !ok {
			continue
		}
		far := int32(-1)
		if dev >= 0 && c != end {
			far = j.farPort(dev, r)
		}
		j.neighbors = append(j.neighbors, neighbor{row: int32(i), port: at, dev: dev, far: far, class: c})
		switch c {
		case end:
			if m, ok := macOf(r); ok {
				j.hears(m, at, r)
			}
		case phone:
			for _, m := range phoneMacs(r) {
				j.phones[m] = int32(i)
			}
		case wireless:
			if r.Name != "" && !r.Gone {
				j.apPorts[shortName(r.Name)] = at
			}
		}
	}
	for i := range j.owners {
		if j.class[j.owners[i].dev] == phone {
			if _, told := j.phones[j.owners[i].mac]; !told {
				j.phones[j.owners[i].mac] = -1
			}
		}
	}
	slices.SortStableFunc(j.neighbors, func(a, b neighbor) int {
		if c := cmp.Compare(a.port, b.port); c != 0 {
			return c
		}
		return cmp.Compare(f.Neighbors[a.row].First, f.Neighbors[b.row].First)
	})
	for i, x := range j.neighbors {
		p := &j.ports[x.port]
		if p.nUntil == 0 {
			p.nFrom = int32(i)
		}
		p.nUntil = int32(i + 1)
	}
}

// indexNames indexes what devices call themselves.
func (j *joining) indexNames() {
	f := j.f
	if len(f.Neighbors) == 0 {
		return
	}
	j.byName, j.byIP, j.serial = make(map[string]int32, len(f.Devices)), map[netip.Addr]int32{}, map[string]int32{}
	for i := range f.Devices {
		d := &f.Devices[i]
		once(j.byName, shortName(d.Name), int32(i))
		if j.class[i] != end {
			once(j.serial, strings.ToLower(d.Serial), int32(i))
		}
	}
	for i := range f.Members {
		once(j.serial, strings.ToLower(f.Members[i].Serial), f.Members[i].Of)
	}
	for i := range f.Addresses {
		if a := &f.Addresses[i]; j.class[a.Of] != end && !a.Address.IsLoopback() {
			once(j.byIP, a.Address, a.Of)
		}
	}
}

// once puts a key of a device; one that two devices have leads to neither.
func once[K comparable](index map[K]int32, key K, dev int32) {
	var none K
	if key == none {
		return
	}
	if old, ok := index[key]; ok && old != dev {
		dev = -2
	}
	index[key] = dev
}

// shortName is a host's name without its domain, in small letters.
func shortName(s string) string {
	if _, err := netip.ParseAddr(s); err == nil {
		return s
	}
	s, _, _ = strings.Cut(s, ".")
	return strings.ToLower(strings.TrimSpace(s))
}

// whoIs finds the device that announced itself: by an address of its own, by
// its serial number, by name, by the addresses it is managed at.
func (j *joining) whoIs(r *Neighbor) int32 {
	for _, s := range []string{r.Chassis, r.RemotePort} {
		if m, ok := ParseMac(s); ok {
			if o := j.ownerOf(m); o != nil {
				return o.dev
			}
		}
	}
	if d, ok := j.serial[strings.ToLower(r.Serial)]; ok && d >= 0 {
		return d
	}
	for _, s := range []string{r.Name, r.Chassis} {
		// CDP of NX-OS is NAME(SERIAL).
		s, _, _ = strings.Cut(s, "(")
		if d, ok := j.byName[shortName(s)]; ok && d >= 0 {
			return d
		}
	}
	for _, s := range append([]string{r.Chassis}, r.Addresses...) {
		if a, err := netip.ParseAddr(s); err == nil {
			if d, ok := j.byIP[a.Unmap()]; ok && d >= 0 {
				return d
			}
		}
	}
	return -1
}

// classify is what a neighbour is: by what the inventory knows of it, else by
// what it says it can do. Hosts that route for their containers call
// themselves bridges and routers too; those that are known are not believed.
func (j *joining) classify(r *Neighbor, dev int32) class {
	if dev >= 0 && (j.f.Devices[dev].Kind != "" || j.class[dev] != end) {
		return j.class[dev]
	}
	has := func(what string) bool { return slices.Contains(r.Capabilities, what) }
	text := strings.ToLower(r.Platform + " " + r.Description)
	switch {
	case has("telephone"), strings.Contains(text, "phone"), sepMac(r.Name) != 0, sepMac(r.Chassis) != 0:
		return phone
	case has("wlan_access_point"):
		return wireless
	case has("bridge"), has("router"), has("repeater"):
		return bridged
	case has("station"):
		return end
	}
	// The firmware of some network cards speaks LLDP and tells nothing but the
	// card's address. What has a name and tells no capabilities is gear of the
	// protocols that only gear speaks.
	_, bare := ParseMac(r.Chassis)
	if _, ok := ParseMac(r.RemotePort); r.Name == "" && bare && (ok || r.RemotePort == "") {
		return end
	}
	return bridged
}

// macOf is the address of the card that an end of the network announced itself
// from.
func macOf(r *Neighbor) (Mac, bool) {
	if m, ok := ParseMac(r.RemotePort); ok {
		return m, true
	}
	return ParseMac(r.Chassis)
}

// phoneMacs are the addresses of a phone: port and chassis by LLDP; by CDP
// Cisco's are named SEP and the address.
func phoneMacs(r *Neighbor) []Mac {
	var out []Mac
	for _, s := range []string{r.Chassis, r.RemotePort} {
		if m, ok := ParseMac(s); ok {
			out = append(out, m)
		}
	}
	for _, s := range []string{r.Chassis, r.Name} {
		if m := sepMac(s); m != 0 {
			out = append(out, m)
		}
	}
	return out
}

func sepMac(s string) Mac {
	s = shortName(s)
	if len(s) != 15 || !strings.HasPrefix(s, "sep") {
		return 0
	}
	m, _ := ParseMac(s[3:])
	return m
}

// heardByHost notes on which port of gear a host says that it hangs.
func (j *joining) heardByHost(r *Neighbor, dev int32, c class) {
	if dev < 0 || c != bridged {
		return
	}
	far := j.farPort(dev, r)
	if far < 0 {
		return
	}
	for _, i := range j.ownersOf[j.deviceAt[r.Of]:j.deviceAt[r.Of+1]] {
		o := &j.owners[i]
		if o.face >= 0 && j.f.Interfaces[o.face].Name == r.Port || o.port >= 0 && j.ports[o.port].name == r.Port {
			j.hears(o.mac, far, r)
		}
	}
}

func (j *joining) hears(m Mac, at int32, r *Neighbor) {
	at = j.whole(at)
	j.heard[m] = append(j.heard[m], hearing{port: at, by: r.Of, Span: r.Span})
	j.hearers[at] = append(j.hearers[at], m)
}

// whole is the aggregate of a port, or the port itself.
func (n *Network) whole(at int32) int32 {
	if l := n.ports[at].lag; l >= 0 {
		return l
	}
	return at
}

// farPort finds the port that a neighbour announced among those of its device.
func (j *joining) farPort(dev int32, r *Neighbor) int32 {
	if m, ok := ParseMac(r.RemotePort); ok {
		for o := j.ownerOf(m); o != nil; o = nil {
			if o.dev == dev && o.port >= 0 {
				return o.port
			}
		}
	}
	names := j.names[dev]
	if names == nil {
		names = map[string]int32{}
		// What is surer comes first; what two ports are called is nobody's.
		for _, call := range []func(p *port) string{
			func(p *port) string { return strings.ToLower(p.name) },
			func(p *port) string { return j.textOf(p, func(x *Port) string { return x.Description }) },
			func(p *port) string { return shortPort(p.name) },
			func(p *port) string {
				return shortPort(j.textOf(p, func(x *Port) string { return x.Description }))
			},
			func(p *port) string { return j.textOf(p, func(x *Port) string { return x.Alias }) },
		} {
			more := map[string]int32{}
			for at := j.portsOf[dev]; at < j.portsOf[dev+1]; at++ {
				once(more, call(&j.ports[at]), at)
			}
			for k, v := range more {
				if _, taken := names[k]; !taken {
					names[k] = v
				}
			}
		}
		j.names[dev] = names
	}
	for _, s := range []string{r.RemotePort, r.PortText} {
		for _, k := range []string{strings.ToLower(strings.TrimSpace(s)), shortPort(s)} {
			if at, ok := names[k]; ok && at >= 0 && k != "" {
				return at
			}
		}
	}
	return -1
}

func (n *Network) textOf(p *port, of func(*Port) string) string {
	if p.row < 0 {
		return ""
	}
	return strings.ToLower(of(&n.f.Ports[p.row]))
}

// shortPort makes the long and the short form of a port's name the same:
// GigabitEthernet1/0/7 and Gi1/0/7 are both gi1/0/7.
func shortPort(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	i := strings.IndexFunc(s, func(r rune) bool { return r >= '0' && r <= '9' })
	if i < 2 {
		return ""
	}
	return s[:2] + s[i:]
}
