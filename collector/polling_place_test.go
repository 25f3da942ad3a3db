package collector

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collector/api"
	"muster/collector/authority"
	"muster/collector/intake"
	"muster/collector/snmp/profile/score"
	"muster/collector/snmp/snmptest"
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// hanging is where a PC is known to hang: at which address its switch is asked.
type hanging struct {
	sw        netip.AddrPort
	port, mac string
}

// pc puts a PC into the inventory as its agent would report it.
func pc(t *testing.T, c *collector, name, mac string) {
	t.Helper()
	id := authority.NewDeviceID(time.Now())
	if err := c.inventory.AddDevice(t.Context(), store.NewDevice{ID: id, Kind: "pc", Name: name, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	rows, err := inventory.Encode([]inventory.Interface{{Name: "Ethernet", Kind: "ethernet", Mac: mac, Physical: new(true), LinkUp: new(true), SpeedBits: 1e9, Duplex: "full"}})
	if err != nil {
		t.Fatal(err)
	}
	schema, _ := inventory.Lookup("interface")
	full, _, err := schema.Conform(rows)
	if err != nil {
		t.Fatal(err)
	}
	sec := report.Section{Name: "interface", Columns: full.Columns, Rows: full.Rows}
	sec.Seal(schema, full)
	now := time.Now().UnixMilli()
	e := &report.Envelope{Version: report.Version, Epoch: 1, Oldest: 1, Sent: now, Reports: []report.Report{{Seq: 1, Time: now, Sections: []report.Section{sec},
		Root: inventory.Root(map[string]inventory.Hash{"interface": sec.Hash})}}}
	if a, err := c.door.Accept(t.Context(), intake.Sender{Device: id, Address: "127.0.0.1"}, e); err != nil || a.Acked != 1 {
		t.Fatalf("%+v, %v", a, err)
	}
}

// foundAll asks for each PC by its name, over the API, until all are where they
// hang.
func foundAll(t *testing.T, c *collector, pcs map[string]hanging) {
	t.Helper()
	ask := api.Socket(filepath.Join(c.cfg.Data, SocketName))
	for name, want := range pcs {
		pc(t, c, name, want.mac)
	}
	last := ""
	until(t, "all switches to be known", func() bool {
		return !slices.ContainsFunc(targets(t, c), func(x store.Target) bool { return x.Device == "" || x.State != store.Live })
	})
	at := map[netip.AddrPort]inventory.DeviceID{}
	for _, x := range targets(t, c) {
		at[x.AddrPort()] = x.Device
	}
	until(t, "every PC to be found on its port", func() bool {
		wrong := 0
		for name, want := range pcs {
			got, err := ask.PortWhere(t.Context(), api.PortWhereInput{What: name})
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Places) > 0 && got.Places[0].Switch != nil && got.Places[0].Switch.ID == at[want.sw] && got.Places[0].Port == want.port {
				continue
			}
			if wrong++; wrong == 1 {
				at := []string{}
				for _, p := range got.Places {
					at = append(at, fmt.Sprint(p.Port, " ", p.How, " ", p.Confidence))
				}
				if s := fmt.Sprintf("%s (%s) is at %q, want %s", name, want.mac, at, want.port); s != last {
					last = s
					t.Log(s)
				}
			}
		}
		return wrong == 0
	})
}

// A made-up office: two switches on a cable, PCs on both, two behind a small
// switch, and one that a phone passes on.
func TestPCsAreFoundOnThePortsOfPolledSwitches(t *testing.T) {
	t.Parallel()
	c := office(t)
	pcs := map[string]hanging{}
	mac := func(sw, n int) string { return fmt.Sprintf("b4:2e:99:00:%02x:%02x", sw, n) }
	fdb := func(mac string, port int) string {
		var arcs []string
		hw, err := net.ParseMAC(mac)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range hw {
			arcs = append(arcs, fmt.Sprint(b))
		}
		at := strings.Join(arcs, ".")
		return fmt.Sprintf("1.3.6.1.2.1.17.7.1.2.2.1.2.10.%[1]s int %[2]d\n1.3.6.1.2.1.17.7.1.2.2.1.3.10.%[1]s int 3\n", at, port)
	}
	own := []string{"a4:6c:2a:00:01:00", "a4:6c:2a:00:02:00"}
	for i := range 2 {
		var mine []string
		hangs := func(n, port int) {
			pcs[fmt.Sprintf("pc-%d-%d", i, n)] = hanging{port: fmt.Sprintf("Gi1/0/%d", port), mac: mac(i, n)}
			mine = append(mine, fmt.Sprintf("pc-%d-%d", i, n))
		}
		text := boxWalk(fmt.Sprintf("sw-%d", i+1), fmt.Sprintf("FOC1234X1%02d", i), own[i], 24)
		for p := 1; p <= 24; p++ {
			text += fmt.Sprintf("1.3.6.1.2.1.17.1.4.1.2.%d int %d\n", p, p)
		}
		// Port 24 leads to the other switch: all of its PCs are seen there, too.
		other := 1 - i
		text += fdb(own[other], 24)
		text += fmt.Sprintf("1.0.8802.1.1.2.1.4.1.1.4.0.24.1 int 4\n1.0.8802.1.1.2.1.4.1.1.5.0.24.1 hex %s\n1.0.8802.1.1.2.1.4.1.1.6.0.24.1 int 5\n1.0.8802.1.1.2.1.4.1.1.7.0.24.1 text \"Gi1/0/24\"\n1.0.8802.1.1.2.1.4.1.1.9.0.24.1 text \"sw-%d\"\n",
			strings.ReplaceAll(own[other], ":", ""), other+1)
		for n := 1; n <= 12; n++ {
			text += fdb(mac(i, n), n) + fdb(mac(other, n), 24)
			hangs(n, n)
		}
		text += fdb(mac(i, 13), 13) + fdb(mac(i, 14), 13) // behind a small switch
		hangs(13, 13)
		hangs(14, 13)
		phone := fmt.Sprintf("00:04:f2:00:%02x:01", i)
		text += fdb(phone, 15) + fdb(mac(i, 15), 15) + fmt.Sprintf("1.0.8802.1.1.2.1.4.1.1.4.0.15.1 int 4\n1.0.8802.1.1.2.1.4.1.1.5.0.15.1 hex %s\n1.0.8802.1.1.2.1.4.1.1.6.0.15.1 int 3\n1.0.8802.1.1.2.1.4.1.1.7.0.15.1 hex %[1]s\n1.0.8802.1.1.2.1.4.1.1.9.0.15.1 text \"phone\"\n1.0.8802.1.1.2.1.4.1.1.12.0.15.1 hex 24\n",
			strings.ReplaceAll(phone, ":", ""))
		hangs(15, 15)
		at := snmptest.New(t, text).Listen(t)
		find(t, c, at, false)
		for _, name := range mine {
			x := pcs[name]
			x.sw = at
			pcs[name] = x
		}
	}
	foundAll(t, c, pcs)
}

// The same with recorded switches, and PCs whose addresses stand in their
// forwarding tables.
func TestPCsAreFoundOnThePortsOfRecordedSwitches(t *testing.T) {
	t.Parallel()
	logical := regexp.MustCompile(`(?i)^(vlan|bridge|internal|port-?channel|lag|trk|irb|ae\d|lo|cpu|mgmt)`)
	dir := "../../shared/corpus/devices"
	expected, err := score.Load(dir)
	if err != nil {
		t.Skip("recordings of real switches are not beside this checkout: ", err)
	}
	c := office(t)
	pcs := map[string]hanging{}
	at := netip.MustParseAddr("127.24.0.0")
	own := map[string]bool{}
	for _, e := range expected {
		for _, p := range e.Known.Ports {
			own[string(p.IfMAC)] = true
		}
		for _, l := range e.Decoded.LLDP {
			own[strings.ToLower(strings.NewReplacer(":", "", "-", "", " ", "").Replace(string(l.PortID)))] = true // it says itself where it is
		}
	}
	for _, e := range expected {
		if len(e.Decoded.FDB) == 0 {
			continue
		}
		r, err := score.Read(filepath.Join(dir, e.ID+".snmprec"))
		if err != nil {
			t.Fatal(err)
		}
		at = at.Next()
		s, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(at, 0)))
		if err != nil {
			t.Fatal(err)
		}
		a, done := snmptest.Playing(snmptest.Of(r.Variables())), make(chan struct{})
		go func() { defer close(done); a.Serve(s) }()
		t.Cleanup(func() { s.Close(); <-done })
		sw := s.LocalAddr().(*net.UDPAddr).AddrPort()
		find(t, c, sw, false)
		names := map[int64]string{}
		for _, p := range e.Known.Ports {
			names[p.IfIndex] = string(p.IfName)
		}
		// On ports that have a socket, with one or two addresses: desks, not uplinks.
		on := map[int64][]string{}
		for _, f := range e.Decoded.FDB {
			if f.IfIndex != nil && names[*f.IfIndex] != "" && !logical.MatchString(names[*f.IfIndex]) && !own[f.MAC] && !strings.HasPrefix(f.MAC, "00005e") && !slices.Contains(on[*f.IfIndex], f.MAC) {
				on[*f.IfIndex] = append(on[*f.IfIndex], f.MAC)
			}
		}
		for _, l := range e.Decoded.LLDP {
			if l.IfIndex != nil {
				delete(on, *l.IfIndex)
			}
		}
		for port, macs := range on {
			if len(macs) > 2 {
				continue
			}
			pcs[fmt.Sprintf("%s-%d", e.ID, port)] = hanging{sw, names[port], macs[0]}
		}
	}
	t.Logf("%d PCs", len(pcs))
	foundAll(t, c, pcs)
}
