package drivehealth

import (
	"encoding/binary"
	"fmt"
)

// Commands of SCSI that are sent.
const (
	scsiRequestSense = 0x03
	scsiReadDefects  = 0x37
	scsiLogSense     = 0x4d
	scsiATA16        = 0x85 // ATA PASS-THROUGH (16), SAT-3 §12.2.3
)

// Commands of ATA that are sent, by their names in ACS-3.
const (
	ataReadLogExt = 0x2f
	ataSMART      = 0xb0
	ataCheckPower = 0xe5
	ataIdentify   = 0xec
)

// Features of the command SMART that are sent.
const (
	smartReadData       = 0xd0
	smartReadThresholds = 0xd1
	smartReadLog        = 0xd5
	smartReturnStatus   = 0xda
)

// Admin commands of NVMe that are sent, and their selectors.
const (
	nvmeGetLog   = 0x02
	nvmeIdentify = 0x06

	nvmeLogHealth   = 0x02
	nvmeLogSelfTest = 0x06
	nvmeController  = 0x01
)

// harmless says whether a command block is one of those that only read and
// change nothing in a drive. Whatever sends commands asks it first, so that a
// mistake elsewhere cannot become a write.
func harmless(cdb []byte) bool {
	if len(cdb) == 0 {
		return false
	}
	switch cdb[0] {
	case scsiRequestSense:
		return len(cdb) == 6
	case scsiReadDefects:
		return len(cdb) == 10
	case scsiLogSense:
		const save = 1 // SP: keep parameters for good
		return len(cdb) == 10 && cdb[1]&save == 0
	case scsiATA16:
		if len(cdb) != 16 {
			return false
		}
		switch cdb[14] {
		case ataCheckPower, ataIdentify, ataReadLogExt:
			return true
		case ataSMART:
			switch cdb[4] {
			case smartReadData, smartReadThresholds, smartReadLog, smartReturnStatus:
				return true
			}
		}
	}
	return false
}

// nvmeCommand is an admin command; the other double words are zero.
type nvmeCommand struct {
	opcode    uint8
	namespace uint32
	dw10      uint32
}

// harmless as for command blocks.
func (c nvmeCommand) harmless() bool {
	switch c.opcode {
	case nvmeIdentify:
		return true
	case nvmeGetLog:
		return uint8(c.dw10) == nvmeLogHealth || uint8(c.dw10) == nvmeLogSelfTest
	}
	return false
}

// ataCommand is a command of ATA with the registers that matter here.
type ataCommand struct {
	command, feature uint8
	log              uint8  // LBA bits 7 to 0
	page             uint16 // of a log read by READ LOG EXT
	smart            bool   // LBA bits 23 to 8 carry SMART's signature
}

// cdb packs a command for ATA PASS-THROUGH (16): one sector by PIO when it
// reads, else the registers are asked back (CK_COND).
func (c ataCommand) cdb(reads bool) []byte {
	const nonData, pioIn = 3, 4
	b := make([]byte, 16)
	b[0] = scsiATA16
	if reads {
		b[1] = pioIn << 1
		b[2] = 1<<3 | 1<<2 | 2 // from the drive, in blocks, as many as the count says
		b[6] = 1
	} else {
		b[1] = nonData << 1
		b[2] = 1 << 5
	}
	b[4], b[8] = c.feature, c.log
	switch {
	case c.smart:
		b[10], b[12] = 0x4f, 0xc2
	case c.command == ataReadLogExt:
		b[1] |= 1 // 48 bits
		b[10], b[9] = uint8(c.page), uint8(c.page>>8)
	}
	b[14] = c.command
	return b
}

// registers are those an ATA command leaves, as far as they matter.
type registers struct {
	status, fault  uint8
	count          uint8
	low, mid, high uint8
}

// sense is what SCSI's sense data say.
type sense struct {
	key, asc, ascq uint8
	ata            *registers // when they came with it
}

// decodeSense reads sense data of either form (SPC-4 §4.5) with what SAT adds
// to them (SAT-3 §12.2.6, ATA Status Return descriptor, and §12.2.7).
func decodeSense(b []byte) (sense, error) {
	if len(b) < 8 {
		return sense{}, fmt.Errorf("%d bytes are no sense data", len(b))
	}
	var s sense
	switch b[0] & 0x7f {
	case 0x70, 0x71:
		s.key = b[2] & 15
		if len(b) >= 14 {
			s.asc, s.ascq = b[12], b[13]
		}
		if s.asc == 0 && s.ascq == 0x1d && len(b) >= 12 {
			s.ata = &registers{fault: b[3], status: b[4], count: b[6], low: b[9], mid: b[10], high: b[11]}
		}
	case 0x72, 0x73:
		s.key, s.asc, s.ascq = b[1]&15, b[2], b[3]
		list := b[8:min(len(b), 8+int(b[7]))]
		for len(list) >= 2 {
			n := 2 + int(list[1])
			if n > len(list) {
				break
			}
			const ataReturn = 0x09
			if d := list[:n]; d[0] == ataReturn && n >= 14 {
				s.ata = &registers{fault: d[3], count: d[5], low: d[7], mid: d[9], high: d[11], status: d[13]}
			}
			list = list[n:]
		}
	default:
		return sense{}, fmt.Errorf("response code %02xh is no sense data", b[0]&0x7f)
	}
	return s, nil
}

// Keys of sense data, SPC-4 table "Sense key descriptions".
const (
	keyNone      = 0
	keyRecovered = 1
	keyNotReady  = 2
)

// asleep says whether sense data tell of a drive that stands still.
func (s sense) asleep() bool {
	switch {
	case s.key == keyNotReady && s.asc == 0x04 && (s.ascq == 0x02 || s.ascq == 0x11):
		return true // it waits for a START UNIT, or for the transport to allow spinning up
	case s.asc == 0x5e: // low power condition
		switch s.ascq {
		case 0x02, 0x04, 0x09, 0x0a, 0x43, 0x45: // standby by timer, by command, standby_y, changed to standby, to sleep
			return true
		}
	}
	return false
}

// logSense packs LOG SENSE for the cumulative values of a page.
func logSense(page uint8, size int) []byte {
	const cumulative = 1 << 6
	b := make([]byte, 10)
	b[0], b[2] = scsiLogSense, cumulative|page
	binary.BigEndian.PutUint16(b[7:], uint16(size))
	return b
}

// readDefects packs READ DEFECT DATA (10) for the grown list.
func readDefects(size int) []byte {
	const grown, bytesFromIndex = 1 << 3, 4
	b := make([]byte, 10)
	b[0], b[2] = scsiReadDefects, grown|bytesFromIndex
	binary.BigEndian.PutUint16(b[7:], uint16(size))
	return b
}

func requestSense(size int) []byte {
	return []byte{scsiRequestSense, 0, 0, 0, byte(size), 0}
}
