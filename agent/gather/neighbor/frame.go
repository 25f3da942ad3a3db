package neighbor

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"muster/internal/inventory"
)

// maxFrame is more than an Ethernet frame of any kind has.
const maxFrame = 16 << 10

// parseFrames splits what networkd keeps: 64 bits of length, little-endian,
// then a frame.
func parseFrames(b []byte) [][]byte {
	var list [][]byte
	for len(b) >= 8 && len(list) < maxNeighbors {
		n := binary.LittleEndian.Uint64(b)
		b = b[8:]
		if n > maxFrame || n > uint64(len(b)) {
			break
		}
		list, b = append(list, b[:n]), b[n:]
	}
	return list
}

// parseFrame reads an LLDP frame (IEEE 802.1AB): two addresses, the type
// 0x88cc, and TLVs of 7 bits of type and 9 of length.
func parseFrame(b []byte) (inventory.Neighbor, bool) {
	n := inventory.Neighbor{Protocol: "lldp"}
	if len(b) < 14 || binary.BigEndian.Uint16(b[12:]) != 0x88cc {
		return n, false
	}
	for b = b[14:]; len(b) >= 2; {
		head := binary.BigEndian.Uint16(b)
		kind, size := head>>9, int(head&0x1ff)
		if kind == 0 || 2+size > len(b) {
			break
		}
		set(&n, kind, b[2:2+size])
		b = b[2+size:]
	}
	return n, n.Chassis != "" && (n.RemotePort != "" || n.Name != "")
}

func set(n *inventory.Neighbor, kind uint16, v []byte) {
	switch kind {
	case 1:
		if len(v) > 1 {
			n.ChassisKind, n.Chassis = identifier(chassisKinds(), v)
		}
	case 2:
		if len(v) > 1 {
			n.PortKind, n.RemotePort = identifier(portKinds(), v)
		}
	case 4:
		n.PortText = text(v)
	case 5:
		n.Name = text(v)
	case 6:
		n.Description = text(v)
	case 7: // what it can, what of that it does
		if len(v) >= 4 {
			n.Capabilities = capabilities(binary.BigEndian.Uint16(v[2:]))
			if len(n.Capabilities) == 0 {
				n.Capabilities = capabilities(binary.BigEndian.Uint16(v))
			}
		}
	case 8: // length, family, address
		if len(v) >= 2 && int(v[0]) < len(v) && v[0] > 1 {
			if a := address(v[1 : 1+int(v[0])]); a != "" && !slices.Contains(n.Addresses, a) && len(n.Addresses) < 16 {
				n.Addresses = append(n.Addresses, a)
			}
		}
	case 127:
		if len(v) > 4 {
			organisation(n, [4]byte(v[:4]), v[4:])
		}
	}
}

// organisation reads the TLVs that bodies beside IEEE 802.1AB define.
func organisation(n *inventory.Neighbor, who [4]byte, v []byte) {
	switch who {
	case [4]byte{0x00, 0x80, 0xc2, 1}: // 802.1: port VLAN
		if len(v) >= 2 {
			if id := int64(binary.BigEndian.Uint16(v)); id > 0 && id <= 4094 {
				n.NativeVlan = &id
			}
		}
	case [4]byte{0x00, 0x12, 0x0f, 1}: // 802.3: negotiation, what it offers, kind of medium
		if len(v) >= 5 {
			n.Duplex = duplex(binary.BigEndian.Uint16(v[3:]))
		}
	case [4]byte{0x00, 0x12, 0xbb, 7}: // ANSI/TIA-1057 (LLDP-MED): software
		n.Version = text(v)
	case [4]byte{0x00, 0x12, 0xbb, 8}:
		n.Serial = text(v)
	case [4]byte{0x00, 0x12, 0xbb, 10}:
		n.Platform = text(v)
	}
}

// duplex reads the kind of medium (dot3MauType, IANA-MAU-MIB). Only kinds that
// exist once as half and once as full duplex tell it.
func duplex(medium uint16) string {
	switch medium {
	case 10, 12, 15, 17, 19, 21, 23, 25, 27, 29: // …HD
		return "half"
	case 11, 13, 16, 18, 20, 22, 24, 26, 28, 30: // …FD
		return "full"
	}
	return ""
}

// Kinds of identifiers, from 1 on.
func chassisKinds() []string {
	return []string{"component", "alias", "component", "mac", "address", "name", "local"}
}

func portKinds() []string {
	return []string{"alias", "component", "mac", "address", "name", "circuit", "local"}
}

func identifier(kinds []string, v []byte) (kind, id string) {
	kind = "other"
	if n := int(v[0]); n >= 1 && n <= len(kinds) {
		kind = kinds[n-1]
	}
	v = v[1:]
	switch {
	case kind == "mac" && len(v) == 6:
		return kind, mac(v)
	case kind == "address":
		if a := address(v); a != "" {
			return kind, a
		}
	}
	if t := text(v); t != "" && kind != "mac" && kind != "address" {
		return kind, t
	}
	return kind, fmt.Sprintf("%x", v)
}

func mac(b []byte) string {
	parts := make([]string, len(b))
	for i, c := range b {
		parts[i] = fmt.Sprintf("%02x", c)
	}
	return strings.Join(parts, ":")
}

// address reads an address after the number of its family: 1 is IPv4, 2 IPv6
// (IANA address family numbers).
func address(v []byte) string {
	if len(v) == 5 && v[0] == 1 || len(v) == 17 && v[0] == 2 {
		if a, ok := netip.AddrFromSlice(v[1:]); ok && !a.IsUnspecified() {
			return a.String()
		}
	}
	return ""
}

// text is printable text, without what others put at its end.
func text(v []byte) string {
	s := strings.TrimRight(string(v), "\x00 \r\n")
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "�")
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// capabilities are the bits of the system capabilities TLV in the catalogue's
// words, as profiles for gear use them.
func capabilities(bits uint16) []string {
	var list []string
	for i, word := range []string{"other", "repeater", "bridge", "wlan_access_point", "router", "telephone", "docsis", "station"} {
		if bits&(1<<i) != 0 {
			list = append(list, word)
		}
	}
	return list
}
