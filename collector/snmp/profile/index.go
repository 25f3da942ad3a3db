package profile

import (
	"net/netip"
	"strconv"
	"strings"
)

// mostArcs is how long an index can be (RFC 3416: 128 arcs in a name).
const mostArcs = 128

// arcsOf reads an index. It is nil when it is none.
func arcsOf(index string) []uint32 {
	if index == "" {
		return nil
	}
	out := make([]uint32, 0, strings.Count(index, ".")+1)
	for part := range strings.SplitSeq(index, ".") {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil || len(out) == mostArcs {
			return nil
		}
		out = append(out, uint32(n))
	}
	return out
}

// bytesOf reads arcs as bytes.
func bytesOf(arcs []uint32) ([]byte, bool) {
	b := make([]byte, len(arcs))
	for i, a := range arcs {
		if a > 255 {
			return nil, false
		}
		b[i] = byte(a)
	}
	return b, true
}

// joinArcs writes arcs as an index.
func joinArcs(arcs []uint32) string {
	b := make([]byte, 0, len(arcs)*4)
	for i, a := range arcs {
		if i > 0 {
			b = append(b, '.')
		}
		b = strconv.AppendUint(b, uint64(a), 10)
	}
	return string(b)
}

// piece is a decoded part of an index.
type piece struct {
	raw  string // its arcs, without a length before them
	text string // as people read it
}

// cutIndex takes an index apart. It is false when it is not made so.
func cutIndex(parts []IndexPart, index string) ([]piece, bool) {
	arcs := arcsOf(index)
	out := make([]piece, len(parts))
	for i, p := range parts {
		var mine []uint32
		take := func(n int) bool {
			if n < 0 || n > len(arcs) {
				return false
			}
			mine, arcs = arcs[:n], arcs[n:]
			return true
		}
		counted := func() bool {
			if len(arcs) == 0 || arcs[0] > mostArcs {
				return false
			}
			n := int(arcs[0])
			arcs = arcs[1:]
			return take(n)
		}
		ok := true
		kind := p.Kind
		switch kind {
		case "", "integer":
			ok = take(1)
		case "mac":
			ok = take(6)
		case "ipv4":
			ok = take(4)
		case "ipv6":
			ok = take(16)
		case "oid":
			ok = counted()
		case "rest":
			ok = take(len(arcs))
		case "text":
			if p.Length > 0 {
				ok = take(p.Length)
			} else {
				ok = counted()
			}
		case "address":
			if len(arcs) > 0 {
				arcs = arcs[1:] // InetAddressType; the length tells as much
			}
			ok = counted()
		}
		if !ok {
			return nil, false
		}
		raw := joinArcs(mine)
		text, ok := pieceText(kind, raw, mine)
		if !ok {
			return nil, false
		}
		out[i] = piece{raw, text}
	}
	return out, true
}

func pieceText(kind, raw string, arcs []uint32) (string, bool) {
	switch kind {
	case "mac", "ipv4", "ipv6", "address", "text", "rest":
		b, ok := bytesOf(arcs)
		if !ok {
			return raw, kind == "rest"
		}
		switch kind {
		case "mac":
			return macText(b), true
		case "text", "rest":
			return cleanLine(b), true
		}
		return ipText(b)
	}
	return raw, true
}

// ipText is an address of 4 or 16 bytes, or with a zone of 4 more.
func ipText(b []byte) (string, bool) {
	if len(b) == 8 || len(b) == 20 {
		b = b[:len(b)-4]
	}
	a, ok := netip.AddrFromSlice(b)
	return a.Unmap().String(), ok
}
