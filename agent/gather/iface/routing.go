package iface

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// Route is what an RTM_NEWROUTE message says, rtnetlink(7).
type Route struct {
	To       netip.Prefix
	Table    uint32
	Protocol byte
	Scope    byte
	Type     byte
	Flags    uint32
	Metric   *int64
	Hops     []hop // none for a route that leads nowhere
}

// hop is one way a route takes; several carry the traffic together.
type hop struct {
	Index int64 // of the interface, 0 none
	Via   netip.Addr
}

const (
	messageRoute = 24 // RTM_NEWROUTE
	tableMain    = 254
	tableLocal   = 255 // the host's own addresses
	scopeLink    = 253 // RT_SCOPE_LINK: no router between
	madeByKernel = 2   // RTPROT_KERNEL: it came with an address
	routeCloned  = 1 << 9
	// maxRoutes bounds the section. PCs have a handful; whoever carries the
	// Internet's million is asked for them by other means.
	maxRoutes = 5_000
)

// parseRoutes reads a dump of routes.
func parseRoutes(b []byte) []Route {
	var list []Route
	eachMessage(b, func(kind uint16, body []byte) {
		if kind != messageRoute || len(body) < 12 || body[2] != 0 { // a route by source is no way to anywhere in general
			return
		}
		r := Route{Table: uint32(body[4]), Protocol: body[5], Scope: body[6], Type: body[7], Flags: binary.NativeEndian.Uint32(body[8:])}
		size := 0
		switch body[0] {
		case 2: // AF_INET
			size = 4
		case 10: // AF_INET6
			size = 16
		default:
			return
		}
		to, _ := netip.AddrFromSlice(make([]byte, size))
		var first hop
		eachAttribute(body[12:], func(kind uint16, value []byte) {
			switch kind {
			case 1: // RTA_DST
				if a, ok := netip.AddrFromSlice(value); ok && len(value) == size {
					to = a
				}
			case 6: // RTA_PRIORITY
				if len(value) >= 4 {
					n := number32(value)
					r.Metric = &n
				}
			case 9: // RTA_MULTIPATH
				r.Hops = append(r.Hops, parseHops(value)...)
			case 15: // RTA_TABLE, which the byte of the header cannot hold
				if len(value) >= 4 {
					r.Table = binary.NativeEndian.Uint32(value)
				}
			default:
				first.set(kind, value)
			}
		})
		if first.Index != 0 || first.Via.IsValid() {
			r.Hops = append(r.Hops, first)
		}
		if p, err := to.Prefix(int(body[1])); err == nil {
			r.To = p
			list = append(list, r)
		}
	})
	return list
}

func (h *hop) set(kind uint16, value []byte) {
	switch kind {
	case 4: // RTA_OIF
		h.Index = number32(value)
	case 5: // RTA_GATEWAY
		h.Via, _ = netip.AddrFromSlice(value)
	case 18: // RTA_VIA: a next hop of the other family, after two bytes that say which
		if len(value) > 2 {
			h.Via, _ = netip.AddrFromSlice(value[2:])
		}
	}
}

// parseHops reads struct rtnexthop, one after another: length, flags, weight,
// interface, attributes.
func parseHops(b []byte) []hop {
	var list []hop
	for len(b) >= 8 {
		n := int(binary.NativeEndian.Uint16(b))
		if n < 8 || n > len(b) {
			break
		}
		h := hop{Index: int64(int32(binary.NativeEndian.Uint32(b[4:])))}
		eachAttribute(b[8:n], h.set)
		list = append(list, h)
		b = b[min(align(n), len(b)):]
	}
	return list
}

// ours says whether a route is one of the host's own: to its subnets, its
// addresses, its groups, or to one container or guest on a cable of its own.
// They say what section address does, and come and go with containers.
func (r Route) ours(pairs map[int64]bool) bool {
	switch {
	case r.Table == tableLocal, r.Flags&routeCloned != 0, r.Type > 8:
		return true
	case r.Type == 3, r.Type == 4, r.Type == 5: // broadcast, anycast, multicast
		return true
	case r.To.Addr().IsMulticast(), r.To.Addr().IsLinkLocalUnicast(), r.To.Addr().IsLoopback():
		return true
	case len(r.Hops) != 1 || r.Hops[0].Via.IsValid():
		return false
	}
	return r.Protocol == madeByKernel || r.To.IsSingleIP() && pairs[r.Hops[0].Index]
}

// kind is what becomes of packets, in the catalogue's words (RTN_ of
// linux/rtnetlink.h).
func (r Route) kind() string {
	switch r.Type {
	case 1:
		if slices.ContainsFunc(r.Hops, func(h hop) bool { return h.Via.IsValid() }) {
			return "remote"
		}
		return "local"
	case 2:
		return "local"
	case 6:
		return "blackhole"
	case 7, 8:
		return "reject"
	}
	return "other"
}

// protocol says who made a route (RTPROT_ of linux/rtnetlink.h).
func (r Route) protocol() string {
	switch r.Protocol {
	case 1:
		return "redirect"
	case madeByKernel:
		return "kernel"
	case 3:
		return "boot"
	case 4:
		return "static"
	case 9:
		return "ra"
	case 11:
		return "zebra"
	case 12:
		return "bird"
	case 16:
		return "dhcp"
	case 18:
		return "keepalived"
	case 42:
		return "babel"
	case 186:
		return "bgp"
	case 187:
		return "isis"
	case 188:
		return "ospf"
	case 189:
		return "rip"
	case 192:
		return "eigrp"
	}
	return "other"
}
