package iface

import (
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/agent/gather/recorded"
	"muster/agent/host"
)

// laptop is the kernel of the recorded fedora-laptop: what netlink and ethtool
// would say of the same interfaces.
func laptop() kernel {
	const forever = 1<<32 - 1
	var links, addrs []byte
	vlan := int64(30)
	for _, l := range []Link{
		{Index: 1, Type: 772, Flags: flagUp | flagLowerUp, Name: "lo", MTU: 65536},
		{Index: 3, Type: 1, Flags: flagUp | flagLowerUp, Name: "wlp0s20f3", MTU: 1500, MAC: "4e:aa:bb:cc:dd:01", Permanent: "a4:42:3b:00:00:07"},
		{Index: 4, Type: 1, Flags: flagUp | flagLowerUp, Name: "enp0s13f0u2u1", MTU: 1500, MAC: "00:50:b6:01:02:03", Permanent: "00:50:b6:01:02:03"},
		{Index: 5, Type: 0xfffe, Flags: flagUp | flagLowerUp, Name: "wg0", MTU: 1420, Kind: "wireguard"},
		{Index: 6, Type: 1, Flags: flagUp, Name: "virbr0", MTU: 1500, MAC: "52:54:00:12:34:56", Kind: "bridge"},
		{Index: 7, Type: 1, Flags: flagUp | flagLowerUp, Name: "vnet0", MTU: 1500, MAC: "fe:54:00:65:43:21", Kind: "tun", Master: 6},
		{Index: 8, Type: 1, Flags: flagUp | flagLowerUp, Name: "veth1a2b", MTU: 1500, MAC: "fe:54:00:65:43:22", Kind: "veth", Lower: 2},
		{Index: 9, Type: 1, Flags: flagUp | flagLowerUp, Name: "dock.30", MTU: 1500, MAC: "00:50:b6:01:02:03", Kind: "vlan", Lower: 4, VLAN: &vlan},
	} {
		links = append(links, encodeLink(l)...)
	}
	for _, a := range []Addr{
		{Index: 1, Address: netip.MustParseAddr("127.0.0.1"), Prefix: 8, Flags: addrPermanent, Valid: forever, Protocol: 1},
		{Index: 4, Address: netip.MustParseAddr("192.168.1.20"), Prefix: 24, Valid: 43_000},
		{Index: 4, Address: netip.MustParseAddr("fe80::50b6:1"), Prefix: 64, Flags: addrPermanent, Valid: forever, Protocol: 3},
		{Index: 4, Address: netip.MustParseAddr("2001:db8::1"), Prefix: 64, Flags: addrManage, Valid: 86_400, Protocol: 2},
		{Index: 4, Address: netip.MustParseAddr("2001:db8::dead"), Prefix: 64, Flags: addrTemporary, Valid: 86_400},
		{Index: 5, Address: netip.MustParseAddr("10.99.0.2"), Prefix: 32, Flags: addrPermanent, Valid: forever},
		{Index: 8, Address: netip.MustParseAddr("172.17.0.9"), Prefix: 16, Flags: addrPermanent, Valid: forever},
		{Index: 77, Address: netip.MustParseAddr("10.1.1.1"), Prefix: 8, Valid: forever},
	} {
		addrs = append(addrs, encodeAddr(a)...)
	}
	yes := true
	return kernel{
		links:     func() ([]byte, error) { return links, nil },
		addresses: func() ([]byte, error) { return addrs, nil },
		routes:    func() ([]byte, error) { return laptopRoutes(), nil },
		card: func(name string) card {
			if name != "enp0s13f0u2u1" {
				return card{}
			}
			return card{Driver: "cdc_ncm", Version: "6.8.11-300.fc40.x86_64", Firmware: "CDC NCM (NO ZLP)", MaxSpeedMbit: 2500, Negotiates: &yes, WakeOnLAN: &yes}
		},
	}
}

func TestKernelAnswers(t *testing.T) {
	h := recorded.Unpack(t, machine(t, "fedora-laptop"), []byte(`
-- /var/lib/NetworkManager/internal-7f6b9f6e-enp0s13f0u2u1.lease @2024-06-03T07:40:00Z --
# This is private data. Do not parse.
ADDRESS=192.168.1.20
SERVER_ADDRESS=192.168.1.254
LIFETIME=43200
`))
	rows, asked, faults, err := interfaces(h, laptop())
	r, err := finish(rows, asked, faults, err)
	recorded.Golden(t, h, "interface", "kernel.interface", r, err)
	addr, asked, err := addresses(h, laptop())
	r, err = finish(addr, asked, nil, err)
	recorded.Golden(t, h, "address", "kernel.address", r, err)
	routes, asked, faults, err := routing(h, laptop())
	r, err = finish(routes, asked, faults, err)
	recorded.Golden(t, h, "route", "kernel.route", r, err)
	if got := PermanentMACs(rows); !slices.Equal(got, []string{"a4:42:3b:00:00:07"}) {
		t.Errorf("evidence is %v", got)
	}
}

func machine(t *testing.T, name string) []byte {
	b, err := os.ReadFile("../recorded/machines/" + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What the kernel says of this machine agrees with sysfs.
func TestThisKernel(t *testing.T) {
	h := host.Local()
	k := kernelOf(h)
	b, err := k.links()
	if err != nil {
		t.Fatal(err)
	}
	got := parseLinks(b)
	list, err := os.ReadDir("/sys/class/net")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if _, err := os.Stat("/sys/class/net/" + e.Name() + "/ifindex"); err != nil {
			continue
		}
		i := slices.IndexFunc(got, func(l Link) bool { return l.Name == e.Name() })
		if i < 0 {
			t.Errorf("netlink does not know %s", e.Name())
			continue
		}
		at := "/sys/class/net/" + e.Name() + "/"
		if want := h.Line(at + "address"); want != got[i].MAC && strings.Trim(want, "0:") != "" {
			t.Errorf("%s: address %s, sysfs says %s", e.Name(), got[i].MAC, want)
		}
		if decimal(h.Line(at+"mtu")) != got[i].MTU || decimal(h.Line(at+"ifindex")) != got[i].Index {
			t.Errorf("%+v differs from sysfs", got[i])
		}
		k.card(e.Name()) // whatever it answers, it must not crash
	}
	start := time.Now()
	if _, err := k.addresses(); err != nil || time.Since(start) > 2*time.Second {
		t.Errorf("addresses: %v after %s", err, time.Since(start))
	}
}

// The kernel of a network of its own tells the routes that were given to it.
func TestRoutesOfThisKernel(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("a network of one's own needs root")
	}
	// The thread ends with the test, and its network with it.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("no network of one's own here: %v", err)
	}
	for _, words := range []string{
		"link add left type veth peer name right",
		"link set left up", "link set right up",
		"addr add 10.7.0.1/24 dev left",
		"addr add 2001:db8:7::1/64 dev left nodad",
		"route add default via 10.7.0.254 proto dhcp metric 100",
		"route add default via 10.7.0.253 proto dhcp metric 600",
		"route add 10.8.0.0/16 proto static nexthop via 10.7.0.2 weight 1 nexthop via 10.7.0.3 weight 2",
		"route add 10.9.0.0/24 via inet6 2001:db8:7::9 dev left proto bgp",
		"route add blackhole 10.66.0.0/16",
		"route add 10.7.5.5/32 dev left proto boot scope link",
		"route add 172.20.0.0/16 via 10.7.0.4 table 77",
		"-6 route add 2001:db8:8::/48 via 2001:db8:7::2 metric 50",
		"-6 route add unreachable 2001:db8:9::/48",
	} {
		if out, err := exec.Command("ip", strings.Fields(words)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", words, err, out)
		}
	}
	rows, _, faults, err := routing(host.Local(), kernelOf(host.Local()))
	if err != nil || len(faults) > 0 {
		t.Fatal(faults, err)
	}
	var got []string
	for _, r := range rows {
		got = append(got, strings.Join([]string{r.Vrf, r.Destination, r.NextHop, r.Interface, r.Protocol, r.Kind}, " "))
	}
	want := []string{
		" 0.0.0.0/0 10.7.0.253 left dhcp remote",
		" 0.0.0.0/0 10.7.0.254 left dhcp remote",
		" 10.66.0.0/16   boot blackhole",
		" 10.8.0.0/16 10.7.0.2 left static remote",
		" 10.8.0.0/16 10.7.0.3 left static remote",
		" 10.9.0.0/24 2001:db8:7::9 left bgp remote",
		" 2001:db8:8::/48 2001:db8:7::2 left boot remote",
		" 2001:db8:9::/48  lo boot reject",
		"77 172.20.0.0/16 10.7.0.4 left boot remote",
	}
	if !slices.Equal(got, want) {
		t.Errorf("routes are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// laptopRoutes are those of a PC at a dock and a VPN, beside what is passed
// over: own subnets, groups, single containers.
func laptopRoutes() []byte {
	route := func(family, bits, table, protocol, scope, kind byte, attrs ...[]byte) []byte {
		return message(messageRoute, slices.Concat([]byte{family, bits, 0, 0, table, protocol, scope, kind, 0, 0, 0, 0}, slices.Concat(attrs...)))
	}
	ip := func(kind uint16, text string) []byte { return attr(kind, netip.MustParseAddr(text).AsSlice()) }
	return slices.Concat(
		route(2, 0, tableMain, 16, 0, 1, ip(5, "192.168.1.254"), attr(4, word(4)), attr(6, word(100))),
		route(2, 0, tableMain, 16, 0, 1, ip(5, "192.168.1.254"), attr(4, word(4)), attr(6, word(600))), // the same, dearer
		route(2, 24, tableMain, madeByKernel, scopeLink, 1, ip(1, "192.168.1.0"), attr(4, word(4))),
		route(2, 8, tableMain, 4, scopeLink, 1, ip(1, "10.0.0.0"), attr(4, word(5))),
		route(2, 32, tableMain, 3, scopeLink, 1, ip(1, "172.17.0.9"), attr(4, word(8))),
		route(2, 32, tableLocal, madeByKernel, 254, 2, ip(1, "127.0.0.1"), attr(4, word(1))),
		route(10, 64, tableMain, madeByKernel, 0, 1, ip(1, "fe80::"), attr(4, word(4))),
		route(10, 8, tableLocal, madeByKernel, 0, 5, ip(1, "ff00::"), attr(4, word(4))),
		route(10, 0, tableMain, 9, 0, 1, ip(5, "fe80::1"), attr(4, word(4)), attr(6, word(1024))),
		route(2, 16, 0, 4, 0, 6, ip(1, "10.66.0.0"), attr(15, word(1000))),
		route(28, 0, tableMain, 4, 0, 1), // a family of its own
		route(2, 33, tableMain, 4, 0, 1), // no such length
	)
}
