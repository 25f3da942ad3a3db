package profile

import (
	"context"
	"math"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
	"muster/internal/report"
)

// EtherLike-MIB (RFC 3635), dot3StatsTable: its index is ifIndex.
const dot3Entry = "1.3.6.1.2.1.10.7.2.1."

// ethernetErrors are counters of dot3StatsTable that are numbers of the metric
// interface.
func ethernetErrors() []counter {
	return []counter{
		{dot3Entry + "3", "dot3StatsFCSErrors", 0},
		{dot3Entry + "2", "dot3StatsAlignmentErrors", 0},
		{dot3Entry + "18", "dot3StatsSymbolErrors", 0},
		{dot3Entry + "8", "dot3StatsLateCollisions", 0},
		{dot3Entry + "9", "dot3StatsExcessiveCollisions", 0},
		{dot3Entry + "19", "dot3StatsDuplexStatus", 0},
	}
}

func ethernetTasks() []*task {
	return []*task{{name: "EtherLike-MIB", pace: paceARP, sections: []string{"port"}, run: readEthernet}}
}

func readEthernet(ctx context.Context, r *round) {
	all := ethernetErrors()
	columns := make([]string, len(all))
	for i, c := range all {
		columns[i] = c.oid
	}
	t := r.reader.table(ctx, session.Limits{Rows: mostPorts}, columns...)
	var rows []inventory.Port
	for _, row := range t.Rows {
		name := r.d.portByIndex(ctx, r.reader, row.Index)
		if name == "" {
			continue
		}
		x := inventory.Port{Name: name}
		labels := r.d.ports.list[r.d.ports.at[row.Index]].label()
		for i, c := range all {
			f, ok := numberOf(row.Cells[i])
			if !ok {
				continue
			}
			if c.field == "dot3StatsDuplexStatus" {
				switch f {
				case 1:
					x.Duplex = "unknown"
				case 2:
					x.Duplex = "half"
				case 3:
					x.Duplex = "full"
				default:
					f = math.NaN()
				}
			}
			r.add(report.Series{Measurement: "interface", Field: c.field, Labels: labels}, f)
		}
		rows = append(rows, x)
	}
	put(r, "EtherLike-MIB", rows, nil, t.Fault)
}
