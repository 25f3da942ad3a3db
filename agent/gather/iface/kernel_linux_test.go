package iface

import (
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

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
