package profile

import (
	"context"
	"strconv"
	"strings"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
)

// POWER-ETHERNET-MIB (RFC 3621), and where Cisco says which part a port is.
const (
	poePortEntry   = "1.3.6.1.2.1.105.1.1.1."
	poeMainEntry   = "1.3.6.1.2.1.105.1.3.1.1."
	oidPoEPhysical = "1.3.6.1.4.1.9.9.402.1.2.1.11" // cpeExtPsePortEntPhyIndex
)

func poeTasks() []*task {
	return []*task{
		{name: "pethMainPse", pace: paceFast, sections: []string{"poe_supply"}, run: readPoESupplies},
		{name: "pethPsePort", pace: paceARP, sections: []string{"poe_port"}, run: readPoEPorts},
	}
}

func readPoESupplies(ctx context.Context, r *round) {
	t := r.reader.table(ctx, session.Limits{Rows: 100}, poeMainEntry+"2", poeMainEntry+"3", poeMainEntry+"4", poeMainEntry+"5")
	var rows []inventory.PoeSupply
	for _, row := range t.Rows {
		n, err := strconv.ParseInt(row.Index, 10, 64)
		if err != nil {
			continue
		}
		x := inventory.PoeSupply{Number: n}
		if f, ok := numberOf(row.Cells[0]); ok && f > 0 && f < 1e6 {
			x.Watts = &f
		}
		switch s, _ := integerOf(row.Cells[1]); s {
		case 1:
			x.Status = "on"
		case 2:
			x.Status = "off"
		case 3:
			x.Status = "faulty"
		}
		if f, ok := numberOf(row.Cells[2]); ok && f >= 0 && f < 1e6 {
			x.Used = &f
		}
		if v, ok := integerOf(row.Cells[3]); ok && v > 0 && v <= 100 {
			x.Threshold = &v
		}
		rows = append(rows, x)
	}
	put(r, "pethMainPse", rows, nil, t.Fault)
}

func readPoEPorts(ctx context.Context, r *round) {
	t := r.reader.table(ctx, session.Limits{Rows: mostPorts}, poePortEntry+"3", poePortEntry+"6", poePortEntry+"7", poePortEntry+"10")
	var rows []inventory.PoePort
	var parts map[string]session.Value
	if len(t.Rows) > 0 {
		parts = r.d.lookedUp(ctx, r.reader, oidPoEPhysical)
	}
	for _, row := range t.Rows {
		group, number, ok := strings.Cut(row.Index, ".")
		if !ok {
			continue
		}
		x := inventory.PoePort{Port: r.d.poePort(ctx, r.reader, group, number, parts[row.Index])}
		if n, ok := integerOf(row.Cells[0]); ok && (n == 1 || n == 2) {
			x.Enabled = new(n == 1)
		}
		states := []string{"", "disabled", "searching", "delivering", "fault", "test", "other_fault"}
		if n, ok := integerOf(row.Cells[1]); ok && n > 0 && n < int64(len(states)) {
			x.Status = states[n]
		}
		switch n, _ := integerOf(row.Cells[2]); n {
		case 1:
			x.Priority = "critical"
		case 2:
			x.Priority = "high"
		case 3:
			x.Priority = "low"
		}
		// The class counts only while power is delivered.
		if n, ok := integerOf(row.Cells[3]); ok && n >= 1 && n <= 9 && x.Status == "delivering" {
			x.Class = new(n - 1)
		}
		rows = append(rows, x)
	}
	put(r, "pethPsePort", rows, nil, t.Fault)
}

// poePort is the port that a number in a group means: by the part it is, where
// that is told, by its place in the member of a stack, or as the number of a
// bridge port; else group and number.
func (d *Device) poePort(ctx context.Context, r *reader, group, number string, part session.Value) string {
	if n, ok := integerOf(part); ok && n > 0 {
		if p := d.portOfEntity(ctx, r, strconv.FormatInt(n, 10)); p != "" {
			return p
		}
	}
	if d.ports == nil {
		d.readPorts(ctx, r)
	}
	for _, tail := range []string{group + "/0/" + number, group + "/" + number} {
		if p := d.ports.ending(tail); p != "" {
			return p
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err == nil && group == "1" {
		if p, how := d.resolvePort(ctx, r, n); p != "" && how != "if_index" {
			return p
		}
		if i, ok := d.ports.at[number]; ok && d.ports.list[i].Kind == "ethernet" {
			return d.ports.list[i].Name
		}
	}
	return group + "." + number
}

// ending is the one Ethernet port whose name is letters and then tail.
func (p *ports) ending(tail string) string {
	found := ""
	for i := range p.list {
		x := &p.list[i]
		head, ok := strings.CutSuffix(x.Name, tail)
		if !ok || x.Kind != "ethernet" || strings.ContainsAny(head, "0123456789/") {
			continue
		}
		if found != "" {
			return "" // Gi1/0/1 and Te1/0/1
		}
		found = x.Name
	}
	return found
}
