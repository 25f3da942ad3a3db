package topology

import "encoding/hex"

// Mac is a hardware address of 48 bits, the first octet the highest; 0 is none.
type Mac uint64

// ParseMac reads a hardware address: six octets in hexadecimal, bare or parted
// by colons, hyphens, or dots after each four digits. Nought, broadcast and
// other group addresses belong to nobody and are refused.
func ParseMac(s string) (Mac, bool) {
	var m Mac
	digits := 0
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		case (c == ':' || c == '-') && digits > 0 && digits%2 == 0, c == '.' && digits > 0 && digits%4 == 0:
			if i+1 == len(s) || i > 0 && !isHex(s[i-1]) {
				return 0, false
			}
			continue
		default:
			return 0, false
		}
		if digits++; digits > 12 {
			return 0, false
		}
		m = m<<4 | Mac(c)
	}
	return m, digits == 12 && m != 0 && m>>40&1 == 0
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// String is the address as aa:bb:cc:dd:ee:ff; empty for none.
func (m Mac) String() string {
	if m == 0 {
		return ""
	}
	var out [17]byte
	for i := range 6 {
		hex.Encode(out[3*i:], []byte{byte(m >> (40 - 8*i))})
		if i < 5 {
			out[3*i+2] = ':'
		}
	}
	return string(out[:])
}

// Random says that the address was not given by a maker (the U/L bit of IEEE
// 802), as those are that phones and laptops make up for each network.
func (m Mac) Random() bool { return m>>41&1 == 1 }

// ofRouters says that the address moves between redundant routers and is no
// machine's: VRRP (RFC 9568, section 7.3), HSRP (RFC 2281, and its version 2)
// and GLBP.
func (m Mac) ofRouters() bool {
	switch m >> 8 {
	case 0x00005e0001, 0x00005e0002, 0x00000c07ac:
		return true
	}
	return m>>12 == 0x00000c9ff || m>>16 == 0x0007b400
}

// ofVirtual says that a hypervisor gives such addresses to its machines; by
// the registrations at IEEE, and for 52:54:00 and 02:42 by what QEMU and
// Docker do without one.
func (m Mac) ofVirtual() bool {
	switch m >> 24 {
	case 0x000569, 0x000c29, 0x001c14, 0x005056, // VMware
		0x00155d,           // Hyper-V
		0x080027, 0x0a0027, // VirtualBox
		0x525400, // QEMU, KVM
		0x00163e, // Xen
		0x001c42, // Parallels
		0xbc2411: // Proxmox
		return true
	}
	return m>>32 == 0x0242
}
