package drivehealth

import (
	"encoding/binary"
	"fmt"
)

// What Windows takes and gives to pass commands on. The structures are those
// of ntddscsi.h and nvme.h in 64-bit programs; here they are packed and
// unpacked, so that it is tested everywhere.

// storageLimit is how long a drive may take for one command, in seconds.
const storageLimit = 8

const (
	ataHead  = 48 // ATA_PASS_THROUGH_EX
	ataNow   = 40 // CurrentTaskFile
	ataAgo   = 32 // PreviousTaskFile
	scsiHead = 56 // SCSI_PASS_THROUGH
	scsiRoom = 64 // of sense data behind it
)

// packATA turns ATA PASS-THROUGH (16) into ATA_PASS_THROUGH_EX with room for
// size bytes behind it: controllers of Windows do not translate the former.
func packATA(cdb []byte, size int) ([]byte, error) {
	if len(cdb) != 16 || cdb[0] != scsiATA16 {
		return nil, fmt.Errorf("command %x is none of ATA", cdb)
	}
	const ready, in, long = 1, 2, 8 // ATA_FLAGS_DRDY_REQUIRED, _DATA_IN, _48BIT_COMMAND
	b := make([]byte, ataHead+size)
	le := binary.LittleEndian
	le.PutUint16(b, ataHead)
	var flags uint16
	if cdb[14] != ataCheckPower {
		flags |= ready
	}
	if size > 0 {
		flags |= in
	}
	if cdb[1]&1 != 0 {
		flags |= long
		copy(b[ataAgo:], []byte{cdb[3], cdb[5], cdb[7], cdb[9], cdb[11]})
	}
	le.PutUint16(b[2:], flags)
	le.PutUint32(b[8:], uint32(size))
	le.PutUint32(b[12:], storageLimit)
	le.PutUint64(b[24:], ataHead)
	copy(b[ataNow:], []byte{cdb[4], cdb[6], cdb[8], cdb[10], cdb[12], cdb[13], cdb[14]})
	return b, nil
}

// unpackATA gives the data that came and the registers the command left, as
// the descriptor of sense data by which SAT brings them (SAT-3 §12.2.6).
func unpackATA(b, data []byte) (n int, sense []byte, err error) {
	if len(b) < ataHead {
		return 0, nil, fmt.Errorf("%d bytes are no answer to ATA_PASS_THROUGH_EX", len(b))
	}
	r := b[ataNow : ataNow+8] // error, count, low, mid, high, device, status
	sense = []byte{0x72, keyRecovered, 0, 0x1d, 0, 0, 0, 14, 0x09, 12, 0, r[0], 0, r[1], 0, r[2], 0, r[3], 0, r[4], r[5], r[6]}
	const failed = 1
	if r[6]&failed != 0 {
		const aborted = 0x0b
		sense[1] = aborted
		return 0, sense, nil
	}
	return copy(data, b[ataHead:]), sense, nil
}

// packSCSI makes SCSI_PASS_THROUGH with room for sense data and size bytes
// behind it.
func packSCSI(cdb []byte, size int) ([]byte, error) {
	if len(cdb) == 0 || len(cdb) > 16 {
		return nil, fmt.Errorf("a command of %d bytes", len(cdb))
	}
	const in, unspecified = 1, 2 // SCSI_IOCTL_DATA_IN, SCSI_IOCTL_DATA_UNSPECIFIED
	b := make([]byte, scsiHead+scsiRoom+size)
	le := binary.LittleEndian
	le.PutUint16(b, scsiHead)
	b[6], b[7], b[8] = byte(len(cdb)), scsiRoom, in
	if size == 0 {
		b[8] = unspecified
	}
	le.PutUint32(b[12:], uint32(size))
	le.PutUint32(b[16:], storageLimit)
	le.PutUint64(b[24:], scsiHead+scsiRoom)
	le.PutUint32(b[32:], scsiHead)
	copy(b[36:], cdb)
	return b, nil
}

// unpackSCSI gives the data that came and the sense data, when there are some.
func unpackSCSI(b, data []byte) (n int, sense []byte, err error) {
	if len(b) < scsiHead {
		return 0, nil, fmt.Errorf("%d bytes are no answer to SCSI_PASS_THROUGH", len(b))
	}
	const good, checkCondition = 0, 2
	switch b[2] {
	case good, checkCondition:
	default:
		return 0, nil, fmt.Errorf("the drive answers with status %02xh", b[2])
	}
	if came := int(binary.LittleEndian.Uint32(b[12:])); len(b) > scsiHead+scsiRoom && len(data) > 0 {
		rest := b[scsiHead+scsiRoom:]
		n = copy(data, rest[:min(len(rest), max(came, 0))])
	}
	if b[2] == good {
		return n, nil, nil
	}
	sense = b[scsiHead:min(len(b), scsiHead+scsiRoom)]
	return n, sense[:min(len(sense), int(b[7]))], nil
}

const (
	protocolHead = 8 + 40 // STORAGE_PROPERTY_QUERY with STORAGE_PROTOCOL_SPECIFIC_DATA
	ofAdapter    = 49     // StorageAdapterProtocolSpecificProperty
	ofDevice     = 50     // StorageDeviceProtocolSpecificProperty
)

// packNVMe turns an admin command into the question by which Windows lets
// anybody read the same.
func packNVMe(c nvmeCommand, size int) ([]byte, error) {
	const standard, nvme, identify, logPage = 0, 3, 1, 2
	b := make([]byte, protocolHead+size)
	le := binary.LittleEndian
	put := func(i int, v uint32) { le.PutUint32(b[4*i:], v) }
	put(1, standard)
	put(2, nvme)
	switch c.opcode {
	case nvmeIdentify:
		put(0, ofAdapter)
		put(3, identify)
		put(4, c.dw10)
	case nvmeGetLog:
		put(0, ofDevice)
		put(3, logPage)
		put(4, c.dw10&0xff)
	default:
		return nil, fmt.Errorf("there is no question for admin command %02xh", c.opcode)
	}
	put(6, 40) // where the data are, from STORAGE_PROTOCOL_SPECIFIC_DATA on
	put(7, uint32(size))
	return b, nil
}

// unpackNVMe gives the data of STORAGE_PROTOCOL_DATA_DESCRIPTOR.
func unpackNVMe(b, data []byte) error {
	if len(b) < protocolHead {
		return fmt.Errorf("%d bytes are no answer of an NVMe drive", len(b))
	}
	le := binary.LittleEndian
	at, n := uint64(8)+uint64(le.Uint32(b[24:])), uint64(le.Uint32(b[28:]))
	if at < protocolHead || n < uint64(len(data)) || at+uint64(len(data)) > uint64(len(b)) {
		return fmt.Errorf("%d of %d bytes came of an NVMe drive", n, len(data))
	}
	copy(data, b[at:])
	return nil
}

// foretells reads STORAGE_PREDICT_FAILURE (Microsoft, ntddstor.h): a number
// that is not 0 when the drive is going to fail, and what its maker adds.
func foretells(b []byte) bool { return len(b) >= 4 && binary.LittleEndian.Uint32(b) != 0 }
