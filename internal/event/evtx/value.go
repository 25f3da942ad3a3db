package evtx

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Types of values, [MS-EVEN6] 2.2.12 (BinXmlValueType).
const (
	kindNull     = 0x00
	kindString   = 0x01 // UTF-16
	kindANSI     = 0x02
	kindInt8     = 0x03
	kindUint8    = 0x04
	kindInt16    = 0x05
	kindUint16   = 0x06
	kindInt32    = 0x07
	kindUint32   = 0x08
	kindInt64    = 0x09
	kindUint64   = 0x0a
	kindFloat32  = 0x0b
	kindFloat64  = 0x0c
	kindBool     = 0x0d
	kindBinary   = 0x0e
	kindGUID     = 0x0f
	kindSize     = 0x10
	kindFiletime = 0x11
	kindSystime  = 0x12
	kindSID      = 0x13
	kindHex32    = 0x14
	kindHex64    = 0x15
	kindBinXML   = 0x21
	kindArray    = 0x80
)

// texts renders a value as Windows does in XML: one text, or one for each
// item of an array.
func (d *decoder) texts(v value) ([]string, error) {
	b := d.chunk[v.at : v.at+v.size]
	if v.kind&kindArray == 0 {
		s := scalar(v.kind, b)
		return []string{s}, d.keep(s)
	}
	kind := v.kind &^ kindArray
	var list []string
	switch kind {
	case kindString: // each ends with a zero
		for len(b) >= 2 {
			n := 0
			for n+2 <= len(b) && (b[n] != 0 || b[n+1] != 0) {
				n += 2
			}
			s := utf16Text(b[:n])
			if err := d.keep(s); err != nil {
				return nil, err
			}
			list = append(list, s)
			b = b[min(n+2, len(b)):]
		}
	case kindANSI:
		for s := range strings.SplitSeq(strings.TrimSuffix(string(b), "\x00"), "\x00") {
			if err := d.keep(s); err != nil {
				return nil, err
			}
			list = append(list, strings.ToValidUTF8(s, "?"))
		}
	default:
		one := width(kind)
		if one == 0 {
			return nil, nil
		}
		for ; len(b) >= one; b = b[one:] {
			s := scalar(kind, b[:one])
			if err := d.keep(s); err != nil {
				return nil, err
			}
			list = append(list, s)
		}
	}
	return list, nil
}

// keep counts text against the limit of a record.
func (d *decoder) keep(s string) error {
	if d.text += len(s); d.text > maxText || d.all+d.text > maxAll {
		return errLarge
	}
	return d.spend()
}

// width is how many bytes one item of a type takes; 0 where that varies.
func width(kind byte) int {
	switch kind {
	case kindInt8, kindUint8:
		return 1
	case kindInt16, kindUint16:
		return 2
	case kindInt32, kindUint32, kindFloat32, kindBool, kindHex32:
		return 4
	case kindInt64, kindUint64, kindFloat64, kindFiletime, kindHex64:
		return 8
	case kindGUID, kindSystime:
		return 16
	}
	return 0
}

// scalar renders one value; what is too short for its type is empty.
func scalar(kind byte, b []byte) string {
	le := binary.LittleEndian
	if len(b) < width(kind) {
		return ""
	}
	switch kind {
	case kindString:
		return strings.TrimRight(utf16Text(b), "\x00")
	case kindANSI:
		return strings.ToValidUTF8(strings.TrimRight(string(b), "\x00"), "?")
	case kindInt8:
		return strconv.Itoa(int(int8(b[0])))
	case kindUint8:
		return strconv.Itoa(int(b[0]))
	case kindInt16:
		return strconv.Itoa(int(int16(le.Uint16(b))))
	case kindUint16:
		return strconv.Itoa(int(le.Uint16(b)))
	case kindInt32:
		return strconv.Itoa(int(int32(le.Uint32(b))))
	case kindUint32:
		return strconv.FormatUint(uint64(le.Uint32(b)), 10)
	case kindInt64:
		return strconv.FormatInt(int64(le.Uint64(b)), 10)
	case kindUint64:
		return strconv.FormatUint(le.Uint64(b), 10)
	case kindFloat32:
		return strconv.FormatFloat(float64(math.Float32frombits(le.Uint32(b))), 'g', -1, 32)
	case kindFloat64:
		return strconv.FormatFloat(math.Float64frombits(le.Uint64(b)), 'g', -1, 64)
	case kindBool:
		return strconv.FormatBool(le.Uint32(b) != 0)
	case kindBinary:
		return strings.ToUpper(hex.EncodeToString(b))
	case kindGUID:
		return fmt.Sprintf("{%08X-%04X-%04X-%X-%X}", le.Uint32(b), le.Uint16(b[4:]), le.Uint16(b[6:]), b[8:10], b[10:16])
	case kindHex32:
		return fmt.Sprintf("0x%08x", le.Uint32(b))
	case kindHex64:
		return fmt.Sprintf("0x%016x", le.Uint64(b))
	case kindSize:
		switch len(b) {
		case 4:
			return fmt.Sprintf("0x%08x", le.Uint32(b))
		case 8:
			return fmt.Sprintf("0x%016x", le.Uint64(b))
		}
	case kindFiletime:
		return filetime(le.Uint64(b)).Format(time.RFC3339Nano)
	case kindSystime:
		return systime(b).Format(time.RFC3339Nano)
	case kindSID:
		return sid(b)
	}
	return ""
}

// filetime is 100 ns since 1601 ([MS-DTYP] 2.3.3).
func filetime(n uint64) time.Time {
	const unixEpoch = 116444736000000000
	ticks := int64(min(n, math.MaxInt64)) - unixEpoch
	return time.Unix(ticks/1e7, ticks%1e7*100).UTC()
}

// systime reads a SYSTEMTIME ([MS-DTYP] 2.3.13).
func systime(b []byte) time.Time {
	w := func(i int) int { return int(binary.LittleEndian.Uint16(b[2*i:])) }
	return time.Date(w(0), time.Month(w(1)), w(3), w(4), w(5), w(6), w(7)*int(time.Millisecond), time.UTC)
}

// sid writes a security identifier as [MS-DTYP] 2.4.2.1 does.
func sid(b []byte) string {
	if len(b) < 8 || len(b) < 8+4*int(b[1]) {
		return ""
	}
	var authority uint64
	for _, x := range b[2:8] {
		authority = authority<<8 | uint64(x)
	}
	s := "S-" + strconv.Itoa(int(b[0])) + "-" + strconv.FormatUint(authority, 10)
	for i := range int(b[1]) {
		s += "-" + strconv.FormatUint(uint64(binary.LittleEndian.Uint32(b[8+4*i:])), 10)
	}
	return s
}
