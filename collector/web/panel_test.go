package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"muster/collector/api"
	"muster/collector/store"
	"muster/internal/inventory"
)

func TestPlaceOfAPort(t *testing.T) {
	for _, x := range []struct {
		name    string
		speed   int64
		group   string
		short   string
		n       int
		optical bool
	}{
		{"Gi1/0/12", 1e9, "1", "12", 12, false},
		{"GigabitEthernet2/0/1", 1e9, "2", "1", 1, false},
		{"Te1/1/1", 10e9, "1", "T1", 1, true},
		{"ether7", 1e9, "", "7", 7, false},
		{"sfp-sfpplus2", 10e9, "", "T2", 2, true},
		{"24", 1e9, "", "24", 24, false},
		{"A3", 1e9, "", "3", 3, false},
		{"mgmt", 1e9, "~", "mgmt", 0, false},
		{"99999999999999999999", 1e9, "~", "99999999999999999999", 0, false},
	} {
		group, short, n, optical := place(x.name, x.speed)
		if group != x.group || short != x.short || n != x.n || optical != x.optical {
			t.Errorf("%s is %q %q %d %t", x.name, group, short, n, optical)
		}
	}
}

// bench is a switch of ports in use, each with so many damaged frames a day.
func bench(damaged ...int64) []*socket {
	var lines []api.PortLine
	for i, n := range damaged {
		lines = append(lines, api.PortLine{Name: fmt.Sprintf("Gi1/0/%d", i+1), Admin: "up", Role: "access",
			End: api.CableEnd{State: "up", SpeedBits: 1e9, Duplex: "full", Errors: api.Errors{In: new(n)}}})
	}
	all := sockets(lines, nil)
	for _, x := range all {
		x.judge()
	}
	return all
}

// TestCulprit wants the sentence to follow from what the neighbors show.
func TestCulprit(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	say := func(x *socket, all []*socket) string { return culprit(x, all, now).String() }
	one := bench(0, 3, 41208, 0, 0, 2)
	if got := say(one[2], one); !strings.Contains(got, "41,208 frames were damaged") || !strings.Contains(got, "Ports 1, 2, 4, 5 and 6 beside it are clean, so it is this cable, this wall port or what hangs on it.") {
		t.Error(got)
	}
	one[2].Hosts = []api.Place{{Device: &api.NamedDevice{Kind: "pc", Name: "<b>x"}}}
	if got := say(one[2], one); !strings.Contains(got, "or this PC.") {
		t.Error(got)
	}
	all := bench(9000, 9100, 8800, 9500, 0)
	if got := say(all[0], all); !strings.Contains(got, "on 4 of the 5 ports in use: look at the device itself") {
		t.Error(got)
	}
	some := bench(9000, 9100, 0, 0, 0, 0)
	if got := say(some[0], some); !strings.Contains(got, "port 2 has it too") {
		t.Error(got)
	}
	up := bench(0, 500)
	up[1].Gear, up[1].Who = &api.NamedDevice{Name: "sw-2"}, "sw-2"
	if got := say(up[1], up); !strings.Contains(got, "leads to sw-2") {
		t.Error(got)
	}
	fine := bench(0, 20)
	if got := say(fine[1], fine); !strings.HasPrefix(got, "Nothing wrong") {
		t.Error(got)
	}
	slow := bench(0)
	slow[0].End.SpeedBits, slow[0].MaxBits = 100e6, 1e9
	slow[0].judge()
	if got := say(slow[0], slow); slow[0].State != "slow" || !strings.Contains(got, "100 Mb/s and can do 1 Gb/s") {
		t.Error(slow[0].State, got)
	}
	off := bench(0)
	off[0].Admin = "down"
	off[0].judge()
	if got := say(off[0], off); !strings.Contains(got, "switched this port off") {
		t.Error(got)
	}
	down := bench(0)
	down[0].End.State, down[0].Changed = "down", now.Add(-72*time.Hour)
	down[0].judge()
	if got := say(down[0], down); !strings.Contains(got, "until 3 d ago") {
		t.Error(got)
	}
	// What a device says is text, whatever it says: templates escape it.
	bad := bench(0)
	bad[0].Finding = &store.Finding{Title: "<img src=x>", Severity: "warn"}
	bad[0].judge()
	if got := say(bad[0], bad); !strings.HasPrefix(got, "<img src=x>.") || bad[0].State != "err" {
		t.Error(got)
	}
}

func TestBothEnds(t *testing.T) {
	ends := func(here, there int64, a, b string) string {
		p := &api.Place{Device: &api.NamedDevice{Name: "pc-7"}, PortEnd: &api.CableEnd{Duplex: a, Errors: api.Errors{In: new(here)}}, DeviceEnd: &api.CableEnd{Duplex: b, Errors: api.Errors{In: new(there)}}}
		return bothEnds(p, nil).String()
	}
	for want, got := range map[string]string{
		"on the way from pc-7": ends(40000, 0, "full", "full"),
		"on the way to it":     ends(0, 40000, "full", "full"),
		"Both ends see damage": ends(9000, 8000, "full", "full"),
		"do not agree":         ends(9000, 0, "full", "half"),
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q, got %q", want, got)
		}
	}
	if got := ends(3, 0, "full", "full"); got != "" {
		t.Errorf("a few frames are no fault: %q", got)
	}
	if got := bothEnds(&api.Place{PortEnd: &api.CableEnd{}}, nil); got != "" {
		t.Errorf("one end alone: %q", got)
	}
}

// TestPanelLaysOut wants blocks of twelve in the order of the metal, the optical
// sockets apart, members of a stack apart, and nothing that has no socket.
func TestPanelLaysOut(t *testing.T) {
	var lines []api.PortLine
	add := func(name, role string) {
		lines = append(lines, api.PortLine{Name: name, Role: role, End: api.CableEnd{State: "up"}})
	}
	for unit := 2; unit >= 1; unit-- {
		for n := 24; n >= 1; n-- {
			add(fmt.Sprintf("Gi%d/0/%d", unit, n), "access")
		}
		add(fmt.Sprintf("Te%d/1/1", unit), "uplink")
	}
	add("Vlan10", "internal")
	p := &panelView{By: "state"}
	all := sockets(lines, nil)
	for _, x := range all {
		x.judge()
	}
	p.lay(all)
	if len(p.Units) != 2 || p.Units[0].Word.String() != "Unit 1" || len(p.Units[0].Blocks) != 3 {
		t.Fatalf("units: %+v", p.Units)
	}
	b := p.Units[0].Blocks
	if b[0].Sockets[0].Name != "Gi1/0/1" || b[0].Sockets[11].Name != "Gi1/0/12" || b[1].Sockets[11].Name != "Gi1/0/24" || b[2].Sockets[0].Name != "Te1/1/1" || !b[2].Uplinks {
		t.Errorf("blocks of unit 1 are in the wrong order: %s %s %s", b[0].Sockets[0].Name, b[1].Sockets[11].Name, b[2].Sockets[0].Name)
	}
	p.Text = "gi2/0/2"
	p.list(all)
	if len(p.Rows) != 6 || p.Cut != len(all)-6 { // 2 and 20 to 24
		t.Errorf("%d rows, %d cut", len(p.Rows), p.Cut)
	}
}

func TestTopologyGrows(t *testing.T) {
	end := func(name, kind, site, port string) api.LinkEnd {
		return api.LinkEnd{Device: &api.NamedDevice{ID: inventory.DeviceID(name), Name: name, Kind: kind, Site: site}, Name: name, Port: port, CableEnd: api.CableEnd{SpeedBits: 1e9}}
	}
	topo := api.Topology{Counted: true}
	link := func(a, b api.LinkEnd) {
		topo.Links = append(topo.Links, api.Link{A: a, B: b, Confidence: "high", How: []string{"lldp"}})
	}
	core := end("core", "router", "a/hq", "te1")
	for i := range 200 { // 200 switches at 10 sites, and one ring
		link(end(fmt.Sprintf("sw-%03d", i), "switch", fmt.Sprintf("a/site-%d", i%10), "gi1"), core)
	}
	link(end("sw-000", "switch", "a/site-0", "gi2"), end("sw-001", "switch", "a/site-1", "gi2"))
	topo.Links[3].Faults = []string{"the speeds differ"}
	p := &topologyPage{}
	p.cables(topo)
	p.grow(topo, nil, map[string]string{"sw-005": "critical"})
	if len(p.Trees) != 1 || p.Trees[0].Name != "core" || p.Trees[0].Below != 200 || p.Nodes != 201 {
		t.Fatalf("%d trees, first %+v", len(p.Trees), p.Trees[0])
	}
	if n := p.Trees[0]; len(n.Folds) != 10 || len(n.Children) != 0 {
		t.Fatalf("not folded by site: %d folds", len(n.Folds))
	}
	open, also := "", 0
	for _, f := range p.Trees[0].Folds {
		if f.Open {
			open += f.Site
		}
		for _, c := range f.Children {
			also += len(c.Also)
		}
	}
	if open != "a/site-5" || also != 1 {
		t.Errorf("open: %q; %d cables beside the tree", open, also)
	}
	if p.Faulty != 1 || !p.Links[0].Fault {
		t.Errorf("%d faulty, first %+v", p.Faulty, p.Links[0])
	}
	hostile := api.Topology{Links: []api.Link{{A: api.LinkEnd{Name: "a\"]; evil [label=\"\n\\"}, B: core}}}
	var b strings.Builder
	if err := writeDot(&b, hostile); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `a\"]; evil [label=\"\n\\`) {
		t.Errorf("a name leaves its quotes: %s", b.String())
	}
}

func TestVlans(t *testing.T) {
	sw := func(name string) api.NamedDevice { return api.NamedDevice{ID: inventory.DeviceID(name), Name: name} }
	row := func(d string, v api.Row) api.SectionRow { return api.SectionRow{Device: sw(d), Values: v} }
	p := &vlansPage{}
	p.collect(api.SectionRows{Rows: []api.SectionRow{row("a", api.Row{"vlan_id": int64(10), "name": "users"}), row("b", api.Row{"vlan_id": int64(10), "name": "staff"}), row("c", api.Row{"vlan_id": int64(10), "name": "users"}), row("a", api.Row{"vlan_id": int64(20), "name": "voice"})}},
		api.SectionRows{Rows: []api.SectionRow{
			row("a", api.Row{"name": "1", "oper_status": "up", "untagged_vlan": int64(10), "voice_vlan": int64(20)}),
			row("a", api.Row{"name": "2", "oper_status": "down", "untagged_vlan": int64(10)}),
			row("a", api.Row{"name": "24", "tagged_vlans": "1-4094"}),
		}})
	if len(p.List) != 2 || p.List[0].Name() != "users / staff" || !p.List[0].Clash || p.List[0].Ports != 2 || p.List[0].InUse != 1 || p.List[0].Tagged != 1 || p.List[1].Voice != 1 {
		t.Errorf("%+v %+v", p.List[0], p.List[1])
	}
	if got := numbersIn("10, 20-22,x,30-y,4000-99999999"); len(got) != 4+95 || got[3] != 22 {
		t.Errorf("%d numbers: %v", len(got), got[:5])
	}
}

func TestAnswersAreDrawn(t *testing.T) {
	c := clock{zone: time.UTC, now: time.Now()}
	draw := func(columns []string, rows ...[]any) *sqlPage {
		p := &sqlPage{}
		p.answer(api.SQLAnswer{Columns: columns, Rows: rows}, c)
		return p
	}
	bars := draw([]string{"os", "n"}, []any{"<b>x", 3.0}, []any{nil, 6.0})
	if len(bars.Bars) != 2 || bars.Bars[0].Share != "50" || bars.Picture != "" || !bars.Rows[0][1].Num || strings.Contains(string(bars.Rows[0][0].Text), "<b>") {
		t.Errorf("%+v", bars)
	}
	line := draw([]string{"day", "n"}, []any{"2026-11-01", 1.0}, []any{"2026-11-02", 5.0}, []any{"2026-11-03", 2.0})
	if line.Picture == "" || len(line.Bars) != 0 {
		t.Errorf("%+v", line)
	}
	if p := draw([]string{"a", "b"}, []any{"x", "y"}, []any{"x", "z"}); p.Picture != "" || len(p.Bars) != 0 {
		t.Errorf("texts are no picture: %+v", p)
	}
	if p := draw([]string{"a"}); p.Title.String() != "0 rows" || len(p.Rows) != 0 {
		t.Errorf("%+v", p)
	}
}

func TestTitlesHaveAddresses(t *testing.T) {
	for name, want := range map[string]string{
		"Adobe Reader": "/software/Adobe%20Reader",
		"a?b#c%d":      "/software/a%3Fb%23c%25d",
		"lib/x":        "/software/title?name=lib%2Fx",
		"..":           "/software/title?name=..",
		"title":        "/software/title?name=title",
	} {
		if got := titleLink(name); got != want {
			t.Errorf("%q is at %s", name, got)
		}
	}
	if got := titleWith("..", "version", "1"); got != "/software/title?name=..&version=1" {
		t.Error(got)
	}
	if got := softwareTerm(`a"b`, "<", "2"); got != `software="a""b"<"2"` {
		t.Error(got)
	}
}
