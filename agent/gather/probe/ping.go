package probe

import "encoding/binary"

// echo writes an ICMP echo request (RFC 792).
func echo(id, number uint16) []byte {
	b := make([]byte, 16)
	b[0] = 8
	binary.BigEndian.PutUint16(b[4:], id)
	binary.BigEndian.PutUint16(b[6:], number)
	copy(b[8:], "muster\x00\x00")
	binary.BigEndian.PutUint16(b[2:], checksum(b))
	return b
}

// checksum of RFC 1071.
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// echoed says whether a packet answers our request. Raw sockets give the IP
// header too, and everybody's packets; others set the id themselves.
func echoed(b []byte, raw bool, id, number uint16) bool {
	if raw {
		if len(b) < 20 || b[0]>>4 != 4 {
			return false
		}
		n := int(b[0]&15) * 4
		if n < 20 || n > len(b) {
			return false
		}
		b = b[n:]
	}
	return len(b) >= 8 && b[0] == 0 && binary.BigEndian.Uint16(b[6:]) == number && (!raw || binary.BigEndian.Uint16(b[4:]) == id)
}
