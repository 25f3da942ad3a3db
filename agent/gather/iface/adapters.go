package iface

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"time"

	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/order"
)

// adapter is what Windows says of one interface (GetAdaptersAddresses and
// GetIfEntry2Ex, iptypes.h and netioapi.h).
type adapter struct {
	GUID              string // {…}, by which the registry knows it
	Network           string // {…} of the network it is in
	Name, Description string
	MAC, Permanent    []byte
	Index             int64
	Type, Medium      uint32 // IF_TYPE, NDIS_PHYSICAL_MEDIUM
	Up, Enabled       bool
	Hardware          bool
	MTU               int64
	Speed             uint64 // bits per second, all ones unknown
	DHCP              bool
	Server            netip.Addr
	Gateways, DNS     []netip.Addr
	Suffix            string
	Metric4, Metric6  uint32
	HasIPv6           bool
	Addresses         []unicast
}

// unicast is one address (IP_ADAPTER_UNICAST_ADDRESS).
type unicast struct {
	Address  netip.Addr
	Prefix   uint8
	Prefixed int32  // IP_PREFIX_ORIGIN
	Valid    uint32 // seconds, all ones for ever
}

// Types of interfaces (IANA's ifType).
const (
	typeEthernet = 6
	typePPP      = 23
	typeLoopback = 24
	typeVirtual  = 53
	typeWifi     = 71
	typeTunnel   = 131
	typeMobile   = 243
	typeMobile2  = 244
)

const mediumBluetooth = 10 // NdisPhysicalMediumBluetooth

// kind is the kind of an interface in words of the catalogue.
func (a adapter) kind() string {
	words := strings.ToLower(a.Description)
	switch {
	case a.Type == typeLoopback:
		return "loopback"
	case a.Medium == mediumBluetooth || strings.Contains(words, "bluetooth"):
		return "bluetooth"
	case a.Type == typeWifi && !a.Hardware:
		return "virtual" // Wi-Fi Direct, hosted networks
	case a.Type == typeWifi:
		return "wifi"
	case a.Type == typeMobile, a.Type == typeMobile2:
		return "cellular"
	case a.Type == typePPP, a.Type == typeVirtual, !a.Hardware && private(words):
		return "vpn"
	case a.Type == typeTunnel:
		return "tunnel"
	case a.Type == typeEthernet && a.Hardware:
		return "ethernet"
	case a.Type == typeEthernet:
		return "virtual"
	}
	return "other"
}

// private knows adapters of VPNs by their makers' descriptions.
func private(words string) bool {
	for _, w := range []string{"vpn", "tap-", "wintun", "wireguard", "anyconnect", "pangp", "fortinet", "juniper networks virtual", "zscaler", "check point virtual"} {
		if strings.Contains(words, w) {
			return true
		}
	}
	return false
}

// hidden leaves out pseudo interfaces for passing IPv6 over IPv4 that lead
// nowhere.
func (a adapter) hidden() bool {
	words := strings.ToLower(a.Description)
	return a.Type == typeTunnel && !a.Up && (strings.Contains(words, "isatap") || strings.Contains(words, "teredo") || strings.Contains(words, "6to4"))
}

func texts(list []netip.Addr) (out []string) {
	for _, a := range list {
		a = a.Unmap().WithZone("")
		// Old placeholders that Windows puts where no name server is set.
		if s := a.String(); !strings.HasPrefix(s, "fec0:0:0:ffff::") && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// row joins what Windows says with the registry's keys of adapter, its driver
// and its lease.
func (a adapter) row(h *host.Host, cards map[string]host.Key) inventory.Interface {
	r := inventory.Interface{Name: a.Name, Description: a.Description, Index: a.Index, Kind: a.kind(), Physical: &a.Hardware, Mac: macText(a.MAC),
		AdminUp: &a.Enabled, LinkUp: &a.Up, MTU: a.MTU, Gateways: texts(a.Gateways), DNSServers: texts(a.DNS), DNSSuffix: a.Suffix, Bus: "none"}
	if r.Mac != "" && r.Kind != "loopback" {
		r.MacRandom = new(localMAC(r.Mac))
	}
	if a.MTU >= 1<<32-1 {
		r.MTU = 0 // loopback has no limit
	}
	if a.Type == typeEthernet && a.Up && a.Hardware && a.Speed > 0 && a.Speed < 1<<50 {
		r.SpeedBits = int64(a.Speed)
	}
	a.lease(h, &r)
	a.profile(h, &r)
	if !a.Hardware {
		return r
	}
	r.PermanentMac = macText(a.Permanent)
	k, err := h.Key(host.View64, `HKLM\SYSTEM\CurrentControlSet\Control\Network\{4D36E972-E325-11CE-BFC1-08002BE10318}\`+a.GUID+`\Connection`, "PnpInstanceID")
	if err == nil {
		attachPnP(k.Text("PnpInstanceID"), &r)
	}
	if card, ok := cards[strings.ToLower(a.GUID)]; ok {
		r.DriverVersion, r.Vendor, r.Model = card.Text("DriverVersion"), card.Text("ProviderName"), card.Text("DriverDesc")
		if r.Vendor == "Microsoft" {
			r.Vendor = "" // the driver's maker, not the card's
		}
		r.Driver = card.Text("Service")
	}
	return r
}

// lease adds what DHCP gave, as the registry keeps it.
func (a adapter) lease(h *host.Host, r *inventory.Interface) {
	if r.Kind == "loopback" {
		return
	}
	r.DHCP = new(a.DHCP)
	if !a.DHCP {
		return
	}
	if a.Server.IsValid() && !a.Server.IsUnspecified() {
		r.DHCPServer = a.Server.Unmap().String()
	}
	k, err := h.Key(host.View64, `HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\Interfaces\`+a.GUID, "LeaseObtainedTime", "LeaseTerminatesTime")
	if err != nil || !a.Up {
		return
	}
	at := func(name string) time.Time {
		if n, ok := k.Number(name); ok && n > 0 && n < 1<<32-1 {
			return time.Unix(int64(n), 0).UTC()
		}
		return time.Time{}
	}
	r.LeaseAt, r.LeaseEndsAt = at("LeaseObtainedTime"), at("LeaseTerminatesTime")
}

// profile adds how far Windows trusts the network.
func (a adapter) profile(h *host.Host, r *inventory.Interface) {
	if !a.Up || a.Network == "" {
		return
	}
	k, err := h.Key(host.View64, `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\NetworkList\Profiles\`+a.Network, "Category")
	if err != nil {
		return
	}
	switch n, ok := k.Number("Category"); {
	case ok && n == 0:
		r.NetworkProfile = "public"
	case ok && n == 1:
		r.NetworkProfile = "private"
	case ok && n == 2:
		r.NetworkProfile = "domain"
	}
}

// attachPnP reads where a card hangs from its instance id, such as
// PCI\VEN_8086&DEV_15BB&SUBSYS_08CF1028&REV_10\3&11583659&0&FE.
func attachPnP(id string, r *inventory.Interface) {
	bus, rest, _ := strings.Cut(id, `\`)
	device, place, _ := strings.Cut(rest, `\`)
	r.BusAddress = place
	switch strings.ToUpper(bus) {
	case "PCI":
		r.Bus = "pci"
		r.VendorID, r.ProductID = fourHex(device, "VEN_"), fourHex(device, "DEV_")
		switch r.VendorID {
		case "1af4":
			r.Bus = "virtio"
		case "15ad":
			r.Bus = "vmware"
		}
	case "USB":
		r.Bus = "usb"
		r.VendorID, r.ProductID = fourHex(device, "VID_"), fourHex(device, "PID_")
	case "SD":
		r.Bus = "sdio"
	case "VMBUS":
		r.Bus = "hyperv"
	case "XENVIF", "XEN":
		r.Bus = "xen"
	case "":
	default:
		r.Bus = "other"
	}
}

func fourHex(s, mark string) string {
	_, rest, ok := strings.Cut(strings.ToUpper(s), mark)
	if !ok || len(rest) < 4 {
		return ""
	}
	n := strings.ToLower(rest[:4])
	if strings.Trim(n, "0123456789abcdef") != "" {
		return ""
	}
	return n
}

// cards are the keys of network drivers by the adapters they serve.
func cards(h *host.Host) map[string]host.Key {
	const class = `HKLM\SYSTEM\CurrentControlSet\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}`
	found := map[string]host.Key{}
	list, err := h.Key(host.View64, class, "no value")
	if err != nil {
		return found
	}
	for _, name := range list.Subkeys[:min(len(list.Subkeys), 500)] {
		k, err := h.Key(host.View64, class+`\`+name, "NetCfgInstanceId", "DriverVersion", "DriverDesc", "ProviderName")
		if id := k.Text("NetCfgInstanceId"); err == nil && id != "" {
			found[strings.ToLower(id)] = k
		}
	}
	return found
}

// adapterRows are the rows of section interface.
func adapterRows(h *host.Host, list []adapter) []inventory.Interface {
	known := cards(h)
	var rows []inventory.Interface
	for _, a := range list {
		if !a.hidden() && a.Name != "" {
			rows = append(rows, a.row(h, known))
		}
	}
	return rows
}

// addressRows are the rows of section address.
func addressRows(h *host.Host, list []adapter) []inventory.Address {
	var rows []inventory.Address
	for _, a := range list {
		if a.hidden() || a.Name == "" {
			continue
		}
		for _, u := range a.Addresses {
			ip := u.Address.Unmap().WithZone("")
			if !ip.IsValid() {
				continue
			}
			r := inventory.Address{Interface: a.Name, Address: ip.String(), Family: "ipv4", Scope: scope(ip), Origin: "other"}
			if ip.Is6() {
				r.Family = "ipv6"
			}
			if int(u.Prefix) <= ip.BitLen() {
				r.PrefixLength = new(int64(u.Prefix))
			}
			switch {
			case ip.IsLoopback():
				r.Origin = "static"
			case ip.IsLinkLocalUnicast():
				r.Origin = "link_local"
			case u.Prefixed == 1: // IpPrefixOriginManual
				r.Origin = "static"
			case u.Prefixed == 3:
				r.Origin = "dhcp"
			case u.Prefixed == 4: // of a router's advertisement
				r.Origin = "slaac"
			}
			if u.Valid != 1<<32-1 && u.Valid > 0 && (r.Origin == "dhcp" || r.Origin == "slaac") {
				// To the minute, so that it stays the same from one reading to the next.
				r.ValidUntil = h.Now().Add(time.Duration(u.Valid) * time.Second).UTC().Round(time.Minute)
			}
			rows = append(rows, r)
		}
	}
	return rows
}

// networkRow is the row of section network.
func networkRow(h *host.Host, list []adapter) (r inventory.Network, asked []string) {
	asked = []string{"adapters"}
	up := slices.DeleteFunc(slices.Clone(list), func(a adapter) bool { return !a.Up })
	order.Stable(up, func(a, b adapter) int { return int(a.Metric4>>1) - int(b.Metric4>>1) })
	r.IPv6 = new(false)
	for _, a := range up {
		for _, g := range a.Gateways {
			g = g.Unmap().WithZone("")
			switch {
			case g.Is4() && r.GatewayV4 == "":
				r.GatewayV4, r.DefaultInterface = g.String(), a.Name
			case g.Is6() && r.GatewayV6 == "":
				r.GatewayV6 = g.String()
				if r.DefaultInterface == "" {
					r.DefaultInterface = a.Name
				}
			}
		}
		for _, s := range texts(a.DNS) {
			if !slices.Contains(r.DNSServers, s) && a.Type != typeLoopback && len(r.DNSServers) < 32 {
				r.DNSServers = append(r.DNSServers, s)
			}
		}
		if a.Suffix != "" && !slices.Contains(r.SearchDomains, a.Suffix) {
			r.SearchDomains = append(r.SearchDomains, a.Suffix)
		}
		if a.kind() == "vpn" {
			r.VPN = append(r.VPN, a.Name)
		}
		six := a.HasIPv6 || slices.ContainsFunc(a.Addresses, func(u unicast) bool { return u.Address.Is6() })
		*r.IPv6 = *r.IPv6 || six && a.Type != typeLoopback
	}
	if b, err := h.AskNative(host.NativeNeighbors); err == nil {
		asked = append(asked, "neighbors")
		if gateway, err := netip.ParseAddr(r.GatewayV4); err == nil {
			r.GatewayMac = neighborOf(b, gateway)
		}
	}
	k, err := h.Key(host.View64, `HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters`, "Domain", "SearchList", "IPEnableRouter")
	if err == nil {
		asked = append(asked, "registry")
		r.Domain = strings.Trim(k.Text("Domain"), ".")
		r.Forwarding = new(false)
		if n, ok := k.Number("IPEnableRouter"); ok {
			*r.Forwarding = n != 0
		}
		var set []string
		for s := range strings.SplitSeq(k.Text("SearchList"), ",") {
			if s = strings.TrimSpace(s); s != "" && len(set) < 32 {
				set = append(set, s)
			}
		}
		if len(set) > 0 {
			r.SearchDomains = set // it takes the place of all others
		}
	}
	k, err = h.Key(host.View64, `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections`, "WinHttpSettings")
	if err == nil {
		r.Proxy = winHTTPProxy(k.Bytes("WinHttpSettings"))
	}
	return r, asked
}

// winHTTPProxy reads the proxy that the system's own programs use: after
// version and count, what is switched on (2 a proxy), the length of its name,
// its name.
func winHTTPProxy(b []byte) string {
	if len(b) < 16 || binary.LittleEndian.Uint32(b[8:])&2 == 0 {
		return ""
	}
	n := uint64(binary.LittleEndian.Uint32(b[12:]))
	if n > 1024 || 16+n > uint64(len(b)) {
		return ""
	}
	// Several may stand there, "http=a:1;https=b:2".
	s, _, _ := strings.Cut(string(b[16:16+n]), ";")
	if _, after, ok := strings.Cut(s, "="); ok {
		s = after
	}
	return proxyOf(s)
}

// neighborOf finds a hardware address in MIB_IPNETTABLE (ipmib.h): a count,
// then rows of interface, length, eight bytes, address, kind.
func neighborOf(b []byte, ip netip.Addr) string {
	const row, invalid = 24, 2
	if len(b) < 4 || !ip.Is4() {
		return ""
	}
	n := binary.LittleEndian.Uint32(b)
	for b = b[4:]; n > 0 && len(b) >= row; n, b = n-1, b[row:] {
		size := binary.LittleEndian.Uint32(b[4:])
		if netip.AddrFrom4([4]byte(b[16:20])) == ip && size >= 6 && size <= 8 && binary.LittleEndian.Uint32(b[20:]) != invalid {
			return macText(b[8 : 8+size])
		}
	}
	return ""
}
