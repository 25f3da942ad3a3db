package drivehealth

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// disk plays a drive that answers commands from its pages, by the layouts of
// ACS-3, SPC-4 and the NVM Express Base Specification.
type disk struct {
	power    byte               // count register of CHECK POWER MODE
	mute     bool               // gives no registers back, as behind many bridges
	identify []byte             // nil: not an ATA drive
	smart    map[[2]byte][]byte // by feature and log
	logs     map[[2]int][]byte  // by log and page, of READ LOG EXT
	status   [2]byte            // LBA mid and high of SMART RETURN STATUS
	fixed    bool               // sense data in the old form

	pages   map[byte][]byte // LOG SENSE
	defects []byte
	waiting []byte // answer to REQUEST SENSE

	controller     []byte
	health, tests  []byte
	denied, broken bool

	sent [][]byte // all commands
}

func (d *disk) close() {}

func (d *disk) scsi(cdb, data []byte) (int, []byte, error) {
	d.sent = append(d.sent, slices.Clone(cdb))
	switch {
	case d.denied:
		return 0, nil, fmt.Errorf("SG_IO: %w", fs.ErrPermission)
	case d.broken:
		return 0, nil, errors.New("the controller failed")
	case !harmless(cdb):
		panic(fmt.Sprintf("%x was sent", cdb))
	}
	refused := []byte{0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0}
	var page []byte
	switch cdb[0] {
	case scsiRequestSense:
		page = d.waiting
		if page == nil {
			page = make([]byte, 18)
			page[0] = 0x70
		}
	case scsiLogSense:
		page = d.pages[cdb[2]&0x3f]
	case scsiReadDefects:
		page = d.defects
	case scsiATA16:
		if d.identify == nil {
			return 0, refused, nil
		}
		switch cdb[14] {
		case ataIdentify:
			page = d.identify
		case ataCheckPower:
			return 0, d.registers(d.power, 0, 0), nil
		case ataReadLogExt:
			page = d.logs[[2]int{int(cdb[8]), int(cdb[10]) | int(cdb[9])<<8}]
		case ataSMART:
			if cdb[10] != 0x4f || cdb[12] != 0xc2 {
				panic("SMART without its signature")
			}
			if cdb[4] == smartReturnStatus {
				return 0, d.registers(0, d.status[0], d.status[1]), nil
			}
			page = d.smart[[2]byte{cdb[4], cdb[8]}]
		}
	}
	if page == nil {
		return 0, refused, nil
	}
	return copy(data, page), nil, nil
}

func (d *disk) registers(count, mid, high byte) []byte {
	switch {
	case d.mute:
		return nil
	case d.fixed:
		return []byte{0x70, 0, 1, 0, 0x50, 0, count, 10, 0, 0, mid, high, 0, 0x1d, 0, 0, 0, 0}
	}
	b := make([]byte, 22)
	b[0], b[1], b[3], b[7] = 0x72, 1, 0x1d, 14
	b[8], b[9] = 9, 12
	b[13], b[17], b[19], b[21] = count, mid, high, 0x50
	return b
}

func (d *disk) admin(c nvmeCommand, data []byte) error {
	switch {
	case d.denied:
		return fmt.Errorf("NVME_IOCTL_ADMIN_CMD: %w", fs.ErrPermission)
	case !c.harmless():
		panic(fmt.Sprintf("%+v was sent", c))
	}
	page := d.controller
	if c.opcode == nvmeGetLog {
		page = map[byte][]byte{nvmeLogHealth: d.health, nvmeLogSelfTest: d.tests}[byte(c.dw10)]
		if size := (int(c.dw10>>16) + 1) * 4; size != len(data) {
			panic(fmt.Sprintf("%d bytes asked for %d", size, len(data)))
		}
	}
	if page == nil {
		return errors.New("the drive answers with status 109h")
	}
	copy(data, page)
	return nil
}

// attribute of SMART READ DATA.
type attribute struct {
	id, normalized, worst, threshold byte
	flags                            uint16
	raw                              uint64
}

// ataDisk makes a drive with attributes.
func ataDisk(model, serial string, rotation uint16, list []attribute) *disk {
	id := make([]byte, 512)
	word := func(i int, w uint16) { binary.LittleEndian.PutUint16(id[2*i:], w) }
	letters := func(at, n int, s string) {
		field := slices.Repeat([]byte(" "), 2*n)
		copy(field, s)
		for i := 0; i < len(field); i += 2 {
			id[2*at+i], id[2*at+i+1] = field[i+1], field[i]
		}
	}
	letters(10, 10, serial)
	letters(27, 20, model)
	word(60, 0xffff)
	word(61, 0x0fff)
	word(82, 1)
	word(83, 1<<14)
	word(84, 1<<14|1<<5|1<<1|1)
	word(85, 1)
	word(87, 1<<14)
	word(206, 1)
	word(217, rotation)
	data, limits := make([]byte, 512), make([]byte, 512)
	for i, a := range list {
		e, l := data[2+12*i:], limits[2+12*i:]
		e[0], e[3], e[4] = a.id, a.normalized, a.worst
		binary.LittleEndian.PutUint16(e[1:], a.flags)
		var raw [8]byte
		binary.LittleEndian.PutUint64(raw[:], a.raw)
		copy(e[5:12], raw[:7])
		l[0], l[1] = a.id, a.threshold
	}
	return &disk{power: 0xff, identify: id, status: [2]byte{0x4f, 0xc2},
		smart: map[[2]byte][]byte{{smartReadData, 0}: data, {smartReadThresholds, 0}: limits}}
}

// nvmeHealth lays out log page 02h.
func nvmeHealth(warning, celsius, spare, threshold, used byte, wide map[int]uint64, minutes [2]uint32) []byte {
	b := make([]byte, 512)
	b[0], b[3], b[4], b[5] = warning, spare, threshold, used
	binary.LittleEndian.PutUint16(b[1:], uint16(celsius)+273)
	for at, n := range wide {
		binary.LittleEndian.PutUint64(b[at:], n)
	}
	binary.LittleEndian.PutUint32(b[192:], minutes[0])
	binary.LittleEndian.PutUint32(b[196:], minutes[1])
	return b
}

// logPage of SCSI: parameters, code and value each.
func logPage(page byte, list ...any) []byte {
	var body []byte
	for i := 0; i < len(list); i += 2 {
		v := list[i+1].([]byte)
		body = binary.BigEndian.AppendUint16(body, uint16(list[i].(int)))
		body = append(append(body, 3, byte(len(v))), v...)
	}
	return append(binary.BigEndian.AppendUint16([]byte{page, 0}, uint16(len(body))), body...)
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
