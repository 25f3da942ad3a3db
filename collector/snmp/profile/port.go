package profile

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
	"muster/internal/report"
)

// IF-MIB (RFC 2863).
const (
	ifEntry      = "1.3.6.1.2.1.2.2.1."
	ifXEntry     = "1.3.6.1.2.1.31.1.1.1."
	oidIfNumber  = "1.3.6.1.2.1.2.1.0"
	oidIfChanged = "1.3.6.1.2.1.31.1.5.0" // ifTableLastChange
)

// mostPorts bounds the ports of one device.
const mostPorts = 10_000

// ports are the ports of a device as last read.
type ports struct {
	list   []port
	at     map[string]int // by ifIndex
	byName map[string]int // made when it is asked for, and forgotten after the round
	err    error          // why the names are not complete
	last   error          // why the last reading was not

	// Which counters the device has, as the last reading showed.
	known, wide, narrow, speed32 bool

	// The column by which a port is known again, whatever its ifIndex is now.
	mark string

	round int  // in which it was read
	fresh bool // its rows were not told yet
	told  bool // the counters were read once
}

// taskPorts is the task that gives the rows of ports.
const taskPorts = "IF-MIB"

// port is one port: its row, and which numbers it has.
type port struct {
	inventory.Port
	index string // ifIndex
	mark  string // what the column ports.mark has for it
	has   uint32 // bits of counters()
	seen  bool   // among those that count

	labels []report.Label // of its numbers
}

// counter is a column of ports that is a number of the metric interface.
type counter struct {
	oid, field string
	width      int8 // 64: only where HC counters are, 32: only where they are not, 0: always
}

// counters lists them. A 32-bit counter is read where the device has no wide
// one, or for those of its ports that have none.
func counters() []counter {
	return []counter{
		{ifEntry + "7", "ifAdminStatus", 0},
		{ifEntry + "8", "ifOperStatus", 0},
		{ifEntry + "9", "ifLastChange", 0},
		{ifXEntry + "15", "ifHighSpeed", 0},
		{ifEntry + "13", "ifInDiscards", 0},
		{ifEntry + "14", "ifInErrors", 0},
		{ifEntry + "19", "ifOutDiscards", 0},
		{ifEntry + "20", "ifOutErrors", 0},
		{ifXEntry + "6", "ifHCInOctets", 64},
		{ifXEntry + "10", "ifHCOutOctets", 64},
		{ifXEntry + "7", "ifHCInUcastPkts", 64},
		{ifXEntry + "8", "ifHCInMulticastPkts", 64},
		{ifXEntry + "9", "ifHCInBroadcastPkts", 64},
		{ifXEntry + "11", "ifHCOutUcastPkts", 64},
		{ifXEntry + "12", "ifHCOutMulticastPkts", 64},
		{ifXEntry + "13", "ifHCOutBroadcastPkts", 64},
		{ifEntry + "10", "ifInOctets", 32},
		{ifEntry + "16", "ifOutOctets", 32},
		{ifEntry + "11", "ifInUcastPkts", 32},
		{ifEntry + "17", "ifOutUcastPkts", 32},
		{ifEntry + "12", "ifInNUcastPkts", 32},
		{ifEntry + "18", "ifOutNUcastPkts", 32},
		{ifEntry + "5", "ifSpeed", 32},
	}
}

// Places in counters().
const (
	atAdmin = iota
	atOper
	atChange
	atHighSpeed
	atHCIn  = 8
	atIn    = 16
	atSpeed = 22
)

func portTasks(d *Device) []*task {
	return []*task{
		{name: "ports", pace: pacePorts, objects: []string{oidIfNumber}, signs: []string{oidIfChanged}, run: func(ctx context.Context, r *round) {
			if d.ports == nil || d.ports.round != r.reader.round {
				d.readPorts(ctx, r.reader)
			}
			if d.ports.err != nil {
				r.failed = true
			}
		}},
		{name: taskPorts, pace: paceFast, sections: []string{"port"}, run: d.readCounters},
	}
}

// portByIndex is the name of the port with an ifIndex; empty: there is none.
func (d *Device) portByIndex(ctx context.Context, r *reader, index string) string {
	if d.ports == nil {
		d.readPorts(ctx, r)
	}
	if i, ok := d.ports.at[index]; ok {
		return d.ports.list[i].Name
	}
	return ""
}

// named is the port that is called so, in whatever form devices write it.
func (p *ports) named(text string) string {
	if text == "" {
		return ""
	}
	if p.byName == nil {
		p.names()
	}
	if i, ok := p.byName[text]; ok {
		return p.list[i].Name
	}
	if i, ok := p.byName[strings.ToLower(text)]; ok {
		return p.list[i].Name
	}
	return ""
}

// macs are the addresses of the ports, each once.
func (p *ports) macs() []string {
	var out []string
	for i := range p.list {
		if m := p.list[i].Mac; m != "" && !localMAC(m) {
			out = append(out, m)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), 512)]
}

// readPorts reads what seldom changes of ports: names, kinds, addresses. What
// could not be read stays as it was.
func (d *Device) readPorts(ctx context.Context, r *reader) {
	expect, _ := integerOf(r.object(ctx, oidIfNumber).Value)
	t := r.table(ctx, session.Limits{Rows: mostPorts, Expect: int(min(max(expect, 0), mostPorts))},
		ifEntry+"2", ifEntry+"3", ifEntry+"4", ifEntry+"5", ifEntry+"6", ifEntry+"7", ifEntry+"8",
		ifXEntry+"1", ifXEntry+"15", ifXEntry+"17", ifXEntry+"18")
	p := &ports{err: t.Fault, round: r.round, fresh: true, at: make(map[string]int, len(t.Rows)), list: make([]port, 0, len(t.Rows))}
	if len(t.Rows) == 0 && d.ports != nil && len(d.ports.list) > 0 {
		old := *d.ports
		old.round = r.round
		old.err = fault(t.Fault, gone("ports"))
		d.ports = &old
		return
	}
	for _, row := range t.Rows {
		n, err := strconv.ParseInt(row.Index, 10, 64)
		if err != nil || len(p.list) == mostPorts {
			continue
		}
		x := d.portOf(n, row)
		x.mark = string(row.Cells[7].B)
		if x.mark != "" {
			p.mark = ifXEntry + "1"
		}
		p.list = append(p.list, x)
	}
	if p.mark == "" {
		p.mark = ifEntry + "2"
		for i, row := range t.Rows[:min(len(p.list), len(t.Rows))] {
			if p.list[i].index == row.Index {
				p.list[i].mark = string(row.Cells[0].B)
			}
		}
	}
	if t.Fault != nil && d.ports != nil {
		// Those that were not reached are still there.
		for _, old := range d.ports.list {
			if !slices.ContainsFunc(p.list, func(x port) bool { return x.index == old.index }) {
				p.list = append(p.list, old)
			}
		}
		slices.SortFunc(p.list, func(a, b port) int { return cmp.Compare(a.Index, b.Index) })
	}
	if skip := d.profile.ports.skip; skip != nil {
		p.list = slices.DeleteFunc(p.list, func(x port) bool { return skip.MatchString(x.Name) || skip.MatchString(x.Description) })
	}
	p.unique()
	for i := range p.list {
		p.at[p.list[i].index] = i
	}
	if old := d.ports; old != nil {
		p.keep(old)
	}
	d.ports = p
}

// keep takes over what the fast reading knew of ports that are still there.
func (p *ports) keep(old *ports) {
	for i := range p.list {
		x := &p.list[i]
		if j, ok := old.at[x.index]; ok && old.list[j].Name == x.Name {
			o := &old.list[j]
			x.MaxSpeedBits, x.ChangedAt = max(x.MaxSpeedBits, o.MaxSpeedBits), o.ChangedAt
		}
	}
}

// portOf makes the row of a port.
func (d *Device) portOf(n int64, row session.Row) port {
	c := row.Cells
	x := port{index: row.Index}
	x.Index = n
	name, descr, alias := textOf(c[7]), textOf(c[0]), textOf(c[10])
	x.Description, x.Alias = descr, alias
	switch d.profile.ports.Name {
	case "description":
		x.Name = firstText(descr, name, alias)
	case "alias":
		x.Name = firstText(alias, name, descr)
	default:
		x.Name = firstText(name, descr, alias)
	}
	if x.Name == "" {
		x.Name = row.Index
	}
	if v, ok := integerOf(c[1]); ok {
		x.TypeNumber = &v
	}
	x.Kind = portKind(x.TypeNumber, x.Name, descr)
	if v, ok := integerOf(c[2]); ok && v > 0 && v < math.MaxInt32 {
		x.MTU = v
	}
	x.Mac = macOf(c[4])
	x.Admin, x.Oper = adminStatus(c[5]), operStatus(c[6])
	x.SpeedBits = speedOf(c[8], c[3])
	x.MaxSpeedBits = x.SpeedBits
	if v, ok := integerOf(c[9]); ok && (v == 1 || v == 2) {
		x.Connector = new(v == 1)
	}
	return x
}

// unique puts the index behind names that several ports have.
func (p *ports) unique() {
	times := map[string]int{}
	for i := range p.list {
		times[p.list[i].Name]++
	}
	for i := range p.list {
		if x := &p.list[i]; times[x.Name] > 1 {
			x.Name = fmt.Sprintf("%s [%s]", x.Name, x.index)
		}
	}
}

// names fills byName: by name, description and alias, in this order; a text
// that several ports have names none.
func (p *ports) names() {
	p.byName = map[string]int{}
	for _, of := range []func(*port) string{
		func(x *port) string { return x.Name },
		func(x *port) string { return x.Description },
		func(x *port) string { return x.Alias },
		func(x *port) string { return strings.ToLower(x.Name) },
		func(x *port) string { return strings.ToLower(x.Description) },
	} {
		fresh := map[string]int{}
		for i := range p.list {
			s := of(&p.list[i])
			if s == "" {
				continue
			}
			if _, twice := fresh[s]; twice {
				fresh[s] = -1
			} else {
				fresh[s] = i
			}
		}
		for s, i := range fresh {
			if _, known := p.byName[s]; !known && i >= 0 {
				p.byName[s] = i
			}
		}
	}
}

// speedOf is the speed in bit/s; 0: the device does not know, or errs.
// ifHighSpeed counts in Mbit/s and ifSpeed ends at 2^32-1 (RFC 2863 §3.1.11);
// devices that write bit/s or all ones into ifHighSpeed are told by sizes that
// no port has.
func speedOf(high, low session.Value) int64 {
	const fastest = 10_000_000 // Mbit/s
	if h, ok := integerOf(high); ok && h > 0 && h <= fastest {
		return h * 1_000_000
	}
	if l, ok := integerOf(low); ok && l > 0 && l < math.MaxUint32 {
		return l
	}
	return 0
}

func adminStatus(v session.Value) string {
	switch n, _ := integerOf(v); n {
	case 1:
		return "up"
	case 2:
		return "down"
	case 3:
		return "testing"
	}
	return ""
}

func operStatus(v session.Value) string {
	names := []string{"", "up", "down", "testing", "unknown", "dormant", "not_present", "lower_layer_down"}
	if n, ok := integerOf(v); ok && n > 0 && n < int64(len(names)) {
		return names[n]
	}
	return ""
}

// portKind is what kind of port it is, by IANAifType and, where makers write
// "other" or "propVirtual", by its name.
func portKind(number *int64, name, descr string) string {
	low := strings.ToLower(name)
	full := strings.ToLower(descr)
	begins := func(list ...string) bool {
		return slices.ContainsFunc(list, func(s string) bool { return strings.HasPrefix(low, s) || strings.HasPrefix(full, s) })
	}
	n := int64(0)
	if number != nil {
		n = *number
	}
	switch n {
	case 24:
		return "loopback"
	case 71:
		return "wifi"
	case 161:
		return "lag"
	case 135, 136, 137:
		return "vlan"
	case 131, 150:
		return "tunnel"
	case 209:
		return "bridge"
	case 22, 23, 108:
		return "ppp"
	case 56:
		return "fibre_channel"
	}
	switch {
	case begins("mgmt", "management", "fxp", "oob", "me0", "em0:mgmt"):
		return "management"
	case begins("stack"):
		return "stack"
	case begins("port-channel", "bundle-ether", "bond", "trk", "link aggregation") || n == 54:
		return "lag"
	case n == 6, n == 7, n == 26, n == 62, n == 69, n == 117:
		if begins("vlan") || strings.HasPrefix(low, "vl") && len(low) > 2 && low[2] >= '0' && low[2] <= '9' {
			return "vlan"
		}
		return "ethernet"
	case begins("vlan", "vl"):
		return "vlan"
	case begins("loopback", "lo0"):
		return "loopback"
	case begins("tunnel"):
		return "tunnel"
	case n == 53:
		return "virtual"
	case n == 0:
		return ""
	}
	return "other"
}

// readCounters reads what changes all the time, and makes the section and the
// numbers of ports.
func (d *Device) readCounters(ctx context.Context, r *round) {
	if d.ports == nil {
		d.readPorts(ctx, r.reader)
	}
	p := d.ports
	if len(p.list) == 0 {
		put(r, taskPorts, []inventory.Port(nil), nil, p.err)
		return
	}
	all := counters()
	var ask []int // places in all
	var columns []string
	for i, c := range all {
		wanted := c.width == 0 || !p.known || c.width == 64 && p.wide || c.width == 32 && p.narrow && i != atSpeed || i == atSpeed && p.speed32
		switch d.profile.ports.Counters {
		case "hc":
			wanted = c.width != 32 || i == atSpeed && wanted
		case "narrow":
			wanted = c.width != 64
		case "both":
			wanted = true
		}
		if wanted {
			ask, columns = append(ask, i), append(columns, c.oid)
		}
	}
	t := r.reader.table(ctx, session.Limits{Rows: mostPorts}, append(columns, p.mark)...)
	if t.Fault != nil {
		r.failed = true
	}
	moved := p.moved(t, len(columns))
	if moved {
		d.readPorts(ctx, r.reader)
		p = d.ports
	}
	values := make([]float64, len(p.list)*len(all))
	for i := range values {
		values[i] = math.NaN()
	}
	changed := p.take(d, r, t, ask, values) || p.fresh
	p.fresh = false
	if moved {
		p.known = false // not all counters were asked for of what is there now
	}
	p.emit(r, len(all), values)
	p.told = true
	before := p.last
	p.last = fault(t.Fault, p.err)
	if !changed && p.last == nil && before == nil {
		r.quiet("port")
		return
	}
	r.put(p.part())
}

// moved says whether an ifIndex is another port's now: devices renumber when
// they start, and some when they are configured. The counters would be taken
// for those of another port.
func (p *ports) moved(t session.Table, at int) bool {
	return slices.ContainsFunc(t.Rows, func(row session.Row) bool {
		i, ok := p.at[row.Index]
		return ok && len(row.Cells[at].B) > 0 && string(row.Cells[at].B) != p.list[i].mark
	})
}

// part is the rows of ports as last read.
func (p *ports) part() *part {
	rows := make([]inventory.Port, len(p.list))
	for i := range p.list {
		rows[i] = p.list[i].Port
	}
	s, _ := inventory.Lookup("port")
	full, err := encode(s, rows)
	return &part{section: s, task: taskPorts, rows: full, err: fault(p.last, err)}
}

// take sorts the cells of a reading into values, one line a port, and follows
// state and speed. It says whether a row changed.
func (p *ports) take(d *Device, r *round, t session.Table, ask []int, values []float64) bool {
	width := len(values) / len(p.list)
	changed, unknown := false, false
	wide, narrow, speed32 := false, false, false
	last := 0
	here := make([]bool, len(p.list))
	for _, row := range t.Rows {
		if last >= len(p.list) || p.list[last].index != row.Index {
			i, ok := p.at[row.Index]
			if !ok {
				unknown = unknown || d.profile.ports.skip == nil
				continue
			}
			last = i
		}
		x := &p.list[last]
		line := values[last*width : (last+1)*width]
		here[last] = true
		last++
		var have [32]session.Value
		has := x.has
		for j, at := range ask {
			v := row.Cells[j]
			have[at] = v
			if f, ok := numberOf(v); ok {
				line[at] = f
				has |= 1 << at
			}
		}
		if x.wide(have) {
			wide = true
			// The narrow ones say the same, and less of it.
			for at := atIn; at < atSpeed; at++ {
				has &^= 1 << at
			}
		} else if have[atIn].Kind != session.Missing {
			narrow = true
			for at := atHCIn; at < atIn; at++ {
				has &^= 1 << at // they stand still, where they are at all
			}
		}
		if h := line[atHighSpeed]; h <= 0 || h > 10_000_000 {
			line[atHighSpeed] = math.NaN() // nonsense, or not known
			speed32 = speed32 || !p.known || have[atSpeed].Kind != session.Missing
		} else {
			has &^= 1 << atSpeed
		}
		if line[atSpeed] >= math.MaxUint32 {
			line[atSpeed] = math.NaN() // more than it can hold
		}
		x.has = has
		changed = x.follow(d, r, have, wide || narrow) || changed
	}
	if t.Fault == nil {
		if !p.known {
			p.known, p.wide, p.narrow, p.speed32 = true, wide, narrow, speed32
		}
		// Where ports came or went, their names have to be read again.
		for i := range p.list {
			unknown = unknown || p.list[i].seen && !here[i]
			p.list[i].seen = here[i]
		}
		if unknown {
			r.early(pacePorts)
		}
	}
	return changed
}

// wide says that a port has 64-bit counters: they are there, and they count, or
// the narrow ones do not either.
func (x *port) wide(have [32]session.Value) bool {
	if have[atHCIn].Kind == session.Missing {
		return false
	}
	counts := func(at int) bool {
		f, ok := numberOf(have[at])
		return ok && f > 0
	}
	return counts(atHCIn) || counts(atHCIn+1) || !counts(atIn) && !counts(atIn+1)
}

// follow takes state and speed of a port and says whether its row changed.
func (x *port) follow(d *Device, r *round, have [32]session.Value, counts bool) bool {
	before := x.Port
	if s := adminStatus(have[atAdmin]); s != "" {
		x.Admin = s
	}
	if s := operStatus(have[atOper]); s != "" {
		x.Oper = s
	}
	if have[atHighSpeed].Kind != session.Missing || have[atSpeed].Kind != session.Missing {
		s := speedOf(have[atHighSpeed], have[atSpeed])
		if s > 0 || have[atSpeed].Kind != session.Missing {
			x.SpeedBits = s
		}
		x.MaxSpeedBits = max(x.MaxSpeedBits, x.SpeedBits)
	}
	if n, ok := integerOf(have[atChange]); ok && r.clocks.System != nil && n > 0 && n <= int64(*r.clocks.System) {
		at := d.set.now().Add(-time.Duration(int64(*r.clocks.System)-n) * 10 * time.Millisecond).Truncate(time.Second).UTC()
		// The same moment is worked out a little differently each time.
		if at.Sub(x.ChangedAt).Abs() > 5*time.Second {
			x.ChangedAt = at
		}
	}
	narrow := counts && !x.wide(have) && have[atIn].Kind != session.Missing
	if x.SpeedBits > 100_000_000 && narrow {
		x.Unreliable = new(true)
	} else {
		x.Unreliable = nil
	}
	return before.Admin != x.Admin || before.Oper != x.Oper || before.SpeedBits != x.SpeedBits || before.MaxSpeedBits != x.MaxSpeedBits ||
		!before.ChangedAt.Equal(x.ChangedAt) || (before.Unreliable == nil) != (x.Unreliable == nil)
}

// label is the labels of a port's numbers.
func (x *port) label() []report.Label {
	if x.labels == nil {
		x.labels = []report.Label{{Key: "ifName", Value: x.Name}}
		if x.Description != "" {
			x.labels = []report.Label{{Key: "ifDescr", Value: x.Description}, {Key: "ifName", Value: x.Name}}
		}
	}
	return x.labels
}

// idle says that a port is not up and has carried nothing since its device
// started: half of an office's sockets. That it is so is all there is to keep of
// it, and series of zeros would be most of what the store holds.
func (x *port) idle(line []float64) bool {
	if x.Oper == "up" || x.Oper == "" {
		return false
	}
	known := false
	for _, at := range []int{atHCIn, atHCIn + 1, atIn, atIn + 1} {
		if line[at] > 0 {
			return false
		}
		known = known || line[at] == 0
	}
	return known
}

// emit adds the numbers of ports. Those of ports that are idle are left out.
func (p *ports) emit(r *round, width int, values []float64) {
	all := counters()
	n := 0
	for i := range p.list {
		n += bits.OnesCount32(p.list[i].has)
	}
	r.out.Layout = slices.Grow(r.out.Layout, n+16) // a few more come from other sections
	r.out.Values = slices.Grow(r.out.Values, n+16)
	for i := range p.list {
		x := &p.list[i]
		labels, has := x.label(), x.has
		if x.idle(values[i*width : (i+1)*width]) {
			has &= 1<<atAdmin | 1<<atOper
		}
		for at := range width {
			if has&(1<<at) != 0 {
				r.out.Layout = append(r.out.Layout, report.Series{Measurement: "interface", Field: all[at].field, Labels: labels})
				r.out.Values = append(r.out.Values, values[i*width+at])
			}
		}
	}
}
