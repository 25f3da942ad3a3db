package discover

import (
	"net/netip"
	"slices"
)

// Range is a network in which gear may be followed.
type Range struct {
	Network netip.Prefix
	Exclude []netip.Prefix
}

// Allows says whether an address of it may be asked.
func (r Range) Allows(a netip.Addr) bool {
	return r.Network.Contains(a) && !slices.ContainsFunc(r.Exclude, func(e netip.Prefix) bool { return e.Contains(a) })
}

// Heard is an address that gear told of.
type Heard struct {
	Address netip.Addr
	// Gear says that it announced itself as gear (LLDP, CDP): it comes before
	// those that merely stand in somebody's ARP table.
	Gear bool
}

// Follow chooses whom to ask next of those that gear told of: only within the
// ranges, none that is known, each once, announced gear first, at most so many.
// What a device says is hostile: nothing outside the ranges is ever asked for
// its sake.
func Follow(heard []Heard, ranges []Range, known func(netip.Addr) bool, most int) []netip.Addr {
	seen := map[netip.Addr]bool{}
	var out []netip.Addr
	for _, gear := range []bool{true, false} {
		for _, h := range heard {
			a := h.Address.Unmap().WithZone("")
			if h.Gear != gear || seen[a] || len(out) >= most {
				continue
			}
			if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.IsLinkLocalUnicast() {
				continue
			}
			seen[a] = true
			if narrowest(ranges, a) && !known(a) {
				out = append(out, a)
			}
		}
	}
	return out
}

// narrowest says whether the narrowest range that holds an address allows it.
func narrowest(ranges []Range, a netip.Addr) bool {
	best, ok := -1, false
	for _, r := range ranges {
		if r.Network.Contains(a) && r.Network.Bits() > best {
			best, ok = r.Network.Bits(), r.Allows(a)
		}
	}
	return ok
}
