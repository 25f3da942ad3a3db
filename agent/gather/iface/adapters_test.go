package iface

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/inventory"
)

// office is what Windows says on the recorded PC: a wired card, a docking
// station's, a VPN that is up, an idle Wi-Fi Direct and the loopback.
func office() []adapter {
	ip := netip.MustParseAddr
	return []adapter{
		{GUID: "{11111111-2222-3333-4444-555555555555}", Network: "{AAAAAAAA-0000-0000-0000-000000000001}", Name: "Ethernet", Description: "Intel(R) Ethernet Connection (7) I219-LM",
			MAC: []byte{0x54, 0xbf, 0x64, 1, 2, 3}, Permanent: []byte{0x54, 0xbf, 0x64, 1, 2, 3}, Index: 12, Type: typeEthernet, Up: true, Enabled: true, Hardware: true, MTU: 1500,
			Speed: 1e9, DHCP: true, Server: ip("192.0.2.2"), Gateways: []netip.Addr{ip("192.0.2.1"), ip("fe80::1%12")}, DNS: []netip.Addr{ip("192.0.2.53"), ip("fec0:0:0:ffff::1")},
			Suffix: "office.example", Metric4: 25, HasIPv6: true, Addresses: []unicast{{ip("192.0.2.42"), 24, 3, 86_400}, {ip("fe80::1234%12"), 64, 2, 1<<32 - 1}, {ip("2001:db8::42"), 64, 4, 600}}},
		{GUID: "{11111111-2222-3333-4444-666666666666}", Name: "Ethernet 2", Description: "Realtek USB GbE Family Controller", MAC: []byte{0x00, 0xe0, 0x4c, 1, 2, 3},
			Permanent: []byte{0x00, 0xe0, 0x4c, 1, 2, 3}, Index: 14, Type: typeEthernet, Enabled: true, Hardware: true, MTU: 1500, Speed: 1<<64 - 1, DHCP: true},
		{GUID: "{7}", Name: "Office VPN", Description: "WireGuard Tunnel", Index: 20, Type: typeVirtual, Up: true, Enabled: true, MTU: 1420, Metric4: 5,
			Addresses: []unicast{{ip("10.9.0.2"), 32, 1, 1<<32 - 1}}},
		{GUID: "{8}", Name: "Local Area Connection* 1", Description: "Microsoft Wi-Fi Direct Virtual Adapter", MAC: []byte{0x02, 1, 2, 3, 4, 5}, Index: 8, Type: typeWifi, Enabled: true, MTU: 1500},
		{GUID: "{9}", Name: "Loopback Pseudo-Interface 1", Description: "Software Loopback Interface 1", Index: 1, Type: typeLoopback, Up: true, Enabled: true, MTU: 1<<32 - 1,
			Addresses: []unicast{{ip("127.0.0.1"), 8, 2, 1<<32 - 1}}},
		{GUID: "{10}", Name: "isatap.office", Description: "Microsoft ISATAP Adapter", Type: typeTunnel},
	}
}

// arp is MIB_IPNETTABLE with the gateway in it.
func arp() []byte {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range []struct {
		ip   [4]byte
		kind byte
		last byte
	}{{[4]byte{192, 0, 2, 1}, 2, 9}, {[4]byte{192, 0, 2, 1}, 3, 1}} {
		b = append(b, 12, 0, 0, 0, 6, 0, 0, 0, 0xaa, 0xbb, 0xcc, 0, 0, e.last, 0, 0)
		b = append(b, e.ip[:]...)
		b = append(b, e.kind, 0, 0, 0)
	}
	return b
}

func TestWindows(t *testing.T) {
	recorded.Windows(t, func(t *testing.T, name string, h *host.Host) {
		asks := h.Native
		h.Native = func(q host.Native) ([]byte, error) {
			if q == host.NativeNeighbors {
				return arp(), nil
			}
			return asks(q)
		}
		r, err := gather.Rows(adapterRows(h, office()), "adapters")
		recorded.Golden(t, h, "interface", "interface.windows."+name, r, err)
		r, err = gather.Rows(addressRows(h, office()), "adapters")
		recorded.Golden(t, h, "address", "address.windows."+name, r, err)
		row, asked := networkRow(h, office())
		r, err = gather.Rows([]inventory.Network{row}, asked...)
		recorded.Golden(t, h, "network", "network.windows."+name, r, err)
		if macs := PermanentMACs(adapterRows(h, office())); len(macs) != 1 || macs[0] != "54:bf:64:01:02:03" {
			t.Errorf("the dock's card is evidence, or the machine's is not: %v", macs)
		}
	})
}

// table makes MIB_IPFORWARD_TABLE2.
func table(rows ...forward) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(rows)))
	put := func(b []byte, a netip.Addr) {
		if a.Is4() {
			b[0] = 2
			copy(b[4:], a.AsSlice())
		} else {
			b[0] = 23
			copy(b[8:], a.AsSlice())
		}
	}
	for _, f := range rows {
		r := make([]byte, 104)
		binary.LittleEndian.PutUint32(r[8:], uint32(f.Index))
		put(r[12:], f.To.Addr())
		r[40] = byte(f.To.Bits())
		put(r[44:], f.Via)
		binary.LittleEndian.PutUint32(r[84:], uint32(f.Metric))
		binary.LittleEndian.PutUint32(r[88:], f.Protocol)
		binary.LittleEndian.PutUint32(r[100:], f.Origin)
		b = append(b, r...)
	}
	return b
}

func TestForward(t *testing.T) {
	to, via := netip.MustParsePrefix, netip.MustParseAddr
	b := table(
		forward{Index: 12, To: to("0.0.0.0/0"), Via: via("192.0.2.1"), Protocol: 3, Origin: 2},
		forward{Index: 12, To: to("192.0.2.0/24"), Via: via("0.0.0.0"), Protocol: 2, Metric: 256},
		forward{Index: 12, To: to("192.0.2.42/32"), Via: via("0.0.0.0"), Protocol: 2},
		forward{Index: 12, To: to("224.0.0.0/4"), Via: via("0.0.0.0"), Protocol: 2},
		forward{Index: 20, To: to("10.0.0.0/8"), Via: via("0.0.0.0"), Protocol: 3, Metric: 5},
		forward{Index: 12, To: to("::/0"), Via: via("fe80::1"), Protocol: 3, Origin: 3, Metric: 16},
		forward{Index: 12, To: to("10.0.0.0/24"), Via: via("192.0.2.9"), Protocol: 3, Metric: 7},
		forward{Index: 12, To: to("10.0.0.0/24"), Via: via("192.0.2.9"), Protocol: 3, Metric: 4},
	)
	var got []string
	for _, r := range forwardRows(parseForward(b), map[int64]string{12: "Ethernet", 20: "Office VPN"}) {
		got = append(got, r.Destination+" "+r.NextHop+" "+r.Interface+" "+r.Protocol+" "+r.Kind)
	}
	want := []string{"0.0.0.0/0 192.0.2.1 Ethernet dhcp remote", "10.0.0.0/24 192.0.2.9 Ethernet static remote",
		"10.0.0.0/8  Office VPN static local", "::/0 fe80::1 Ethernet ra remote"}
	if len(got) != len(want) {
		t.Fatalf("%q", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%q, want %q", got[i], want[i])
		}
	}
	if list := parseForward(b[:200]); len(list) != 1 {
		t.Errorf("%d rows of a table cut short", len(list))
	}
}

func FuzzWindowsTables(f *testing.F) {
	f.Add(table(forward{Index: 12, To: netip.MustParsePrefix("0.0.0.0/0"), Via: netip.MustParseAddr("192.0.2.1")}))
	f.Add(arp())
	f.Add(append([]byte{0x28, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 15, 0, 0, 0}, "proxy.lan:3128 "...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(forwardRows(parseForward(b), nil)) > maxRoutes {
			t.Error("more than the limit")
		}
		if s := neighborOf(b, netip.MustParseAddr("192.0.2.1")); len(s) > 23 {
			t.Error(s)
		}
		if s := winHTTPProxy(b); len(s) > 1024 {
			t.Error(s)
		}
		var r inventory.Interface
		attachPnP(string(b), &r)
		if len(r.VendorID) > 4 {
			t.Error(r.VendorID)
		}
	})
}
