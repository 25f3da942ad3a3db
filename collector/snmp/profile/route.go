package profile

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
)

// IP-FORWARD-MIB (RFC 4292), BGP4-MIB (RFC 4273), OSPF-MIB (RFC 4750).
const (
	routeEntry    = "1.3.6.1.2.1.4.24.7.1." // inetCidrRouteTable
	oldRouteEntry = "1.3.6.1.2.1.4.24.4.1." // ipCidrRouteTable
	oidRoutes     = "1.3.6.1.2.1.4.24.6.0"
	oidOldRoutes  = "1.3.6.1.2.1.4.24.3.0"
	bgpEntry      = "1.3.6.1.2.1.15.3.1."
	ospfEntry     = "1.3.6.1.2.1.14.10.1."

	// mostRoutes is how long a table of routes may be to be read: that of the
	// whole Internet says nothing that an office wants to keep.
	mostRoutes = 2000
)

func routeTasks() []*task {
	return []*task{{name: "IP-FORWARD-MIB", pace: paceSlow, sections: []string{"route"}, objects: []string{oidRoutes, oidOldRoutes}, run: readRoutes}}
}

func readRoutes(ctx context.Context, r *round) {
	for _, oid := range []string{oidRoutes, oidOldRoutes} {
		if n, ok := integerOf(r.object(ctx, oid).Value); ok && n > mostRoutes {
			put(r, "IP-FORWARD-MIB", []inventory.Route(nil), nil, nil)
			return
		}
	}
	var rows []inventory.Route
	t := r.reader.table(ctx, session.Limits{Rows: mostRoutes, Time: fdbTime}, routeEntry+"7", routeEntry+"8", routeEntry+"9", routeEntry+"12")
	for _, row := range t.Rows {
		if x, ok := routeOf(arcsOf(row.Index)); ok {
			rows = append(rows, r.d.routeRow(ctx, r.reader, x, row.Cells))
		}
	}
	if len(t.Rows) == 0 {
		t = r.reader.table(ctx, session.Limits{Rows: mostRoutes, Time: fdbTime}, oldRouteEntry+"5", oldRouteEntry+"6", oldRouteEntry+"7", oldRouteEntry+"11")
		for _, row := range t.Rows {
			if x, ok := oldRouteOf(arcsOf(row.Index)); ok {
				rows = append(rows, r.d.routeRow(ctx, r.reader, x, row.Cells))
			}
		}
	}
	slices.SortFunc(rows, func(a, b inventory.Route) int {
		return strings.Compare(a.Destination+a.NextHop, b.Destination+b.NextHop)
	})
	put(r, "IP-FORWARD-MIB", rows, nil, t.Fault)
}

// routeOf reads the index of inetCidrRouteTable: kind, length and bytes of the
// destination, length of its prefix, a policy (an OID with a length), kind,
// length and bytes of the next hop.
func routeOf(arcs []uint32) (inventory.Route, bool) {
	take := func() ([]uint32, bool) {
		if len(arcs) == 0 || int(arcs[0]) > len(arcs)-1 {
			return nil, false
		}
		x := arcs[1 : 1+arcs[0]]
		arcs = arcs[1+arcs[0]:]
		return x, true
	}
	skip := func() bool {
		if len(arcs) == 0 {
			return false
		}
		arcs = arcs[1:]
		return true
	}
	if !skip() {
		return inventory.Route{}, false
	}
	dest, ok := take()
	if !ok || len(arcs) == 0 {
		return inventory.Route{}, false
	}
	bits := arcs[0]
	arcs = arcs[1:]
	if _, ok := take(); !ok || !skip() {
		return inventory.Route{}, false
	}
	hop, ok := take()
	if !ok {
		return inventory.Route{}, false
	}
	return routeText(dest, int(bits), hop)
}

// oldRouteOf reads the index of ipCidrRouteTable: destination, mask, type of
// service, next hop.
func oldRouteOf(arcs []uint32) (inventory.Route, bool) {
	if len(arcs) != 13 {
		return inventory.Route{}, false
	}
	mask, ok := bytesOf(arcs[4:8])
	if !ok {
		return inventory.Route{}, false
	}
	a, _ := netip.AddrFromSlice(mask)
	n := maskBits(session.Value{S: a.String()})
	if n == nil {
		return inventory.Route{}, false
	}
	return routeText(arcs[:4], int(*n), arcs[9:13])
}

func routeText(dest []uint32, bits int, hop []uint32) (inventory.Route, bool) {
	b, ok := bytesOf(dest)
	if len(b) == 8 || len(b) == 20 {
		b = b[:len(b)-4]
	}
	a, good := netip.AddrFromSlice(b)
	if !ok || !good || bits > a.BitLen() {
		return inventory.Route{}, false
	}
	x := inventory.Route{Destination: netip.PrefixFrom(a, bits).Masked().String()}
	if b, ok := bytesOf(hop); ok && len(b) > 0 {
		if s, ok := ipText(b); ok && useful(s) {
			x.NextHop = s
		}
	}
	return x, true
}

func (d *Device) routeRow(ctx context.Context, r *reader, x inventory.Route, c []session.Value) inventory.Route {
	if n, ok := integerOf(c[0]); ok {
		x.Interface = d.portByIndex(ctx, r, strconv.FormatInt(n, 10))
	}
	kinds := []string{"", "other", "reject", "local", "remote", "blackhole"}
	if n, ok := integerOf(c[1]); ok && n > 0 && n < int64(len(kinds)) {
		x.Kind = kinds[n]
	}
	x.Protocol = routeProtocol(c[2])
	if n, ok := integerOf(c[3]); ok && n >= 0 {
		x.Metric = &n
	}
	return x
}

// routeProtocol is IANAipRouteProtocol.
func routeProtocol(v session.Value) string {
	names := []string{"", "other", "local", "static", "icmp", "egp", "ggp", "hello", "rip", "isis", "esis", "cisco_igrp", "bbn_spf_igp", "ospf", "bgp", "idpr", "eigrp", "dvmrp"}
	if n, ok := integerOf(v); ok && n > 0 && n < int64(len(names)) {
		return names[n]
	}
	return ""
}

func routingPeerTasks() []*task {
	return []*task{{name: "BGP4-MIB", pace: paceARP, sections: []string{"routing_peer"}, run: readBGP}, {name: "OSPF-MIB", pace: paceARP, sections: []string{"routing_peer"}, run: readOSPF}}
}

func readBGP(ctx context.Context, r *round) {
	t := r.reader.table(ctx, session.Limits{Rows: 2000}, bgpEntry+"1", bgpEntry+"2", bgpEntry+"3", bgpEntry+"9", bgpEntry+"16")
	var rows []inventory.RoutingPeer
	states := []string{"", "idle", "connect", "active", "opensent", "openconfirm", "established"}
	for _, row := range t.Rows {
		ip := canonical(row.Index)
		if ip == "" {
			continue
		}
		x := inventory.RoutingPeer{Protocol: "bgp", Peer: ip}
		if id := addressOf(row.Cells[0]); useful(id) {
			x.RouterID = id
		}
		if n, ok := integerOf(row.Cells[1]); ok && n > 0 && n < int64(len(states)) {
			x.State = states[n]
		}
		if n, ok := integerOf(row.Cells[2]); ok && (n == 1 || n == 2) {
			x.Enabled = new(n == 2)
		}
		if n, ok := integerOf(row.Cells[3]); ok && n > 0 {
			x.RemoteAS = &n
		}
		if n, ok := integerOf(row.Cells[4]); ok && n > 0 && n < 1<<31 {
			x.SinceAt = r.d.set.now().Add(-time.Duration(n) * time.Second).Truncate(time.Minute).UTC()
		}
		rows = append(rows, x)
	}
	put(r, "BGP4-MIB", rows, nil, t.Fault)
}

func readOSPF(ctx context.Context, r *round) {
	t := r.reader.table(ctx, session.Limits{Rows: 2000}, ospfEntry+"3", ospfEntry+"6")
	var rows []inventory.RoutingPeer
	states := []string{"", "down", "attempt", "init", "two_way", "exchange_start", "exchange", "loading", "full"}
	for _, row := range t.Rows {
		arcs := arcsOf(row.Index)
		if len(arcs) != 5 {
			continue
		}
		b, ok := bytesOf(arcs[:4])
		if !ok {
			continue
		}
		ip, _ := ipText(b)
		if arcs[4] != 0 {
			ip = fmt.Sprintf("%s %%%d", ip, arcs[4]) // a link without addresses
		}
		x := inventory.RoutingPeer{Protocol: "ospf", Peer: ip, RouterID: addressOf(row.Cells[0])}
		if n, ok := integerOf(row.Cells[1]); ok && n > 0 && n < int64(len(states)) {
			x.State = states[n]
		}
		rows = append(rows, x)
	}
	put(r, "OSPF-MIB", rows, nil, t.Fault)
}
