package block

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// Answers are what a drive of Windows answers, as it is; nil what it does not.
type Answers struct {
	Number   int
	Device   []byte // STORAGE_DEVICE_DESCRIPTOR
	Seek     []byte // DEVICE_SEEK_PENALTY_DESCRIPTOR
	Align    []byte // STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR
	Geometry []byte // DISK_GEOMETRY_EX
}

// NameOf is how a drive is called everywhere in Windows.
func NameOf(number int) string { return fmt.Sprintf("PhysicalDrive%d", number) }

// StorageDrive is the drive that gave the answers; ok is false when it does not
// tell what it is. seek says whether it told if it rotates.
func StorageDrive(a Answers) (d Drive, seek, ok bool) {
	x, ok := parseDescriptor(a.Device)
	if !ok {
		return Drive{}, false, false
	}
	d = Drive{Name: NameOf(a.Number), Vendor: x.vendor, Model: x.product, Serial: x.serial, Firmware: x.revision, Bus: storageBus(x.bus), Removable: x.removable,
		ATA: x.bus == 3 || x.bus == 11} // BusTypeAta, BusTypeSata
	// Drivers of ATA and NVMe drives have no maker, or say what the bus is.
	if strings.EqualFold(d.Vendor, "NVMe") || strings.EqualFold(d.Vendor, "ATA") {
		d.Vendor = ""
	}
	if seek = len(a.Seek) > 8; seek {
		d.Rotational = a.Seek[8] != 0
	}
	const virtualBus, fileBus = 14, 15
	words := strings.ToLower(x.vendor + " " + x.product)
	d.File = x.bus == fileBus
	made := x.bus == virtualBus || d.File
	for _, w := range []string{"vmware", "qemu", "vbox", "virtual disk", "virtio"} {
		made = made || strings.Contains(words, w)
	}
	switch {
	case made:
		d.Kind = "virtual"
	case x.bus == 13:
		d.Kind = "emmc"
	case x.bus == 12, x.bus == 7 && x.removable:
		d.Kind = "flash"
	case d.Bus == "nvme", seek && !d.Rotational:
		d.Kind = "ssd"
	case d.Rotational:
		d.Kind = "hdd"
	}
	if logical, ok := word(a.Align, 16); ok && logical <= 1<<20 {
		d.SectorBytes = int64(logical)
	}
	if len(a.Geometry) >= 32 {
		if n := binary.LittleEndian.Uint64(a.Geometry[24:]); n < 1<<62 {
			d.SizeBytes = int64(n)
		}
		if n, _ := word(a.Geometry, 20); d.SectorBytes == 0 && n <= 1<<20 {
			d.SectorBytes = int64(n)
		}
	}
	return d, seek, true
}

// word is four bytes at an offset; ok is false when they are not there.
func word(b []byte, off int) (n uint32, ok bool) {
	if off+4 > len(b) {
		return 0, false
	}
	return binary.LittleEndian.Uint32(b[off:]), true
}

// descriptor is what is kept of STORAGE_DEVICE_DESCRIPTOR (winioctl.h).
type descriptor struct {
	vendor, product, revision, serial string
	bus                               uint32 // STORAGE_BUS_TYPE
	removable                         bool
}

// parseDescriptor reads a device's descriptor: numbers, and the places of
// texts that end in NUL. Place 0 says that there is no text.
func parseDescriptor(b []byte) (descriptor, bool) {
	bus, ok := word(b, 28)
	if !ok {
		return descriptor{}, false
	}
	text := func(off int) string {
		at, _ := word(b, off)
		if at < 36 || uint64(at) >= uint64(len(b)) {
			return ""
		}
		s, _, _ := bytes.Cut(b[at:], []byte{0})
		if len(s) > 256 {
			return ""
		}
		for _, c := range s {
			if c < ' ' || c > '~' {
				return ""
			}
		}
		return strings.Join(strings.Fields(string(s)), " ")
	}
	return descriptor{vendor: text(12), product: text(16), revision: text(20), serial: text(24), bus: bus, removable: b[10] != 0}, true
}

// storageBus names a bus (STORAGE_BUS_TYPE, winioctl.h).
func storageBus(n uint32) string {
	switch n {
	case 1:
		return "scsi"
	case 2, 3:
		return "ide"
	case 4:
		return "firewire"
	case 6:
		return "fc"
	case 7:
		return "usb"
	case 8:
		return "raid"
	case 9:
		return "iscsi"
	case 10:
		return "sas"
	case 11:
		return "sata"
	case 12, 13:
		return "mmc"
	case 16:
		return "spaces"
	case 17:
		return "nvme"
	}
	return "other"
}
