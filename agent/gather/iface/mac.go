package iface

import (
	"bufio"
	"bytes"
	"context"
	"math/bits"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/order"
)

// macInterface is one of ifconfig -a -v.
type macInterface struct {
	Name, MAC, Media, Status, Type string
	Flags                          []string
	MTU, Index                     int64
	Addresses                      []macAddress
	Members                        bool   // it is a bridge
	VLAN                           int64  // of a VLAN interface
	Parent                         string // below that VLAN
}

type macAddress struct {
	Address netip.Addr
	Bits    int64
	Words   []string // temporary, autoconf, secured, …
}

// maxMacInterfaces bounds what is kept: a Mac has some twenty.
const maxMacInterfaces = 1000

// parseIfconfig reads ifconfig(8): a line "NAME: flags=…" and lines with white
// space before them.
func parseIfconfig(b []byte) []macInterface {
	var list []macInterface
	s := bufio.NewScanner(bytes.NewReader(b))
	for s.Scan() {
		line := s.Text()
		if line == "" {
			continue
		}
		if line[0] != ' ' && line[0] != '\t' {
			name, rest, ok := strings.Cut(line, ": ")
			if !ok || len(list) == maxMacInterfaces {
				return list
			}
			x := macInterface{Name: name}
			if _, flags, ok := strings.Cut(rest, "<"); ok {
				flags, _, _ = strings.Cut(flags, ">")
				x.Flags = strings.Split(flags, ",")
			}
			x.MTU, x.Index = after(rest, "mtu"), after(rest, "index")
			list = append(list, x)
			continue
		}
		if len(list) == 0 {
			continue
		}
		list[len(list)-1].line(strings.TrimSpace(line))
	}
	return list
}

// after is the number that follows a word, or 0.
func after(line, word string) int64 {
	w := strings.Fields(line)
	if i := slices.Index(w, word); i >= 0 && i+1 < len(w) {
		if n, err := strconv.ParseInt(w[i+1], 10, 32); err == nil && n > 0 {
			return n
		}
	}
	return 0
}

func (x *macInterface) line(line string) {
	w := strings.Fields(line)
	if len(w) < 2 {
		return
	}
	switch w[0] {
	case "ether":
		x.MAC = strings.ToLower(w[1])
	case "media:":
		x.Media = strings.TrimPrefix(line, "media: ")
	case "status:":
		x.Status = strings.TrimPrefix(line, "status: ")
	case "type:":
		x.Type = strings.TrimPrefix(line, "type: ")
	case "member:":
		x.Members = true
	case "vlan:":
		x.VLAN = after(line, "vlan:")
		if i := slices.Index(w, "interface:"); i >= 0 && i+1 < len(w) {
			x.Parent = w[i+1]
		}
	case "inet", "inet6":
		text, _, _ := strings.Cut(w[1], "%")
		ip, err := netip.ParseAddr(text)
		if err != nil || len(x.Addresses) >= maxMacInterfaces {
			return
		}
		a := macAddress{Address: ip, Bits: after(line, "prefixlen"), Words: w[2:]}
		if i := slices.Index(w, "netmask"); i >= 0 && i+1 < len(w) {
			if mask, err := strconv.ParseUint(strings.TrimPrefix(w[i+1], "0x"), 16, 32); err == nil {
				a.Bits = int64(bits.LeadingZeros32(^uint32(mask)))
			}
		}
		x.Addresses = append(x.Addresses, a)
	}
}

// has says whether the interface has a flag.
func (x macInterface) has(flag string) bool { return slices.Contains(x.Flags, flag) }

// kind is what an interface is, by its port's name for people and its own.
func (x macInterface) kind(port string) (kind string, physical bool) {
	switch {
	case strings.HasPrefix(x.Name, "lo"):
		return "loopback", false
	case port == "Wi-Fi" || port == "AirPort" || x.Type == "Wi-Fi":
		return "wifi", port != ""
	case x.Members || strings.HasPrefix(x.Name, "bridge"):
		return "bridge", false
	case strings.HasPrefix(x.Name, "bond"):
		return "bond", false
	case x.VLAN != 0 || strings.HasPrefix(x.Name, "vlan"):
		return "vlan", false
	case strings.HasPrefix(x.Name, "utun"), strings.HasPrefix(x.Name, "ppp"), strings.HasPrefix(x.Name, "ipsec"):
		return "vpn", false
	case strings.HasPrefix(x.Name, "gif"), strings.HasPrefix(x.Name, "stf"):
		return "tunnel", false
	case strings.Contains(port, "Bluetooth"):
		return "bluetooth", true
	case port != "":
		return "ethernet", true
	}
	return "virtual", false
}

// own says of an interface that it is the system's own, of which nobody can
// say anything: AirDrop's, the tethering's, those of Apple's coprocessors.
func (x macInterface) own(port string) bool {
	for _, p := range []string{"awdl", "llw", "anpi", "ap", "gif", "stf", "pktap"} {
		if rest, ok := strings.CutPrefix(x.Name, p); ok && strings.Trim(rest, "0123456789") == "" {
			return true
		}
	}
	// Tunnels of the system carry link-local addresses alone.
	if strings.HasPrefix(x.Name, "utun") {
		return !slices.ContainsFunc(x.Addresses, func(a macAddress) bool { return !a.Address.IsLinkLocalUnicast() })
	}
	return port == "" && len(x.Addresses) == 0
}

// ports reads networksetup -listallhardwareports: the name for people by the
// device.
func ports(b []byte) map[string]string {
	names := map[string]string{}
	var name string
	for line := range bytes.Lines(b) {
		text := strings.TrimSpace(string(line))
		if rest, ok := strings.CutPrefix(text, "Hardware Port: "); ok {
			name = rest
		}
		if rest, ok := strings.CutPrefix(text, "Device: "); ok && name != "" && len(names) < maxMacInterfaces {
			names[rest] = name
			name = ""
		}
	}
	return names
}

// macAll asks for interfaces and the names of ports.
func macAll(ctx context.Context, h *host.Host) (list []macInterface, names map[string]string, faults []string, err error) {
	b, err := h.Run(ctx, "ifconfig")
	if err != nil {
		return nil, nil, nil, err
	}
	p, err := h.Run(ctx, "networksetup")
	if err != nil {
		faults = append(faults, err.Error())
	}
	names = ports(p)
	list = slices.DeleteFunc(parseIfconfig(b), func(x macInterface) bool { return x.own(names[x.Name]) })
	return list, names, faults, nil
}

// macSpeed reads the speed out of "autoselect (1000baseT <full-duplex>)".
func macSpeed(media string) (bitsPerSecond int64, duplex string) {
	_, inside, ok := strings.Cut(media, "(")
	if !ok {
		return 0, ""
	}
	if strings.Contains(inside, "full-duplex") {
		duplex = "full"
	} else if strings.Contains(inside, "half-duplex") {
		duplex = "half"
	}
	number, _, ok := strings.Cut(inside, "base")
	scale := int64(1e6)
	if whole, giga := strings.CutSuffix(number, "G"); giga {
		if whole == "2.5" {
			return 2_500_000_000, duplex
		}
		number, scale = whole, 1e9
	}
	n, err := strconv.ParseInt(number, 10, 32)
	if !ok || err != nil || n <= 0 || n > 1e6 {
		return 0, duplex
	}
	return n * scale, duplex
}

func macInterfaces(ctx context.Context, h *host.Host) ([]inventory.Interface, []string, []string, error) {
	list, names, faults, err := macAll(ctx, h)
	if err != nil {
		return nil, nil, nil, err
	}
	rows := []inventory.Interface{}
	for _, x := range list {
		port := names[x.Name]
		kind, physical := x.kind(port)
		r := inventory.Interface{Name: x.Name, Description: port, Index: x.Index, Kind: kind, Physical: &physical, MTU: x.MTU,
			AdminUp: new(x.has("UP")), LinkUp: new(x.Status == "active" || x.Status == "" && x.has("RUNNING")), Parent: x.Parent}
		if x.VLAN != 0 {
			r.VlanID = new(x.VLAN)
		}
		if strings.Count(x.MAC, ":") == 5 {
			r.Mac = x.MAC
			r.MacRandom = new(localMAC(x.MAC))
		}
		// The ports of a Mac itself are en0 and, on some, en1; what else there is
		// hangs on USB or Thunderbolt, and cannot be told apart here.
		if physical && (port == "Wi-Fi" || port == "Ethernet") {
			r.Bus = "platform"
		}
		if physical && (strings.Contains(port, "USB") || strings.Contains(port, "LAN")) {
			r.Bus = "usb"
		}
		if strings.HasPrefix(port, "Thunderbolt") {
			r.Bus = "thunderbolt"
		}
		if kind == "ethernet" && *r.LinkUp {
			r.SpeedBits, r.Duplex = macSpeed(x.Media)
		}
		rows = append(rows, r)
	}
	order.By(rows, func(a, b inventory.Interface) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(rows, func(a, b inventory.Interface) bool { return a.Name == b.Name }), []string{"ifconfig", "networksetup"}, faults, nil
}

func macAddresses(ctx context.Context, h *host.Host) ([]inventory.Address, []string, error) {
	list, _, _, err := macAll(ctx, h)
	if err != nil {
		return nil, nil, err
	}
	rows := []inventory.Address{}
	seen := map[string]bool{}
	for _, x := range list {
		for _, a := range x.Addresses {
			r := inventory.Address{Interface: x.Name, Address: a.Address.String(), PrefixLength: new(a.Bits), Family: "ipv4", Scope: scope(a.Address)}
			if a.Address.Is6() {
				r.Family = "ipv6"
				if slices.Contains(a.Words, "autoconf") || slices.Contains(a.Words, "temporary") {
					r.Origin = "slaac"
				}
			}
			if a.Address.IsLinkLocalUnicast() {
				r.Origin = "link_local"
			}
			// Addresses that are changed for privacy would be a new row each day.
			if slices.Contains(a.Words, "temporary") || seen[x.Name+" "+r.Address] {
				continue
			}
			seen[x.Name+" "+r.Address] = true
			rows = append(rows, r)
		}
	}
	return rows, []string{"ifconfig"}, nil
}

// macRoute is a line of netstat -rn.
type macRoute struct {
	To        netip.Prefix
	Gateway   string
	Flags     string
	Interface string
}

// parseNetstat reads netstat -rn, of which a line is destination, gateway,
// flags, interface and perhaps the time it ends. Destinations leave zeros at
// their end out: 192.168.1 is 192.168.1.0/24, 224.0.0/4 is 224.0.0.0/4.
func parseNetstat(b []byte) []macRoute {
	var list []macRoute
	six := false
	for line := range bytes.Lines(b) {
		w := strings.Fields(string(line))
		if len(w) == 1 {
			six = w[0] == "Internet6:"
		}
		if len(w) < 4 || w[0] == "Destination" || len(list) >= 20*maxMacInterfaces {
			continue
		}
		to, ok := destination(w[0], six, strings.Contains(w[2], "H"))
		if !ok {
			continue
		}
		gateway, _, _ := strings.Cut(w[1], "%")
		if _, err := netip.ParseAddr(gateway); err != nil {
			gateway = "" // link#12, or a hardware address: directly attached
		}
		list = append(list, macRoute{To: to, Gateway: gateway, Flags: w[2], Interface: w[3]})
	}
	return list
}

func destination(s string, six, single bool) (netip.Prefix, bool) {
	if s == "default" {
		if six {
			return netip.PrefixFrom(netip.IPv6Unspecified(), 0), true
		}
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0), true
	}
	text, length, cut := strings.Cut(s, "/")
	text, _, _ = strings.Cut(text, "%")
	n := -1
	if cut {
		v, err := strconv.Atoi(length)
		if err != nil || v < 0 {
			return netip.Prefix{}, false
		}
		n = v
	}
	if !six {
		octets := strings.Count(text, ".") + 1
		if n < 0 && octets < 4 && !single {
			n = 8 * octets
		}
		for ; octets < 4; octets++ {
			text += ".0"
		}
	}
	ip, err := netip.ParseAddr(text)
	if err != nil || ip.Is6() != six {
		return netip.Prefix{}, false
	}
	if n < 0 {
		n = ip.BitLen()
	}
	p, err := ip.Prefix(n)
	return p, err == nil
}

func macRoutes(ctx context.Context, h *host.Host) ([]inventory.Route, []string, []string, error) {
	b, err := h.Run(ctx, "netstat-routes")
	if err != nil {
		return nil, nil, nil, err
	}
	rows := []inventory.Route{}
	seen := map[string]bool{}
	for _, x := range parseNetstat(b) {
		// Neighbours and what the kernel cloned for one host are no routes of the
		// network, and link-local and group addresses are everywhere alike.
		if strings.ContainsAny(x.Flags, "WLm") || !strings.Contains(x.Flags, "U") || x.To.Addr().IsMulticast() || x.To.Addr().IsLinkLocalUnicast() || x.To.Addr().IsLoopback() {
			continue
		}
		r := inventory.Route{Destination: x.To.Masked().String(), NextHop: x.Gateway, Interface: x.Interface, Kind: "local"}
		switch {
		case strings.Contains(x.Flags, "B"):
			r.Kind = "blackhole"
		case strings.Contains(x.Flags, "R"):
			r.Kind = "reject"
		case x.Gateway != "":
			r.Kind = "remote"
		}
		// Networks that an interface is on are static to the kernel too.
		if strings.Contains(x.Flags, "S") && x.Gateway != "" {
			r.Protocol = "static"
		}
		if key := r.Destination + " " + r.NextHop + " " + r.Interface; !seen[key] {
			seen[key] = true
			rows = append(rows, r)
		}
	}
	return rows, []string{"netstat"}, nil, nil
}

// macNames reads scutil --dns: name servers and search domains of the
// resolvers that hold for everything, in order.
func macNames(b []byte) (servers, search []string, domain string) {
	scoped := false
	for line := range bytes.Lines(b) {
		text := strings.TrimSpace(string(line))
		if strings.HasPrefix(text, "DNS configuration") {
			scoped = strings.Contains(text, "scoped")
		}
		name, value, ok := strings.Cut(text, " : ")
		if !ok || scoped || len(servers)+len(search) > 100 {
			continue
		}
		name, _, _ = strings.Cut(strings.TrimSpace(name), "[")
		value = strings.TrimSpace(value)
		switch name {
		case "nameserver":
			if _, err := netip.ParseAddr(value); err == nil && !slices.Contains(servers, value) {
				servers = append(servers, value)
			}
		case "search domain":
			if !slices.Contains(search, value) {
				search = append(search, value)
			}
		case "domain":
			// Resolvers for one domain alone, as for names of the local link.
			if domain == "" && value != "local" && !strings.HasSuffix(value, ".in-addr.arpa") && !strings.HasSuffix(value, ".ip6.arpa") {
				domain = value
			}
		}
	}
	return servers, search, domain
}

func macNetwork(ctx context.Context, h *host.Host) (inventory.Network, []string, error) {
	b, err := h.Run(ctx, "netstat-routes")
	if err != nil {
		return inventory.Network{}, nil, err
	}
	var row inventory.Network
	asked := []string{"netstat"}
	for _, x := range parseNetstat(b) {
		// I: for sockets that are bound to that interface alone.
		if x.To.Bits() != 0 || strings.Contains(x.Flags, "I") || !strings.Contains(x.Flags, "G") {
			continue
		}
		if row.DefaultInterface == "" {
			row.DefaultInterface = x.Interface
		}
		if x.To.Addr().Is4() && row.GatewayV4 == "" {
			row.GatewayV4 = x.Gateway
		}
		if x.To.Addr().Is6() && row.GatewayV6 == "" {
			row.GatewayV6 = x.Gateway
		}
	}
	if b, err := h.Run(ctx, "scutil-dns"); err == nil {
		asked = append(asked, "scutil")
		row.DNSServers, row.SearchDomains, row.Domain = macNames(b)
	}
	if list, _, _, err := macAll(ctx, h); err == nil {
		asked = append(asked, "ifconfig")
		for _, x := range list {
			if kind, _ := x.kind(""); kind == "vpn" && x.has("UP") {
				row.VPN = append(row.VPN, x.Name)
			}
			for _, a := range x.Addresses {
				if a.Address.Is6() && a.Address.IsGlobalUnicast() {
					row.IPv6 = new(true)
				}
			}
		}
	}
	return row, asked, nil
}
