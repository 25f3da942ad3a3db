package profile

import (
	"context"
	"slices"
	"strings"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
)

// IEEE8023-LAG-MIB (IEEE 802.1AX) and ifStackTable (RFC 2863).
const (
	oidLagSelected = "1.2.840.10006.300.43.1.2.1.1.12" // dot3adAggPortSelectedAggID
	oidLagAttached = "1.2.840.10006.300.43.1.2.1.1.13" // dot3adAggPortAttachedAggID
	oidLagPartner  = "1.2.840.10006.300.43.1.1.1.1.8"  // dot3adAggPartnerSystemID
	oidPAgP        = "1.3.6.1.4.1.9.9.98.1.1.1.1.8"    // pagpGroupIfIndex, of Cisco's
	oidIfStack     = "1.3.6.1.2.1.31.1.2.1.3"          // ifStackStatus
)

func lagTasks() []*task {
	return []*task{{name: "LAG", pace: paceNeighbors, sections: []string{"lag", "port"}, run: readLags}}
}

// readLags reads link aggregates: who is attached to whom by LACP, and where
// that is not told, what lies below an aggregate in ifStackTable.
func readLags(ctx context.Context, r *round) {
	d := r.d
	t := r.reader.table(ctx, session.Limits{Rows: mostPorts}, oidLagSelected, oidLagAttached)
	stack := r.column(ctx, oidIfStack)
	err := fault(t.Fault, stack.err)
	lags := map[string]*inventory.Lag{}
	lag := func(name, mode string) *inventory.Lag {
		l := lags[name]
		if l == nil {
			l = &inventory.Lag{Name: name, Mode: mode}
			lags[name] = l
		}
		return l
	}
	var order []string
	of := map[string]string{}
	join := func(member, name, mode string, active bool) {
		if member == "" || name == "" || member == name {
			return
		}
		l := lag(name, mode)
		if _, known := of[member]; !known {
			of[member] = name
			order = append(order, member)
			l.Members = append(l.Members, member)
		}
		if active && of[member] == name && !slices.Contains(l.Active, member) {
			l.Active = append(l.Active, member)
		}
	}
	partner := map[string]string{}
	for index, v := range d.lookedUp(ctx, r.reader, oidLagPartner) {
		if p := d.portByIndex(ctx, r.reader, index); p != "" {
			partner[p] = macOf(v)
		}
	}
	for _, row := range t.Rows {
		member := d.portByIndex(ctx, r.reader, row.Index)
		for i, active := range []bool{false, true} {
			v := textOf(row.Cells[i])
			if v == "" || v == "0" || v == row.Index {
				continue
			}
			join(member, d.portByIndex(ctx, r.reader, v), "lacp", active)
		}
	}
	if under(d.system.ObjectID, "1.3.6.1.4.1.9") {
		c := r.column(ctx, oidPAgP)
		err = fault(err, c.err)
		for _, index := range c.order {
			if v := textOf(c.cells[index]); v != "0" && v != index {
				join(d.portByIndex(ctx, r.reader, index), d.portByIndex(ctx, r.reader, v), "pagp", true)
			}
		}
	}
	for _, index := range stack.order {
		upper, lower, _ := strings.Cut(index, ".")
		s, _ := integerOf(stack.cells[index])
		if upper == "0" || lower == "0" || s != 1 || d.ports == nil {
			continue
		}
		i, ok := d.ports.at[upper]
		if !ok || d.ports.list[i].Kind != "lag" {
			continue
		}
		member := d.portByIndex(ctx, r.reader, lower)
		if j, ok := d.ports.at[lower]; !ok || d.ports.list[j].Kind != "ethernet" && d.ports.list[j].Kind != "management" && d.ports.list[j].Kind != "other" {
			continue
		}
		join(member, d.ports.list[i].Name, "", false)
	}
	var rows []inventory.Lag
	for _, name := range sortedKeys(lags) {
		l := lags[name]
		l.Partner = partner[name]
		if l.Mode == "" && l.Partner != "" {
			l.Mode = "lacp"
		}
		rows = append(rows, *l)
	}
	list := make([]inventory.Port, 0, len(order))
	for _, member := range order {
		list = append(list, inventory.Port{Name: member, Lag: of[member]})
	}
	put(r, "LAG", rows, nil, err)
	put(r, "LAG", list, nil, err)
}
