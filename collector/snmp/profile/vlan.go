package profile

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
)

// Q-BRIDGE-MIB (RFC 4363), IEEE8021-Q-BRIDGE-MIB, CISCO-VTP-MIB,
// CISCO-VLAN-MEMBERSHIP-MIB.
const (
	oidVlanEgress       = "1.3.6.1.2.1.17.7.1.4.2.1.4"
	oidVlanUntagged     = "1.3.6.1.2.1.17.7.1.4.2.1.5"
	oidVlanKind         = "1.3.6.1.2.1.17.7.1.4.2.1.6"
	oidVlanName         = "1.3.6.1.2.1.17.7.1.4.3.1.1"
	oidVlanStaticEgress = "1.3.6.1.2.1.17.7.1.4.3.1.2"
	oidVlanStaticUntag  = "1.3.6.1.2.1.17.7.1.4.3.1.4"
	oidVlanStaticStatus = "1.3.6.1.2.1.17.7.1.4.3.1.5"
	oidPvid             = "1.3.6.1.2.1.17.7.1.4.5.1.1"

	oidIEEEVlanName     = "1.3.111.2.802.1.1.4.1.4.3.1.3" // ieee8021QBridgeVlanStaticName
	oidIEEEVlanEgress   = "1.3.111.2.802.1.1.4.1.4.2.1.5" // ieee8021QBridgeVlanCurrentEgressPorts
	oidIEEEVlanUntagged = "1.3.111.2.802.1.1.4.1.4.2.1.6" // ieee8021QBridgeVlanCurrentUntaggedPorts
	oidIEEEPvid         = "1.3.111.2.802.1.1.4.1.4.5.1.1" // ieee8021QBridgePvid

	oidVTPName      = "1.3.6.1.4.1.9.9.46.1.3.1.1.4"  // vtpVlanName
	oidTrunkEnabled = "1.3.6.1.4.1.9.9.46.1.6.1.1.4"  // vlanTrunkPortVlansEnabled
	oidTrunkNative  = "1.3.6.1.4.1.9.9.46.1.6.1.1.5"  // vlanTrunkPortNativeVlan
	oidTrunkStatus  = "1.3.6.1.4.1.9.9.46.1.6.1.1.14" // vlanTrunkPortDynamicStatus
	oidVmVlan       = "1.3.6.1.4.1.9.9.68.1.2.2.1.2"  // vmVlan
	oidVoiceVlan    = "1.3.6.1.4.1.9.9.68.1.5.1.1.1"  // vmVoiceVlanId
)

// vlans collects VLANs and which ports carry them.
type vlans struct {
	list     map[int64]*inventory.Vlan
	untagged map[int64][]string
	tagged   map[int64][]string
	ports    map[string]*inventory.Port
	carried  map[string][]int64 // tagged VLANs of a port
	err      error
}

func newVLANs() *vlans {
	return &vlans{list: map[int64]*inventory.Vlan{}, untagged: map[int64][]string{}, tagged: map[int64][]string{}, ports: map[string]*inventory.Port{}, carried: map[string][]int64{}}
}

func (v *vlans) vlan(n int64) *inventory.Vlan {
	x := v.list[n]
	if x == nil {
		x = &inventory.Vlan{VlanID: n, State: "active"}
		v.list[n] = x
	}
	return x
}

func (v *vlans) port(name string) *inventory.Port {
	x := v.ports[name]
	if x == nil {
		x = &inventory.Port{Name: name}
		v.ports[name] = x
	}
	return x
}

func vlanTasks() []*task {
	return []*task{{name: "Q-BRIDGE-MIB", pace: paceVLANs, sections: []string{"vlan", "port"}, run: func(ctx context.Context, r *round) {
		v := newVLANs()
		v.standard(ctx, r)
		if len(v.list) == 0 {
			v.ieee(ctx, r)
		}
		v.put(r, "Q-BRIDGE-MIB")
	}}}
}

// standard reads Q-BRIDGE-MIB.
func (v *vlans) standard(ctx context.Context, r *round) {
	current := r.reader.table(ctx, session.Limits{Rows: 10_000}, oidQVlanFdbID, oidVlanEgress, oidVlanUntagged, oidVlanKind)
	static := r.reader.table(ctx, session.Limits{Rows: 10_000}, oidVlanName, oidVlanStaticEgress, oidVlanStaticUntag, oidVlanStaticStatus)
	pvid := r.column(ctx, oidPvid)
	v.err = fault(current.Fault, static.Fault, pvid.err)
	for _, row := range static.Rows {
		n, err := strconv.ParseInt(row.Index, 10, 64)
		if err != nil || n < 1 || n > 4094 {
			continue
		}
		x := v.vlan(n)
		x.Name, x.Kind = textOf(row.Cells[0]), "static"
		if s, ok := integerOf(row.Cells[3]); ok && s != 1 {
			x.State = "suspended"
		}
	}
	seen := map[int64]bool{}
	for _, row := range current.Rows {
		n, err := strconv.ParseInt(row.Index[strings.LastIndexByte(row.Index, '.')+1:], 10, 64)
		if err != nil || n < 1 || n > 4094 {
			continue
		}
		x := v.vlan(n)
		if f, ok := integerOf(row.Cells[0]); ok && f != n {
			x.FdbID = &f
		}
		if k, ok := integerOf(row.Cells[3]); ok {
			x.Kind = []string{"other", "other", "static", "dynamic"}[min(max(k, 0), 3)]
		}
		if len(row.Cells[1].B) > 0 {
			seen[n] = true
			v.carry(ctx, r, n, row.Cells[1].B, row.Cells[2].B)
		}
	}
	for _, row := range static.Rows {
		if n, err := strconv.ParseInt(row.Index, 10, 64); err == nil && !seen[n] && n > 0 && n <= 4094 {
			v.carry(ctx, r, n, row.Cells[1].B, row.Cells[2].B)
		}
	}
	v.pvids(ctx, r, pvid)
}

// ieee reads IEEE8021-Q-BRIDGE-MIB, whose indexes have a component before them.
func (v *vlans) ieee(ctx context.Context, r *round) {
	names := r.column(ctx, oidIEEEVlanName)
	egress, untagged := r.column(ctx, oidIEEEVlanEgress), r.column(ctx, oidIEEEVlanUntagged)
	pvid := r.column(ctx, oidIEEEPvid)
	v.err = fault(v.err, names.err, egress.err, untagged.err, pvid.err)
	last := func(index string) int64 {
		n, err := strconv.ParseInt(index[strings.LastIndexByte(index, '.')+1:], 10, 64)
		if err != nil || n < 1 || n > 4094 {
			return 0
		}
		return n
	}
	for _, index := range names.order {
		if n := last(index); n > 0 {
			x := v.vlan(n)
			x.Name, x.Kind = textOf(names.cells[index]), "static"
		}
	}
	for _, index := range egress.order {
		if n := last(index); n > 0 {
			v.vlan(n)
			v.carry(ctx, r, n, egress.cells[index].B, untagged.cells[index].B)
		}
	}
	v.pvids(ctx, r, pvid)
}

// pvids takes the VLAN of untagged frames of each bridge port.
func (v *vlans) pvids(ctx context.Context, r *round, pvid *column) {
	for _, index := range pvid.order {
		n, ok := integerOf(pvid.cells[index])
		b, err := strconv.ParseInt(index[strings.LastIndexByte(index, '.')+1:], 10, 64)
		if !ok || err != nil || n < 1 || n > 4094 {
			continue
		}
		if name, _ := r.d.resolvePort(ctx, r.reader, b); name != "" {
			v.port(name).UntaggedVlan = &n
		}
	}
}

// carry takes the ports of a VLAN: bit n-1 of PortList is bridge port n.
func (v *vlans) carry(ctx context.Context, r *round, vlan int64, egress, untagged []byte) {
	plain := map[int]bool{}
	for _, n := range bitsOf(untagged) {
		plain[n] = true
	}
	for _, n := range bitsOf(egress) {
		name, _ := r.d.resolvePort(ctx, r.reader, int64(n)+1)
		if name == "" {
			continue
		}
		v.port(name)
		if plain[n] {
			v.untagged[vlan] = append(v.untagged[vlan], name)
			continue
		}
		v.tagged[vlan] = append(v.tagged[vlan], name)
		v.carried[name] = append(v.carried[name], vlan)
	}
}

// put gives the rows of VLANs and of ports.
func (v *vlans) put(r *round, task string) {
	rows := make([]inventory.Vlan, 0, len(v.list))
	plain := map[string]bool{}
	for n, x := range v.list {
		x.Untagged, x.Tagged = strings.Join(v.untagged[n], ","), strings.Join(v.tagged[n], ",")
		for _, p := range v.untagged[n] {
			plain[p] = true
		}
		rows = append(rows, *x)
	}
	slices.SortFunc(rows, func(a, b inventory.Vlan) int { return cmp.Compare(a.VlanID, b.VlanID) })
	var list []inventory.Port
	for _, name := range sortedKeys(v.ports) {
		x := v.ports[name]
		if tagged := v.carried[name]; len(tagged) > 0 {
			x.TaggedVlans = ranges(tagged)
			if x.Mode == "" {
				x.Mode = "trunk"
			}
		} else if x.Mode == "" && (plain[name] || x.UntaggedVlan != nil) {
			x.Mode = "access"
		}
		list = append(list, *x)
	}
	put(r, task, rows, nil, v.err)
	put(r, task, list, nil, v.err)
}

// ranges writes numbers as 10,20-29.
func ranges(list []int64) string {
	list = slices.Clone(list)
	slices.Sort(list)
	list = slices.Compact(list)
	var b strings.Builder
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(list[i], 10))
		if j > i {
			b.WriteString("-" + strconv.FormatInt(list[j], 10))
		}
		i = j + 1
	}
	return b.String()
}

func ciscoVLANTasks() []*task {
	return []*task{{name: "CISCO-VTP-MIB", pace: paceVLANs, sections: []string{"vlan", "port"}, run: func(ctx context.Context, r *round) {
		v := newVLANs()
		v.cisco(ctx, r)
		v.put(r, "CISCO-VTP-MIB")
	}}}
}

// cisco reads VLANs from VTP, the VLAN of access ports, and trunks. The VLANs
// 1002 to 1005 are for networks that nobody has any more.
func (v *vlans) cisco(ctx context.Context, r *round) {
	t := r.reader.table(ctx, session.Limits{Rows: 10_000}, oidVTPState, oidVTPName)
	member := r.column(ctx, oidVmVlan)
	v.err = fault(t.Fault, member.err)
	for _, row := range t.Rows {
		n, err := strconv.ParseInt(row.Index[strings.LastIndexByte(row.Index, '.')+1:], 10, 64)
		if err != nil || n < 1 || n > 4094 || n >= 1002 && n <= 1005 {
			continue
		}
		x := v.vlan(n)
		x.Name, x.Kind = textOf(row.Cells[1]), "static"
		if s, ok := integerOf(row.Cells[0]); ok && s != 1 {
			x.State = "suspended"
		}
	}
	for _, index := range member.order {
		n, ok := integerOf(member.cells[index])
		name := r.d.portByIndex(ctx, r.reader, index)
		if !ok || name == "" || n < 1 || n > 4094 {
			continue
		}
		x := v.port(name)
		x.UntaggedVlan, x.Mode = &n, "access"
		v.untagged[n] = append(v.untagged[n], name)
	}
	voice := r.column(ctx, oidVoiceVlan)
	v.err = fault(v.err, voice.err)
	for _, index := range voice.order {
		n, ok := integerOf(voice.cells[index])
		// 4095 stands for none, 4096 for untagged.
		if name := r.d.portByIndex(ctx, r.reader, index); ok && name != "" && n > 0 && n < 4095 {
			v.port(name).VoiceVlan = &n
		}
	}
	trunks := r.reader.table(ctx, session.Limits{Rows: mostPorts}, oidTrunkEnabled, oidTrunkNative, oidTrunkStatus)
	v.err = fault(v.err, trunks.Fault)
	for _, row := range trunks.Rows {
		name := r.d.portByIndex(ctx, r.reader, row.Index)
		if s, ok := integerOf(row.Cells[2]); name == "" || !ok || s != 1 {
			continue // not trunking now
		}
		x := v.port(name)
		x.Mode = "trunk"
		if n, ok := integerOf(row.Cells[1]); ok && n > 0 && n <= 4094 {
			x.UntaggedVlan = &n
		}
		for _, n := range bitsOf(row.Cells[0].B) {
			// Bit n is VLAN n, up to 1023.
			if _, known := v.list[int64(n)]; known && (x.UntaggedVlan == nil || *x.UntaggedVlan != int64(n)) {
				v.tagged[int64(n)] = append(v.tagged[int64(n)], name)
				v.carried[name] = append(v.carried[name], int64(n))
			}
		}
	}
}
