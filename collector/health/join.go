package health

import (
	"time"

	"muster/collector/health/rule"
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// join is which switch port a device hangs on, as far as forwarding tables
// tell: of the ports a card's address was seen on of late, the one with the
// fewest addresses is the nearest. It is enough to see that many in trouble
// share a switch, and which two ends a cable has; where exactly a device is,
// the network's own pages know better.
type join struct {
	at map[string]map[inventory.DeviceID]seenOn // by address, by switch
}

type seenOn struct {
	port   string
	behind int // addresses on that port
	when   time.Time
}

const (
	// mostBehind is from how many addresses on a port on it leads to other
	// switches, not to desks.
	mostBehind = 8
	// sameSight is within what time tables tell of the same state: what was
	// seen longer before the newest was seen where the device is no more.
	sameSight = time.Hour
	// keepSight is how long an address that no table has any more is still
	// taken to hang where it was: a card that is off, or whose cable is loose,
	// is in no table.
	keepSight = 7 * 24 * time.Hour
)

func newJoin() join { return join{at: map[string]map[inventory.DeviceID]seenOn{}} }

// take reads a forwarding table.
func (x *join) take(id inventory.DeviceID, r store.SectionReading, at time.Time) {
	if r.Section.Name != "fdb" || r.Status != report.OK && r.Status != report.Partial {
		return
	}
	behind := map[string]int{}
	for _, row := range r.Table.Rows {
		behind[textAt(r, row, "port")]++
	}
	for _, row := range r.Table.Rows {
		mac, port := textAt(r, row, "mac"), textAt(r, row, "port")
		if mac == "" || port == "" || textAt(r, row, "status") == "self" {
			continue
		}
		if behind[port] > mostBehind {
			delete(x.at[mac], id)
			continue
		}
		if x.at[mac] == nil {
			x.at[mac] = map[inventory.DeviceID]seenOn{}
		}
		x.at[mac][id] = seenOn{port, behind[port], at}
	}
}

// forget drops what was seen long ago.
func (x *join) forget(now time.Time) {
	for mac, on := range x.at {
		for id, s := range on {
			if now.Sub(s.when) > keepSight {
				delete(on, id)
			}
		}
		if len(on) == 0 {
			delete(x.at, mac)
		}
	}
}

// of is the switch and port of a device; empty when no table has it.
func (x *join) of(d *device) (sw inventory.DeviceID, port string) {
	var last time.Time
	for _, mac := range d.macs {
		for _, on := range x.at[mac] {
			last = newest(last, on.when)
		}
	}
	best := mostBehind + 1
	for _, mac := range d.macs {
		for id, on := range x.at[mac] {
			if last.Sub(on.when) <= sameSight && (on.behind < best || on.behind == best && id < sw) {
				sw, port, best = id, on.port, on.behind
			}
		}
	}
	return sw, port
}

// otherEnd is the open incident about the other end of a device's cable: of a
// PC that of its switch port, of a port that of the PC on it.
func (j *Judge) otherEnd(d *device, st *state) string {
	r, ok := j.plan.set.Find(st.f.Rule)
	if !ok || st.f.Backlog {
		return ""
	}
	of := func(st *state) string {
		if inc := j.inc.open[st.key]; st.level > 0 && inc != nil && inc.s.Kind == store.DeviceIncident && !inc.s.Backlog {
			return st.key
		}
		return ""
	}
	if r.Subject == "port" {
		for _, id := range j.order {
			pc := j.devices[id]
			if sw, port := j.join.of(pc); sw != d.info.ID || port != st.f.Component {
				continue
			}
			for k, other := range pc.states {
				if end, ok := j.plan.set.Find(k.rule); ok && end.Family == "network" && end.Subject != "port" && of(other) != "" {
					return of(other)
				}
			}
		}
		return ""
	}
	if r.Family != "network" {
		return ""
	}
	id, port := j.join.of(d)
	if sw := j.devices[id]; sw != nil {
		for k, other := range sw.states {
			if end, ok := j.plan.set.Find(k.rule); ok && end.Subject == "port" && k.part == port && of(other) != "" {
				return of(other)
			}
		}
	}
	return ""
}

// aboutSwitch are the findings of late on a switch that many devices share
// their trouble by: they are part of it.
func (j *Judge) aboutSwitch(name string, now time.Time) []member {
	var out []member
	for _, id := range j.order {
		d := j.devices[id]
		if d.info.Kind == "pc" || d.info.Kind == "server" || d.info.Name != name {
			continue
		}
		for k, st := range d.states {
			if st.level > 0 && !st.f.Backlog && st.f.Severity != string(rule.Info) && ofSwitch(st) && now.Sub(newest(st.f.FiredAt, st.f.WorseAt)) <= recent {
				out = append(out, member{id, k})
			}
		}
	}
	return out
}

// ofSwitch says whether a finding on a switch is about what passes through it.
func ofSwitch(st *state) bool { return st.f.Family == "network" || st.f.Family == "gear" }
