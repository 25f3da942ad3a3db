package smart

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// DecodeHealth reads the SMART / Health Information log page, 02h, 512 bytes:
// NVM Express Base Specification 2.0, figure "SMART / Health Information Log
// Page".
func DecodeHealth(b []byte) (NVMe, error) {
	if len(b) != 512 {
		return NVMe{}, fmt.Errorf("NVMe health log: %w: %d bytes, not 512", ErrLength, len(b))
	}
	if empty(b) {
		return NVMe{}, errors.New("NVMe health log: the page is empty")
	}
	n := NVMe{
		Warning:        b[0],
		Spare:          new(int64(b[3])),
		SpareThreshold: new(int64(b[4])),
		Used:           new(int64(b[5])),
		DataRead:       new(wide(b[32:])),
		DataWritten:    new(wide(b[48:])),
		PowerCycles:    new(wide(b[112:])),
		PowerOnHours:   new(wide(b[128:])),
		Unsafe:         new(wide(b[144:])),
		MediaErrors:    new(wide(b[160:])),
		LogEntries:     new(wide(b[176:])),
		WarningTime:    new(uint64(binary.LittleEndian.Uint32(b[192:]))),
		CriticalTime:   new(uint64(binary.LittleEndian.Uint32(b[196:]))),
	}
	if k := int64(binary.LittleEndian.Uint16(b[1:])); k != 0 {
		n.Celsius = new(k - 273)
	}
	return n, nil
}

// wide is a number of 128 bits; what is beyond 64 is as much as there can be.
func wide(b []byte) uint64 {
	if binary.LittleEndian.Uint64(b[8:]) != 0 {
		return 1<<64 - 1
	}
	return binary.LittleEndian.Uint64(b)
}

// DecodeNVMeSelfTests reads the Device Self-test log page, 06h, 564 bytes: the
// running test, then 20 results, newest first (Base Specification 2.0, section
// 5.16.1.7). The list is not nil.
func DecodeNVMeSelfTests(b []byte) ([]SelfTest, error) {
	const head, slots, size = 4, 20, 28
	if len(b) != head+slots*size {
		return nil, fmt.Errorf("NVMe self-test log: %w: %d bytes, not %d", ErrLength, len(b), head+slots*size)
	}
	list := []SelfTest{}
	for i := range slots {
		e := b[head+i*size : head+(i+1)*size]
		code, result := e[0]>>4, e[0]&15
		if result == 15 || code == 0 {
			continue // an entry not used
		}
		var lba *uint64
		if e[2]&2 != 0 {
			lba = new(binary.LittleEndian.Uint64(e[16:]))
		}
		list = append(list, NVMeTest(code, result, binary.LittleEndian.Uint64(e[4:]), lba))
	}
	return list, nil
}

// Controller is the part of IDENTIFY CONTROLLER that is of use here.
type Controller struct {
	Vendor                       uint16 // PCI
	Model, Serial, Firmware      string
	Capacity                     int64 // bytes in all; 0 when not told
	WarnCelsius, CriticalCelsius int64 // WCTEMP, CCTEMP; 0 when not told
	SelfTest                     bool
}

// DecodeController reads IDENTIFY CONTROLLER, 4096 bytes (figure "Identify
// Controller Data Structure").
func DecodeController(b []byte) (Controller, error) {
	if len(b) != 4096 {
		return Controller{}, fmt.Errorf("IDENTIFY CONTROLLER: %w: %d bytes, not 4096", ErrLength, len(b))
	}
	kelvin := func(at int) int64 {
		if k := int64(binary.LittleEndian.Uint16(b[at:])); k > 273 {
			return k - 273
		}
		return 0
	}
	return Controller{
		Vendor: binary.LittleEndian.Uint16(b),
		Serial: printable(b[4:24]), Model: printable(b[24:64]), Firmware: printable(b[64:72]),
		SelfTest:    binary.LittleEndian.Uint16(b[256:])>>4&1 == 1,
		WarnCelsius: kelvin(266), CriticalCelsius: kelvin(268),
		Capacity: clip(wide(b[280:])),
	}, nil
}
