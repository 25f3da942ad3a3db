// Package iface reads sections interface, address, route and network: what the
// kernel says of network interfaces, their addresses and routes, and the
// host's way out: gateways, name servers, proxy.
//
// It owns netlink's messages, ethtool's answers and the text tables of
// /proc/net as far as these sections need them. It must not send a packet or
// ask a name server.
package iface

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Read reads section interface.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, faults, err := interfaces(h, kernelOf(h))
	return finish(rows, asked, faults, err)
}

// ReadAddresses reads section address.
func ReadAddresses(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, err := addresses(h, kernelOf(h))
	return finish(rows, asked, nil, err)
}

// ReadRoutes reads section route.
func ReadRoutes(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, faults, err := routing(h, kernelOf(h))
	return finish(rows, asked, faults, err)
}

// ReadNetwork reads section network.
func ReadNetwork(ctx context.Context, h *host.Host) (gather.Reading, error) {
	row, asked, err := network(h, kernelOf(h))
	return finish([]inventory.Network{row}, asked, nil, err)
}

func finish[T inventory.Sectioner](rows []T, asked, faults []string, err error) (gather.Reading, error) {
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}

// Rows reads section interface as structs.
func Rows(ctx context.Context, h *host.Host) ([]inventory.Interface, error) {
	rows, _, _, err := interfaces(h, kernelOf(h))
	return rows, err
}

// PermanentMACs are the burnt-in addresses of cards on an inner bus, sorted,
// as evidence of identity. Docks, USB adapters, VPNs and virtual cards are not
// part of the machine and never among them.
func PermanentMACs(rows []inventory.Interface) []string {
	var list []string
	for _, r := range rows {
		if r.Bus == "pci" && r.PermanentMac != "" && !localMAC(r.PermanentMac) {
			list = append(list, r.PermanentMac)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// kernel is what only the kernel can be asked, so that tests can answer.
// Without one, sysfs alone is read.
type kernel struct {
	// links, addresses and routes give netlink dumps: RTM_NEWLINK, RTM_NEWADDR
	// and RTM_NEWROUTE messages, one after another.
	links, addresses, routes func() ([]byte, error)
	// card asks the driver of an interface.
	card func(name string) card
}

// card is what ethtool tells; a zero field is not told.
type card struct {
	Permanent               string
	Driver, Version         string
	Firmware, Bus           string
	SpeedMbit, MaxSpeedMbit int64
	Negotiates              *bool
	WakeOnLAN               *bool
}

var errNoRoutes = fmt.Errorf("routes are told by the kernel only: %w", errors.ErrUnsupported)

var errNoKernel = fmt.Errorf("addresses are told by the kernel only: %w", errors.ErrUnsupported)

// localMAC says whether a hardware address is locally administered: made up,
// not given by IEEE (the second lowest bit of the first byte).
func localMAC(mac string) bool {
	return len(mac) > 1 && strings.IndexByte("2367abef", mac[1]) >= 0
}

// usable says whether bytes are a hardware address that tells something.
func usable(b []byte) bool {
	if len(b) < 6 || len(b) > 20 {
		return false
	}
	return slices.ContainsFunc(b, func(c byte) bool { return c != 0 })
}

// macText writes a hardware address as aa:bb:cc:dd:ee:ff.
func macText(b []byte) string {
	if !usable(b) {
		return ""
	}
	const hex = "0123456789abcdef"
	out := make([]byte, 0, len(b)*3-1)
	for i, c := range b {
		if i > 0 {
			out = append(out, ':')
		}
		out = append(out, hex[c>>4], hex[c&15])
	}
	return string(out)
}

// hidden says whether an interface is left out: the host's ends of links to
// containers and virtual machines, and the tunnels that a kernel module makes just by being loaded.
func hidden(l Link) bool {
	const arpEther = 1
	if l.Kind == "veth" || l.Kind == "tun" && l.Type == arpEther && l.Master != 0 {
		return true // the second is a virtual machine's, in a bridge
	}
	switch l.Name {
	case "tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0":
		return l.Flags&flagUp == 0
	}
	return false
}

// kindOf is the kind of an interface in words of the catalogue, by what made
// it (netlink's kind), what the driver calls it (DEVTYPE), and its ARP type.
func kindOf(l Link, devtype string, wireless, physical bool) string {
	const (
		arpLoopback, arpInfiniband, arpRawIP, arpNone, arpPPP = 772, 32, 519, 0xfffe, 512
		arpTunnel, arpTunnel6, arpSit, arpGRE                 = 768, 769, 776, 778
	)
	switch l.Kind {
	case "bridge", "bond", "vlan":
		return l.Kind
	case "team":
		return "bond"
	case "wireguard", "tun", "ovpn", "xfrm", "ppp":
		return "vpn"
	case "vxlan", "gre", "gretap", "ip6gre", "sit", "ipip", "ip6tnl", "vti", "vti6", "geneve", "erspan":
		return "tunnel"
	case "dummy", "ifb", "macvlan", "macvtap", "ipvlan", "vrf", "netkit":
		return "virtual"
	}
	switch devtype {
	case "wlan":
		return "wifi"
	case "wwan":
		return "cellular"
	case "bluetooth", "bridge", "bond", "vlan":
		return devtype
	case "wireguard":
		return "vpn"
	}
	switch {
	case wireless:
		return "wifi"
	case l.Type == arpLoopback:
		return "loopback"
	case l.Type == arpInfiniband:
		return "infiniband"
	case l.Type == arpRawIP && physical:
		return "cellular"
	case l.Type == arpPPP, l.Type == arpNone:
		return "vpn"
	case l.Type == arpTunnel, l.Type == arpTunnel6, l.Type == arpSit, l.Type == arpGRE:
		return "tunnel"
	case physical:
		return "ethernet"
	}
	return "virtual"
}
