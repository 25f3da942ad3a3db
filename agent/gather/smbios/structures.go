package smbios

// Firmware is type 0, BIOS information.
type Firmware struct {
	Vendor, Version, Date string
	Release               string // major.minor of the firmware, empty when not told
	Controller            string // major.minor of the embedded controller's firmware
	UEFI, Virtual         bool   // characteristics extension byte 2
}

// System is type 1, system information.
type System struct {
	Vendor, Product, Version, Serial string
	UUID                             string // lower case with hyphens; empty when not set
	SKU, Family                      string
	Wake                             byte // see WakeReason
}

// Board is type 2, baseboard information.
type Board struct {
	Vendor, Product, Version, Serial, Asset string
}

// Chassis is type 3, system enclosure.
type Chassis struct {
	Vendor, Version, Serial, Asset, SKU string
	Kind                                byte // see ChassisName
}

// Processor is type 4 for a central processor in a populated socket.
type Processor struct {
	Designation, Vendor, Version string
	Serial, Part                 string
	MaxMHz, CurrentMHz           int // as the board was set up, 0 unknown
	Cores, Threads               int // 0 unknown
}

// Array is type 16, a physical memory array used as main memory.
type Array struct {
	Handle     uint16
	Correction byte // see CorrectionName
	MaxBytes   int64
	Slots      int
}

// Module is type 17, a slot for memory and what is in it.
type Module struct {
	Array               uint16 // handle of its Array
	Slot, Bank          string
	Populated           bool
	SizeBytes           int64 // 0 when empty or unknown
	TotalBits, DataBits int   // 0 unknown
	Form, Kind          byte  // see FormName, TechnologyName
	Rated, Configured   int64 // megatransfers per second, 0 unknown
	Vendor, Serial      string
	Asset, Part         string
	Rank                int // 0 unknown
	Millivolts          int // configured, 0 unknown
}

// take keeps what a structure says if it is of a type that is decoded.
func (t *Tables) take(s structure) {
	switch s.kind {
	case 0:
		if t.Firmware == nil {
			t.Firmware = firmware(s)
		}
	case 1:
		if t.System == nil {
			t.System = &System{Vendor: s.text(4), Product: s.text(5), Version: s.text(6), Serial: s.text(7),
				UUID: s.uuid(8, t.Major > 2 || t.Major == 2 && t.Minor >= 6),
				Wake: s.byte(0x18), SKU: s.text(0x19), Family: s.text(0x1a)}
		}
	case 2:
		if t.Board == nil {
			t.Board = &Board{Vendor: s.text(4), Product: s.text(5), Version: s.text(6), Serial: s.text(7), Asset: s.text(8)}
		}
	case 3:
		if t.Chassis == nil {
			t.Chassis = chassis(s)
		}
	case 4:
		const central, populated = 3, 1 << 6
		if s.byte(5) == central && s.byte(0x18)&populated != 0 && len(t.Processors) < maxList {
			t.Processors = append(t.Processors, processor(s))
		}
	case 16:
		const mainMemory = 3
		if s.byte(5) == mainMemory && len(t.Arrays) < maxList {
			t.Arrays = append(t.Arrays, array(s))
		}
	case 17:
		if len(t.Modules) < maxList {
			t.Modules = append(t.Modules, module(s))
		}
	}
}

func firmware(s structure) *Firmware {
	f := &Firmware{Vendor: s.text(4), Version: s.text(5), Date: s.text(8)}
	if s.has(0x13, 1) {
		f.UEFI, f.Virtual = s.byte(0x13)&(1<<3) != 0, s.byte(0x13)&(1<<4) != 0
	}
	if s.has(0x14, 2) {
		f.Release = release(s.byte(0x14), s.byte(0x15))
	}
	if s.has(0x16, 2) {
		f.Controller = release(s.byte(0x16), s.byte(0x17))
	}
	return f
}

func chassis(s structure) *Chassis {
	c := &Chassis{Vendor: s.text(4), Kind: s.byte(5) & 0x7f, Version: s.text(6), Serial: s.text(7), Asset: s.text(8)}
	// The SKU stands behind a list of contained elements of n records of m bytes.
	c.SKU = s.text(0x15 + int(s.byte(0x13))*int(s.byte(0x14)))
	if !s.has(0x15, 1) {
		c.SKU = ""
	}
	return c
}

func processor(s structure) Processor {
	p := Processor{Designation: s.text(4), Vendor: s.text(7), Version: s.text(0x10),
		MaxMHz: int(s.word(0x14)), CurrentMHz: int(s.word(0x16)), Serial: s.text(0x20), Part: s.text(0x22),
		Cores: int(s.byte(0x23)), Threads: int(s.byte(0x25))}
	// 255 in the byte says that the real count stands in the word of version 3.
	if p.Cores == 0xff && s.has(0x2a, 2) {
		p.Cores = int(s.word(0x2a))
	}
	if p.Threads == 0xff && s.has(0x2e, 2) {
		p.Threads = int(s.word(0x2e))
	}
	if p.Cores == 0xffff {
		p.Cores = 0
	}
	if p.Threads == 0xffff {
		p.Threads = 0
	}
	return p
}

func array(s structure) Array {
	a := Array{Handle: s.handle, Correction: s.byte(6), Slots: int(s.word(0x0d))}
	if kb := s.dword(7); kb == 0x80000000 {
		a.MaxBytes = int64(min(s.qword(0x0f), 1<<62))
	} else {
		a.MaxBytes = int64(kb) << 10
	}
	return a
}

func module(s structure) Module {
	m := Module{Array: s.word(4), Form: s.byte(0x0e), Slot: s.text(0x10), Bank: s.text(0x11), Kind: s.byte(0x12),
		Vendor: s.text(0x17), Serial: s.text(0x18), Asset: s.text(0x19), Part: s.text(0x1a),
		Rank: int(s.byte(0x1b) & 0x0f), Millivolts: int(s.word(0x26))}
	m.TotalBits, m.DataBits = width(s.word(8)), width(s.word(0x0a))
	switch size := s.word(0x0c); {
	case size == 0: // an empty slot
	case size == 0xffff:
		m.Populated = true
	case size == 0x7fff:
		m.Populated = true
		m.SizeBytes = int64(s.dword(0x1c)&0x7fffffff) << 20
	case size&0x8000 != 0:
		m.Populated = true
		m.SizeBytes = int64(size&0x7fff) << 10
	default:
		m.Populated = true
		m.SizeBytes = int64(size) << 20
	}
	m.Rated = transfers(s.word(0x15), s.dword(0x54))
	m.Configured = transfers(s.word(0x20), s.dword(0x58))
	return m
}

func width(w uint16) int {
	if w == 0xffff {
		return 0
	}
	return int(w)
}

// transfers is a speed in megatransfers a second; 65,535 says that it stands
// in the extended field.
func transfers(w uint16, extended uint32) int64 {
	if w == 0xffff {
		return int64(extended & 0x7fffffff)
	}
	return int64(w)
}
