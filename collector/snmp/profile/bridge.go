package profile

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
)

// BRIDGE-MIB (RFC 4188) and RSTP-MIB (RFC 4318).
const (
	oidBasePort        = "1.3.6.1.2.1.17.1.4.1.1"
	oidBasePortIfIndex = "1.3.6.1.2.1.17.1.4.1.2"
	oidAging           = "1.3.6.1.2.1.17.4.2.0"
	oidStpProtocol     = "1.3.6.1.2.1.17.2.1.0"
	oidStpPriority     = "1.3.6.1.2.1.17.2.2.0"
	oidStpSince        = "1.3.6.1.2.1.17.2.3.0"
	oidStpChanges      = "1.3.6.1.2.1.17.2.4.0"
	oidStpRoot         = "1.3.6.1.2.1.17.2.5.0"
	oidStpCost         = "1.3.6.1.2.1.17.2.6.0"
	oidStpRootPort     = "1.3.6.1.2.1.17.2.7.0"
	oidStpVersion      = "1.3.6.1.2.1.17.2.16.0"
	oidStpPortState    = "1.3.6.1.2.1.17.2.15.1.3"
)

// bridging is which ports the ports of a bridge are, as last read.
type bridging struct {
	at       time.Time
	index    map[int64]string // number of a bridge port to ifIndex
	value    map[int64]string // where the table's own column says another number than its index
	contexts []string         // in which forwarding tables were found
}

// readBridge reads the table of bridge ports, once an hour.
func (d *Device) readBridge(ctx context.Context, r *reader) *bridging {
	now := d.set.now()
	if b := d.bridge; b != nil && now.Sub(b.at) < lookupFor && !now.Before(b.at) {
		return b
	}
	t := r.table(ctx, session.Limits{Rows: mostPorts}, oidBasePort, oidBasePortIfIndex)
	if t.Fault != nil && d.bridge != nil {
		return d.bridge
	}
	b := &bridging{at: now, index: map[int64]string{}, value: map[int64]string{}}
	b.add(t)
	if d.bridge != nil {
		b.contexts = d.bridge.contexts
	}
	d.bridge = b
	return b
}

// add takes rows of a table of bridge ports, also of one context.
func (b *bridging) add(t session.Table) {
	for _, row := range t.Rows {
		n, err := strconv.ParseInt(row.Index, 10, 64)
		port, ok := integerOf(row.Cells[1])
		if err != nil || !ok {
			continue
		}
		b.index[n] = strconv.FormatInt(port, 10)
		if v, ok := integerOf(row.Cells[0]); ok && v != n {
			b.value[v] = strconv.FormatInt(port, 10)
		}
	}
}

// resolvePort is the port that a number in a table of a bridge means, and how
// it was understood: as the number of a bridge port, as the value in the table
// of those, as ifIndex, or by a rule of the profile.
func (d *Device) resolvePort(ctx context.Context, r *reader, n int64) (port, how string) {
	if n <= 0 {
		return "", "unresolved"
	}
	b := d.readBridge(ctx, r)
	direct := func() string { return d.portByIndex(ctx, r, strconv.FormatInt(n, 10)) }
	if d.profile.fdb.Port == "if_index" {
		if p := direct(); p != "" {
			return p, "if_index"
		}
	}
	if p := d.portByIndex(ctx, r, b.index[n]); p != "" {
		return p, "base_port"
	}
	if p := d.portByIndex(ctx, r, b.value[n]); p != "" {
		return p, "base_port_value"
	}
	if p := d.portByRule(ctx, r, d.profile.fdb.Names, n); p != "" {
		return p, "vendor"
	}
	if d.profile.fdb.Port != "base_port" {
		if p := direct(); p != "" {
			return p, "if_index"
		}
	}
	return "", "unresolved"
}

// portByRule is the port that a profile's pattern names: {port} is the number.
func (d *Device) portByRule(ctx context.Context, r *reader, names []string, n int64) string {
	if len(names) == 0 {
		return ""
	}
	if d.ports == nil {
		d.readPorts(ctx, r)
	}
	for _, s := range names {
		if p := d.ports.named(strings.ReplaceAll(s, "{port}", strconv.FormatInt(n, 10))); p != "" {
			return p
		}
	}
	return ""
}

func bridgeTasks() []*task {
	objects := []string{oidBridgeAddress, oidBridgePorts, oidAging, oidStpProtocol, oidStpPriority, oidStpSince, oidStpChanges, oidStpRoot, oidStpCost, oidStpRootPort, oidStpVersion}
	return []*task{{name: "BRIDGE-MIB", pace: paceNeighbors, sections: []string{"bridge", "port"}, objects: objects, run: readTree}}
}

// readTree reads the bridge and its spanning tree.
func readTree(ctx context.Context, r *round) {
	d := r.d
	get := func(oid string) session.Value { return r.object(ctx, oid).Value }
	number := func(oid string) *int64 {
		if n, ok := integerOf(get(oid)); ok {
			return &n
		}
		return nil
	}
	b := inventory.Bridge{
		Mac: macOf(get(oidBridgeAddress)), PortCount: number(oidBridgePorts), AgingSeconds: number(oidAging), Priority: number(oidStpPriority),
		RootCost: number(oidStpCost), ChangeCount: number(oidStpChanges), Root: rootText(get(oidStpRoot).B),
	}
	if n := number(oidStpProtocol); n != nil {
		switch v := number(oidStpVersion); {
		case *n == 1 && b.Root == "":
			b.StpProtocol = "none"
		case v != nil && *v == 2:
			b.StpProtocol = "rstp"
		case v != nil && *v == 3:
			b.StpProtocol = "mstp"
		case *n == 3:
			b.StpProtocol = "stp"
		default:
			b.StpProtocol = "other"
		}
	}
	if n := number(oidStpSince); n != nil && b.ChangeCount != nil && *b.ChangeCount > 0 {
		b.ChangedAt = d.set.now().Add(-time.Duration(*n) * 10 * time.Millisecond).Truncate(time.Minute).UTC()
	}
	if n := number(oidStpRootPort); n != nil && *n > 0 {
		b.RootPort, _ = d.resolvePort(ctx, r.reader, *n)
	}
	err := r.object(ctx, oidBridgeAddress).err
	b.FdbCount = d.learnt
	if b.Mac == "" && b.PortCount == nil && b.Root == "" {
		put(r, "BRIDGE-MIB", []inventory.Bridge(nil), nil, err)
	} else {
		put(r, "BRIDGE-MIB", []inventory.Bridge{b}, nil, err)
	}
	states := r.column(ctx, oidStpPortState)
	var rows []inventory.Port
	names := []string{"", "disabled", "blocking", "listening", "learning", "forwarding", "broken"}
	for _, index := range states.order {
		n, _ := strconv.ParseInt(index, 10, 64)
		s, ok := integerOf(states.cells[index])
		if !ok || s < 1 || s >= int64(len(names)) {
			continue
		}
		if port, _ := d.resolvePort(ctx, r.reader, n); port != "" {
			rows = append(rows, inventory.Port{Name: port, StpState: names[s]})
		}
	}
	put(r, "BRIDGE-MIB", rows, nil, states.err)
}

// rootText is a BridgeId (IEEE 802.1D §9.2.5): priority and address.
func rootText(b []byte) string {
	if len(b) != 8 {
		return ""
	}
	m := macText(b[2:])
	if m == "" {
		return ""
	}
	n, err := strconv.ParseUint(hex.EncodeToString(b[:2]), 16, 16)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d/%s", n, m)
}
