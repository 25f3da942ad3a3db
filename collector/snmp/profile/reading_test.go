package profile

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/report"
)

// section is one of a reading, and its rows.
func section[T inventory.Sectioner](t *testing.T, r Reading) (report.Section, []T) {
	t.Helper()
	var zero T
	for _, s := range r.Sections {
		if s.Name == zero.Section().Name {
			sec, _ := inventory.Lookup(s.Name)
			c, _, err := sec.Conform(s.Table())
			if err != nil {
				t.Fatal(err)
			}
			rows, err := inventory.Decode[T](c)
			if err != nil {
				t.Fatal(err)
			}
			return s, rows
		}
	}
	return report.Section{}, nil
}

func has(r Reading, section string) bool {
	return slices.ContainsFunc(r.Sections, func(s report.Section) bool { return s.Name == section })
}

func figureOf(r Reading, measurement, field, label string) float64 {
	for i, s := range r.Layout {
		if s.Measurement == measurement && s.Field == field && (label == "" || slices.ContainsFunc(s.Labels, func(l report.Label) bool { return l.Value == label })) {
			return r.Values[i]
		}
	}
	return math.Inf(-1)
}

func TestWalksThatFailCloseNothing(t *testing.T) {
	w := readWalk(t, "switch.walk")
	d := identify(t, w)
	read(t, d, w)

	w.fail[oidQFdbPort] = session.ErrLoop
	r := read(t, d, w, paceFDB)
	s, rows := section[inventory.Fdb](t, r)
	if s.Status != report.Partial || !strings.Contains(s.Reason, "repeats itself") || len(rows) == 0 || !slices.Contains(r.Again, paceFDB) {
		t.Errorf("a walk that broke off: %s %q, %d rows, again %v", s.Status, s.Reason, len(rows), r.Again)
	}
	delete(w.fail, oidQFdbPort)

	// All gone: addresses may be, parts of the device may not.
	w.drop(oidQFdbPort)
	s, rows = section[inventory.Fdb](t, read(t, d, w, paceFDB))
	if s.Status != report.OK || s.Name == "" || len(rows) != 0 {
		t.Errorf("no addresses any more: %q %s %q %d rows", s.Name, s.Status, s.Reason, len(rows))
	}
	w.drop("1.3.6.1.2.1.2.2.1")
	w.drop("1.3.6.1.2.1.31.1.1.1")
	r = read(t, d, w)
	s, _ = section[inventory.Port](t, r)
	if s.Status == report.OK {
		t.Errorf("ports that all went are believed: %s %q", s.Status, s.Reason)
	}
	w.drop(oidVlanName)
	w.drop("1.3.6.1.2.1.17.7.1.4.2.1")
	s, _ = section[inventory.Vlan](t, read(t, d, w))
	if s.Status != report.Failed || !strings.Contains(s.Reason, "no rows where it gave some before") {
		t.Errorf("VLANs that all went: %s %q", s.Status, s.Reason)
	}
}

func TestWhatWasThereIsKnownAfterARestart(t *testing.T) {
	w := readWalk(t, "switch.walk")
	d := identify(t, w)
	read(t, d, w)
	kept, err := d.Keep()
	if err != nil {
		t.Fatal(err)
	}
	w.drop(oidVlanName)
	w.drop("1.3.6.1.2.1.17.7.1.4.2.1")
	again, err := d.set.Identify(context.Background(), w, kept)
	if err != nil {
		t.Fatal(err)
	}
	if s, _ := section[inventory.Vlan](t, read(t, again, w)); s.Status != report.Failed {
		t.Errorf("VLANs that went while the collector did not run: %q %s", s.Name, s.Status)
	}
	if _, err := d.set.Identify(context.Background(), w, []byte("{broken")); err != nil {
		t.Error(err)
	}
}

func TestDevicesThatFallSilent(t *testing.T) {
	w := readWalk(t, "switch.walk")
	d := identify(t, w)
	read(t, d, w)
	w.fail[oidSysUpTime] = session.ErrTimeout
	if _, err := d.Read(context.Background(), w, nil); !errors.Is(err, session.ErrTimeout) {
		t.Errorf("silent from the first question on: %v", err)
	}
	delete(w.fail, oidSysUpTime)

	// Two questions without an answer, and the rest is given up.
	before := *w.requests
	read(t, d, w)
	usual := *w.requests - before
	for _, c := range []string{ifEntry + "2", ifEntry + "7", oidQFdbPort, oidIEEEFdb, oidDFdbPort, oidBasePort, oidVlanName, oidAddressOld + "2", oidARPMAC, lldpRemote + "4", entityEntry + "2"} {
		w.fail[c] = session.ErrTimeout
	}
	before = *w.requests
	r := read(t, d, w)
	if n := *w.requests - before; n > 6 || n*4 > usual {
		t.Errorf("a silent device was asked %d times, of %d", n, usual)
	}
	for _, s := range r.Sections {
		if s.Status == report.OK && slices.Contains([]string{"port", "fdb", "vlan", "arp", "neighbor", "address"}, s.Name) {
			t.Errorf("section %s of a silent device is ok", s.Name)
		}
	}
}

func TestPortsAreToldWhenTheyChange(t *testing.T) {
	w := readWalk(t, "switch.walk")
	d := identify(t, w)
	read(t, d, w)
	w.set(t, "1.3.6.1.2.1.31.1.1.1.6.1", "C", "1111111112222")
	r := read(t, d, w, paceFast)
	if has(r, "port") {
		t.Error("ports are told though nothing changed")
	}
	if v := figureOf(r, "interface", "ifHCInOctets", "gi1"); v != 1111111112222 {
		t.Errorf("counter is %v", v)
	}
	w.set(t, "1.3.6.1.2.1.2.2.1.8.1", "i", "2")
	if _, rows := section[inventory.Port](t, read(t, d, w, paceFast)); len(rows) != 5 || rows[0].Oper != "down" || rows[0].StpState != "forwarding" || rows[0].Duplex != "full" {
		t.Errorf("a port that went down: %+v", rows)
	}
	// A new port: its name has to be read.
	w.set(t, "1.3.6.1.2.1.2.2.1.8.5", "i", "1")
	w.set(t, "1.3.6.1.2.1.31.1.1.1.1.5", "s", "te5")
	r = read(t, d, w, paceFast)
	if !slices.Contains(r.Early, pacePorts) {
		t.Errorf("early: %v", r.Early)
	}
	if _, rows := section[inventory.Port](t, read(t, d, w, paceFast, pacePorts)); len(rows) != 6 {
		t.Errorf("%d ports", len(rows))
	}
}

func TestPortsKeepTheirNamesWhenIndexesMove(t *testing.T) {
	w := readWalk(t, "switch.walk")
	d := identify(t, w)
	read(t, d, w)
	for _, c := range []string{ifEntry + "8", ifXEntry + "1", ifXEntry + "6"} {
		for _, v := range w.list() {
			if v.OID == c+".1" {
				w.contexts[""] = append(w.contexts[""], session.Variable{OID: c + ".101", Value: v.Value})
			}
		}
		w.set(t, c+".1", "", "")
	}
	w.drop(ifEntry + "2.1")
	for _, c := range []string{"3", "4", "5", "6", "7", "9", "10", "13", "14"} {
		w.set(t, ifEntry+c+".1", "", "")
	}
	for _, c := range []string{"10", "15", "17", "18"} {
		w.set(t, ifXEntry+c+".1", "", "")
	}
	r := read(t, d, w)
	_, rows := section[inventory.Port](t, r)
	i := slices.IndexFunc(rows, func(p inventory.Port) bool { return p.Name == "gi1" })
	if i < 0 || rows[i].Index != 101 {
		t.Fatalf("ports: %+v", rows)
	}
	if v := figureOf(r, "interface", "ifHCInOctets", "gi1"); v != 1111111111111 {
		t.Errorf("counter of the port that moved: %v", v)
	}
}

// Some devices renumber when they are configured, without a start: counters are
// those of the port that the device calls so, in the same round.
func TestCountersFollowAPortThatWasRenumbered(t *testing.T) {
	w := readWalk(t, "switch.walk")
	d := identify(t, w)
	r := read(t, d, w)
	one, two := figureOf(r, "interface", "ifHCInOctets", "gi1"), figureOf(r, "interface", "ifHCInOctets", "te4")
	if one == two || math.IsInf(one, 0) || math.IsInf(two, 0) {
		t.Fatalf("%v %v", one, two)
	}
	for _, c := range []string{ifEntry + "2", ifXEntry + "1", ifXEntry + "6"} {
		at := map[string]session.Value{}
		for _, v := range w.list() {
			at[v.OID] = v.Value
		}
		for i, v := range w.contexts[""] {
			switch v.OID {
			case c + ".1":
				w.contexts[""][i].Value = at[c+".4"]
			case c + ".4":
				w.contexts[""][i].Value = at[c+".1"]
			}
		}
	}
	r = read(t, d, w, paceFast)
	if a, b := figureOf(r, "interface", "ifHCInOctets", "gi1"), figureOf(r, "interface", "ifHCInOctets", "te4"); a != one || b != two {
		t.Errorf("counters of gi1 and te4 are %v and %v, want %v and %v", a, b, one, two)
	}
	_, rows := section[inventory.Port](t, r)
	if i := slices.IndexFunc(rows, func(p inventory.Port) bool { return p.Name == "gi1" }); i < 0 || rows[i].Index != 4 {
		t.Errorf("ports: %+v", rows)
	}
	// From then on as before.
	if r = read(t, d, w, paceFast); has(r, "port") {
		t.Error("ports are told though nothing changed")
	}
}

// A socket that nothing is plugged into has a state and no counters, until
// something is.
func TestIdlePortsHaveNoCounters(t *testing.T) {
	w := readWalk(t, "switch.walk")
	at := func(state, octets string) {
		w.set(t, ifEntry+"8.1", "i", state)
		w.set(t, ifXEntry+"6.1", "C", octets)
		w.set(t, ifXEntry+"10.1", "C", octets)
		w.set(t, ifEntry+"10.1", "c", octets)
	}
	at("2", "0")
	d := identify(t, w)
	r := read(t, d, w)
	if v := figureOf(r, "interface", "ifOperStatus", "gi1"); v != 2 {
		t.Errorf("state of an idle port is %v", v)
	}
	if v := figureOf(r, "interface", "ifHCInOctets", "gi1"); !math.IsInf(v, -1) {
		t.Errorf("an idle port counts %v", v)
	}
	at("1", "0")
	if v := figureOf(read(t, d, w, paceFast), "interface", "ifHCInOctets", "gi1"); v != 0 {
		t.Errorf("a port that came up counts %v", v)
	}
	at("2", "77")
	if v := figureOf(read(t, d, w, paceFast), "interface", "ifHCInOctets", "gi1"); v != 77 {
		t.Errorf("a port that went down counts %v", v)
	}
}

func TestNamesThatTwoPortsHave(t *testing.T) {
	w := readWalk(t, "switch.walk")
	w.set(t, ifXEntry+"1.2", "s", "gi1")
	_, rows := section[inventory.Port](t, read(t, identify(t, w), w))
	var names []string
	for _, p := range rows {
		names = append(names, p.Name)
	}
	if !slices.Contains(names, "gi1 [1]") || !slices.Contains(names, "gi1 [2]") || slices.Contains(names, "gi1") {
		t.Errorf("%q", names)
	}
}

func TestNarrowCountersOnFastPortsAreMarked(t *testing.T) {
	w := readWalk(t, "switch.walk")
	w.set(t, ifXEntry+"15.2", "g", "1000")
	r := read(t, identify(t, w), w)
	_, rows := section[inventory.Port](t, r)
	for _, p := range rows {
		if marked := p.Unreliable != nil && *p.Unreliable; marked != (p.Name == "gi2") {
			t.Errorf("%s: unreliable %v", p.Name, marked)
		}
	}
	if v := figureOf(r, "interface", "ifInOctets", "gi1"); !math.IsInf(v, -1) {
		t.Errorf("a port with wide counters gives its narrow one too: %v", v)
	}
}

func TestSpeeds(t *testing.T) {
	g := func(n uint64) session.Value { return session.Value{Kind: session.Gauge32, U: n} }
	for _, c := range []struct {
		high, low session.Value
		want      int64
	}{
		{g(1000), g(1_000_000_000), 1_000_000_000},
		{g(100_000), g(math.MaxUint32), 100_000_000_000},
		{g(0), g(10_000_000), 10_000_000},
		{session.Value{}, g(100_000_000), 100_000_000},
		{g(math.MaxUint32), g(math.MaxUint32), 0},
		{g(1_000_000_000), g(1_000_000_000), 1_000_000_000},
		{session.Value{}, session.Value{}, 0},
	} {
		if got := speedOf(c.high, c.low); got != c.want {
			t.Errorf("ifHighSpeed %d, ifSpeed %d: %d, want %d", c.high.U, c.low.U, got, c.want)
		}
	}
}

func TestSignsOfChange(t *testing.T) {
	w := readWalk(t, "switch.walk")
	w.set(t, oidLLDPChanged, "t", "100")
	d := identify(t, w)
	read(t, d, w)
	if r := read(t, d, w, paceFast); len(r.Early) != 0 {
		t.Errorf("nothing changed, and yet %v", r.Early)
	}
	w.set(t, oidLLDPChanged, "t", "200")
	if r := read(t, d, w, paceFast); !slices.Equal(r.Early, []string{paceNeighbors}) {
		t.Errorf("early: %v", r.Early)
	}
	w.set(t, oidStpChanges, "c", "15")
	r := read(t, d, w, paceNeighbors)
	if len(r.Events) != 1 || r.Events[0].Kind != event.TopologyChanged || r.Events[0].Attributes["changes"] != "3" {
		t.Errorf("events: %v", r.Events)
	}
}

func TestAlarmsOfUPSUnits(t *testing.T) {
	w := readWalk(t, "ups.walk")
	d := identify(t, w)
	read(t, d, w)
	if r := read(t, d, w, paceFast); len(r.Events) != 0 {
		t.Errorf("told twice: %v", r.Events)
	}
	w.set(t, "1.3.6.1.2.1.33.1.2.1.0", "i", "2")
	w.set(t, "1.3.6.1.2.1.33.1.4.1.0", "i", "3")
	w.drop(oidUPSAlarms)
	r := read(t, d, w, paceFast)
	if len(r.Events) != 2 {
		t.Errorf("events: %v", r.Events) // the battery and the input
	}
	for _, e := range r.Events {
		if e.Kind == event.UPSAlarm && e.Attributes["active"] != "false" {
			t.Errorf("event %v", e)
		}
	}
	if v := figureOf(r, "upsd", "status_flags", ""); v != 8 {
		t.Errorf("flags on mains: %v", v)
	}
}

func TestForwardingTablesInContexts(t *testing.T) {
	const walk = `
1.3.6.1.2.1.1.1.0 s Cisco IOS Software
1.3.6.1.2.1.1.2.0 o 1.3.6.1.4.1.99999.9
1.3.6.1.2.1.1.3.0 t 100
1.3.6.1.2.1.31.1.1.1.1.1 s Gi0/1
1.3.6.1.2.1.31.1.1.1.1.2 s Gi0/2
1.3.6.1.4.1.9.9.46.1.3.1.1.2.1.1 i 1
1.3.6.1.4.1.9.9.46.1.3.1.1.2.1.20 i 1
1.3.6.1.4.1.9.9.46.1.3.1.1.2.1.30 i 2
1.3.6.1.4.1.9.9.46.1.3.1.1.2.1.1002 i 1
1.3.6.1.4.1.9.9.46.1.6.1.1.14.2 i 1
@1
1.3.6.1.2.1.17.1.4.1.1.1 i 1
1.3.6.1.2.1.17.1.4.1.2.1 i 1
1.3.6.1.2.1.17.4.3.1.2.0.0.94.0.83.1 i 1
@20
1.3.6.1.2.1.17.1.4.1.1.2 i 2
1.3.6.1.2.1.17.1.4.1.2.2 i 2
1.3.6.1.2.1.17.4.3.1.2.0.0.94.0.83.20 i 2
`
	dir := office(t, map[string]string{"cisco.yaml": "name: cisco\nextends: [switch]\nbuiltins: [cisco_vlans]\nmatch: [{description: Cisco}]\noptions: {fdb: {contexts: vlan}}\n"})
	for _, form := range []string{"", "vlan-"} {
		w, err := parseWalk([]byte(strings.NewReplacer("@1\n", "@"+form+"1\n", "@20\n", "@"+form+"20\n").Replace(walk)))
		if err != nil {
			t.Fatal(err)
		}
		s, err := Load(Own(), dir)
		if err != nil || len(s.Problems()) > 0 {
			t.Fatal(err, s.Problems())
		}
		s.Now = moment
		d, err := s.Identify(context.Background(), w, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := read(t, d, w)
		sec, rows := section[inventory.Fdb](t, r)
		if len(rows) != 2 || rows[0].VlanID != 1 || rows[0].Port != "Gi0/1" || rows[1].VlanID != 20 || rows[1].Port != "Gi0/2" {
			t.Errorf("form %q: %s %q %+v", form, sec.Status, sec.Reason, rows)
		}
		if _, rows := section[inventory.Vlan](t, r); len(rows) != 3 {
			t.Errorf("VLANs: %+v", rows)
		}
		if _, agents := section[inventory.SNMPAgent](t, r); !slices.Equal(agents[0].Contexts, []string{form + "1", form + "20"}) {
			t.Errorf("contexts: %q", agents[0].Contexts)
		}
	}
}

// deaf answers in no context.
type deaf struct {
	*walked
	asked *int
}

func (d deaf) In(string) session.Asker { return silent{d.asked} }

type silent struct{ asked *int }

func (s silent) Get(context.Context, ...string) ([]session.Variable, error) {
	*s.asked++
	return nil, session.ErrTimeout
}
func (s silent) Table(context.Context, []string, session.Limits) (session.Table, error) {
	*s.asked++
	return session.Table{Fault: session.ErrTimeout}, session.ErrTimeout
}
func (s silent) Walk(context.Context, string, session.Limits) ([]session.Variable, error) {
	*s.asked++
	return nil, session.ErrTimeout
}
func (s silent) In(string) session.Asker { return s }

func TestDeadContextsAreGivenUp(t *testing.T) {
	var b strings.Builder
	b.WriteString("1.3.6.1.2.1.1.1.0 s Cisco IOS Software\n1.3.6.1.2.1.1.2.0 o 1.3.6.1.4.1.99999.9\n1.3.6.1.2.1.1.3.0 t 100\n1.3.6.1.2.1.31.1.1.1.1.1 s Gi0/1\n")
	for _, vlan := range []string{"1", "2", "3", "4", "5", "6"} {
		b.WriteString("1.3.6.1.4.1.9.9.46.1.3.1.1.2.1." + vlan + " i 1\n")
	}
	w, err := parseWalk([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Load(Own(), office(t, map[string]string{"cisco.yaml": "name: cisco\nextends: [switch]\nmatch: [{description: Cisco}]\noptions: {fdb: {contexts: vlan}}\n"}))
	if err != nil {
		t.Fatal(err)
	}
	asked := new(int)
	a := deaf{w, asked}
	d, err := s.Identify(context.Background(), a, nil)
	if err != nil {
		t.Fatal(err)
	}
	read(t, d, a)
	if *asked > 2*deadContexts {
		t.Errorf("%d questions into contexts that do not answer", *asked)
	}
}

func TestTablesOfProfiles(t *testing.T) {
	const text = `name: acme
extends: [agent]
match: [{object_id: [1.3.6.1.4.1.99999.7], description: '^Acme'}]
metadata:
  vendor:  [{value: Acme}]
  model:   [{oid: 1.3.6.1.4.1.99999.7.1.0, map: '41=A-41, 42=A-42'}, {system: description, match: 'Acme (\S+)'}]
  version: [{system: description, match: 'v(\d+)\.(\d+)', take: '$1.$2'}]
  serial:  [{first: 1.3.6.1.4.1.99999.7.2.1.2, where: 1.3.6.1.4.1.99999.7.2.1.1, is: [3]}]
  os:      [{parts: [{metadata: vendor}, {value: OS}], glued: true}]
tables:
  - section: sensor
    entry: 1.3.6.1.4.1.99999.7.3.1
    index: [{name: slot}, {name: label, kind: text}]
    set: {kind: temperature}
    only: [{column: 4, is: [1]}]
    skip: [{index: label, match: '^unused'}, {column: 2, outside: [-400, 1500]}]
    fields:
      name:          [{parts: [{value: Slot}, {index: slot}, {index: label}]}]
      value:         [{column: 2, divisor: 10}]
      high_critical: [{column: 3, skip: [0]}, {value: '90'}]
      status:        [{column: 5, map: '1=ok, 2=warning, *=unknown'}]
      entity_index:  [{index: slot}]
  - section: processor
    entry: 1.3.6.1.4.1.99999.7.2.1
    fields:
      name:         [{lookup: 1.3.6.1.4.1.99999.7.4.1.1, by: 'column:3'}, {index: '*'}]
      load_percent: [{column: 4, blank: '^n/a$'}]
  - section: fdb
    entry: 1.3.6.1.4.1.99999.7.5.1
    index: [{name: vlan}, {name: mac, kind: mac}]
    fields:
      vlan_id: [{index: vlan}]
      mac:     [{index: mac}]
      port:    [{column: 3, as: port}]
scalars:
  - section: memory_pool
    set: {name: Main}
    fields:
      size_bytes:   [{oid: 1.3.6.1.4.1.99999.7.6.1.0, scale: 1024}]
      used_percent: [{oid: 1.3.6.1.4.1.99999.7.6.2.0}]
  - section: sensor
    set: {kind: voltage, name: Rail}
    objects: {value: 1.3.6.1.4.1.99999.7.6.9.0}
numbers:
  firewall.sessions: [{sum: 1.3.6.1.4.1.99999.7.7.1.2}]
  firewall.vpn_users: [{oid: 1.3.6.1.4.1.99999.7.8.0}]
`
	const walk = `
1.3.6.1.2.1.1.1.0 s Acme Gate v7.12 build 3
1.3.6.1.2.1.1.2.0 o 1.3.6.1.4.1.99999.7.9
1.3.6.1.2.1.1.3.0 t 100
1.3.6.1.2.1.31.1.1.1.1.8 s wan
1.3.6.1.4.1.99999.7.1.0 i 42
1.3.6.1.4.1.99999.7.2.1.1.1 i 9
1.3.6.1.4.1.99999.7.2.1.1.2 i 3
1.3.6.1.4.1.99999.7.2.1.2.1 s PORT1
1.3.6.1.4.1.99999.7.2.1.2.2 s SN77
1.3.6.1.4.1.99999.7.2.1.3.1 i 500
1.3.6.1.4.1.99999.7.2.1.3.2 i 501
1.3.6.1.4.1.99999.7.2.1.4.1 s 12 %
1.3.6.1.4.1.99999.7.2.1.4.2 s n/a
1.3.6.1.4.1.99999.7.3.1.2.1.3.67.80.85 i 415
1.3.6.1.4.1.99999.7.3.1.2.2.3.67.80.85 i 9999
1.3.6.1.4.1.99999.7.3.1.2.3.6.117.110.117.115.101.100 i 100
1.3.6.1.4.1.99999.7.3.1.2.4.3.67.80.85 i 300
1.3.6.1.4.1.99999.7.3.1.3.1.3.67.80.85 i 0
1.3.6.1.4.1.99999.7.3.1.4.1.3.67.80.85 i 1
1.3.6.1.4.1.99999.7.3.1.4.2.3.67.80.85 i 1
1.3.6.1.4.1.99999.7.3.1.4.3.6.117.110.117.115.101.100 i 1
1.3.6.1.4.1.99999.7.3.1.4.4.3.67.80.85 i 2
1.3.6.1.4.1.99999.7.3.1.5.1.3.67.80.85 i 7
1.3.6.1.4.1.99999.7.4.1.1.500 s Control
1.3.6.1.4.1.99999.7.5.1.3.5.0.0.94.0.83.7 i 8
1.3.6.1.4.1.99999.7.6.1.0 g 2048
1.3.6.1.4.1.99999.7.6.2.0 g 25
1.3.6.1.4.1.99999.7.7.1.2.1 g 10
1.3.6.1.4.1.99999.7.7.1.2.2 g 32
`
	s, err := Load(Own(), office(t, map[string]string{"acme.yaml": text}))
	if err != nil || len(s.Problems()) > 0 {
		t.Fatal(err, s.Problems())
	}
	s.Now = moment
	w, err := parseWalk([]byte(walk))
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.Identify(context.Background(), w, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"vendor": "Acme", "model": "A-42", "version": "7.12", "serial": "SN77", "os": "AcmeOS"} {
		if got := d.Fact(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	r := read(t, d, w)
	_, sensors := section[inventory.Sensor](t, r)
	if len(sensors) != 1 || sensors[0].Name != "Slot 1 CPU" || *sensors[0].Value != 41.5 || *sensors[0].HighCritical != 90 || sensors[0].Status != "unknown" || sensors[0].Unit != "celsius" || *sensors[0].EntityIndex != 1 {
		t.Errorf("sensors: %+v", sensors)
	}
	_, cpus := section[inventory.Processor](t, r)
	if len(cpus) != 1 || cpus[0].Name != "Control" || *cpus[0].Load != 12 {
		t.Errorf("processors: %+v", cpus)
	}
	_, pools := section[inventory.MemoryPool](t, r)
	if len(pools) != 1 || *pools[0].SizeBytes != 2<<20 || *pools[0].UsedBytes != 512<<10 || *pools[0].FreeBytes != 1536<<10 {
		t.Errorf("pools: %+v", pools)
	}
	_, fdb := section[inventory.Fdb](t, r)
	if len(fdb) != 1 || fdb[0].VlanID != 5 || fdb[0].Mac != "00:00:5e:00:53:07" || fdb[0].Port != "wan" || fdb[0].Local == nil || *fdb[0].Local {
		t.Errorf("fdb: %+v", fdb)
	}
	if v := figureOf(r, "firewall", "sessions", ""); v != 42 {
		t.Errorf("sessions: %v", v)
	}
	if v := figureOf(r, "firewall", "vpn_users", ""); !math.IsInf(v, -1) {
		t.Errorf("a number that the device does not have: %v", v)
	}
	if v := figureOf(r, "temp", "temp", "Slot 1 CPU"); v != 41.5 {
		t.Errorf("temp: %v", v)
	}
}

func TestTheMostSpecificProfileFits(t *testing.T) {
	files := map[string]string{
		"a.yaml": "name: a\nmatch: [{object_id: [1.3.6.1.4.1.99999]}]\n",
		"b.yaml": "name: b\nmatch: [{object_id: [1.3.6.1.4.1.99999.1]}]\n",
		"c.yaml": "name: c\nmatch: [{object_id: [1.3.6.1.4.1.99999.1], description: Linux}]\n",
		"d.yaml": "name: d\nmatch: [{object_id: [1.3.6.1.4.1.99999.1], probe: 1.3.6.1.4.1.99999.50.0, probe_text: '^yes$'}]\n",
		"e.yaml": "name: e\nmatch: [{object_id: [1.3.6.1.4.1.99999.1], not_description: Linux, below: 1.3.6.1.4.1.99999.60}]\n",
		"f.yaml": "name: f\nmatch: [{object_id: [1.3.6.1.4.1.9999]}]\n",
	}
	s, err := Load(Own(), office(t, files))
	if err != nil || len(s.Problems()) > 0 {
		t.Fatal(err, s.Problems())
	}
	for _, c := range []struct{ id, descr, more, want string }{
		{"1.3.6.1.4.1.99999.2", "x", "", "a"},
		{"1.3.6.1.4.1.99999.1.5", "x", "", "b"},
		{"1.3.6.1.4.1.99999.1.5", "Linux", "", "c"},
		{"1.3.6.1.4.1.99999.1.5", "Linux", "1.3.6.1.4.1.99999.50.0 s yes\n", "d"},
		{"1.3.6.1.4.1.99999.1.5", "Linux", "1.3.6.1.4.1.99999.50.0 s no\n", "c"},
		{"1.3.6.1.4.1.99999.1.5", "x", "1.3.6.1.4.1.99999.60.1.2 i 1\n", "e"},
		{"1.3.6.1.4.1.99999.1.5", "Linux", "1.3.6.1.4.1.99999.60.1.2 i 1\n", "c"},
		{"1.3.6.1.4.1.5.5", "x", "", "any"},
	} {
		w, err := parseWalk([]byte("1.3.6.1.2.1.1.1.0 s " + c.descr + "\n1.3.6.1.2.1.1.2.0 o " + c.id + "\n1.3.6.1.2.1.1.3.0 t 1\n" + c.more))
		if err != nil {
			t.Fatal(err)
		}
		d, err := s.Identify(context.Background(), w, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d.Profile() != c.want {
			t.Errorf("%s %s %q: %s, want %s", c.id, c.descr, c.more, d.Profile(), c.want)
		}
	}
}

func TestPaces(t *testing.T) {
	d := identify(t, readWalk(t, "switch.walk"))
	paces := d.Paces()
	if len(paces) == 0 || paces[0] != (Pace{paceFast, time.Minute}) {
		t.Fatalf("%v", paces)
	}
	for i, p := range paces {
		if p.Every < time.Minute || i > 0 && p.Every < paces[i-1].Every {
			t.Errorf("%v", paces)
		}
	}
}

func TestWhatADeviceDoesNotHaveIsAskedForSeldom(t *testing.T) {
	w := readWalk(t, "switch.walk")
	d := identify(t, w)
	read(t, d, w)
	before := *w.requests
	read(t, d, w, paceFast)
	if n := *w.requests - before; n > 2 {
		t.Errorf("a round in which only ports are asked for takes %d questions", n)
	}
	// It got processors: an hour later they are seen.
	w.set(t, oidProcessorLoad+".1", "i", "7")
	if r := read(t, d, w, paceFast, paceSlow); !has(r, "processor") {
		t.Error("what came is not seen")
	}
}

func TestSensorsThatAreNamedAlike(t *testing.T) {
	s, _ := inventory.Lookup("sensor")
	row := func(kind, name string, value float64) []any {
		r := newRow(s)
		r[s.Index("kind")], r[s.Index("name")], r[s.Index("value")] = kind, name, value
		return r
	}
	a, ok := assemble(s, []*part{
		{section: s, task: "one", rows: [][]any{row("temperature", "CPU", 40), row("temperature", "CPU", 41), row("voltage", "CPU", 1)}, index: []string{"7", "8", "9"}, fresh: true},
		{section: s, task: "two", rows: [][]any{row("temperature", "CPU", 42), row("temperature", "Board", 30)}, index: []string{"7", "8"}, fresh: true},
	})
	if !ok {
		t.Fatal("nothing")
	}
	var got []string
	for _, r := range a.rows {
		got = append(got, textAt(r, s.Index("kind"))+" "+textAt(r, s.Index("name")))
	}
	want := []string{"temperature CPU [7]", "temperature CPU [8]", "voltage CPU", "temperature CPU [2]", "temperature Board"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
