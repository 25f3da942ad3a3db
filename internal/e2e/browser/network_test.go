//go:build linux

package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"muster/collector/store"
	"muster/collector/store/sqlstore"
	"muster/internal/inventory"
	"muster/internal/report"
)

// closet furnishes the office of plain names, and what its PCs hang on: a switch
// with a bad port, a second one behind it, a printer and a UPS. text is what
// they say of themselves wherever they may say anything.
func closet(text func(usual string) string) func(*testing.T, *sqlstore.Inventory) {
	return func(t *testing.T, inv *sqlstore.Inventory) {
		t.Helper()
		office(plain)(t, inv)
		ctx, now := t.Context(), time.Now()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		sites, err := inv.Sites(ctx, store.Scope{All: true})
		must(err)
		add := func(n int, kind, name string, sections map[string]inventory.Table) {
			must(inv.AddDevice(ctx, store.NewDevice{ID: id(n), Kind: kind, Name: text(name), Site: sites[0].ID, At: now.Add(-90 * 24 * time.Hour)}))
			e := store.Entry{Device: id(n), Head: store.Head{Epoch: 1, Seq: 1}, At: now, ReceivedAt: now}
			for name, rows := range sections {
				meta, _ := inventory.Lookup(name)
				full, _, err := meta.Conform(rows)
				must(err)
				e.Sections = append(e.Sections, store.SectionReading{Section: meta, Status: report.OK, Sources: []string{"test"}, At: now, Table: full, Hash: meta.HashTable(full)})
			}
			must(inv.Commit(ctx, []store.Entry{e}))
		}
		for k := range 2 {
			var ports []inventory.Port
			var fdb []inventory.Fdb
			for n := 1; n <= 24; n++ {
				p := inventory.Port{Name: fmt.Sprintf("Gi1/0/%d", n), Alias: text(fmt.Sprintf("PC-%d-%02d", k+1, n)), Kind: "ethernet", Admin: "up", Oper: "down", MaxSpeedBits: 1e9, UntaggedVlan: new(int64(110))}
				if n <= 20 {
					p.Oper, p.SpeedBits, p.Duplex = "up", 1e9, "full"
					fdb = append(fdb, inventory.Fdb{VlanID: 110, Mac: fmt.Sprintf("06:03:00:00:00:%02x", 20*k+n-1), Port: p.Name, Status: "learned"})
				}
				if n == 24 {
					p.Admin = "down"
				}
				ports = append(ports, p)
			}
			ports = append(ports, inventory.Port{Name: "Te1/1/1", Alias: text("core"), Kind: "ethernet", Admin: "up", Oper: "up", SpeedBits: 10e9, MaxSpeedBits: 10e9, Duplex: "full", Mac: fmt.Sprintf("0a:06:00:00:00:%02x", k)})
			add(100+k, "switch", fmt.Sprintf("sw-ch-%d", k+1), map[string]inventory.Table{
				"port": table(t, ports), "fdb": table(t, fdb),
				"vlan":     table(t, []inventory.Vlan{{VlanID: 110, Name: text("Counters")}}),
				"poe_port": table(t, []inventory.PoePort{{Port: "Gi1/0/3", Status: "delivering", Watts: new(12.8)}}),
				"neighbor": table(t, []inventory.Neighbor{{LocalPort: "Te1/1/1", Protocol: "lldp", Chassis: fmt.Sprintf("0a:06:00:00:00:%02x", 1-k), RemotePort: "Te1/1/1", Name: text(fmt.Sprintf("sw-ch-%d", 2-k))}}),
			})
		}
		add(110, "printer", "pr-ch-1", map[string]inventory.Table{"printer_supply": table(t, []inventory.PrinterSupply{{Index: 1, Description: text("Black toner"), Kind: "toner", Class: "consumed", LevelPercent: new(8.0), PartNumber: text("PT-1")}})})
		add(111, "ups", "ups-ch-1", map[string]inventory.Table{"ups": table(t, []inventory.Ups{{Name: "", Model: text("Rack 3000"), OutputSource: "mains", BatteryStatus: "normal", Charge: new(100.0), Load: new(35.0)}})})
		f := store.JudgedFinding{Key: "port 7", Finding: store.Finding{Device: id(100), Name: "sw-ch-1", Rule: "N01", Family: "network", Title: "A bad cable or port is slowing this PC", Component: "Gi1/0/7", Label: "Gi1/0/7",
			State: store.Firing, Severity: "warn", Worst: "warn", Times: 1, Since: now.Add(-3 * time.Hour), FiredAt: now.Add(-2 * time.Hour), JudgedAt: now, Evidence: []store.Evidence{{Label: "Damaged", Value: text("1.8 percent")}}}}
		must(inv.Record(ctx, &store.Judged{Findings: []store.JudgedFinding{f}}))
	}
}

// networkAddresses are the pages of the network, of programs and of SQL.
func networkAddresses() []string {
	sw := "/devices/" + string(id(100))
	return []string{
		"/network", "/network/find", "/network/find?q=CH-FRONT-03", "/network/find?q=PC-1-04", "/network/find?q=nobody", "/network/topology", "/network/vlans", "/network/vlans?vlan=110",
		sw, sw + "?port=Gi1/0/3&by=power&ports=PC-1-0",
		"/software", "/software?view=new", "/software?view=rare", "/software?view=ending", "/software/Northwind%20Notes", "/software/Northwind%20Notes?version=21",
		"/sql?example=1",
	}
}

func TestTheNetworkIsForEverybody(t *testing.T) {
	w := open(t, closet(func(usual string) string { return usual }))
	b := w.chromium(t)
	b.first()
	b.forEverybody(networkAddresses())
	b.clean()
}

// TestWhichPort finds the port of a PC and what is wrong with it, who has an old
// version, and goes along the ports by keyboard.
func TestWhichPort(t *testing.T) {
	w := open(t, closet(func(usual string) string { return usual }))
	b := w.chromium(t)
	b.first()
	b.visit("/network")
	b.see("network devices")
	b.see("8 %, order")
	b.do(chromedp.SendKeys("#nq", "CH-FRONT-06"), chromedp.Click(".nfind button"))
	b.see("CH-FRONT-06 is on sw-ch-1, port Gi1/0/7")
	b.do(chromedp.Click(".hop a[href*='port=']"), chromedp.WaitVisible("#port-h"))
	b.see("Port Gi1/0/7")
	b.see("A bad cable or port is slowing this PC. Damaged: 1.8 percent")
	if got := eval[string](b, "document.querySelector('.p[aria-current] .p__n').textContent"); got != "7" {
		t.Errorf("chosen in the panel: %s", got)
	}
	// To the right and down is port 10; Enter puts it in place, and the address says so.
	press := func(key string) chromedp.Action[chromedp.Void] {
		return script("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: '" + key + "', bubbles: true}))")
	}
	b.do(chromedp.Focus(".p[aria-current]"), press("ArrowRight"), press("ArrowDown"))
	if got := eval[string](b, "document.activeElement.querySelector('.p__n').textContent"); got != "10" {
		t.Errorf("arrows lead to %q", got)
	}
	b.do(script("document.activeElement.click()"))
	chosen := func() string {
		return eval[string](b, "document.querySelector('#port-h').textContent + ' ' + decodeURIComponent(location.search) + ' ' + document.querySelector('.hop a').textContent")
	}
	for range 100 {
		if strings.HasPrefix(chosen(), "Port Gi1/0/10") {
			break
		}
		b.do(chromedp.Sleep(100 * time.Millisecond))
	}
	if got := chosen(); got != "Port Gi1/0/10 ?port=Gi1/0/10 CH-FRONT-09" {
		t.Errorf("in place of the port there is %s", got)
	}
	// Without scripts' help the same address tells the same.
	b.visit("/devices/" + string(id(100)) + "?port=Gi1/0/10")
	b.see("Port Gi1/0/10")
	b.visit("/software")
	b.do(chromedp.Click("tbody a"), chromedp.WaitVisible("#ver-h"))
	b.see("40 devices have Northwind Notes, in 5 versions")
	b.do(chromedp.Click("main .usa-button"), chromedp.WaitVisible("#n"))
	b.see("32 devices")
	b.clean()
}

// TestGearSaysNothingThatRuns lets switches, printers and UPSes say the worst
// wherever they may say anything.
func TestGearSaysNothingThatRuns(t *testing.T) {
	list, at := payloads(), 0
	w := open(t, closet(func(string) string { at++; return list[(at*7)%len(list)] }))
	b := w.chromium(t)
	b.first()
	for _, width := range []int64{1440, 360} {
		b.width(width)
		for _, path := range networkAddresses() {
			b.visit(path)
			b.fits(path)
			if eval[bool](b, "top.hurt !== undefined") {
				t.Errorf("a name ran at %s", path)
			}
			if !eval[bool](b, "!!document.querySelector('footer.foot')") {
				t.Errorf("%s is broken", path)
			}
		}
	}
	b.clean()
}
