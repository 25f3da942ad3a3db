package smart

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// ErrLength is returned for a page of another length than it must have.
var ErrLength = errors.New("wrong length")

// sector is what ATA hands out: 512 bytes, little-endian.
func sector(b []byte, what string) error {
	if len(b) != 512 {
		return fmt.Errorf("%s: %w: %d bytes, not 512", what, ErrLength, len(b))
	}
	return nil
}

// sound says whether the bytes of a structure add up to zero, as those of all
// SMART data structures must (ACS-3, "Data structure checksum").
func sound(b []byte) bool {
	var sum byte
	for _, c := range b {
		sum += c
	}
	return sum == 0
}

// Identity is the part of IDENTIFY DEVICE that is of use here.
type Identity struct {
	Model, Serial, Firmware     string
	WWN                         string // 16 lower-case hexadecimal digits; empty when not told
	Sectors                     int64
	LogicalBytes, PhysicalBytes int64
	Rotation                    *int64 // 0 for flash, else revolutions a minute; nil when not told
	FormFactor                  string // in inches, as "2.5", or mSATA, M.2; empty when not told
	SMART, SMARTEnabled         bool
	SelfTest, Discard           bool
	ErrorLog                    bool // keeps the SMART error log
	GeneralLog                  bool // reads logs by READ LOG EXT
	SCT                         bool // SMART command transport, of which only the status is ever read
}

// DecodeIdentify reads the 512 bytes of IDENTIFY DEVICE (ECh) as ACS-4
// lays them out in the section of that name.
func DecodeIdentify(b []byte) (Identity, error) {
	if err := sector(b, "IDENTIFY DEVICE"); err != nil {
		return Identity{}, err
	}
	word := func(i int) uint16 { return binary.LittleEndian.Uint16(b[2*i:]) }
	valid := func(i int) bool { w := word(i); return w != 0 && w != 0xffff && w>>14 == 1 }
	id := Identity{
		Serial: swapped(b[20:40]), Firmware: swapped(b[46:54]), Model: swapped(b[54:94]),
		LogicalBytes: 512, PhysicalBytes: 512,
		Discard: word(169)&1 == 1 && word(169) != 0xffff,
	}
	if word(0)&(1<<15) != 0 {
		return Identity{}, errors.New("IDENTIFY DEVICE: this is no ATA device")
	}
	if valid(83) {
		id.SMART = word(82)&1 == 1
		id.SMARTEnabled = id.SMART && word(85)&1 == 1
		id.SelfTest = valid(84) && word(84)>>1&1 == 1
		id.ErrorLog = valid(84) && word(84)&1 == 1
		id.GeneralLog = valid(84) && word(84)>>5&1 == 1
	}
	id.SCT = word(206)&1 == 1 && word(206) != 0xffff
	id.Sectors = int64(word(60)) | int64(word(61))<<16
	if valid(83) && word(83)>>10&1 == 1 {
		if n := binary.LittleEndian.Uint64(b[200:]); n != 0 && n < 1<<48 {
			id.Sectors = int64(n)
		}
	}
	if valid(106) {
		if word(106)>>12&1 == 1 {
			if n := int64(word(117)) | int64(word(118))<<16; n >= 256 && n <= 1<<15 {
				id.LogicalBytes = 2 * n
			}
		}
		id.PhysicalBytes = id.LogicalBytes
		if word(106)>>13&1 == 1 {
			id.PhysicalBytes = id.LogicalBytes << (word(106) & 15)
		}
	}
	if valid(87) && word(87)>>8&1 == 1 {
		id.WWN = fmt.Sprintf("%04x%04x%04x%04x", word(108), word(109), word(110), word(111))
	}
	switch r := word(217); {
	case r == 1:
		id.Rotation = new(int64(0))
	case r > 0x400 && r < 0xffff:
		id.Rotation = new(int64(r))
	}
	factors := []string{"", "5.25", "3.5", "2.5", "1.8", "below 1.8", "mSATA", "M.2", "MicroSSD", "CFast"}
	if f := int(word(168) & 15); f < len(factors) && word(168) != 0xffff {
		id.FormFactor = factors[f]
	}
	return id, nil
}

// swapped reads a text of which each two letters stand the other way round.
func swapped(b []byte) string {
	t := make([]byte, len(b))
	for i := 0; i+1 < len(b); i += 2 {
		t[i], t[i+1] = b[i+1], b[i]
	}
	return printable(t)
}

// printable keeps the letters of ASCII, and makes runs of space single.
func printable(b []byte) string {
	s := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}
		return r
	}, string(b))
	return strings.Join(strings.Fields(s), " ")
}

// Table is SMART READ DATA: attributes, and the state of self-tests.
type Table struct {
	Attributes     []Attribute
	SelfTestStatus uint8
	// Sound: the checksum is right. Drives that forget it are read all the
	// same.
	Sound bool
}

// DecodeTable reads SMART READ DATA (B0h/D0h of ACS-3, which leaves bytes 2 to
// 361 to the maker; that attributes lie there is SFF-8035i, "Device attributes
// data structure") and, when they could be read, SMART READ THRESHOLDS (D1h of
// SFF-8035i, dropped from ATA and still answered by all; nil else).
func DecodeTable(data, thresholds []byte) (Table, error) {
	const slots, size = 30, 12
	if err := sector(data, "SMART READ DATA"); err != nil {
		return Table{}, err
	}
	limits := map[uint8]uint8{}
	t := Table{SelfTestStatus: data[363], Sound: sound(data)}
	if thresholds != nil {
		if err := sector(thresholds, "SMART READ THRESHOLDS"); err != nil {
			return Table{}, err
		}
		t.Sound = t.Sound && sound(thresholds)
		for i := range slots {
			at := 2 + i*size
			if id := thresholds[at]; id != 0 {
				limits[id] = thresholds[at+1]
			}
		}
	}
	for i := range slots {
		b := data[2+i*size : 2+(i+1)*size]
		a := Attribute{ID: b[0], Flags: binary.LittleEndian.Uint16(b[1:]), Normalized: b[3], Worst: b[4]}
		if a.ID == 0 {
			continue
		}
		for n := range 7 {
			a.Raw |= uint64(b[5+n]) << (8 * n)
		}
		if limit, ok := limits[a.ID]; ok {
			a.Threshold = new(limit)
		}
		t.Attributes = append(t.Attributes, a)
	}
	return t, nil
}

// DecodeSelfTests reads the SMART self-test log, page 06h (ACS-3, annex A,
// "SMART Self-Test log"): a ring of 21 entries and the number of the newest. The list is newest
// first, not nil.
func DecodeSelfTests(b []byte) ([]SelfTest, error) {
	const slots, size = 21, 24
	if err := sector(b, "SMART self-test log"); err != nil {
		return nil, err
	}
	list := []SelfTest{}
	newest := int(b[508])
	if newest == 0 || newest > slots {
		return list, nil
	}
	for i := range slots {
		at := 2 + (newest-1-i+slots)%slots*size
		e := b[at : at+size]
		if empty(e) {
			break
		}
		// 28 bits of LBA; all ones say that there is none.
		lba := int64(binary.LittleEndian.Uint32(e[5:]))
		if lba == 1<<32-1 || lba == 1<<28-1 {
			lba = -1
		}
		list = append(list, ATATest(e[0], e[1], binary.LittleEndian.Uint16(e[2:]), lba))
	}
	return list, nil
}

func empty(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// DecodeErrorCount reads how many errors the drive ever logged, of the summary
// error log, page 01h (ACS-3, annex A), or the comprehensive one, 02h,
// which begin alike.
func DecodeErrorCount(b []byte) (int64, error) {
	if err := sector(b, "SMART error log"); err != nil {
		return 0, err
	}
	return int64(binary.LittleEndian.Uint16(b[452:])), nil
}

// DecodeStatus reads the registers that SMART RETURN STATUS leaves in LBA mid
// and LBA high: 4Fh C2h for a healthy drive, F4h 2Ch for one that has passed a
// threshold (ACS-3, SMART RETURN STATUS, B0h/DAh).
func DecodeStatus(mid, high uint8) (passed bool, err error) {
	switch {
	case mid == 0x4f && high == 0xc2:
		return true, nil
	case mid == 0xf4 && high == 0x2c:
		return false, nil
	}
	return false, fmt.Errorf("SMART RETURN STATUS: %02xh %02xh is no answer; a bridge may have lost it", mid, high)
}

// DecodeLogPages reads a log directory, log 00h by READ LOG EXT, and gives how
// many pages of 512 bytes a log has; 0 when there is no such log (ACS-3, annex
// A, "General Purpose Log Directory").
func DecodeLogPages(b []byte, log uint8) (int, error) {
	if err := sector(b, "log directory"); err != nil {
		return 0, err
	}
	if log == 0 {
		return 1, nil
	}
	return int(binary.LittleEndian.Uint16(b[2*int(log):])), nil
}

// DecodeSCTStatus reads SCT Status, log E0h: the highest temperature that the
// drive may work at for long, and the present one; nil where it does not tell
// (ACS-3, table "SCT Status response"; the limit from format version 3 on).
func DecodeSCTStatus(b []byte) (limit, now *int64, err error) {
	if err := sector(b, "SCT status"); err != nil {
		return nil, nil, err
	}
	const missing = -128
	version := binary.LittleEndian.Uint16(b)
	if version < 2 || version > 16 {
		return nil, nil, fmt.Errorf("SCT status: format version %d is none", version)
	}
	if c := int64(int8(b[200])); c != missing && plausible(c) {
		now = &c
	}
	if c := int64(int8(b[205])); version >= 3 && c > 0 && plausible(c) {
		limit = &c
	}
	return limit, now, nil
}
