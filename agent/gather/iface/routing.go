package iface

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"muster/agent/host"
	"muster/internal/inventory"
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

func routing(h *host.Host, k kernel) ([]inventory.Route, []string, []string, error) {
	if k.routes == nil {
		return nil, nil, nil, errNoRoutes
	}
	all, _, err := links(h, k)
	if err != nil {
		return nil, nil, nil, err
	}
	names, pairs := map[int64]string{}, map[int64]bool{}
	for _, l := range all {
		names[l.Index] = l.Name
		pairs[l.Index] = l.Kind == "veth"
	}
	b, err := k.routes()
	if err != nil {
		return nil, nil, nil, err
	}
	tables := tableNames(h)
	best := map[[4]string]inventory.Route{}
	left := 0
	for _, r := range parseRoutes(b) {
		if r.ours(pairs) {
			continue
		}
		hops := r.Hops
		if len(hops) == 0 {
			hops = []hop{{}}
		}
		for _, way := range hops {
			row := inventory.Route{Vrf: tables(r.Table), Destination: r.To.String(), Interface: names[way.Index],
				Protocol: r.protocol(), Metric: r.Metric, Kind: r.kind()}
			if way.Via.IsValid() {
				row.NextHop = way.Via.String()
			}
			key := [4]string{row.Vrf, row.Destination, row.NextHop, row.Interface}
			had, is := best[key]
			switch {
			case is && cost(had) <= cost(row): // the same way once more, and dearer
			case !is && len(best) == maxRoutes:
				left++
			default:
				best[key] = row
			}
		}
	}
	rows := make([]inventory.Route, 0, len(best))
	for _, row := range best {
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b inventory.Route) int {
		return strings.Compare(a.Vrf+"\x00"+a.Destination+"\x00"+a.NextHop+"\x00"+a.Interface, b.Vrf+"\x00"+b.Destination+"\x00"+b.NextHop+"\x00"+b.Interface)
	})
	var faults []string
	if left > 0 {
		faults = append(faults, fmt.Sprintf("%d routes more than the %d that are told", left, maxRoutes))
	}
	return rows, []string{"netlink"}, faults, nil
}

func cost(r inventory.Route) int64 {
	if r.Metric == nil {
		return 0
	}
	return *r.Metric
}

// tableNames names routing tables by rt_tables of iproute2; the main one is
// the empty text.
func tableNames(h *host.Host) func(uint32) string {
	names := map[uint32]string{}
	for _, file := range []string{"/usr/lib/iproute2/rt_tables", "/usr/share/iproute2/rt_tables", "/etc/iproute2/rt_tables"} {
		f, err := h.Open(file)
		if err != nil {
			continue
		}
		eachLine(f, func(w []string) {
			if len(w) < 2 || strings.HasPrefix(w[0], "#") {
				return
			}
			if n, err := strconv.ParseUint(w[0], 0, 32); err == nil {
				names[uint32(n)] = w[1]
			}
		})
		f.Close()
	}
	return func(table uint32) string {
		if table == tableMain || table == 0 {
			return ""
		}
		if name := names[table]; name != "" {
			return name
		}
		return strconv.FormatUint(uint64(table), 10)
	}
}
