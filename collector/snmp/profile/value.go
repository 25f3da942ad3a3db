package profile

import (
	"encoding/hex"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"muster/collector/snmp/session"
)

// mostText is the longest text that is kept of one value, in bytes.
const mostText = 2048

// textOf is a value as people read it, on one line. Empty: there is none.
func textOf(v session.Value) string {
	switch v.Kind {
	case session.Integer:
		return strconv.FormatInt(v.N, 10)
	case session.Counter32, session.Gauge32, session.TimeTicks, session.Counter64:
		return strconv.FormatUint(v.U, 10)
	case session.OpaqueFloat, session.OpaqueDouble:
		return strconv.FormatFloat(v.F, 'g', -1, 64)
	case session.ObjectID, session.IPAddress:
		return v.S
	case session.OctetString, session.Opaque:
		return cleanLine(v.B)
	}
	return ""
}

// cleanLine makes a text of bytes that a device calls a name: no NUL, no
// control characters, none that turn the direction of writing, no quotes
// around all of it, white space single. Bytes that are not UTF-8 are read as
// Latin-1 when that gives letters, and else shown in hexadecimal.
func cleanLine(b []byte) string {
	s := strings.Join(strings.Fields(cleanText(b)), " ")
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = strings.TrimSpace(s[1 : len(s)-1])
	}
	return s
}

// cleanText does the same, but lines stay.
func cleanText(b []byte) string {
	if len(b) > mostText {
		b = b[:mostText]
		for i := 0; i < utf8.UTFMax && len(b) > 0 && !utf8.RuneStart(b[len(b)-1]); i++ {
			b = b[:len(b)-1] // a character that was cut in two
		}
		if n := len(b); n > 0 && b[n-1] >= utf8.RuneSelf {
			b = b[:n-1]
		}
	}
	if plain(b) {
		return strings.TrimSpace(string(b))
	}
	end := len(b)
	for end > 0 && (b[end-1] == 0 || b[end-1] == ' ') {
		end--
	}
	b = b[:end]
	if !utf8.Valid(b) {
		l, ok := latin(b)
		if !ok {
			return hex.EncodeToString(b)
		}
		b = []byte(l)
	}
	s := strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == 0 || r == utf8.RuneError || unicode.Is(unicode.Cf, r):
			return -1
		case unicode.IsControl(r):
			return ' '
		}
		return r
	}, string(b))
	return strings.TrimSpace(s)
}

// plain says that nothing is to be done but trimming.
func plain(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// latin reads bytes as ISO 8859-1, if that is a text: few controls.
func latin(b []byte) (string, bool) {
	r := make([]rune, 0, len(b))
	odd := 0
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c >= 0x7f && c < 0xa0 {
			odd++
		}
		r = append(r, rune(c))
	}
	return string(r), odd*8 <= len(b) && odd <= 2
}

// numberOf is a value as a number, also one that is written as a text, with a
// unit behind it perhaps: "45.5", "23 C", "12%".
func numberOf(v session.Value) (float64, bool) {
	switch v.Kind {
	case session.Integer:
		return float64(v.N), true
	case session.Counter32, session.Gauge32, session.TimeTicks, session.Counter64:
		return float64(v.U), true
	case session.OpaqueFloat, session.OpaqueDouble:
		return v.F, !math.IsNaN(v.F) && !math.IsInf(v.F, 0)
	case session.OctetString:
		return parseNumber(cleanLine(v.B))
	}
	return 0, false
}

// parseNumber reads a number at the beginning of a text. What follows must not
// have digits, so that no date or version is taken for one.
func parseNumber(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.' || end == 0 && (s[end] == '-' || s[end] == '+')) {
		end++
	}
	rest := s[end:]
	if end == 0 || len(rest) > 16 || strings.ContainsAny(rest, "0123456789") || strings.HasPrefix(strings.TrimSpace(rest), ":") {
		return 0, false
	}
	f, err := strconv.ParseFloat(s[:end], 64)
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// integerOf is a value as a whole number that fits.
func integerOf(v session.Value) (int64, bool) {
	switch v.Kind {
	case session.Integer:
		return v.N, true
	case session.Counter32, session.Gauge32, session.TimeTicks, session.Counter64:
		return int64(v.U), v.U <= math.MaxInt64
	}
	f, ok := numberOf(v)
	if !ok || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// macOf is a hardware address as aa:bb:cc:dd:ee:ff, or nothing: devices write
// it in 6 bytes, in 8 with a type and length before them (as in some tables of
// neighbours), in 6 with NULs behind, or as text of several forms. Addresses of
// nobody (all zeros, all ones) are nothing.
func macOf(v session.Value) string {
	if v.Kind != session.OctetString && v.Kind != session.Opaque {
		return ""
	}
	b := v.B
	switch {
	case len(b) == 6:
		return macText(b)
	case len(b) == 8 && b[6] == 0 && b[7] == 0:
		return macText(b[:6])
	case len(b) == 8 && b[0] == 1 && b[1] == 6, len(b) == 7 && (b[0] == 6 || b[0] == 1):
		return macText(b[len(b)-6:])
	}
	return parseMAC(cleanLine(b))
}

// macText writes six bytes.
func macText(b []byte) string {
	if len(b) != 6 {
		return ""
	}
	zero, ones := true, true
	for _, c := range b {
		zero, ones = zero && c == 0, ones && c == 0xff
	}
	if zero || ones {
		return ""
	}
	const digits = "0123456789abcdef"
	out := make([]byte, 17)
	for i, c := range b {
		out[3*i], out[3*i+1] = digits[c>>4], digits[c&15]
		if i < 5 {
			out[3*i+2] = ':'
		}
	}
	return string(out)
}

// parseMAC reads a hardware address that is written: 00:1a:2B:…, 0-1a-2b-…,
// 001a.2b3c.4d5e, 0x001a2b3c4d5e, 001a2b3c4d5e, with two digits or one each.
func parseMAC(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	s = strings.TrimPrefix(s, "0x")
	var parts []string
	switch {
	case strings.Count(s, ":") == 5:
		parts = strings.Split(s, ":")
	case strings.Count(s, "-") == 5:
		parts = strings.Split(s, "-")
	case strings.Count(s, " ") == 5:
		parts = strings.Split(s, " ")
	default:
		flat := strings.NewReplacer(".", "", "-", "", ":", "", " ", "").Replace(s)
		if len(flat) != 12 {
			return ""
		}
		for i := 0; i < 12; i += 2 {
			parts = append(parts, flat[i:i+2])
		}
	}
	var b [6]byte
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 16, 8)
		if err != nil || len(p) == 0 || len(p) > 2 {
			return ""
		}
		b[i] = byte(n)
	}
	return macText(b[:])
}

// localMAC says that an address is locally administered (IEEE 802, bit 1 of
// the first byte), as random ones of Wi-Fi are.
func localMAC(mac string) bool {
	return len(mac) > 1 && strings.IndexByte("2367abef", mac[1]) >= 0
}

// groupMAC says that an address is one of a group.
func groupMAC(mac string) bool {
	return len(mac) > 1 && strings.IndexByte("13579bdf", mac[1]) >= 0
}

// addressOf is an IP address in canonical form, or nothing.
func addressOf(v session.Value) string {
	switch v.Kind {
	case session.IPAddress:
		return canonical(v.S)
	case session.OctetString:
		switch len(v.B) {
		case 4, 16:
			if a, ok := netip.AddrFromSlice(v.B); ok {
				return a.Unmap().String()
			}
		case 8, 20: // with a zone behind it (RFC 4001)
			a, _ := netip.AddrFromSlice(v.B[:len(v.B)-4])
			return a.Unmap().String()
		}
		return canonical(cleanLine(v.B))
	}
	return ""
}

func canonical(s string) string {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return ""
	}
	return a.WithZone("").Unmap().String()
}

// dateOf reads DateAndTime (RFC 2579): 8 bytes, or 11 with a zone. Without one
// it is taken as UTC. What is before 1990 or later than 2100 is no date.
func dateOf(b []byte) (time.Time, bool) {
	if len(b) != 8 && len(b) != 11 {
		return time.Time{}, false
	}
	year, month, day := int(b[0])<<8|int(b[1]), time.Month(b[2]), int(b[3])
	if year < 1990 || year > 2100 || month < 1 || month > 12 || day < 1 || day > 31 || b[4] > 23 || b[5] > 59 || b[6] > 60 {
		return time.Time{}, false
	}
	zone := time.UTC
	if len(b) == 11 {
		if b[9] > 14 || b[10] > 59 || b[8] != '+' && b[8] != '-' {
			return time.Time{}, false
		}
		off := int(b[9])*3600 + int(b[10])*60
		if b[8] == '-' {
			off = -off
		}
		zone = time.FixedZone("", off)
	}
	return time.Date(year, month, day, int(b[4]), int(b[5]), int(b[6]), 0, zone).UTC(), true
}

// bitsOf lists the bits that are set in BITS (RFC 2578 §7.1.4): the highest of
// the first byte is bit 0.
func bitsOf(b []byte) []int {
	var out []int
	for i, c := range b[:min(len(b), 512)] {
		for j := range 8 {
			if c&(0x80>>j) != 0 {
				out = append(out, i*8+j)
			}
		}
	}
	return out
}
