package topology

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"muster/internal/inventory"
)

// fleet is a state's network: sites of ten switches and two hundred PCs each.
// Every switch of a site has all its addresses in its table, its own PCs on
// access ports and the others on the uplink; a router of the site knows the IP
// addresses.
func fleet(pcs, switches int) *Facts {
	r := rand.New(rand.NewPCG(7, 7))
	f := &Facts{Now: noon()}
	here := always()
	const of = 10
	sites := max(switches/of, 1)
	n := 0
	for s := range sites {
		var gear []int32
		for k := range of {
			d := f.Add(Device{ID: inventory.DeviceID(fmt.Sprintf("%08d-c27a-7000-8000-000000000000", s*of+k)), Kind: "switch", Name: fmt.Sprintf("sw-%d-%d", s, k), Seen: noon()})
			gear = append(gear, d)
			for p := range 48 {
				f.Ports = append(f.Ports, Port{Of: d, Name: portNames[p], Kind: "ethernet", Admin: "up", Oper: "up", Speed: 1e9, Duplex: "full", Mac: Mac(0x001b00000000 | int(d)<<8 | p)})
			}
			f.Ports = append(f.Ports, Port{Of: d, Name: "Te1/1/1", Speed: 1e10, Duplex: "full", Mac: Mac(0x001b00000000 | int(d)<<8 | 60)})
			f.Bridges = append(f.Bridges, Bridge{Of: d, Mac: Mac(0x001b00000000 | int(d)<<8 | 255), RootPort: "Te1/1/1"})
			if k > 0 {
				f.Neighbors = append(f.Neighbors, Neighbor{Of: d, Protocol: "lldp", Port: "Te1/1/1", Name: f.Devices[gear[0]].Name, RemotePort: portNames[k], Capabilities: []string{"bridge"}, Span: here},
					Neighbor{Of: gear[0], Protocol: "lldp", Port: portNames[k], Name: f.Devices[d].Name, RemotePort: "Te1/1/1", Capabilities: []string{"bridge"}, Span: here})
			}
		}
		for range pcs / sites {
			d := f.Add(Device{ID: inventory.DeviceID(fmt.Sprintf("%08d-c27a-7000-9000-000000000000", n)), Kind: "pc", Name: fmt.Sprint("pc-", n), Seen: noon()})
			m := Mac(0x00aa00000000 | n)
			f.Interfaces = append(f.Interfaces, Interface{Of: d, Name: "Ethernet", Kind: "ethernet", Mac: m, Permanent: m, Up: new(true), Speed: 1e9, Duplex: "full"},
				Interface{Of: d, Name: "Wi-Fi", Kind: "wifi", Mac: m | 1<<41, Permanent: m | 1<<41, Up: new(false)})
			ip := netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
			f.Addresses = append(f.Addresses, Address{Of: d, Interface: "Ethernet", Address: ip, Last: here.Last})
			f.Arp = append(f.Arp, Arp{Of: gear[0], Address: ip, Mac: m, Span: here})
			home := r.IntN(of)
			for k, g := range gear {
				port := "Te1/1/1"
				switch {
				case k == home:
					port = portNames[10+r.IntN(38)]
				case k == 0:
					port = portNames[home]
				}
				f.Fdb = append(f.Fdb, Fdb{Of: g, Vlan: 10, Mac: m, Port: port, Span: here})
			}
			n++
		}
		for _, g := range gear {
			for k, other := range gear {
				if other != g {
					port := "Te1/1/1"
					if g == gear[0] {
						port = portNames[k]
					}
					f.Fdb = append(f.Fdb, Fdb{Of: g, Vlan: 1, Mac: Mac(0x001b00000000 | int(other)<<8 | 255), Port: port, Span: here})
				}
			}
		}
	}
	return f
}

var portNames = func() (out [49]string) {
	for i := range out {
		out[i] = fmt.Sprintf("Gi1/0/%d", i+1)
	}
	return out
}()

// BenchmarkJoin is the whole join of 100,000 PCs on 5,000 switches of 48 ports,
// with a million sightings, and what it holds afterwards.
func BenchmarkJoin(b *testing.B) {
	var took time.Duration
	for b.Loop() {
		b.StopTimer()
		f := fleet(100_000, 5_000)
		b.StartTimer()
		begin := time.Now()
		n := Join(f)
		took += time.Since(begin)
		b.StopTimer()
		b.ReportMetric(float64(len(n.at)), "sightings")
		b.ReportMetric(float64(held(n))/(1<<20), "MiB_held")
		b.StartTimer()
	}
	b.ReportMetric(took.Seconds()/float64(b.N), "s/join")
}

// held is what keeping a network takes on the heap.
func held(n *Network) uint64 {
	var with, without runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&with)
	runtime.KeepAlive(n)
	*n = Network{}
	runtime.GC()
	runtime.ReadMemStats(&without)
	return with.HeapAlloc - without.HeapAlloc
}

func BenchmarkLocate(b *testing.B) {
	n := Join(fleet(100_000, 5_000))
	i := 0
	for b.Loop() {
		i = (i + 7919) % 100_000
		if p, ok := n.Locate(Mac(0x00aa00000000 | i)); !ok || p.Confidence == Low {
			b.Fatalf("%+v", p)
		}
	}
}

func BenchmarkLinks(b *testing.B) {
	n := Join(fleet(100_000, 5_000))
	for b.Loop() {
		if l := n.Links(); len(l) != 4_500 {
			b.Fatal(len(l))
		}
	}
}
