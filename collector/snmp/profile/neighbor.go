package profile

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
)

// LLDP-MIB (IEEE 802.1AB-2005), LLDP-V2-MIB (2009), LLDP-EXT-MED-MIB
// (ANSI/TIA-1057), LLDP-EXT-DOT1-MIB, CISCO-CDP-MIB and Foundry's FDP.
const (
	lldpRemote        = "1.0.8802.1.1.2.1.4.1.1."
	lldpLocalPort     = "1.0.8802.1.1.2.1.3.7.1."
	oidLLDPManagement = "1.0.8802.1.1.2.1.4.2.1.3"           // lldpRemManAddrIfSubtype
	oidLLDPSerial     = "1.0.8802.1.1.2.1.5.4795.1.3.3.1.4"  // lldpXMedRemSerialNum
	oidLLDPModel      = "1.0.8802.1.1.2.1.5.4795.1.3.3.1.6"  // lldpXMedRemModelName
	oidLLDPVlan       = "1.0.8802.1.1.2.1.5.32962.1.3.1.1.1" // lldpXdot1RemPortVlanId
	oidLLDPChanged    = "1.0.8802.1.1.2.1.2.1.0"             // lldpStatsRemTablesLastChangeTime
	lldp2Remote       = "1.3.111.2.802.1.1.13.1.4.1.1."
	oidLLDP2Manage    = "1.3.111.2.802.1.1.13.1.4.2.1.3" // lldpV2RemManAddrIfSubtype
	cdpCache          = "1.3.6.1.4.1.9.9.23.1.2.1.1."
	fdpCache          = "1.3.6.1.4.1.1991.1.1.3.20.1.2.1.1."
)

// mostNeighbors bounds the neighbours of one device.
const mostNeighbors = 5000

func neighborTasks() []*task {
	return []*task{
		{name: "LLDP", pace: paceNeighbors, sections: []string{"neighbor"}, signs: []string{oidLLDPChanged}, run: readLLDP},
		{name: "CDP", pace: paceNeighbors, sections: []string{"neighbor"}, run: func(ctx context.Context, r *round) {
			readCDP(ctx, r, "CDP", cdpCache, []int{3, 4, 5, 6, 7, 8, 9, 11, 12})
		}},
		{name: "FDP", pace: paceNeighbors, sections: []string{"neighbor"}, run: func(ctx context.Context, r *round) {
			readCDP(ctx, r, "FDP", fdpCache, []int{4, 5, 6, 3, 7, 8, 9, 0, 0})
		}},
	}
}

// readLLDP reads neighbours from LLDP-MIB, else from LLDP-V2-MIB. The time mark
// at the beginning of an index says nothing that matters; a neighbour that
// stands under two marks is there once.
func readLLDP(ctx context.Context, r *round) {
	var columns []string
	for c := 4; c <= 12; c++ {
		columns = append(columns, lldpRemote+strconv.Itoa(c))
	}
	t := r.reader.table(ctx, session.Limits{Rows: mostNeighbors}, columns...)
	second := false
	if len(t.Rows) == 0 && t.Fault == nil {
		second = true
		columns = columns[:0]
		for c := 5; c <= 13; c++ {
			columns = append(columns, lldp2Remote+strconv.Itoa(c))
		}
		t = r.reader.table(ctx, session.Limits{Rows: mostNeighbors}, columns...)
	}
	if len(t.Rows) == 0 {
		put(r, "LLDP", []inventory.Neighbor(nil), nil, t.Fault)
		return
	}
	l := &lldp{ctx: ctx, r: r, second: second}
	l.load()
	var rows []inventory.Neighbor
	for _, row := range t.Rows {
		if n, ok := l.neighbor(row); ok {
			rows = append(rows, n)
		}
	}
	slices.SortStableFunc(rows, func(a, b inventory.Neighbor) int {
		return cmp.Or(strings.Compare(a.LocalPort, b.LocalPort), strings.Compare(a.Chassis, b.Chassis), strings.Compare(a.RemotePort, b.RemotePort))
	})
	put(r, "LLDP", rows, nil, t.Fault)
}

// lldp is what rows of neighbours are joined with.
type lldp struct {
	ctx       context.Context
	r         *round
	second    bool // LLDP-V2-MIB: the local port is an ifIndex
	local     map[string]session.Row
	addresses map[string][]string
	serial    map[string]session.Value
	model     map[string]session.Value
	vlan      map[string]session.Value
}

func (l *lldp) load() {
	l.local, l.addresses = map[string]session.Row{}, map[string][]string{}
	manage, skip := oidLLDPManagement, 3
	if l.second {
		manage, skip = oidLLDP2Manage, 4
	} else {
		t := l.r.reader.table(l.ctx, session.Limits{Rows: mostPorts}, lldpLocalPort+"2", lldpLocalPort+"3", lldpLocalPort+"4")
		for _, row := range t.Rows {
			l.local[row.Index] = row
		}
		// One question for what only few devices have.
		med := l.r.reader.table(l.ctx, session.Limits{Rows: mostNeighbors}, oidLLDPSerial, oidLLDPModel, oidLLDPVlan)
		l.serial, l.model, l.vlan = map[string]session.Value{}, map[string]session.Value{}, map[string]session.Value{}
		for _, row := range med.Rows {
			l.serial[row.Index], l.model[row.Index], l.vlan[row.Index] = row.Cells[0], row.Cells[1], row.Cells[2]
		}
	}
	c := l.r.column(l.ctx, manage)
	for _, index := range c.order {
		arcs := arcsOf(index)
		if len(arcs) < skip+2 {
			continue
		}
		key := joinArcs(arcs[:skip])
		kind, rest := arcs[skip], arcs[skip+1:]
		if len(rest) > 0 && int(rest[0]) == len(rest)-1 {
			rest = rest[1:]
		}
		b, ok := bytesOf(rest)
		if !ok || kind != 1 && kind != 2 || len(b) != 4 && len(b) != 16 {
			continue
		}
		if ip, ok := ipText(b); ok && useful(ip) && !slices.Contains(l.addresses[key], ip) {
			l.addresses[key] = append(l.addresses[key], ip)
		}
	}
}

// useful says that an address leads somewhere.
func useful(ip string) bool {
	a, err := netip.ParseAddr(ip)
	return err == nil && !a.IsUnspecified() && !a.IsLoopback() && !a.IsMulticast()
}

// neighbor makes a row. The columns are: kind of chassis, chassis, kind of port,
// port, its description, name, description, what it can be, what it is.
func (l *lldp) neighbor(row session.Row) (inventory.Neighbor, bool) {
	c := row.Cells
	arcs := arcsOf(row.Index)
	if len(arcs) < 3 {
		return inventory.Neighbor{}, false
	}
	n := inventory.Neighbor{Protocol: "lldp", Name: textOf(c[5]), PortText: textOf(c[4]), Description: textOf(c[6])}
	kind, _ := integerOf(c[0])
	n.ChassisKind, n.Chassis = lldpChassis(kind, c[1])
	kind, _ = integerOf(c[2])
	n.PortKind, n.RemotePort = lldpPort(kind, c[3])
	if n.Chassis == "" && n.Name == "" && n.RemotePort == "" {
		return n, false
	}
	n.Capabilities = lldpCapabilities(c[8].B)
	if len(n.Capabilities) == 0 {
		n.Capabilities = lldpCapabilities(c[7].B)
	}
	width := 3
	if l.second {
		width = 4
		n.LocalPort = firstText(l.r.d.portByIndex(l.ctx, l.r.reader, strconv.FormatUint(uint64(arcs[1]), 10)), joinArcs(arcs[1:2]))
	} else {
		n.LocalPort = firstText(l.localPort(int64(arcs[1])), joinArcs(arcs[1:2]))
	}
	key := joinArcs(arcs[:min(width, len(arcs))])
	n.Addresses = l.addresses[key]
	n.Serial, n.Platform = textOf(l.serial[row.Index]), textOf(l.model[row.Index])
	if v, ok := integerOf(l.vlan[row.Index]); ok && v > 0 && v <= 4094 {
		n.NativeVlan = &v
	}
	return n, true
}

// localPort is the own port that a number of LLDP means: by the name that the
// device gives it, by the profile's rule, else as the number of a bridge port
// or an ifIndex.
func (l *lldp) localPort(number int64) string {
	d, ctx, r := l.r.d, l.ctx, l.r.reader
	if d.ports == nil {
		d.readPorts(ctx, r)
	}
	direct := func() string { return d.portByIndex(ctx, r, strconv.FormatInt(number, 10)) }
	if d.profile.neighbor.Local == "if_index" {
		if p := direct(); p != "" {
			return p
		}
	}
	if p := d.portByRule(ctx, r, d.profile.neighbor.Names, number); p != "" {
		return p
	}
	if d.profile.neighbor.Local == "base_port" {
		if p, how := d.resolvePort(ctx, r, number); p != "" && how != "if_index" {
			return p
		}
	}
	if row, ok := l.local[strconv.FormatInt(number, 10)]; ok {
		kind, _ := integerOf(row.Cells[0])
		id, text := textOf(row.Cells[1]), textOf(row.Cells[2])
		if m := macOf(row.Cells[1]); kind == 3 && m != "" {
			if p := d.ports.byMAC(m); p != "" {
				return p
			}
			id = ""
		}
		// A bare number is a name only where ports are called by numbers.
		if p := d.ports.named(id); p != "" && (!digits(id) || kind == 5 || kind == 1) {
			return p
		}
		if p := d.ports.named(text); p != "" {
			return p
		}
	}
	b := d.readBridge(ctx, r)
	if p := d.portByIndex(ctx, r, b.index[number]); p != "" {
		return p
	}
	return direct()
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// byMAC is the port with an address; none where several have it.
func (p *ports) byMAC(mac string) string {
	found := ""
	for i := range p.list {
		if p.list[i].Mac == mac {
			if found != "" {
				return ""
			}
			found = p.list[i].Name
		}
	}
	return found
}

// lldpChassis is LldpChassisIdSubtype and the identifier as text.
func lldpChassis(kind int64, v session.Value) (string, string) {
	switch kind {
	case 4:
		if m := macOf(v); m != "" {
			return "mac", m
		}
		return "other", textOf(v)
	case 5:
		return "address", lldpAddress(v)
	case 6:
		return "name", textOf(v)
	case 1, 3:
		return "component", textOf(v)
	case 2:
		return "alias", textOf(v)
	case 7:
		if len(v.B) == 6 && !plain(v.B) {
			return "local", macOf(v) // it is one all the same
		}
		return "local", textOf(v)
	}
	if m := macOf(v); len(v.B) == 6 && !plain(v.B) && m != "" {
		return "mac", m
	}
	return "other", textOf(v)
}

// lldpPort is LldpPortIdSubtype and the identifier as text.
func lldpPort(kind int64, v session.Value) (string, string) {
	switch kind {
	case 3:
		if m := macOf(v); m != "" {
			return "mac", m
		}
		return "other", textOf(v)
	case 4:
		return "address", lldpAddress(v)
	case 5:
		return "name", textOf(v)
	case 1:
		return "alias", textOf(v)
	case 2:
		return "component", textOf(v)
	case 6:
		return "circuit", textOf(v)
	case 7:
		return "local", textOf(v)
	}
	if m := macOf(v); len(v.B) == 6 && !plain(v.B) && m != "" {
		return "mac", m
	}
	return "other", textOf(v)
}

// lldpAddress reads an address with its family before it (IANA address family
// numbers: 1 IPv4, 2 IPv6).
func lldpAddress(v session.Value) string {
	b := v.B
	if len(b) == 5 && b[0] == 1 || len(b) == 17 && b[0] == 2 {
		b = b[1:]
	}
	return firstText(addressOf(session.Value{Kind: session.OctetString, B: b}), textOf(v))
}

// lldpCapabilities are the bits of LldpSystemCapabilitiesMap.
func lldpCapabilities(b []byte) []string {
	names := []string{"other", "repeater", "bridge", "wlan_access_point", "router", "telephone", "docsis", "station"}
	var out []string
	for _, n := range bitsOf(b) {
		if n < len(names) {
			out = append(out, names[n])
		}
	}
	return out
}

// readCDP reads a cache of CDP or of FDP, which is made like it. The columns are:
// kind of address, address, version, device, port, platform, capabilities,
// native VLAN, duplex; 0: there is none.
func readCDP(ctx context.Context, r *round, name, entry string, columns []int) {
	var ask []string
	at := make([]int, len(columns))
	for i, c := range columns {
		at[i] = -1
		if c > 0 {
			at[i] = len(ask)
			ask = append(ask, entry+strconv.Itoa(c))
		}
	}
	t := r.reader.table(ctx, session.Limits{Rows: mostNeighbors}, ask...)
	var rows []inventory.Neighbor
	for _, row := range t.Rows {
		cell := func(i int) session.Value {
			if at[i] < 0 {
				return session.Value{}
			}
			return row.Cells[at[i]]
		}
		index, _, _ := strings.Cut(row.Index, ".")
		n := inventory.Neighbor{Protocol: strings.ToLower(name), LocalPort: firstText(r.d.portByIndex(ctx, r.reader, index), index),
			Version: textOf(cell(2)), Chassis: textOf(cell(3)), ChassisKind: "name", RemotePort: textOf(cell(4)), PortKind: "name", Platform: textOf(cell(5))}
		if len(cell(3).B) == 6 && !plain(cell(3).B) {
			n.Chassis, n.ChassisKind = macOf(cell(3)), "mac"
		}
		if n.Chassis == "" && n.RemotePort == "" {
			continue
		}
		if n.ChassisKind == "name" {
			// "host.example(FOX1234)": the serial number of some systems.
			host, serial, ok := strings.Cut(n.Chassis, "(")
			if n.Name = strings.TrimSpace(host); ok {
				n.Serial = strings.TrimSuffix(serial, ")")
			}
		}
		if kind, _ := integerOf(cell(0)); kind == 1 || kind == 20 || at[0] >= 0 && kind == 0 {
			if ip := addressOf(cell(1)); ip != "" && useful(ip) {
				n.Addresses = []string{ip}
			}
		}
		n.Capabilities = cdpCapabilities(cell(6).B)
		if v, ok := integerOf(cell(7)); ok && v > 0 && v <= 4094 {
			n.NativeVlan = &v
		}
		switch v, _ := integerOf(cell(8)); v {
		case 2:
			n.Duplex = "half"
		case 3:
			n.Duplex = "full"
		}
		rows = append(rows, n)
	}
	put(r, name, rows, nil, t.Fault)
}

// cdpCapabilities are the bits of cdpCacheCapabilities, of which the last byte
// counts.
func cdpCapabilities(b []byte) []string {
	if len(b) == 0 || len(b) > 8 {
		return nil
	}
	bits := b[len(b)-1]
	var out []string
	for i, name := range []string{"router", "bridge", "bridge", "bridge", "station", "", "repeater", "telephone"} {
		if bits&(1<<i) != 0 && name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
