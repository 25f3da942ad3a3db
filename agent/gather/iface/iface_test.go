package iface

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/inventory"
)

// attr encodes one netlink attribute.
func attr(kind uint16, value []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	return append(b, make([]byte, align(len(b))-len(b))...)
}

// message encodes one netlink message.
func message(kind uint16, body []byte) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(16+len(body)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, make([]byte, 10)...)
	b = append(b, body...)
	return append(b, make([]byte, align(len(b))-len(b))...)
}

func word(n uint32) []byte { return binary.NativeEndian.AppendUint32(nil, n) }

func mac(s string) []byte {
	var b []byte
	for p := range strings.SplitSeq(s, ":") {
		b = append(b, byte(strings.IndexByte("0123456789abcdef", p[0])<<4|strings.IndexByte("0123456789abcdef", p[1])))
	}
	return b
}

// encodeLink is a message as the kernel sends it, of what is set in l.
func encodeLink(l Link) []byte {
	body := make([]byte, 16)
	binary.NativeEndian.PutUint16(body[2:], l.Type)
	binary.NativeEndian.PutUint32(body[4:], uint32(l.Index))
	binary.NativeEndian.PutUint32(body[8:], l.Flags)
	body = append(body, attr(3, append([]byte(l.Name), 0))...)
	body = append(body, attr(4, word(uint32(l.MTU)))...)
	for kind, s := range map[uint16]string{1: l.MAC, 54: l.Permanent} {
		if s != "" {
			body = append(body, attr(kind, mac(s))...)
		}
	}
	if l.Master != 0 {
		body = append(body, attr(10, word(uint32(l.Master)))...)
	}
	if l.Lower != 0 {
		body = append(body, attr(5, word(uint32(l.Lower)))...)
	}
	if l.Kind != "" {
		info := attr(1, []byte(l.Kind))
		if l.VLAN != nil {
			info = append(info, attr(2, attr(1, binary.NativeEndian.AppendUint16(nil, uint16(*l.VLAN))))...)
		}
		body = append(body, attr(18|1<<15, info)...)
	}
	return message(messageLink, body)
}

func encodeAddr(a Addr) []byte {
	family := byte(2)
	if a.Address.Is6() {
		family = 10
	}
	body := append([]byte{family, byte(a.Prefix), byte(a.Flags), 0}, word(uint32(a.Index))...)
	body = append(body, attr(1, a.Address.AsSlice())...)
	if a.Address.Is4() {
		body = append(body, attr(2, a.Address.AsSlice())...)
	}
	body = append(body, attr(8, word(a.Flags))...)
	body = append(body, attr(6, slices.Concat(word(a.Valid), word(a.Valid), word(0), word(0)))...)
	body = append(body, attr(11, []byte{a.Protocol})...)
	return message(messageAddr, body)
}

func TestNetlink(t *testing.T) {
	vlan := int64(42)
	want := []Link{
		{Index: 1, Type: 772, Flags: 9, Name: "lo", MTU: 65536},
		{Index: 2, Type: 1, Flags: flagUp | flagLowerUp, Name: "eth0", MAC: "0c:c4:7a:00:00:01", Permanent: "0c:c4:7a:00:00:02", MTU: 1500, Master: 4},
		{Index: 5, Type: 1, Name: "eth0.42", MTU: 1500, Lower: 2, Kind: "vlan", VLAN: &vlan},
	}
	var b []byte
	for _, l := range want {
		b = append(b, encodeLink(l)...)
	}
	got := parseLinks(b)
	if len(got) != 3 {
		t.Fatalf("%+v", got)
	}
	for i := range got {
		if got[i].VLAN != nil && *got[i].VLAN == *want[i].VLAN {
			got[i].VLAN = want[i].VLAN
		}
		if got[i] != want[i] {
			t.Errorf("got  %+v\nwant %+v", got[i], want[i])
		}
	}
	// Every cut of the dump gives whole links or none, never another one.
	for n := range b {
		for i, l := range parseLinks(b[:n]) {
			if l.Name != want[i].Name {
				t.Fatalf("cut at %d: %+v", n, l)
			}
		}
	}
}

func TestOrigin(t *testing.T) {
	const forever = 1<<32 - 1
	for _, c := range []struct {
		Addr
		origin, scope string
	}{
		{Addr{Address: netip.MustParseAddr("10.0.0.5"), Prefix: 24, Valid: 3600}, "dhcp", "private"},
		{Addr{Address: netip.MustParseAddr("10.0.0.5"), Prefix: 24, Valid: forever, Flags: addrPermanent}, "static", "private"},
		{Addr{Address: netip.MustParseAddr("169.254.1.1"), Prefix: 16, Valid: forever}, "link_local", "link"},
		{Addr{Address: netip.MustParseAddr("127.0.0.1"), Prefix: 8, Valid: forever, Flags: addrPermanent}, "static", "loopback"},
		{Addr{Address: netip.MustParseAddr("100.64.1.1"), Prefix: 10, Valid: 60}, "dhcp", "private"},
		{Addr{Address: netip.MustParseAddr("8.8.8.8"), Prefix: 32, Valid: forever, Flags: addrPermanent}, "static", "global"},
		{Addr{Address: netip.MustParseAddr("fe80::1"), Prefix: 64, Valid: forever, Flags: addrPermanent, Protocol: 3}, "link_local", "link"},
		{Addr{Address: netip.MustParseAddr("2001:db8::1"), Prefix: 64, Valid: 600, Protocol: 2}, "slaac", "global"},
		{Addr{Address: netip.MustParseAddr("2001:db8::1"), Prefix: 64, Valid: 600, Flags: addrManage}, "slaac", "global"},
		{Addr{Address: netip.MustParseAddr("2001:db8::99"), Prefix: 128, Valid: 600}, "dhcp", "global"},
		{Addr{Address: netip.MustParseAddr("fd00::2"), Prefix: 64, Valid: forever, Flags: addrPermanent}, "static", "unique_local"},
	} {
		if got := c.Addr.origin(); got != c.origin {
			t.Errorf("%+v: %s, want %s", c.Addr, got, c.origin)
		}
		if got := scope(c.Address); got != c.scope {
			t.Errorf("%s: %s, want %s", c.Address, got, c.scope)
		}
	}
}

func TestKind(t *testing.T) {
	for want, list := range map[string][]Link{
		"bridge": {{Kind: "bridge"}}, "bond": {{Kind: "team"}}, "vpn": {{Kind: "tun"}, {Kind: "wireguard"}, {Type: 512}},
		"tunnel": {{Kind: "vxlan"}, {Type: 776}}, "virtual": {{Kind: "ifb"}, {Kind: "macvlan"}, {Type: 1}}, "loopback": {{Type: 772}},
	} {
		for _, l := range list {
			if got := kindOf(l, "", false, false); got != want {
				t.Errorf("%+v: %s, want %s", l, got, want)
			}
		}
	}
	if kindOf(Link{Type: 1}, "wwan", false, true) != "cellular" || kindOf(Link{Type: 1}, "", true, true) != "wifi" || kindOf(Link{Type: 1}, "", false, true) != "ethernet" {
		t.Error("hardware")
	}
	if !hidden(Link{Kind: "veth"}) || !hidden(Link{Name: "sit0"}) || hidden(Link{Name: "sit0", Flags: flagUp}) || hidden(Link{Name: "eth0"}) {
		t.Error("hidden")
	}
}

func TestEthtool(t *testing.T) {
	b := make([]byte, 48+12)
	binary.NativeEndian.PutUint32(b[4:], 1000)
	b[11], b[18] = 1, 1
	binary.NativeEndian.PutUint32(b[48:], 1<<6|1<<5|1<<3)
	var c card
	c.settings(b)
	if c.SpeedMbit != 1000 || c.MaxSpeedMbit != 1000 || c.Negotiates == nil || !*c.Negotiates {
		t.Errorf("%+v", c)
	}
	// Masks said to be longer than the answer are not read.
	b[18] = 100
	c = card{}
	c.settings(b)
	if c.MaxSpeedMbit != 0 {
		t.Errorf("%+v", c)
	}
	if got := maxMode([]uint32{1 << 6, 1 << (47 - 32)}); got != 2500 {
		t.Errorf("2.5GBASE-T is %d", got)
	}
	c = card{}
	c.wake(slices.Concat(word(5), word(0x20), word(0x20), make([]byte, 8)))
	c.permanent(slices.Concat(word(0x20), word(6), mac("8c:ec:4b:aa:bb:cc")))
	if c.WakeOnLAN == nil || !*c.WakeOnLAN || c.Permanent != "8c:ec:4b:aa:bb:cc" {
		t.Errorf("%+v", c)
	}
	c = card{}
	c.permanent(slices.Concat(word(0x20), word(6), make([]byte, 32)))
	c.permanent(slices.Concat(word(0x20), word(6000), make([]byte, 32)))
	if c.Permanent != "" {
		t.Errorf("%+v", c)
	}
}

func TestPermanentMACs(t *testing.T) {
	got := PermanentMACs([]inventory.Interface{
		{Bus: "pci", PermanentMac: "8c:ec:4b:00:00:02"}, {Bus: "pci", PermanentMac: "8c:ec:4b:00:00:01"}, {Bus: "pci", PermanentMac: "8c:ec:4b:00:00:01"},
		{Bus: "usb", PermanentMac: "00:50:b6:01:02:03"}, {Bus: "thunderbolt", PermanentMac: "00:50:b6:01:02:04"}, {Bus: "virtio", PermanentMac: "00:50:b6:01:02:05"},
		{Bus: "pci", PermanentMac: "02:00:00:00:00:01"}, {Bus: "pci"},
	})
	if !slices.Equal(got, []string{"8c:ec:4b:00:00:01", "8c:ec:4b:00:00:02"}) {
		t.Errorf("%v", got)
	}
}

func TestTables(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 { // the text is of a little-endian machine
		got := parseRoutes4(strings.NewReader("Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n" +
			"a 00000000 0101040A 0003 0 0 600 00000000 0 0 0\nb 00000000 FE01A8C0 0003 0 0 100 00000000 0 0 0\n" +
			"ppp0 00000000 00000000 0001 0 0 700 00000000 0 0 0\nx 00000000 00000000 0200 0 0 0 00000000\nshort\n"))
		if len(got) != 3 || got[0].Interface != "b" || got[0].Address.String() != "192.168.1.254" || got[2].Address.IsValid() {
			t.Errorf("%+v", got)
		}
	}
	x := parseResolver(strings.NewReader("domain a.\nsearch b.example. c\nnameserver 1.1.1.1\nnameserver fe80::1%eth0\n; comment\nsearch\n"))
	if !slices.Equal(x.Servers, []string{"1.1.1.1", "fe80::1%eth0"}) || !slices.Equal(x.Search, []string{"b.example", "c"}) || x.stub() {
		t.Errorf("%+v", x)
	}
	for in, want := range map[string]string{
		"http://user:pass@proxy:3128/": "proxy:3128", "proxy:8080": "proxy:8080", "": "", "http://[::1]:80": "[::1]:80", "://": "", "http://u:p%zz@h": "",
	} {
		if got := proxyOf(in); got != want || strings.Contains(got, "pass") {
			t.Errorf("proxyOf(%q) = %q, want %q", in, got, want)
		}
	}
	l, ok := parseDhclient(strings.NewReader(`lease {
  interface "eth0";
  option dhcp-lease-time 600;
  option dhcp-server-identifier 10.0.0.1;
  expire 2 2024/06/04 09:12:33;
}
lease {
  interface "wlan0";
  option dhcp-server-identifier 10.9.9.9;
}
lease {
  interface "eth0";
  option dhcp-lease-time 600;
  option dhcp-server-identifier 10.0.0.2;
  expire 3 2024/06/05 09:12:33;
}
`), "eth0")
	if !ok || l.Server != "10.0.0.2" || l.Lifetime != 10*time.Minute || l.Ends.Day() != 5 {
		t.Errorf("%+v", l)
	}
}

func FuzzNetlink(f *testing.F) {
	vlan := int64(7)
	f.Add(slices.Concat(encodeLink(Link{Index: 2, Name: "eth0", MAC: "0c:c4:7a:00:00:01", Kind: "vlan", VLAN: &vlan}),
		encodeAddr(Addr{Index: 2, Address: netip.MustParseAddr("10.0.0.1"), Valid: 5})))
	f.Add([]byte{16, 0, 0, 0, 16, 0})
	f.Add(message(messageRoute, slices.Concat([]byte{2, 8, 0, 0, tableMain, 4, 0, 1, 0, 0, 0, 0}, attr(1, []byte{10, 0, 0, 0}),
		attr(9, slices.Concat([]byte{16, 0, 0, 0}, word(3), attr(5, []byte{10, 0, 0, 1}))))))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, l := range parseLinks(b) {
			if l.Name == "" || l.Index <= 0 {
				t.Errorf("%+v", l)
			}
			kindOf(l, "", false, false)
		}
		for _, a := range parseAddrs(b) {
			if a.origin() == "" || scope(a.Address) == "" {
				t.Errorf("%+v", a)
			}
		}
		for _, r := range parseRoutes(b) {
			if !r.To.IsValid() || r.kind() == "" || r.protocol() == "" {
				t.Errorf("%+v", r)
			}
		}
		var c card
		c.settings(b)
		c.wake(b)
		c.info(b)
		c.permanent(b)
	})
}

func FuzzTables(f *testing.F) {
	f.Add("eth0 00000000 0101040A 0003 0 0 100 00000000 0 0 0\n")
	f.Add("00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000064 00000001 00000000 00000003 eth0\n")
	f.Add("10.4.1.1 0x1 0x2 00:1b:17:00:01:10 * eth0\nnameserver 1.1.1.1\nsearch a\nhttps_proxy=http://u:p@h:1\n")
	f.Fuzz(func(t *testing.T, text string) {
		parseRoutes4(strings.NewReader(text))
		parseRoutes6(strings.NewReader(text))
		parseARP(strings.NewReader(text), netip.MustParseAddr("10.4.1.1"))
		parseResolver(strings.NewReader(text))
		parseDhclient(strings.NewReader(text), "eth0")
		if p := parseEnvironment(strings.NewReader(text)); strings.Contains(p, "@") {
			t.Errorf("a proxy with its user: %q", p)
		}
	})
}
