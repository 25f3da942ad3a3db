package profile

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
)

// IP-MIB (RFC 4293) and its forerunner (RFC 2011), which more devices have.
const (
	oidAddressOld    = "1.3.6.1.2.1.4.20.1."
	oidAddressPort   = "1.3.6.1.2.1.4.34.1.3"
	oidAddressPrefix = "1.3.6.1.2.1.4.34.1.5"
	oidAddressOrigin = "1.3.6.1.2.1.4.34.1.6"

	oidARPMAC       = "1.3.6.1.2.1.4.22.1.2"
	oidARPKind      = "1.3.6.1.2.1.4.22.1.4"
	oidNeighborMAC  = "1.3.6.1.2.1.4.35.1.4"
	oidNeighborType = "1.3.6.1.2.1.4.35.1.6"
	oidNeighborLive = "1.3.6.1.2.1.4.35.1.7"
)

func addressTasks() []*task {
	return []*task{{name: "IP-MIB", pace: paceSlow, sections: []string{"address"}, run: readAddresses}}
}

func readAddresses(ctx context.Context, r *round) {
	d := r.d
	var rows []inventory.Address
	at := map[string]int{}
	add := func(a inventory.Address) {
		if a.Address == "" {
			return
		}
		if i, known := at[a.Address+"%"+a.Interface]; known {
			if rows[i].PrefixLength == nil {
				rows[i].PrefixLength = a.PrefixLength
			}
			rows[i].Origin = firstText(rows[i].Origin, a.Origin)
			return
		}
		at[a.Address+"%"+a.Interface] = len(rows)
		rows = append(rows, a)
	}
	old := r.reader.table(ctx, session.Limits{Rows: 10_000}, oidAddressOld+"2", oidAddressOld+"3")
	for _, row := range old.Rows {
		port, _ := integerOf(row.Cells[0])
		add(inventory.Address{Interface: d.portByIndex(ctx, r.reader, strconv.FormatInt(port, 10)), Address: canonical(row.Index), PrefixLength: maskBits(row.Cells[1])})
	}
	now := r.reader.table(ctx, session.Limits{Rows: 10_000}, oidAddressPort, oidAddressPrefix, oidAddressOrigin)
	for _, row := range now.Rows {
		a, ok := indexAddress(arcsOf(row.Index))
		port, num := integerOf(row.Cells[0])
		if !ok || !num {
			continue
		}
		x := inventory.Address{Interface: d.portByIndex(ctx, r.reader, strconv.FormatInt(port, 10)), Address: a}
		// The prefix is named by a row of another table whose index ends in
		// its length.
		if s := row.Cells[1].S; strings.HasPrefix(s, "1.3.6.1.2.1.4.32.1.5.") {
			if n, err := strconv.ParseInt(s[strings.LastIndexByte(s, '.')+1:], 10, 64); err == nil && n >= 0 && n <= 128 {
				x.PrefixLength = &n
			}
		}
		switch n, _ := integerOf(row.Cells[2]); n {
		case 2:
			x.Origin = "static"
		case 4:
			x.Origin = "dhcp"
		case 5:
			x.Origin = "link_local"
		case 6:
			continue // a temporary one (RFC 8981) says nothing that lasts
		}
		add(x)
	}
	put(r, "IP-MIB", rows, nil, fault(old.Fault, now.Fault))
}

// maskBits is the length of a netmask, if it is one.
func maskBits(v session.Value) *int64 {
	a, err := netip.ParseAddr(v.S)
	if err != nil || !a.Is4() {
		return nil
	}
	b := a.As4()
	n, ended := int64(0), false
	for _, c := range b {
		for j := 7; j >= 0; j-- {
			if c>>j&1 == 1 {
				if ended {
					return nil
				}
				n++
			} else {
				ended = true
			}
		}
	}
	return &n
}

// indexAddress reads an address in an index: kind, length, bytes (RFC 4001);
// some agents leave the length out.
func indexAddress(arcs []uint32) (string, bool) {
	if len(arcs) < 5 {
		return "", false
	}
	if int(arcs[1]) == len(arcs)-2 {
		arcs = arcs[2:]
	} else if len(arcs) == 5 || len(arcs) == 17 {
		arcs = arcs[1:]
	} else {
		return "", false
	}
	b, ok := bytesOf(arcs)
	if !ok {
		return "", false
	}
	return ipText(b)
}

func familyOfAddress(s string) string {
	if strings.Contains(s, ":") {
		return "ipv6"
	}
	return "ipv4"
}

// scopeOf is how far an address reaches.
func scopeOf(s string) string {
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		return "other"
	case a.IsLoopback():
		return "loopback"
	case a.IsLinkLocalUnicast():
		return "link"
	case a.Is6() && a.IsPrivate():
		return "unique_local"
	case a.IsPrivate():
		return "private"
	case a.IsGlobalUnicast():
		return "global"
	}
	return "other"
}

func arpTasks() []*task {
	return []*task{{name: "ARP", pace: paceARP, sections: []string{"arp"}, run: readARP}}
}

// readARP reads pairs of addresses from both tables: the newer one has IPv6
// and how fresh a pair is, the older one is what most devices have.
func readARP(ctx context.Context, r *round) {
	d := r.d
	var rows []inventory.Arp
	at := map[string]int{}
	add := func(a inventory.Arp) {
		ip, err := netip.ParseAddr(a.Address)
		if err != nil || a.Mac == "" || groupMAC(a.Mac) || ip.IsMulticast() || ip.IsUnspecified() || len(rows) >= inventory.MaxRows {
			return
		}
		k := a.Interface + "%" + a.Address
		if i, known := at[k]; known {
			rows[i].State = firstText(rows[i].State, a.State)
			return
		}
		at[k] = len(rows)
		rows = append(rows, a)
	}
	limits := session.Limits{Rows: inventory.MaxRows, Time: fdbTime}
	old := r.reader.table(ctx, limits, oidARPMAC, oidARPKind)
	for _, row := range old.Rows {
		arcs := arcsOf(row.Index)
		if len(arcs) < 5 {
			continue
		}
		kind := "dynamic"
		switch n, _ := integerOf(row.Cells[1]); n {
		case 1:
			kind = "other"
		case 2:
			continue // invalid
		case 4:
			kind = "static"
		}
		b, ok := bytesOf(arcs[len(arcs)-4:])
		if !ok {
			continue
		}
		ip, _ := ipText(b)
		add(inventory.Arp{Interface: d.portByIndex(ctx, r.reader, joinArcs(arcs[:1])), Address: ip, Mac: macOf(row.Cells[0]), Kind: kind})
	}
	fresh := r.reader.table(ctx, limits, oidNeighborMAC, oidNeighborType, oidNeighborLive)
	states := []string{"", "reachable", "stale", "delay", "probe", "invalid", "unknown", "incomplete"}
	for _, row := range fresh.Rows {
		arcs := arcsOf(row.Index)
		if len(arcs) < 6 {
			continue
		}
		ip, ok := indexAddress(arcs[1:])
		if !ok {
			continue
		}
		x := inventory.Arp{Interface: d.portByIndex(ctx, r.reader, joinArcs(arcs[:1])), Address: ip, Mac: macOf(row.Cells[0]), Kind: "dynamic"}
		switch n, _ := integerOf(row.Cells[1]); n {
		case 1:
			x.Kind = "other"
		case 2:
			continue
		case 4:
			x.Kind = "static"
		case 5:
			x.Kind = "local"
		}
		if n, ok := integerOf(row.Cells[2]); ok && n > 0 && n < int64(len(states)) {
			x.State = states[n]
		}
		add(x)
	}
	slices.SortStableFunc(rows, func(a, b inventory.Arp) int {
		return strings.Compare(a.Interface+"%"+a.Address, b.Interface+"%"+b.Address)
	})
	put(r, "ARP", rows, nil, fault(old.Fault, fresh.Fault))
}
