package profile

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
)

// ENTITY-MIB (RFC 6933) and ENTITY-STATE-MIB (RFC 4268).
const (
	entityEntry      = "1.3.6.1.2.1.47.1.1.1.1."
	oidEntityAlias   = "1.3.6.1.2.1.47.1.3.2.1.2" // entAliasMappingIdentifier
	oidEntityOper    = "1.3.6.1.2.1.131.1.1.1.3"  // entStateOper
	oidEntityChanged = "1.3.6.1.2.1.47.1.4.1.0"   // entLastChangeTime
)

// mostEntities bounds the parts of one device.
const mostEntities = 20_000

// entities are the parts of a device as last read.
type entities struct {
	at    time.Time
	list  []inventory.Entity
	index map[string]int
	ports map[string]string // by part; nil: not worked out yet
	err   error
}

// entityColumns are columns of entPhysicalTable.
func entityColumns() []string {
	out := make([]string, 0, 16)
	for _, c := range []int{2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17} {
		out = append(out, entityEntry+strconv.Itoa(c))
	}
	return out
}

// readEntities reads ENTITY-MIB when it was not read for an hour.
func (d *Device) readEntities(ctx context.Context, r *reader) *entities {
	now := d.set.now()
	if e := d.entities; e != nil && e.err == nil && now.Sub(e.at) < lookupFor && !now.Before(e.at) {
		return e
	}
	if r.down != nil {
		return d.entities
	}
	t := r.table(ctx, session.Limits{Rows: mostEntities}, entityColumns()...)
	e := &entities{at: now, err: t.Fault, index: make(map[string]int, len(t.Rows)), list: make([]inventory.Entity, 0, len(t.Rows))}
	for _, row := range t.Rows {
		n, err := strconv.ParseInt(row.Index, 10, 64)
		if err != nil {
			continue
		}
		e.index[row.Index] = len(e.list)
		e.list = append(e.list, entityOf(n, row.Cells))
	}
	if e.err != nil && d.entities != nil && len(e.list) == 0 {
		return d.entities // better than nothing
	}
	d.entities = e
	return e
}

func entityOf(n int64, c []session.Value) inventory.Entity {
	e := inventory.Entity{
		Index: n, Description: textOf(c[0]), Name: textOf(c[4]), Hardware: textOf(c[5]), Firmware: textOf(c[6]), Software: textOf(c[7]),
		Serial: serialText(textOf(c[8])), Vendor: textOf(c[9]), Model: textOf(c[10]), Alias: textOf(c[11]), AssetTag: textOf(c[12]),
	}
	if v, ok := integerOf(c[1]); ok {
		e.Parent = &v
	}
	if v, ok := integerOf(c[2]); ok {
		e.Class = entityClass(v)
	}
	if v, ok := integerOf(c[3]); ok && v >= 0 {
		e.Position = &v
	}
	if v, ok := integerOf(c[13]); ok && (v == 1 || v == 2) {
		e.FRU = new(v == 1)
	}
	if t, ok := dateOf(c[14].B); ok {
		e.MadeAt = t
	}
	return e
}

// entityClass is IANAPhysicalClass.
func entityClass(n int64) string {
	names := []string{"", "other", "other", "chassis", "backplane", "container", "power_supply", "fan", "sensor", "module", "port", "stack", "cpu", "energy", "battery", "storage"}
	if n > 0 && n < int64(len(names)) {
		return names[n]
	}
	return ""
}

// serialText is a serial number, or nothing where makers put a filler.
func serialText(s string) string {
	switch strings.ToLower(s) {
	case "", "0", "n/a", "na", "none", "unknown", "not specified", "not available", "default string", "to be filled by o.e.m.", "-", "null", "empty":
		return ""
	}
	if strings.Trim(s, "0 ") == "" || strings.Trim(s, ". ") == "" {
		return ""
	}
	return s
}

// entity is a part by its index.
func (d *Device) entity(ctx context.Context, r *reader, index string) *inventory.Entity {
	e := d.readEntities(ctx, r)
	if e == nil {
		return nil
	}
	if i, ok := e.index[index]; ok {
		return &e.list[i]
	}
	return nil
}

// chassis is the part that stands for the device: the chassis that is in
// nothing or in a stack, with the lowest index; one that has a serial number
// before one that has none.
func (e *entities) chassis() *inventory.Entity {
	if e == nil {
		return nil
	}
	var best *inventory.Entity
	rank := func(x *inventory.Entity) int {
		n := 0
		if x.Class == "chassis" {
			n += 4
		} else if x.Class != "stack" {
			return 0
		}
		if x.Serial != "" {
			n += 2
		}
		if x.Model != "" {
			n++
		}
		return n
	}
	for i := range e.list {
		x := &e.list[i]
		if r := rank(x); r > 0 && (best == nil || r > rank(best) || r == rank(best) && x.Index < best.Index) {
			best = x
		}
	}
	return best
}

// chassisFact is a fact of the chassis. Where it has none, the first module in
// slot order that tells one of version speaks for it.
func (d *Device) chassisFact(ctx context.Context, r *reader, name string) string {
	e := d.readEntities(ctx, r)
	c := e.chassis()
	pick := func(x *inventory.Entity) string {
		switch name {
		case "name":
			return x.Name
		case "description":
			return x.Description
		case "model":
			return x.Model
		case "serial":
			return x.Serial
		case "hardware":
			return x.Hardware
		case "firmware":
			return x.Firmware
		case "software":
			return x.Software
		case "vendor":
			return x.Vendor
		case "asset_tag":
			return x.AssetTag
		}
		return ""
	}
	if c == nil {
		return ""
	}
	if s := pick(c); s != "" {
		return s
	}
	if name == "software" || name == "firmware" {
		for i := range e.list {
			if x := &e.list[i]; x.Class == "module" && pick(x) != "" {
				return pick(x)
			}
		}
	}
	return ""
}

// portOfEntity is the port that a part is, or that it hangs on: the transceiver
// of a port, and its sensors.
func (d *Device) portOfEntity(ctx context.Context, r *reader, index string) string {
	e := d.readEntities(ctx, r)
	if e == nil {
		return ""
	}
	if e.ports == nil {
		e.ports = d.entityPorts(ctx, r)
	}
	alias := e.ports
	for range 6 {
		i, ok := e.index[index]
		if !ok {
			return ""
		}
		if p := alias[index]; p != "" {
			return p
		}
		x := &e.list[i]
		if x.Class == "port" && d.ports != nil {
			if p := d.ports.named(x.Name); p != "" {
				return p
			}
		}
		// A module that holds one port is its transceiver.
		if x.Class == "chassis" || x.Class == "stack" || x.Parent == nil || *x.Parent == 0 {
			return ""
		}
		index = strconv.FormatInt(*x.Parent, 10)
	}
	return ""
}

// entityPorts are the ports that parts are by entAliasMappingTable, whose
// identifiers point at ifIndex. The index is the part and a logical entity.
func (d *Device) entityPorts(ctx context.Context, r *reader) map[string]string {
	out := map[string]string{}
	for index, v := range d.lookedUp(ctx, r, oidEntityAlias) {
		part, _, _ := strings.Cut(index, ".")
		const ifIndex = "1.3.6.1.2.1.2.2.1.1."
		if n, ok := strings.CutPrefix(v.S, ifIndex); ok {
			if p := d.portByIndex(ctx, r, n); p != "" {
				out[part] = p
			}
		}
	}
	return out
}

func entityTasks() []*task {
	return []*task{{name: "ENTITY-MIB", pace: paceEntity, sections: []string{"entity", "port"}, signs: []string{oidEntityChanged}, run: func(ctx context.Context, r *round) {
		if e := r.d.entities; e != nil && r.d.set.now().Sub(e.at) > time.Minute {
			r.d.entities = nil
		}
		e := r.d.readEntities(ctx, r.reader)
		if e == nil {
			put(r, "ENTITY-MIB", []inventory.Entity(nil), nil, r.down)
			put(r, "ENTITY-MIB", []inventory.Port(nil), nil, r.down)
			return
		}
		list := slices.Clone(e.list)
		if len(list) > 0 {
			ports := r.d.entityPorts(ctx, r.reader)
			oper := r.d.lookedUp(ctx, r.reader, oidEntityOper)
			for i := range list {
				index := strconv.FormatInt(list[i].Index, 10)
				list[i].Port = ports[index]
				switch n, _ := integerOf(oper[index]); n {
				case 2:
					list[i].State = "disabled"
				case 3:
					list[i].State = "enabled"
				case 4:
					list[i].State = "testing"
				case 1:
					list[i].State = "unknown"
				}
			}
		}
		slices.SortFunc(list, func(a, b inventory.Entity) int { return cmp.Compare(a.Index, b.Index) })
		put(r, "ENTITY-MIB", list, nil, e.err)
		var ports []inventory.Port
		seen := map[string]bool{}
		for i := range list {
			if x := &list[i]; x.Port != "" && x.Class == "port" && !seen[x.Port] {
				seen[x.Port] = true
				ports = append(ports, inventory.Port{Name: x.Port, EntityIndex: &x.Index})
			}
		}
		put(r, "ENTITY-MIB", ports, nil, e.err)
	}}}
}
