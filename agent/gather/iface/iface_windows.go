package iface

import (
	"errors"
	"fmt"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/windows"

	"muster/agent/host"
	"muster/internal/inventory"
)

func kernelOf(*host.Host) kernel { return kernel{} }

func interfaces(h *host.Host, _ kernel) ([]inventory.Interface, []string, []string, error) {
	list, err := adapters()
	if err != nil {
		return nil, nil, nil, err
	}
	return adapterRows(h, list), []string{"adapters", "registry"}, nil, nil
}

func addresses(h *host.Host, _ kernel) ([]inventory.Address, []string, error) {
	list, err := adapters()
	if err != nil {
		return nil, nil, err
	}
	return addressRows(h, list), []string{"adapters"}, nil
}

func network(h *host.Host, _ kernel) (inventory.Network, []string, error) {
	list, err := adapters()
	if err != nil {
		return inventory.Network{}, nil, err
	}
	r, asked := networkRow(h, list)
	return r, asked, nil
}

func routing(h *host.Host, _ kernel) ([]inventory.Route, []string, []string, error) {
	b, err := h.AskNative(host.NativeRoutes)
	if err != nil {
		return nil, nil, nil, err
	}
	list, err := adapters()
	if err != nil {
		return nil, nil, nil, err
	}
	names := map[int64]string{}
	for _, a := range list {
		names[a.Index] = a.Name
	}
	return forwardRows(parseForward(b), names), []string{"forward_table"}, nil, nil
}

// adapters asks GetAdaptersAddresses, and GetIfEntry2Ex for what it leaves out.
func adapters() ([]adapter, error) {
	const most = 4 << 20 // bytes
	for size := uint32(16 << 10); size <= most; {
		b := make([]byte, size)
		first := (*windows.IpAdapterAddresses)(unsafe.Pointer(&b[0]))
		n := size
		err := windows.GetAdaptersAddresses(windows.AF_UNSPEC, windows.GAA_FLAG_INCLUDE_PREFIX|windows.GAA_FLAG_INCLUDE_GATEWAYS|windows.GAA_FLAG_SKIP_ANYCAST|windows.GAA_FLAG_SKIP_MULTICAST, 0, first, &n)
		if errors.Is(err, windows.ERROR_BUFFER_OVERFLOW) {
			size = max(2*size, n)
			continue
		}
		if errors.Is(err, windows.ERROR_NO_DATA) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("GetAdaptersAddresses: %w", err)
		}
		var list []adapter
		for p := first; p != nil && len(list) < 4096; p = p.Next {
			list = append(list, convert(p))
		}
		return list, nil
	}
	return nil, fmt.Errorf("GetAdaptersAddresses: the list is longer than %d bytes", most)
}

func convert(p *windows.IpAdapterAddresses) adapter {
	const dhcp = 0x4 // IP_ADAPTER_DHCP_ENABLED
	a := adapter{GUID: windows.BytePtrToString(p.AdapterName), Network: p.NetworkGuid.String(), Name: windows.UTF16PtrToString(p.FriendlyName),
		Description: windows.UTF16PtrToString(p.Description), Index: int64(p.IfIndex), Type: p.IfType, Up: p.OperStatus == windows.IfOperStatusUp, Enabled: true,
		MTU: int64(p.Mtu), Speed: p.TransmitLinkSpeed, DHCP: p.Flags&dhcp != 0, Server: addr(&p.Dhcpv4Server), Suffix: windows.UTF16PtrToString(p.DnsSuffix),
		Metric4: p.Ipv4Metric, Metric6: p.Ipv6Metric, HasIPv6: p.Ipv6IfIndex != 0}
	if a.Index == 0 {
		a.Index = int64(p.Ipv6IfIndex)
	}
	if n := p.PhysicalAddressLength; int(n) <= len(p.PhysicalAddress) {
		a.MAC = append([]byte(nil), p.PhysicalAddress[:n]...)
	}
	for g := p.FirstGatewayAddress; g != nil && len(a.Gateways) < 64; g = g.Next {
		if ip := addr(&g.Address); ip.IsValid() {
			a.Gateways = append(a.Gateways, ip)
		}
	}
	for d := p.FirstDnsServerAddress; d != nil && len(a.DNS) < 64; d = d.Next {
		if ip := addr(&d.Address); ip.IsValid() {
			a.DNS = append(a.DNS, ip)
		}
	}
	for u := p.FirstUnicastAddress; u != nil && len(a.Addresses) < 4096; u = u.Next {
		a.Addresses = append(a.Addresses, unicast{Address: addr(&u.Address), Prefix: u.OnLinkPrefixLength, Prefixed: u.PrefixOrigin, Valid: u.ValidLifetime})
	}
	row := windows.MibIfRow2{InterfaceLuid: p.Luid}
	if windows.GetIfEntry2Ex(windows.MibIfEntryNormal, &row) == nil {
		const hardware, adminDown = 1, 2 // HardwareInterface, NET_IF_ADMIN_STATUS_DOWN
		a.Hardware = row.InterfaceAndOperStatusFlags&hardware != 0
		a.Medium, a.Enabled = row.PhysicalMediumType, row.AdminStatus != adminDown
		if n := row.PhysicalAddressLength; int(n) <= len(row.PermanentPhysicalAddress) {
			a.Permanent = append([]byte(nil), row.PermanentPhysicalAddress[:n]...)
		}
	}
	return a
}

func addr(s *windows.SocketAddress) netip.Addr {
	if s.Sockaddr == nil {
		return netip.Addr{}
	}
	a, _ := netip.AddrFromSlice(s.IP())
	return a
}
