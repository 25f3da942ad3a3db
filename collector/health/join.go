package health

import (
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// join is which switch port a device hangs on, as far as forwarding tables
// tell: of the ports a card's address was seen on, the one with the fewest
// addresses is the nearest. It is enough to see that many in trouble share a
// switch; where exactly a device is, the network's own pages know better.
type join struct {
	at map[string]map[inventory.DeviceID]seenOn // by address, by switch
}

type seenOn struct {
	port   string
	behind int // addresses on that port
}

// mostBehind is from how many addresses on a port on it leads to other
// switches, not to desks.
const mostBehind = 8

func newJoin() join { return join{at: map[string]map[inventory.DeviceID]seenOn{}} }

// take reads a forwarding table.
func (x *join) take(id inventory.DeviceID, r store.SectionReading) {
	if r.Section.Name != "fdb" || r.Status != report.OK && r.Status != report.Partial {
		return
	}
	behind := map[string]int{}
	for _, row := range r.Table.Rows {
		behind[textAt(r, row, "port")]++
	}
	for _, on := range x.at {
		delete(on, id)
	}
	for _, row := range r.Table.Rows {
		mac, port := textAt(r, row, "mac"), textAt(r, row, "port")
		if mac == "" || port == "" || textAt(r, row, "status") == "self" || behind[port] > mostBehind {
			continue
		}
		if x.at[mac] == nil {
			x.at[mac] = map[inventory.DeviceID]seenOn{}
		}
		x.at[mac][id] = seenOn{port, behind[port]}
	}
}

// of is the switch and port of a device; empty when no table has it.
func (x *join) of(d *device) (sw inventory.DeviceID, port string) {
	best := mostBehind + 1
	for _, mac := range d.macs {
		for id, on := range x.at[mac] {
			if on.behind < best || on.behind == best && id < sw {
				sw, port, best = id, on.port, on.behind
			}
		}
	}
	return sw, port
}
