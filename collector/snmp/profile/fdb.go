package profile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
)

// Q-BRIDGE-MIB (RFC 4363), BRIDGE-MIB, and IEEE8021-Q-BRIDGE-MIB.
const (
	oidQFdbPort   = "1.3.6.1.2.1.17.7.1.2.2.1.2"
	oidQFdbStatus = "1.3.6.1.2.1.17.7.1.2.2.1.3"
	oidQVlanFdbID = "1.3.6.1.2.1.17.7.1.4.2.1.3"
	oidDFdbMAC    = "1.3.6.1.2.1.17.4.3.1.1"
	oidDFdbPort   = "1.3.6.1.2.1.17.4.3.1.2"
	oidDFdbStatus = "1.3.6.1.2.1.17.4.3.1.3"
	oidIEEEFdb    = "1.3.111.2.802.1.1.4.1.2.2.1.3" // ieee8021QBridgeTpFdbPort
	oidVTPState   = "1.3.6.1.4.1.9.9.46.1.3.1.1.2"  // vtpVlanState
)

// Bounds of a forwarding table: that of a core switch has 100,000 addresses,
// and reading it must neither take the whole round nor load the device.
const (
	mostAddresses = 50_000
	fdbTime       = 40 * time.Second
	// fewAddresses is up to how many the status of each is asked for too.
	fewAddresses = 2000
	// mostContexts bounds the VLANs that are asked for one by one.
	mostContexts = 256
	// deadContexts is after how many of those without an answer, one after the
	// other, the rest is given up: each costs a timeout.
	deadContexts = 2
)

func fdbTasks() []*task {
	return []*task{{name: "FDB", pace: paceFDB, sections: []string{"fdb", "port"}, run: readFDB}}
}

// forwarding collects the addresses that a switch has learned.
type forwarding struct {
	ctx  context.Context
	r    *round
	rows []inventory.Fdb
	at   map[string]int
	more []elsewhere
}

// elsewhere is another port that a table tells for an address it has told a
// port for. A table without VLANs does that for an address learned in two of
// them: at the machine's own port, and at the uplink on which its frames come
// back from a router or firewall.
type elsewhere struct {
	row  int // in forwarding.rows
	port string
	base *int64
	how  string
}

// settle puts an address that was told on several ports on the one with the
// fewest addresses: the machine's own, since an uplink has those of many.
func (f *forwarding) settle() {
	on := map[string]int{}
	for i := range f.rows {
		on[f.rows[i].Port]++
	}
	for _, e := range f.more {
		on[e.port]++
	}
	for _, e := range f.more {
		if r := &f.rows[e.row]; on[e.port] < on[r.Port] {
			r.Port, r.BridgePort, r.Resolution = e.port, e.base, e.how
		}
	}
}

func (f *forwarding) add(vlan int64, mac string, port int64, status session.Value) {
	if mac == "" || groupMAC(mac) || len(f.rows) >= mostAddresses {
		return
	}
	row := inventory.Fdb{VlanID: vlan, Mac: mac, BridgePort: &port, Status: "learned"}
	switch n, _ := integerOf(status); n {
	case 1:
		row.Status = "other"
	case 2:
		return // invalid: on its way out
	case 4:
		row.Status = "self"
	case 5:
		row.Status = "static"
	}
	row.Port, row.Resolution = f.r.d.resolvePort(f.ctx, f.r.reader, port)
	if port == 0 && row.Status == "learned" && status.Kind == session.Missing {
		row.Status = "other" // known, but not where: mostly the switch's own
	}
	k := strconv.FormatInt(vlan, 10) + "/" + mac
	if i, known := f.at[k]; known {
		switch old := &f.rows[i]; {
		case old.Port == "" && row.Port != "":
			*old = row
		case row.Port != "" && row.Port != old.Port && row.Status == "learned" && old.Status == "learned" && len(f.more) < mostAddresses:
			f.more = append(f.more, elsewhere{i, row.Port, row.BridgePort, row.Resolution})
		}
		return
	}
	f.at[k] = len(f.rows)
	f.rows = append(f.rows, row)
}

// readFDB reads the forwarding table, from where the device has it: by VLAN in
// Q-BRIDGE-MIB, in IEEE8021-Q-BRIDGE-MIB, in BRIDGE-MIB, or there in a context
// for each VLAN. Where it was found is where it is looked for first.
func readFDB(ctx context.Context, r *round) {
	f := &forwarding{ctx: ctx, r: r, at: map[string]int{}}
	ways := []struct {
		name string
		read func() error
	}{
		{"q-bridge", f.byVLAN},
		{"ieee8021", f.byIEEE},
		{"contexts", f.byContext},
		{"bridge", func() error { return f.plain(r.reader, 0) }},
	}
	known := r.d.state.Learned["fdb"]
	slices.SortStableFunc(ways, func(a, b struct {
		name string
		read func() error
	}) int {
		return count(b.name == known) - count(a.name == known)
	})
	var err error
	for _, w := range ways {
		e := w.read()
		if len(f.rows) > 0 {
			r.d.state.learn("fdb", w.name)
			err = e
			break
		}
		err = fault(err, e)
	}
	f.settle()
	if len(f.rows) > 0 || r.d.state.had("FDB/fdb") > 0 {
		r.d.learnt = new(int64(len(f.rows)))
	}
	put(r, "FDB", f.rows, nil, err)
	learned := map[string]int64{}
	for _, row := range f.rows {
		if row.Port != "" && row.Status == "learned" {
			learned[row.Port]++
		}
	}
	ports := make([]inventory.Port, 0, len(learned))
	for _, name := range sortedKeys(learned) {
		ports = append(ports, inventory.Port{Name: name, MacCount: new(learned[name])})
	}
	put(r, "FDB", ports, nil, err)
}

// byVLAN reads dot1qTpFdbTable: its index is the number of a forwarding table
// and the address.
func (f *forwarding) byVLAN() error {
	r := f.r
	t := r.reader.table(f.ctx, session.Limits{Rows: mostAddresses, Time: fdbTime}, oidQFdbPort)
	if len(t.Rows) == 0 {
		return t.Fault
	}
	status := f.status(r.reader, oidQFdbStatus, len(t.Rows))
	vlans := f.vlanOf()
	for _, row := range t.Rows {
		p, ok := cutIndex([]IndexPart{{}, {Kind: "mac"}}, row.Index)
		port, num := integerOf(row.Cells[0])
		if !ok || !num {
			continue
		}
		f.add(vlans(p[0].raw), p[1].text, port, status[row.Index])
	}
	return t.Fault
}

// status reads the states of addresses, of which most devices have few.
func (f *forwarding) status(r *reader, oid string, rows int) map[string]session.Value {
	if rows > fewAddresses || f.r.d.state.Learned["missing/"+oid] != "" {
		return nil
	}
	c := r.column(f.ctx, oid)
	if c.err == nil && len(c.order) == 0 {
		f.r.d.state.learn("missing/"+oid, "yes")
	}
	return c.cells
}

// vlanOf tells the VLAN of a forwarding table's number. One that belongs to
// several VLANs tells none.
func (f *forwarding) vlanOf() func(fid string) int64 {
	oid := firstText(f.r.d.profile.fdb.VlanOf, oidQVlanFdbID)
	of := map[string]int64{}
	for index, v := range f.r.d.lookedUp(f.ctx, f.r.reader, oid) {
		// dot1qVlanCurrentTable is indexed by a time mark and the VLAN.
		vlan, err := strconv.ParseInt(index[strings.LastIndexByte(index, '.')+1:], 10, 64)
		fid, ok := integerOf(v)
		if oid != oidQVlanFdbID {
			// A profile's column: the index is the table's number, the value
			// the VLAN.
			vlan, fid = fid, vlan
		}
		if err != nil || !ok {
			continue
		}
		k := strconv.FormatInt(fid, 10)
		if old, twice := of[k]; twice && old != vlan {
			of[k] = 0
		} else {
			of[k] = vlan
		}
	}
	return func(fid string) int64 {
		if v, ok := of[fid]; ok {
			return v
		}
		n, err := strconv.ParseInt(fid, 10, 64)
		if err != nil || len(of) > 0 && n > 4094 {
			return 0
		}
		return n
	}
}

// byIEEE reads ieee8021QBridgeTpFdbTable: component, number of the forwarding
// table, address.
func (f *forwarding) byIEEE() error {
	t := f.r.reader.table(f.ctx, session.Limits{Rows: mostAddresses, Time: fdbTime}, oidIEEEFdb)
	for _, row := range t.Rows {
		p, ok := cutIndex([]IndexPart{{}, {}, {Kind: "mac"}}, row.Index)
		port, num := integerOf(row.Cells[0])
		if !ok || !num {
			continue
		}
		vlan, _ := strconv.ParseInt(p[1].raw, 10, 64)
		f.add(vlan, p[2].text, port, session.Value{})
	}
	return t.Fault
}

// plain reads dot1dTpFdbTable: its index is the address. Where it is not, as
// with agents that number the rows, the address is a column.
func (f *forwarding) plain(r *reader, vlan int64) error {
	t := r.table(f.ctx, session.Limits{Rows: mostAddresses, Time: fdbTime}, oidDFdbPort)
	if len(t.Rows) == 0 {
		return t.Fault
	}
	status := f.status(r, oidDFdbStatus, len(t.Rows))
	var column map[string]session.Value
	fail := t.Fault
	for _, row := range t.Rows {
		port, num := integerOf(row.Cells[0])
		if !num {
			continue
		}
		mac := ""
		if strings.Count(row.Index, ".") == 5 {
			if p, ok := cutIndex([]IndexPart{{Kind: "mac"}}, row.Index); ok {
				mac = p[0].text
			}
		} else {
			if column == nil {
				c := r.column(f.ctx, oidDFdbMAC)
				column, fail = c.cells, fault(fail, c.err)
			}
			mac = macOf(column[row.Index])
		}
		f.add(vlan, mac, port, status[row.Index])
	}
	return fail
}

// byContext asks for each VLAN in a context of its own, as Cisco's switches
// have it: community@vlan before version 3, context vlan-N in it.
func (f *forwarding) byContext() error {
	d := f.r.d
	if d.profile.fdb.Contexts != "vlan" {
		return nil
	}
	vlans, cut := f.activeVLANs()
	if len(vlans) == 0 {
		return nil
	}
	form := d.state.Learned["context"]
	b := d.readBridge(f.ctx, f.r.reader)
	dead, answered := 0, 0
	var err error
	b.contexts = nil
	for _, vlan := range vlans {
		name := strconv.FormatInt(vlan, 10)
		forms := []string{name, "vlan-" + name}
		switch form {
		case "number":
			forms = forms[:1]
		case "name":
			forms = forms[1:]
		}
		var e error
		for i, c := range forms {
			in := newReader(f.r.a.In(c))
			// The ports of the VLAN first: without them the numbers mean
			// nothing, and they are few.
			t := in.table(f.ctx, session.Limits{Rows: mostPorts, Time: fdbTime}, oidBasePort, oidBasePortIfIndex)
			if e = t.Fault; e != nil {
				continue
			}
			if len(t.Rows) == 0 {
				continue // no port is in it, or it is no context
			}
			b.add(t)
			if e = f.plain(in, vlan); e != nil {
				continue
			}
			b.contexts = append(b.contexts, c)
			if form == "" {
				form = []string{"number", "name"}[i]
				if len(forms) == 1 {
					form = d.state.Learned["context"]
				}
				d.state.learn("context", form)
			}
			break
		}
		if e == nil {
			dead = 0
			answered++
			continue
		}
		err = fault(err, e)
		if errors.Is(e, context.DeadlineExceeded) || errors.Is(e, context.Canceled) {
			break
		}
		if dead++; dead >= deadContexts {
			break
		}
	}
	if answered == 0 && len(f.rows) == 0 && !errors.Is(err, context.DeadlineExceeded) {
		// The device does not know contexts; its plain table is all there is.
		return nil
	}
	if cut > 0 {
		err = fault(err, fmt.Errorf("%w: %d VLANs are in use, and %d are asked one by one", session.ErrLimit, len(vlans)+cut, len(vlans)))
	}
	return err
}

// activeVLANs are VLANs in use, those for other networks than Ethernet left
// out, and only those that a port is in, where that is told; and how many more
// there are than are asked.
func (f *forwarding) activeVLANs() (out []int64, cut int) {
	d := f.r.d
	used := map[int64]bool{}
	for _, v := range d.lookedUp(f.ctx, f.r.reader, oidVmVlan) {
		if n, ok := integerOf(v); ok {
			used[n] = true
		}
	}
	trunks := len(d.lookedUp(f.ctx, f.r.reader, oidTrunkStatus)) > 0
	for index, v := range d.lookedUp(f.ctx, f.r.reader, oidVTPState) {
		n, err := strconv.ParseInt(index[strings.LastIndexByte(index, '.')+1:], 10, 64)
		s, _ := integerOf(v)
		if err != nil || s != 1 || n < 1 || n >= 1002 && n <= 1005 || n > 4094 {
			continue
		}
		if len(used) > 0 && !trunks && !used[n] {
			continue
		}
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b int64) int {
		if used[a] != used[b] {
			return count(used[b]) - count(used[a])
		}
		return int(a - b)
	})
	n := min(len(out), mostContexts)
	return out[:n], len(out) - n
}
