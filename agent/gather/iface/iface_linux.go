package iface

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/agent/gather/block"
	"muster/agent/host"
	"muster/internal/inventory"
)

const sysNet = "/sys/class/net/"

// links are those of the kernel, else as much as sysfs tells of them. Which
// of the two is a source of its own.
func links(h *host.Host, k kernel) ([]Link, string, error) {
	if k.links != nil {
		b, err := k.links()
		if err != nil {
			return nil, "", err
		}
		return parseLinks(b), "netlink", nil
	}
	list, err := h.ReadDir(sysNet)
	if err != nil {
		return nil, "", err
	}
	var found []Link
	for _, e := range list {
		at := sysNet + e.Name() + "/"
		index, err := strconv.ParseInt(h.Line(at+"ifindex"), 10, 64)
		if err != nil {
			continue // bonding_masters is a file
		}
		l := Link{Name: e.Name(), Index: index, Type: uint16(decimal(h.Line(at + "type"))), MTU: decimal(h.Line(at + "mtu"))}
		if mac := h.Line(at + "address"); strings.Trim(mac, "0:") != "" {
			l.MAC = mac
		}
		flags, _ := strconv.ParseUint(h.Line(at+"flags"), 0, 32)
		l.Flags = uint32(flags)
		if h.Line(at+"carrier") == "1" {
			l.Flags |= flagLowerUp
		}
		if m, err := h.Readlink(at + "master"); err == nil {
			l.Master = decimal(h.Line(sysNet + path.Base(m) + "/ifindex"))
		}
		if lower := decimal(h.Line(at + "iflink")); lower != l.Index {
			l.Lower = lower
		}
		found = append(found, l)
	}
	return found, "sysfs", nil
}

func decimal(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func interfaces(h *host.Host, k kernel) ([]inventory.Interface, []string, []string, error) {
	all, source, err := links(h, k)
	if err != nil {
		return nil, nil, nil, err
	}
	var faults []string
	gateways := routes(h)
	dynamic := map[int64]Addr{}
	static := map[int64]bool{}
	if k.addresses != nil {
		b, err := k.addresses()
		if err != nil {
			faults = append(faults, "whether addresses come by DHCP is not known: "+err.Error())
		}
		for _, a := range parseAddrs(b) {
			switch {
			case !a.Address.Is4():
			case a.origin() == "dhcp":
				dynamic[a.Index] = a
			case a.origin() == "static":
				static[a.Index] = true
			}
		}
	}
	rows := make([]inventory.Interface, 0, len(all))
	for _, l := range all {
		if hidden(l) {
			continue
		}
		r := describe(h, k, l, all)
		for _, g := range gateways {
			if g.Interface == l.Name && g.Address.IsValid() && !slices.Contains(r.Gateways, g.Address.String()) {
				r.Gateways = append(r.Gateways, g.Address.String())
			}
		}
		resolving(h, l.Index, &r)
		if a, ok := dynamic[l.Index]; ok {
			yes := true
			r.DHCP = &yes
			// To the minute, so that it stays the same from one reading to the next.
			r.LeaseEndsAt = h.Now().Add(time.Duration(a.Valid) * time.Second).Round(time.Minute)
		} else if static[l.Index] && r.Kind != "loopback" {
			no := false
			r.DHCP = &no
		}
		if r.DHCP != nil && *r.DHCP {
			leased(h, l, &r)
		}
		rows = append(rows, r)
	}
	return rows, []string{source}, faults, nil
}

func describe(h *host.Host, k kernel, l Link, all []Link) inventory.Interface {
	at := sysNet + l.Name + "/"
	r := inventory.Interface{Name: l.Name, Index: l.Index, Mac: l.MAC, PermanentMac: l.Permanent, MTU: l.MTU}
	up, lower := l.Flags&flagUp != 0, l.Flags&flagLowerUp != 0
	r.AdminUp, r.LinkUp = &up, &lower
	device, err := h.Readlink(at + "device")
	physical := err == nil
	r.Physical = &physical
	wireless := h.Exists(at+"phy80211") || h.Exists(at+"wireless")
	r.Kind = kindOf(l, devtype(h, at), wireless, physical)
	if l.MAC != "" && r.Kind != "loopback" {
		random := localMAC(l.MAC)
		r.MacRandom = &random
	}
	for _, o := range all {
		if o.Index == l.Master && l.Master != 0 || r.Parent == "" && o.Index == l.Lower && l.Lower != 0 && !physical && l.Lower != l.Index {
			r.Parent = o.Name
		}
	}
	r.VlanID = l.VLAN
	r.Bus = "none"
	if !physical {
		return r
	}
	attach(h, at, device, &r)
	named(h, l.Index, &r)
	var c card
	if k.card != nil {
		c = k.card(l.Name)
	}
	if r.PermanentMac == "" {
		r.PermanentMac = c.Permanent
	}
	if r.PermanentMac == "" && k.links == nil && h.Line(at+"addr_assign_type") == "0" {
		r.PermanentMac = l.MAC // NET_ADDR_PERM: the address in use is the burnt-in one
	}
	if r.Driver == "" {
		r.Driver = c.Driver
	}
	r.Firmware = c.Firmware
	if c.Version != "" && c.Version != h.Line("/proc/sys/kernel/osrelease") {
		r.DriverVersion = c.Version // drivers of the kernel itself repeat its version
	}
	r.AutoNegotiate, r.WakeOnLAN = c.Negotiates, c.WakeOnLAN
	if r.Kind == "wifi" {
		return r
	}
	r.MaxSpeedBits = c.MaxSpeedMbit * 1e6
	if speed := decimal(h.Line(at + "speed")); lower && speed > 0 {
		r.SpeedBits = speed * 1e6
		if d := h.Line(at + "duplex"); d == "full" || d == "half" {
			r.Duplex = d
		}
	}
	return r
}

func devtype(h *host.Host, at string) (kind string) {
	f, err := h.Open(at + "uevent")
	if err != nil {
		return ""
	}
	defer f.Close()
	parsePairs(f, func(key, value string) {
		if key == "DEVTYPE" {
			kind = value
		}
	})
	return kind
}

// attach adds bus, address, numbers and driver of the device behind an
// interface.
func attach(h *host.Host, at, device string, r *inventory.Interface) {
	line := func(name string) string { return h.Line(at + "device/" + name) }
	subsystem, _ := h.Readlink(at + "device/subsystem")
	if d, err := h.Readlink(at + "device/driver"); err == nil {
		r.Driver = path.Base(d)
	}
	r.BusAddress = path.Base(device)
	switch kind := path.Base(subsystem); kind {
	case "pci":
		r.Bus = "pci"
		r.VendorID, r.ProductID = fourDigits(line("vendor")), fourDigits(line("device"))
		if r.Driver == "vmxnet3" {
			r.Bus = "vmware"
		} else if removable(h, at) {
			r.Bus = "thunderbolt"
		}
	case "usb":
		r.Bus = "usb"
		// The interface belongs to one function (2-1.4:1.0) of a device (2-1.4).
		r.BusAddress, _, _ = strings.Cut(r.BusAddress, ":")
		up := func(name string) string { return h.Line(path.Dir(realDevice(h, at)) + "/" + name) }
		r.VendorID, r.ProductID = fourDigits(up("idVendor")), fourDigits(up("idProduct"))
		r.Vendor, r.Model = block.Squeeze(up("manufacturer")), block.Squeeze(up("product"))
	case "virtio", "xen", "sdio", "platform", "thunderbolt":
		r.Bus = kind
		if kind == "virtio" {
			// virtio2 says nothing; the PCI device it is on does.
			if p := path.Base(path.Dir(realDevice(h, at))); strings.Count(p, ":") == 2 {
				r.BusAddress = p
			}
		}
	case "vmbus":
		r.Bus = "hyperv"
	default:
		r.Bus = "other"
	}
}

// realDevice is the folder of the device below /sys/devices, from the link of
// the interface itself, which ends in DEVICE/net/NAME.
func realDevice(h *host.Host, at string) string {
	target, err := h.Readlink(strings.TrimSuffix(at, "/"))
	if err != nil {
		return ""
	}
	return path.Dir(path.Dir(path.Clean("/sys/class/net/" + target)))
}

// removable says whether a PCI device sits outside of the machine: firmware
// marks the ports that lead there, and the kernel everything behind them.
func removable(h *host.Host, at string) bool {
	for p := realDevice(h, at); strings.HasPrefix(p, "/sys/devices/pci"); p = path.Dir(p) {
		if h.Line(p+"/removable") == "removable" {
			return true
		}
	}
	return false
}

// named adds maker and model as udev's hardware database has them.
func named(h *host.Host, index int64, r *inventory.Interface) {
	block.Udev(h, "n"+strconv.FormatInt(index, 10), func(key, value string) {
		switch key {
		case "ID_VENDOR_FROM_DATABASE":
			if r.Vendor == "" {
				r.Vendor = value
			}
		case "ID_MODEL_FROM_DATABASE":
			if r.Model == "" {
				r.Model = value
			}
		}
	})
}

func fourDigits(s string) string {
	s = strings.ToLower(strings.TrimPrefix(s, "0x"))
	if len(s) != 4 || strings.Trim(s, "0123456789abcdef") != "" {
		return ""
	}
	return s
}

func routes(h *host.Host) []gateway {
	var list []gateway
	if f, err := h.Open("/proc/net/route"); err == nil {
		list = parseRoutes4(f)
		f.Close()
	}
	if f, err := h.Open("/proc/net/ipv6_route"); err == nil {
		list = append(list, parseRoutes6(f)...)
		f.Close()
	}
	return list
}

// resolving adds the name servers of one interface as systemd keeps them: in
// networkd's state, or in resolved's when somebody else (NetworkManager) set
// them.
func resolving(h *host.Host, index int64, r *inventory.Interface) {
	number := strconv.FormatInt(index, 10)
	for _, p := range []string{"/run/systemd/resolve/netif/" + number, "/run/systemd/netif/links/" + number} {
		f, err := h.Open(p)
		if err != nil {
			continue
		}
		parsePairs(f, func(key, value string) {
			switch {
			case (key == "SERVERS" || key == "DNS") && len(r.DNSServers) == 0:
				r.DNSServers = strings.Fields(value)
			case key == "DOMAINS" && r.DNSSuffix == "":
				for _, d := range strings.Fields(value) {
					if !strings.HasPrefix(d, "~") { // ~ marks a routing domain, which is no suffix
						r.DNSSuffix = d
						break
					}
				}
			}
		})
		f.Close()
	}
}

// leased adds server and begin of a DHCP lease from the file of whichever
// client keeps one.
func leased(h *host.Host, l Link, r *inventory.Interface) {
	files := append([]string{"/run/systemd/netif/leases/" + strconv.FormatInt(l.Index, 10)},
		h.Glob("/var/lib/NetworkManager/*-"+l.Name+".lease")...)
	for _, p := range files {
		f, err := h.Open(p)
		if err != nil {
			continue
		}
		var x lease
		parsePairs(f, func(key, value string) {
			switch key {
			case "SERVER_ADDRESS":
				x.Server = value
			case "LIFETIME":
				x.Lifetime = time.Duration(decimal(value)) * time.Second
			}
		})
		if fi, err := f.Stat(); err == nil && x.Lifetime > 0 {
			r.LeaseAt = fi.ModTime().Truncate(time.Second) // written when the lease came
		}
		f.Close()
		if x.Server != "" {
			r.DHCPServer = x.Server
			return
		}
	}
	for _, p := range h.Glob("/var/lib/dhcp/dhclient*.leases") {
		f, err := h.Open(p)
		if err != nil {
			continue
		}
		x, ok := parseDhclient(f, l.Name)
		f.Close()
		if ok {
			r.DHCPServer = x.Server
			if !x.Ends.IsZero() {
				r.LeaseEndsAt = x.Ends
				r.LeaseAt = x.Ends.Add(-x.Lifetime)
			}
			return
		}
	}
}

func addresses(h *host.Host, k kernel) ([]inventory.Address, []string, error) {
	if k.addresses == nil {
		return nil, nil, errNoKernel
	}
	all, _, err := links(h, k)
	if err != nil {
		return nil, nil, err
	}
	b, err := k.addresses()
	if err != nil {
		return nil, nil, err
	}
	var rows []inventory.Address
	for _, a := range parseAddrs(b) {
		i := slices.IndexFunc(all, func(l Link) bool { return l.Index == a.Index })
		if i < 0 || hidden(all[i]) || a.Flags&addrTemporary != 0 && a.Address.Is6() {
			continue
		}
		prefix := a.Prefix
		r := inventory.Address{Interface: all[i].Name, Address: a.Address.WithZone("").String(), PrefixLength: &prefix,
			Family: "ipv6", Scope: scope(a.Address), Origin: a.origin()}
		if a.Address.Is4() {
			r.Family = "ipv4"
		}
		if a.Flags&addrPermanent == 0 && a.Valid != 1<<32-1 {
			r.ValidUntil = h.Now().Add(time.Duration(a.Valid) * time.Second).Round(time.Minute)
		}
		if m := all[i].Master; m != 0 {
			for _, o := range all {
				if o.Index == m && o.Kind == "vrf" {
					r.Vrf = o.Name
				}
			}
		}
		rows = append(rows, r)
	}
	return rows, []string{"netlink"}, nil
}

func network(h *host.Host, k kernel) (inventory.Network, []string, error) {
	var r inventory.Network
	asked := []string{"proc"}
	if !h.Exists("/proc/net/dev") && !h.Exists("/proc/net/route") {
		return r, nil, errors.New("/proc/net is not there to be read")
	}
	for _, g := range routes(h) {
		if r.DefaultInterface == "" {
			r.DefaultInterface = g.Interface
		}
		if !g.Address.IsValid() {
			continue
		}
		switch {
		case g.Address.Is4() && r.GatewayV4 == "":
			r.GatewayV4 = g.Address.String()
			if f, err := h.Open("/proc/net/arp"); err == nil {
				r.GatewayMac = parseARP(f, g.Address)
				f.Close()
			}
		case g.Address.Is6() && r.GatewayV6 == "":
			r.GatewayV6 = g.Address.String()
		}
	}
	x, err := resolv(h, "/etc/resolv.conf")
	if err == nil {
		asked = append(asked, "resolv_conf")
	} else if !errors.Is(err, fs.ErrNotExist) {
		return r, nil, err
	}
	if x.stub() {
		if real, err := resolv(h, "/run/systemd/resolve/resolv.conf"); err == nil {
			x.Servers = real.Servers
		}
	}
	r.DNSServers, r.SearchDomains, r.Domain = x.Servers, x.Search, x.Domain
	if name := h.Line("/proc/sys/kernel/hostname"); r.Domain == "" {
		if _, domain, ok := strings.Cut(name, "."); ok {
			r.Domain = domain
		}
	}
	if r.Domain == "" && len(x.Search) > 0 {
		r.Domain = x.Search[0]
	}
	if f, err := h.Open("/etc/environment"); err == nil {
		r.Proxy = parseEnvironment(f)
		f.Close()
	}
	if s := h.Line("/proc/sys/net/ipv4/ip_forward"); s != "" {
		forwards := s == "1"
		r.Forwarding = &forwards
	}
	six := h.Exists("/proc/net/if_inet6") && h.Line("/proc/sys/net/ipv6/conf/all/disable_ipv6") != "1"
	r.IPv6 = &six
	if all, _, err := links(h, k); err == nil {
		for _, l := range all {
			_, bad := h.Readlink(sysNet + l.Name + "/device")
			if l.Flags&flagUp != 0 && kindOf(l, devtype(h, sysNet+l.Name+"/"), false, bad == nil) == "vpn" {
				r.VPN = append(r.VPN, l.Name)
			}
		}
	}
	return r, asked, nil
}

func resolv(h *host.Host, name string) (resolver, error) {
	f, err := h.Open(name)
	if err != nil {
		return resolver{}, err
	}
	defer f.Close()
	return parseResolver(f), nil
}
