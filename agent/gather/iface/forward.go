package iface

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"

	"muster/internal/inventory"
	"muster/internal/order"
)

// forward is one row of MIB_IPFORWARD_TABLE2.
type forward struct {
	Index    int64
	To       netip.Prefix
	Via      netip.Addr // unspecified when directly attached
	Metric   int64
	Protocol uint32 // NL_ROUTE_PROTOCOL
	Origin   uint32 // NL_ROUTE_ORIGIN
	Loopback bool
}

// parseForward reads MIB_IPFORWARD_TABLE2 of 64-bit Windows (netioapi.h): a
// count in eight bytes, then rows of 104. What does not fit is not read.
func parseForward(b []byte) []forward {
	const head, row = 8, 104
	if len(b) < head {
		return nil
	}
	n := binary.LittleEndian.Uint32(b)
	var list []forward
	for b = b[head:]; n > 0 && len(b) >= row && len(list) < maxRoutes; n, b = n-1, b[row:] {
		to, ok := sockaddr(b[12:])
		via, ok2 := sockaddr(b[44:])
		p, err := to.Prefix(int(b[40]))
		if !ok || !ok2 || err != nil {
			continue
		}
		list = append(list, forward{Index: int64(binary.LittleEndian.Uint32(b[8:])), To: p, Via: via, Loopback: b[92] != 0,
			Metric: int64(binary.LittleEndian.Uint32(b[84:])), Protocol: binary.LittleEndian.Uint32(b[88:]), Origin: binary.LittleEndian.Uint32(b[100:])})
	}
	return list
}

// sockaddr reads SOCKADDR_INET (ws2ipdef.h), 28 bytes.
func sockaddr(b []byte) (netip.Addr, bool) {
	const ipv4, ipv6 = 2, 23
	switch binary.LittleEndian.Uint16(b) {
	case ipv4:
		return netip.AddrFrom4([4]byte(b[4:8])), true
	case ipv6:
		return netip.AddrFrom16([16]byte(b[8:24])), true
	}
	return netip.Addr{}, false
}

// ours says whether a route is one of the host's own: to its subnets and
// addresses, to groups of hosts.
func (f forward) ours() bool {
	const local = 2 // MIB_IPPROTO_LOCAL
	direct := f.Via.IsUnspecified()
	return f.Loopback || f.To.Addr().IsMulticast() || f.To.Addr().IsLoopback() || f.To.Addr().IsLinkLocalUnicast() ||
		direct && f.To.IsSingleIP() || direct && f.Protocol == local && f.To.Bits() > 0 || direct && f.Origin == 1 && f.To.Bits() > 0
}

// forwardRows are the rows of section route; name gives interfaces by index.
func forwardRows(list []forward, name map[int64]string) []inventory.Route {
	var rows []inventory.Route
	for _, f := range list {
		if f.ours() {
			continue
		}
		r := inventory.Route{Destination: f.To.String(), Interface: name[f.Index], Metric: &f.Metric, Kind: "local"}
		if !f.Via.IsUnspecified() {
			r.NextHop, r.Kind = f.Via.String(), "remote"
		}
		switch { // NL_ROUTE_ORIGIN, then NL_ROUTE_PROTOCOL (nldef.h)
		case f.Origin == 2:
			r.Protocol = "dhcp"
		case f.Origin == 3:
			r.Protocol = "ra"
		case f.Protocol == 8:
			r.Protocol = "rip"
		case f.Protocol == 13:
			r.Protocol = "ospf"
		case f.Protocol == 14:
			r.Protocol = "bgp"
		case f.Protocol == 2:
			r.Protocol = "local"
		default:
			r.Protocol = "static"
		}
		rows = append(rows, r)
	}
	order.By(rows, func(a, b inventory.Route) int {
		return cmp.Or(cmp.Compare(a.Destination, b.Destination), cmp.Compare(a.NextHop, b.NextHop), cmp.Compare(a.Interface, b.Interface), cmp.Compare(*a.Metric, *b.Metric))
	})
	// The same way twice is one, at the lower cost.
	return slices.CompactFunc(rows, func(a, b inventory.Route) bool {
		return a.Destination == b.Destination && a.NextHop == b.NextHop && a.Interface == b.Interface
	})
}
