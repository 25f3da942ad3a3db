package iface

import (
	"encoding/binary"
	"net/netip"
)

// Link is what an RTM_NEWLINK message says, rtnetlink(7).
type Link struct {
	Index     int64
	Type      uint16 // ARP hardware type
	Flags     uint32 // flagUp, flagLowerUp …
	Name      string
	MAC       string
	Permanent string // since Linux 5.6
	MTU       int64
	Master    int64  // index of the bridge or bond it is part of, 0 none
	Lower     int64  // index of the interface it rides on, 0 none
	Kind      string // what made it: vlan, bridge, veth …; empty for hardware
	VLAN      *int64
}

// Flags of interfaces, netdevice(7).
const (
	flagUp      = 1 << 0
	flagLowerUp = 1 << 16
)

// Addr is what an RTM_NEWADDR message says.
type Addr struct {
	Index    int64
	Address  netip.Addr
	Prefix   int64
	Flags    uint32
	Protocol byte   // who made it, since Linux 5.18: 1 loopback, 2 router advertisement, 3 link-local
	Valid    uint32 // seconds it is still valid; forever is 2³²−1
	Label    string
}

// Flags of addresses, linux/if_addr.h.
const (
	addrTemporary = 0x01
	addrPermanent = 0x80
	addrManage    = 0x100 // the kernel makes temporary addresses from it: a SLAAC prefix
	addrStable    = 0x800 // made by RFC 7217
)

const (
	messageLink = 16 // RTM_NEWLINK
	messageAddr = 20 // RTM_NEWADDR
)

// eachMessage calls f for every message of a dump: a header of 16 bytes
// (length, type, flags, sequence, port) and its content, aligned to four.
func eachMessage(b []byte, f func(kind uint16, body []byte)) {
	for len(b) >= 16 {
		n := int(binary.NativeEndian.Uint32(b))
		if n < 16 || n > len(b) {
			return
		}
		f(binary.NativeEndian.Uint16(b[4:]), b[16:n])
		b = b[min(align(n), len(b)):]
	}
}

// eachAttribute calls f for every attribute: a header of four bytes (length,
// type) and the value, aligned to four.
func eachAttribute(b []byte, f func(kind uint16, value []byte)) {
	for len(b) >= 4 {
		n := int(binary.NativeEndian.Uint16(b))
		if n < 4 || n > len(b) {
			return
		}
		const nested = 1 << 15
		f(binary.NativeEndian.Uint16(b[2:])&^nested, b[4:n])
		b = b[min(align(n), len(b)):]
	}
}

func align(n int) int { return (n + 3) &^ 3 }

// parseLinks reads a dump of links; what is no whole link is passed over.
func parseLinks(b []byte) []Link {
	var list []Link
	eachMessage(b, func(kind uint16, body []byte) {
		if kind != messageLink || len(body) < 16 {
			return
		}
		l := Link{Type: binary.NativeEndian.Uint16(body[2:]),
			Index: int64(int32(binary.NativeEndian.Uint32(body[4:]))), Flags: binary.NativeEndian.Uint32(body[8:])}
		eachAttribute(body[16:], l.set)
		if l.Name != "" && l.Index > 0 {
			list = append(list, l)
		}
	})
	return list
}

func (l *Link) set(kind uint16, value []byte) {
	switch kind {
	case 1: // IFLA_ADDRESS
		l.MAC = macText(value)
	case 3: // IFLA_IFNAME
		l.Name = text(value)
	case 4: // IFLA_MTU
		l.MTU = number32(value)
	case 5: // IFLA_LINK
		l.Lower = number32(value)
	case 10: // IFLA_MASTER
		l.Master = number32(value)
	case 18: // IFLA_LINKINFO
		l.info(value)
	case 54: // IFLA_PERM_ADDRESS
		l.Permanent = macText(value)
	}
}

func (l *Link) info(b []byte) {
	var data []byte
	eachAttribute(b, func(kind uint16, value []byte) {
		switch kind {
		case 1: // IFLA_INFO_KIND
			l.Kind = text(value)
		case 2: // IFLA_INFO_DATA
			data = value
		}
	})
	if l.Kind == "vlan" {
		eachAttribute(data, func(kind uint16, value []byte) {
			if kind == 1 && len(value) >= 2 { // IFLA_VLAN_ID
				id := int64(binary.NativeEndian.Uint16(value))
				l.VLAN = &id
			}
		})
	}
}

// parseAddrs reads a dump of addresses.
func parseAddrs(b []byte) []Addr {
	var list []Addr
	eachMessage(b, func(kind uint16, body []byte) {
		if kind != messageAddr || len(body) < 8 {
			return
		}
		a := Addr{Prefix: int64(body[1]), Flags: uint32(body[2]),
			Index: int64(binary.NativeEndian.Uint32(body[4:])), Valid: 1<<32 - 1}
		eachAttribute(body[8:], a.set)
		if a.Address.IsValid() {
			list = append(list, a)
		}
	})
	return list
}

func (a *Addr) set(kind uint16, value []byte) {
	switch kind {
	case 1: // IFA_ADDRESS: the other end of a point-to-point link
		if x, ok := netip.AddrFromSlice(value); ok && !a.Address.IsValid() {
			a.Address = x
		}
	case 2: // IFA_LOCAL: the own end
		if x, ok := netip.AddrFromSlice(value); ok {
			a.Address = x
		}
	case 3: // IFA_LABEL
		a.Label = text(value)
	case 6: // IFA_CACHEINFO: preferred, valid, created, updated
		if len(value) >= 8 {
			a.Valid = binary.NativeEndian.Uint32(value[4:])
		}
	case 8: // IFA_FLAGS, which hold more than the byte of the header
		if len(value) >= 4 {
			a.Flags = binary.NativeEndian.Uint32(value)
		}
	case 11: // IFA_PROTO
		if len(value) >= 1 {
			a.Protocol = value[0]
		}
	}
}

func text(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

func number32(b []byte) int64 {
	if len(b) < 4 {
		return 0
	}
	return int64(binary.NativeEndian.Uint32(b))
}

// origin says where an address comes from, in words of the catalogue. Whoever
// sets one by hand sets it for ever; DHCP and router advertisements give a
// time.
func (a Addr) origin() string {
	ends := a.Flags&addrPermanent == 0 && a.Valid != 1<<32-1
	switch {
	case a.Protocol == 1 || a.Address.IsLoopback():
		return "static"
	case a.Address.IsLinkLocalUnicast():
		return "link_local"
	case a.Address.Is4() && ends:
		return "dhcp"
	case a.Address.Is4():
		return "static"
	case a.Protocol == 2 || a.Flags&(addrManage|addrStable) != 0:
		return "slaac"
	case ends && a.Prefix == 128:
		return "dhcp" // DHCPv6 gives single addresses
	case ends:
		return "slaac"
	}
	return "static"
}

// scope says how far an address reaches, in words of the catalogue.
func scope(a netip.Addr) string {
	switch {
	case a.IsLoopback():
		return "loopback"
	case a.IsLinkLocalUnicast():
		return "link"
	case a.Is6() && a.IsPrivate():
		return "unique_local"
	case a.IsPrivate(), a.Is4() && shared().Contains(a):
		return "private"
	case a.IsGlobalUnicast():
		return "global"
	}
	return "other"
}

// shared is the space of carriers' address translation, RFC 6598.
func shared() netip.Prefix { return netip.MustParsePrefix("100.64.0.0/10") }
