package api

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"muster/collector/account"
	"muster/collector/atlas"
	"muster/collector/store"
	"muster/collector/store/memory"
	"muster/collector/store/sqlstore"
	"muster/internal/inventory"
	"muster/internal/report"
)

// BenchmarkNetwork is the first question about ports after a while: the facts
// read from the store, joined, and a PC found; and one that finds the network
// as it was kept. 2,000 PCs on 100 switches, in sites of ten with two hundred;
// MUSTER_BENCH_DEVICES=100000 is the large one, and takes minutes to fill.
func BenchmarkNetwork(b *testing.B) {
	pcs := 2000
	if n, err := strconv.Atoi(os.Getenv("MUSTER_BENCH_DEVICES")); err == nil && n >= 200 {
		pcs = n
	}
	ctx := b.Context()
	inv, err := sqlstore.Open(ctx, filepath.Join(b.TempDir(), "inventory.db"), sqlstore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer inv.Close()
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for site := range pcs / 200 {
		fillSite(b, inv, site, at)
	}
	now := at.Add(time.Minute)
	begin := time.Now()
	s, err := New(Deps{Inventory: inv, Series: memory.New(), Accounts: &account.Accounts{Now: time.Now, Key: []byte("k")}, Now: func() time.Time { return now.Add(time.Since(begin)) }})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			s.d.Atlas = atlas.New(inv, s.d.Now)
			if _, err := s.d.Atlas.Network(ctx); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/first")
	})
	b.Run("kept", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n = (n + 7919) % (pcs / 200 * 200)
			who := context.WithValue(ctx, askedKey{}, &asked{actor: account.Local("bench")})
			got, err := s.portWhere(who, &PortWhereInput{What: fmt.Sprintf("pc-%d", n)})
			if err != nil || len(got.Places) != 1 || got.Places[0].Confidence == "low" {
				b.Fatal(err, asJSON(got))
			}
		}
	})
}

// fillSite commits ten switches on cables and two hundred PCs, of which every
// switch has all in its table.
func fillSite(b *testing.B, inv *sqlstore.Inventory, site int, at time.Time) {
	b.Helper()
	var group []store.Entry
	add := func(kind, name string, n int, sections ...store.SectionReading) {
		id := inventory.DeviceID(fmt.Sprintf("%08x-c27a-7000-8000-%012x", n, len(kind)))
		if err := inv.AddDevice(b.Context(), store.NewDevice{ID: id, Kind: kind, Name: name, At: at}); err != nil {
			b.Fatal(err)
		}
		group = append(group, store.Entry{Device: id, Head: store.Head{Epoch: 1, Seq: 1}, At: at, ReceivedAt: at, Sections: sections})
	}
	mac := func(kind, n int) string {
		return fmt.Sprintf("00:%02x:00:%02x:%02x:%02x", kind, byte(n>>16), byte(n>>8), byte(n))
	}
	for k := range 10 {
		sw := site*10 + k
		ports := []inventory.Port{{Name: "Te1/1/1", Oper: "up", Admin: "up", SpeedBits: 1e10, Duplex: "full"}}
		for p := range 48 {
			ports = append(ports, inventory.Port{Name: fmt.Sprintf("Gi1/0/%d", p+1), Alias: fmt.Sprintf("room %d", p), Oper: "up", Admin: "up", Kind: "ethernet", SpeedBits: 1e9, Duplex: "full"})
		}
		var fdb []inventory.Fdb
		for p := range 200 {
			port := "Te1/1/1"
			switch {
			case p%10 == k:
				port = fmt.Sprintf("Gi1/0/%d", 11+p/10)
			case k == 0:
				port = fmt.Sprintf("Gi1/0/%d", p%10)
			}
			fdb = append(fdb, inventory.Fdb{VlanID: 10, Mac: mac(1, site*200+p), Port: port, Status: "learned"})
		}
		var near []inventory.Neighbor
		if k == 0 {
			for other := 1; other < 10; other++ {
				near = append(near, inventory.Neighbor{Protocol: "lldp", LocalPort: fmt.Sprintf("Gi1/0/%d", other), Name: fmt.Sprintf("sw-%d", site*10+other), RemotePort: "Te1/1/1", Capabilities: []string{"bridge"}})
			}
		} else {
			near = append(near, inventory.Neighbor{Protocol: "lldp", LocalPort: "Te1/1/1", Name: fmt.Sprintf("sw-%d", site*10), RemotePort: fmt.Sprintf("Gi1/0/%d", k), Capabilities: []string{"bridge"}})
		}
		add("switch", fmt.Sprintf("sw-%d", sw), sw, reads(b, at, ports), reads(b, at, fdb), reads(b, at, near), reads(b, at, []inventory.Bridge{{Mac: mac(2, sw)}}))
	}
	for p := range 200 {
		n := site*200 + p
		ip := fmt.Sprintf("10.%d.%d.%d", byte(n>>16), byte(n>>8), byte(n))
		add("pc", fmt.Sprintf("pc-%d", n), n, reads(b, at, []inventory.Interface{{Name: "Ethernet", Kind: "ethernet", Mac: mac(1, n), PermanentMac: mac(1, n), LinkUp: new(true), SpeedBits: 1e9, Duplex: "full"},
			{Name: "Wi-Fi", Kind: "wifi", Mac: mac(3, n), PermanentMac: mac(3, n)}}), reads(b, at, []inventory.Address{{Interface: "Ethernet", Address: ip, Family: "ipv4"}}))
	}
	if err := inv.Commit(b.Context(), group); err != nil {
		b.Fatal(err)
	}
}

func reads[T inventory.Sectioner](b *testing.B, at time.Time, rows []T) store.SectionReading {
	b.Helper()
	section, _ := inventory.Lookup((*new(T)).Section().Name)
	table, err := inventory.Encode(rows)
	if err == nil {
		table, _, err = section.Conform(table)
	}
	if err != nil {
		b.Fatal(err)
	}
	return store.SectionReading{Section: section, Status: report.OK, Sources: []string{"snmp"}, At: at, Table: table, Hash: section.HashTable(table)}
}
