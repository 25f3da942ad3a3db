package smbios

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Limits. The largest tables seen, of servers with hundreds of memory slots,
// are about 60 KB; handles are 16 bits wide, so there can be no more
// structures than that.
const (
	MaxTable      = 512 << 10 // bytes that are looked at
	maxStructures = 1 << 16
	maxText       = 256 // bytes of one string
	maxList       = 512 // processors, arrays or modules kept
)

// ErrEntry says that an entry point is none, or is damaged.
var ErrEntry = errors.New("not an SMBIOS entry point")

// Entry is what an entry point says about the table that follows elsewhere.
type Entry struct {
	Major, Minor int
	Length       int // bytes of the table; for version 3 the most it can be
	Count        int // structures in it; 0 when not told (version 3)
}

// DecodeEntry reads an entry point of version 2 (_SM_, 31 bytes) or 3 (_SM3_,
// 24 bytes), checksums included: DSP0134 §5.2.
func DecodeEntry(b []byte) (Entry, error) {
	switch {
	case len(b) >= 24 && bytes.HasPrefix(b, []byte("_SM3_")):
		n := int(b[6])
		if n < 24 || n > len(b) || sum(b[:n]) != 0 {
			return Entry{}, fmt.Errorf("%w: checksum of _SM3_", ErrEntry)
		}
		size := binary.LittleEndian.Uint32(b[12:])
		return Entry{Major: int(b[7]), Minor: int(b[8]), Length: int(min(size, MaxTable))}, nil
	case len(b) >= 31 && bytes.HasPrefix(b, []byte("_SM_")):
		n := int(b[5])
		if n == 30 {
			n = 31 // version 2.1 of the standard printed the wrong length, and firmware followed it
		}
		if n < 31 || n > len(b) || sum(b[:n]) != 0 || !bytes.HasPrefix(b[16:], []byte("_DMI_")) {
			return Entry{}, fmt.Errorf("%w: checksum of _SM_", ErrEntry)
		}
		e := Entry{Major: int(b[6]), Minor: int(b[7]),
			Length: int(binary.LittleEndian.Uint16(b[22:])), Count: int(binary.LittleEndian.Uint16(b[28:]))}
		// Some firmware gives the minor version in its old decimal form.
		if e.Major == 2 && (e.Minor == 0x1f || e.Minor == 0x21) {
			e.Minor = 3
		}
		if e.Major == 2 && e.Minor == 0x33 {
			e.Minor = 6
		}
		return e, nil
	}
	return Entry{}, ErrEntry
}

func sum(b []byte) (s byte) {
	for _, c := range b {
		s += c
	}
	return s
}

// Tables is what was decoded. Structures that are not there are nil.
type Tables struct {
	Major, Minor int
	Firmware     *Firmware
	System       *System
	Board        *Board // the first one; kernels show the same
	Chassis      *Chassis
	Processors   []Processor
	Arrays       []Array
	Modules      []Module
	// Faults tell where the table does not follow its own lengths.
	Faults []string
}

// Version is the version of the tables, such as 3.4.
func (t *Tables) Version() string {
	if t.Major == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d", t.Major, t.Minor)
}

// Decode decodes a table as described by its entry point. It never fails: a
// damaged table gives what stood before the damage, and Faults.
func Decode(e Entry, b []byte) *Tables {
	t := &Tables{Major: e.Major, Minor: e.Minor}
	if len(b) > MaxTable {
		b = b[:MaxTable]
	}
	most := maxStructures
	if e.Count > 0 {
		most = e.Count
	}
	for n := 0; n < most && len(b) > 0; n++ {
		s, rest, err := next(b)
		if err != nil {
			t.Faults = append(t.Faults, fmt.Sprintf("SMBIOS structure %d: %v", n, err))
			break
		}
		if s.kind == 127 { // end of table
			break
		}
		t.take(s)
		b = rest
	}
	return t
}

// structure is one structure: its formatted area with the header, and its
// strings.
type structure struct {
	kind   byte
	handle uint16
	area   []byte
	texts  []byte
}

// next cuts the first structure off a table.
func next(b []byte) (s structure, rest []byte, err error) {
	if len(b) < 4 {
		return s, nil, fmt.Errorf("header of %d bytes", len(b))
	}
	n := int(b[1])
	if n < 4 {
		return s, nil, fmt.Errorf("length %d is less than its header", n)
	}
	if n > len(b) {
		return s, nil, fmt.Errorf("length %d reaches beyond the table", n)
	}
	s = structure{kind: b[0], handle: binary.LittleEndian.Uint16(b[2:]), area: b[:n]}
	if s.kind == 127 {
		return s, nil, nil // nothing has to follow the end
	}
	i := bytes.Index(b[n:], []byte{0, 0})
	if i < 0 {
		return s, nil, errors.New("strings have no end")
	}
	s.texts = b[n : n+i]
	return s, b[n+i+2:], nil
}

// has says whether the formatted area reaches to an offset's field of n bytes.
// Older firmware writes shorter structures.
func (s structure) has(off, n int) bool { return off+n <= len(s.area) }

func (s structure) byte(off int) byte {
	if !s.has(off, 1) {
		return 0
	}
	return s.area[off]
}

func (s structure) word(off int) uint16 {
	if !s.has(off, 2) {
		return 0
	}
	return binary.LittleEndian.Uint16(s.area[off:])
}

func (s structure) dword(off int) uint32 {
	if !s.has(off, 4) {
		return 0
	}
	return binary.LittleEndian.Uint32(s.area[off:])
}

func (s structure) qword(off int) uint64 {
	if !s.has(off, 8) {
		return 0
	}
	return binary.LittleEndian.Uint64(s.area[off:])
}

// text gives the string whose number stands at an offset. Number 0, and a
// number beyond the strings, is no text.
func (s structure) text(off int) string {
	n := int(s.byte(off))
	if n == 0 {
		return ""
	}
	rest := s.texts
	for ; n > 1; n-- {
		_, after, ok := bytes.Cut(rest, []byte{0})
		if !ok {
			return ""
		}
		rest = after
	}
	rest, _, _ = bytes.Cut(rest, []byte{0})
	if len(rest) > maxText {
		rest = rest[:maxText]
	}
	return strings.TrimSpace(string(rest))
}

// uuid renders the 16 bytes at an offset. Since 2.6 the first three fields
// are little-endian; before, everybody read them in network order. All zeros
// and all ones say that there is none (DSP0134 §7.2.1).
func (s structure) uuid(off int, swapped bool) string {
	if !s.has(off, 16) {
		return ""
	}
	b := [16]byte(s.area[off:])
	if b == [16]byte{} || bytes.Count(b[:], []byte{0xff}) == 16 {
		return ""
	}
	if swapped {
		b[0], b[1], b[2], b[3] = b[3], b[2], b[1], b[0]
		b[4], b[5] = b[5], b[4]
		b[6], b[7] = b[7], b[6]
	}
	x := hex.EncodeToString(b[:])
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}

// Date reads a firmware's release date, mm/dd/yyyy or in old firmware
// mm/dd/yy of the 20th century. Anything else is the zero time.
func Date(s string) time.Time {
	for _, layout := range []string{"01/02/2006", "1/2/2006"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 1980 {
			return t
		}
	}
	if t, err := time.Parse("01/02/06", s); err == nil {
		// time.Parse takes 69 to 99 for the 20th century already.
		if y := t.Year(); y >= 2000 {
			t = t.AddDate(-100, 0, 0)
		}
		return t
	}
	return time.Time{}
}

// release joins two release numbers; 255 says that there is none.
func release(major, minor byte) string {
	if major == 0xff || minor == 0xff {
		return ""
	}
	return fmt.Sprintf("%d.%d", major, minor)
}
