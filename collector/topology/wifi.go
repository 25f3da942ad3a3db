package topology

import (
	"cmp"
	"strings"
)

// hear takes in what controllers tell of clients: the newest word counts.
func (j *joining) hear() {
	j.stations = make(map[Mac]int32, len(j.f.Clients))
	j.aps = make(map[portKey]int32, len(j.f.AccessPoints))
	for i := range j.f.AccessPoints {
		j.aps[portKey{j.f.AccessPoints[i].Of, j.f.AccessPoints[i].Name}] = int32(i)
	}
	j.apSerial = map[string]int32{}
	for i := range j.f.Devices {
		if j.class[i] == wireless {
			once(j.apSerial, strings.ToLower(j.f.Devices[i].Serial), int32(i))
		}
	}
	for i := range j.f.Clients {
		c := &j.f.Clients[i]
		if c.Mac == 0 {
			continue
		}
		if old, ok := j.stations[c.Mac]; ok {
			o := &j.f.Clients[old]
			if o.Gone == c.Gone && o.Last >= c.Last || c.Gone && !o.Gone {
				continue
			}
		}
		j.stations[c.Mac] = int32(i)
	}
	j.apPort = map[portKey]int32{}
	for m, i := range j.stations {
		c := &j.f.Clients[i]
		k := portKey{c.Of, c.AccessPoint}
		at, ok := j.apPort[k]
		if !ok {
			at = j.portOfAP(c)
			j.apPort[k] = at
		}
		if at >= 0 {
			j.hearers[at] = append(j.hearers[at], m)
		}
	}
}

// accessPoint is the row in which a client's controller tells of its access
// point; nil when it does not.
func (n *Network) accessPoint(c *Client) *AccessPoint {
	if i, ok := n.aps[portKey{c.Of, c.AccessPoint}]; ok {
		return &n.f.AccessPoints[i]
	}
	return nil
}

func (n *Network) viaAP(c *Client) Via {
	v := Via{Kind: BehindAP, Name: c.AccessPoint}
	if c.AccessPoint == "" {
		v.Device, v.Name = n.f.Devices[c.Of].ID, n.f.Devices[c.Of].Name
		return v
	}
	if d := n.deviceOfAP(c); d >= 0 {
		v.Device = n.f.Devices[d].ID
	}
	return v
}

// deviceOfAP is the device that a client's access point is, when it is one.
func (n *Network) deviceOfAP(c *Client) int32 {
	if c.AccessPoint == "" {
		return c.Of
	}
	x := n.accessPoint(c)
	if x == nil {
		return -1
	}
	if o := n.ownerOf(x.Mac); o != nil && n.class[o.dev] == wireless {
		return o.dev
	}
	if d, ok := n.apSerial[strings.ToLower(x.Serial)]; ok && d >= 0 {
		return d
	}
	return -1
}

// portOfAP is the switch port of a client's access point; -1 when not known.
func (n *Network) portOfAP(c *Client) int32 {
	var macs []Mac
	name := c.AccessPoint
	if d := n.deviceOfAP(c); d >= 0 {
		for _, i := range n.ownersOf[n.deviceAt[d]:n.deviceAt[d+1]] {
			macs = append(macs, n.owners[i].mac)
		}
		name = cmp.Or(name, n.f.Devices[d].Name)
	}
	if x := n.accessPoint(c); x != nil && c.AccessPoint != "" {
		macs = append(macs, x.Mac)
	}
	if at, ok := n.apPorts[shortName(name)]; ok {
		return at
	}
	best := candidate{port: -1, tier: onUnpolled}
	for _, m := range macs {
		for _, s := range n.seen(m) {
			if t := tierOf(n.ports[s.port].role); !s.gone && (t < best.tier || t == best.tier && s.last > best.last) {
				best.port, best.tier, best.last = s.port, t, s.last
			}
		}
	}
	return best.port
}
