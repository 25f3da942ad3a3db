//go:build linux

package browser

import (
	"encoding/csv"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"muster/collector/api"
	"muster/collector/snmp/snmptest"
)

// liars are walks of two switches on a cable, a printer and a UPS that say next()
// wherever they may say a text (RFC 3418, 2863, 6933, 2790, 3805, 1628, IEEE
// 802.1AB).
func liars(ports int, next func() string) []string {
	var out []string
	begin := func(id string) (*strings.Builder, func(oid, kind string, value any)) {
		w := &strings.Builder{}
		say := func(oid, kind string, value any) {
			if kind == "text" {
				value = strconv.Quote(next())
			}
			fmt.Fprintf(w, "%s %s %v\n", oid, kind, value)
		}
		say("1.3.6.1.2.1.1.2.0", "oid", "1.3.6.1.4.1.99999."+id)
		say("1.3.6.1.2.1.1.3.0", "ticks", 8_640_000)
		for _, of := range []string{"1", "4", "5", "6"} { // what it is, contact, name, location
			say("1.3.6.1.2.1.1."+of+".0", "text", nil)
		}
		return w, say
	}
	for k := range 2 {
		w, say := begin("7.1")
		mac := fmt.Sprintf("02b20000000%d", k)
		for n := 1; n <= ports; n++ {
			at := "." + strconv.Itoa(n)
			say("1.3.6.1.2.1.2.2.1.1"+at, "int", n)
			say("1.3.6.1.2.1.2.2.1.2"+at, "text", nil)
			say("1.3.6.1.2.1.2.2.1.3"+at, "int", 6)
			say("1.3.6.1.2.1.2.2.1.5"+at, "gauge", 1_000_000_000)
			say("1.3.6.1.2.1.2.2.1.7"+at, "int", 1)
			say("1.3.6.1.2.1.2.2.1.8"+at, "int", 1+n%2)
			say("1.3.6.1.2.1.31.1.1.1.1"+at, "text", nil)
			say("1.3.6.1.2.1.31.1.1.1.15"+at, "gauge", 1000)
			say("1.3.6.1.2.1.31.1.1.1.18"+at, "text", nil)
			say("1.3.6.1.2.1.17.1.4.1.2"+at, "int", n)
			say("1.0.8802.1.1.2.1.3.7.1.2"+at, "int", 5)
			say("1.0.8802.1.1.2.1.3.7.1.3"+at, "text", nil)
		}
		say("1.3.6.1.2.1.17.1.1.0", "hex", mac)
		say("1.3.6.1.2.1.17.1.2.0", "int", ports)
		for _, column := range []string{"2", "7", "8", "9", "10", "11", "12", "13", "14", "15"} {
			say("1.3.6.1.2.1.47.1.1.1.1."+column+".1", "text", nil)
		}
		say("1.3.6.1.2.1.47.1.1.1.1.4.1", "int", 0)
		say("1.3.6.1.2.1.47.1.1.1.1.5.1", "int", 3)
		say("1.0.8802.1.1.2.1.3.1.0", "int", 4)
		say("1.0.8802.1.1.2.1.3.2.0", "hex", mac)
		say("1.0.8802.1.1.2.1.3.3.0", "text", nil)
		// The other switch, and gear that nobody polls.
		for n, chassis := range []string{fmt.Sprintf("02b20000000%d", 1-k), fmt.Sprintf("02b2000000f%d", k)} {
			at := fmt.Sprintf(".0.%d.1", n+1)
			say("1.0.8802.1.1.2.1.4.1.1.4"+at, "int", 4)
			say("1.0.8802.1.1.2.1.4.1.1.5"+at, "hex", chassis)
			say("1.0.8802.1.1.2.1.4.1.1.6"+at, "int", 5)
			for _, column := range []string{"7", "8", "9", "10"} {
				say("1.0.8802.1.1.2.1.4.1.1."+column+at, "text", nil)
			}
		}
		out = append(out, w.String())
	}
	w, say := begin("8.1")
	say("1.3.6.1.2.1.25.3.2.1.1.1", "int", 1)
	say("1.3.6.1.2.1.25.3.2.1.2.1", "oid", "1.3.6.1.2.1.25.3.1.5")
	say("1.3.6.1.2.1.25.3.2.1.3.1", "text", nil)
	say("1.3.6.1.2.1.25.3.2.1.5.1", "int", 2)
	say("1.3.6.1.2.1.25.3.5.1.1.1", "int", 3)
	say("1.3.6.1.2.1.43.5.1.1.1.1", "counter", 4)
	for _, of := range []string{"16", "17"} { // its name, its serial number
		say("1.3.6.1.2.1.43.5.1.1."+of+".1", "text", nil)
	}
	for i := range 8 {
		row := fmt.Sprintf("1.%d", i+1)
		columns := map[string]int{"2": 1, "3": i + 1, "4": 3, "5": 3, "7": 19, "8": 100, "9": 3}
		for _, column := range slices.Sorted(maps.Keys(columns)) {
			say("1.3.6.1.2.1.43.11.1.1."+column+"."+row, "int", columns[column])
		}
		say("1.3.6.1.2.1.43.11.1.1.6."+row, "text", nil)
		say("1.3.6.1.2.1.43.12.1.1.4."+row, "text", nil)
	}
	out = append(out, w.String())
	w, say = begin("9.1")
	for _, of := range []string{"1", "2", "3", "4", "5", "6"} {
		say("1.3.6.1.2.1.33.1.1."+of+".0", "text", nil)
	}
	for oid, n := range map[string]int{"2.1.0": 2, "2.2.0": 0, "2.3.0": 40, "2.4.0": 100, "4.1.0": 3, "4.3.0": 1, "4.4.1.2.1": 230, "4.4.1.5.1": 28} {
		say("1.3.6.1.2.1.33.1."+oid, "int", n)
	}
	return append(out, w.String())
}

// TestGearSaysTheWorstOverSNMP lets devices that are polled say 500 hostile texts:
// names, places, ports' names and aliases, neighbours, supplies. None runs, none
// breaks a page, and no CSV holds a formula.
func TestGearSaysTheWorstOverSNMP(t *testing.T) {
	list, said := payloads(), 0
	next := func() string { said++; return list[said%len(list)] }
	const ports = 60
	walks := liars(ports, next)
	if said < 500 {
		t.Fatalf("only %d hostile texts are said", said)
	}
	w := open(t, office(plain))
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.ask.CredentialSet(ctx, api.CredentialPutInput{Name: "office", Body: api.CredentialPut{Version: new("2c"), Secrets: map[string]api.Secret{"community": "public"}}})
	must(err)
	address := netip.AddrFrom4([4]byte{127, 23, 0, 0})
	for k, text := range walks {
		address = address.Next()
		walk, err := snmptest.ParseWalk(text)
		must(err)
		agent := snmptest.Playing(walk)
		agent.Engine = []byte(fmt.Sprint("\x80\x00\x00\x00\x04liar", k))
		agent.Set(snmptest.Faults{MaxBytes: 1400}) // one Ethernet frame
		conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(address, 0)))
		must(err)
		done := make(chan struct{})
		go func() { defer close(done); agent.Serve(conn) }()
		t.Cleanup(func() { conn.Close(); <-done })
		_, err = w.ask.TargetSet(ctx, api.TargetPutInput{Address: conn.LocalAddr().String(), Body: api.TargetPut{Credential: new("office"), Site: new("Parks/City Hall")}})
		must(err)
	}
	b := w.chromium(t)
	b.first()
	rows := func(section string) int {
		t.Helper()
		x, err := w.ask.SectionRows(ctx, api.SectionRowsInput{Section: section, Limit: 10_000})
		must(err)
		return len(x.Rows)
	}
	deadline := time.Now().Add(4 * time.Minute)
	for rows("port") < 2*ports || rows("neighbor") < 4 || rows("printer_supply") < 8 || rows("ups") < 1 {
		if time.Now().After(deadline) {
			t.Fatalf("not all was read: %d ports, %d neighbours, %d supplies, %d UPSes", rows("port"), rows("neighbor"), rows("printer_supply"), rows("ups"))
		}
		b.do(chromedp.Sleep(500 * time.Millisecond))
	}
	seen := []string{"/network", "/network/topology", "/network/vlans", "/network/find?" + query("q", list[3]), "/devices?q=-kind:pc", "/fleet", "/admin/targets", "/admin/profiles"}
	gear, err := w.ask.DeviceList(ctx, api.DeviceListInput{Filter: "-kind:pc"})
	must(err)
	if len(gear.Devices) != len(walks) {
		t.Fatalf("%d devices of %d are there", len(gear.Devices), len(walks))
	}
	for _, d := range gear.Devices {
		seen = append(seen, "/devices/"+string(d.ID), "/devices/"+string(d.ID)+"?section=port", "/devices/"+string(d.ID)+"/compare?with="+string(gear.Devices[0].ID))
	}
	some, err := w.ask.SectionRows(ctx, api.SectionRowsInput{Section: "port", Columns: []string{"name"}, Limit: 2 * ports})
	must(err)
	for i, r := range some.Rows {
		if name, _ := r.Values["name"].(string); i%12 == 0 {
			seen = append(seen, "/devices/"+string(r.Device.ID)+"?port="+url.QueryEscape(name))
		}
	}
	for _, width := range []int64{1440, 360} {
		b.width(width)
		for _, path := range seen {
			b.visit(path)
			b.fits(path)
			if eval[bool](b, "top.hurt !== undefined") {
				t.Errorf("a text ran at %s", path)
			}
			if !eval[bool](b, "!!document.querySelector('footer.foot') && getComputedStyle(document.querySelector('main')).display !== 'none'") {
				t.Errorf("%s is broken", path)
			}
		}
	}
	for _, path := range []string{"/devices?format=csv", "/network/topology?format=csv", "/api/v1/sections/port/rows?format=csv&limit=10000", "/api/v1/sections/neighbor/rows?format=csv", "/api/v1/sections/printer_supply/rows?format=csv", "/api/v1/sections/ups/rows?format=csv", "/api/v1/sections/system/rows?format=csv"} {
		text := eval[string](b, fmt.Sprintf(`(() => { const x = new XMLHttpRequest(); x.open('GET', %q, false); x.send(); return x.status + '\n' + x.responseText; })()`, path))
		status, body, _ := strings.Cut(text, "\n")
		lines, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		if status != "200" || err != nil || len(lines) < 2 {
			t.Errorf("%s: %s, %d lines, %v", path, status, len(lines), err)
			continue
		}
		for _, line := range lines {
			for _, cell := range line {
				if _, number := strconv.ParseFloat(cell, 64); number != nil && strings.IndexAny(cell, "=+-@\t\r") == 0 {
					t.Errorf("%s holds a formula: %q", path, cell)
				}
			}
		}
	}
	b.clean()
}
