package topology

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"muster/internal/inventory"
)

// Holder says who has an IP address.
type Holder struct {
	Address netip.Addr
	Mac     Mac                // 0: not told
	Device  inventory.DeviceID // whose the hardware address is, or who says that the address is its own
	By      inventory.DeviceID // who tells
	Last    time.Time
}

// Holders lists who has an IP address, the newest word first.
func (n *Network) Holders(a netip.Addr) []Holder {
	a = a.Unmap().WithZone("")
	lo, _ := slices.BinarySearchFunc(n.addresses, a, func(h holder, a netip.Addr) int { return h.ip.Compare(a) })
	var out []Holder
	for i := lo; i < len(n.addresses) && n.addresses[i].ip == a; i++ {
		out = append(out, n.shown(&n.addresses[i]))
	}
	slices.SortStableFunc(out, func(a, b Holder) int { return b.Last.Compare(a.Last) })
	return out
}

// AddressesOf lists the IP addresses of a hardware address, the newest first.
func (n *Network) AddressesOf(m Mac) []Holder {
	lo, _ := slices.BinarySearchFunc(n.holdersOf, m, func(i int32, m Mac) int { return cmp.Compare(n.addresses[i].mac, m) })
	var out []Holder
	for _, i := range n.holdersOf[lo:] {
		if n.addresses[i].mac != m {
			break
		}
		out = append(out, n.shown(&n.addresses[i]))
	}
	slices.SortStableFunc(out, func(a, b Holder) int { return b.Last.Compare(a.Last) })
	return out
}

func (n *Network) shown(h *holder) Holder {
	out := Holder{Address: h.ip, Mac: h.mac, By: n.f.Devices[h.by].ID, Last: stamp(h.last)}
	if o := n.ownerOf(h.mac); o != nil {
		out.Device = n.f.Devices[o.dev].ID
	} else if h.dev >= 0 {
		out.Device = n.f.Devices[h.dev].ID
	}
	return out
}

// listAddresses indexes IP addresses: those that devices say are theirs, and
// those that routers and controllers know.
func (j *joining) listAddresses() {
	f := j.f
	j.addresses = make([]holder, 0, len(f.Addresses)+len(f.Arp))
	add := func(h holder) {
		if h.ip.IsValid() && !h.ip.IsLoopback() && !h.ip.IsUnspecified() {
			h.ip = h.ip.Unmap().WithZone("")
			j.addresses = append(j.addresses, h)
		}
	}
	for i := range f.Addresses {
		a := &f.Addresses[i]
		h := holder{ip: a.Address, dev: a.Of, by: a.Of, last: a.Last}
		for _, k := range j.ownersOf[j.deviceAt[a.Of]:j.deviceAt[a.Of+1]] {
			o := &j.owners[k]
			if o.face >= 0 && f.Interfaces[o.face].Name == a.Interface || o.port >= 0 && j.ports[o.port].name == a.Interface {
				h.mac = o.mac
				break
			}
		}
		add(h)
	}
	for i := range f.Arp {
		a := &f.Arp[i]
		if !a.Gone {
			add(holder{ip: a.Address, mac: a.Mac, dev: -1, by: a.Of, last: a.Last})
		}
	}
	for i := range f.Clients {
		if c := &f.Clients[i]; !c.Gone {
			add(holder{ip: c.Address, mac: c.Mac, dev: -1, by: c.Of, last: c.Last})
		}
	}
	f.Arp = nil
	slices.SortFunc(j.addresses, func(a, b holder) int {
		if c := a.ip.Compare(b.ip); c != 0 {
			return c
		}
		return cmp.Compare(b.last, a.last)
	})
	j.holdersOf = make([]int32, 0, len(j.addresses))
	for i := range j.addresses {
		if j.addresses[i].mac != 0 {
			j.holdersOf = append(j.holdersOf, int32(i))
		}
	}
	slices.SortStableFunc(j.holdersOf, func(a, b int32) int { return cmp.Compare(j.addresses[a].mac, j.addresses[b].mac) })
}
