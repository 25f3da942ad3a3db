package disk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"muster/internal/inventory"
)

// answers are what a drive of Windows answers, as it is; nil what it does not.
type answers struct {
	Number           int
	Device           []byte // STORAGE_DEVICE_DESCRIPTOR
	Seek, Trim       []byte // DEVICE_SEEK_PENALTY_DESCRIPTOR, DEVICE_TRIM_DESCRIPTOR
	Align            []byte // STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR
	Geometry, Layout []byte // DISK_GEOMETRY_EX, DRIVE_LAYOUT_INFORMATION_EX
	System           bool   // the volume with Windows lies on it
}

// name is how the drive is called everywhere in Windows.
func name(number int) string { return fmt.Sprintf("PhysicalDrive%d", number) }

// word is four bytes at an offset; ok is false when they are not there.
func word(b []byte, off int) (n uint32, ok bool) {
	if off+4 > len(b) {
		return 0, false
	}
	return binary.LittleEndian.Uint32(b[off:]), true
}

// descriptor is what is kept of STORAGE_DEVICE_DESCRIPTOR (winioctl.h).
type descriptor struct {
	Vendor, Product, Revision, Serial string
	Bus                               uint32 // STORAGE_BUS_TYPE
	Removable                         bool
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
	return descriptor{Vendor: text(12), Product: text(16), Revision: text(20), Serial: text(24), Bus: bus, Removable: b[10] != 0}, true
}

// busOf names a bus (STORAGE_BUS_TYPE, winioctl.h).
func busOf(n uint32) string {
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

// windowsRow makes the row of a drive.
func windowsRow(a answers) (inventory.Disk, bool) {
	d, ok := parseDescriptor(a.Device)
	if !ok {
		return inventory.Disk{}, false
	}
	r := inventory.Disk{Name: name(a.Number), Vendor: d.Vendor, Model: d.Product, Serial: d.Serial, Firmware: d.Revision, Bus: busOf(d.Bus),
		Removable: &d.Removable, Boot: &a.System}
	// Drivers of ATA and NVMe drives have no maker, or say what the bus is.
	if strings.EqualFold(r.Vendor, "NVMe") || strings.EqualFold(r.Vendor, "ATA") {
		r.Vendor = ""
	}
	const virtualBus, fileBus = 14, 15
	words := strings.ToLower(d.Vendor + " " + d.Product)
	made := d.Bus == virtualBus || d.Bus == fileBus
	for _, w := range []string{"vmware", "qemu", "vbox", "virtual disk", "virtio"} {
		made = made || strings.Contains(words, w)
	}
	if len(a.Seek) > 8 {
		r.Rotational = new(a.Seek[8] != 0)
	}
	if len(a.Trim) > 8 {
		r.Discard = new(a.Trim[8] != 0)
	}
	switch {
	case made:
		r.Kind = "virtual"
	case d.Bus == 13:
		r.Kind = "emmc"
	case d.Bus == 12, d.Bus == 7 && d.Removable:
		r.Kind = "flash"
	case r.Bus == "nvme", r.Rotational != nil && !*r.Rotational:
		r.Kind = "ssd"
	case r.Rotational != nil && *r.Rotational:
		r.Kind = "hdd"
	}
	switch r.Bus {
	case "usb", "firewire", "iscsi", "fc":
		r.Internal = new(false)
	default:
		r.Internal = new(!d.Removable && d.Bus != fileBus)
	}
	logical, ok := word(a.Align, 16)
	physical, ok2 := word(a.Align, 20)
	if ok && ok2 && logical <= 1<<20 && physical <= 1<<20 {
		r.LogicalBytes, r.PhysicalBytes = int64(logical), int64(physical)
	}
	if len(a.Geometry) >= 32 {
		if n := binary.LittleEndian.Uint64(a.Geometry[24:]); n < 1<<62 {
			r.SizeBytes = int64(n)
		}
		if n, _ := word(a.Geometry, 20); r.LogicalBytes == 0 && n <= 1<<20 {
			r.LogicalBytes = int64(n)
		}
	}
	r.PartitionTable, r.PartitionCount = parseLayout(a.Layout)
	return r, true
}

// parseLayout reads DRIVE_LAYOUT_INFORMATION_EX (winioctl.h): kind of table,
// number of entries, and from byte 48 on entries of 144 bytes. Those of an MBR
// are always a multiple of four, of which empty ones do not count.
func parseLayout(b []byte) (kind string, count *int64) {
	const head, entry, mbrType = 48, 144, 32
	style, ok := word(b, 0)
	n, ok2 := word(b, 4)
	if !ok || !ok2 || n > 1024 {
		return "", nil
	}
	switch style {
	case 0:
		used := int64(0)
		for at := head; n > 0 && at+entry <= len(b); n, at = n-1, at+entry {
			if b[at+mbrType] != 0 {
				used++
			}
		}
		return "mbr", &used
	case 1:
		return "gpt", new(int64(n))
	case 2:
		return "none", new(int64(0))
	}
	return "", nil
}

// parseExtents reads VOLUME_DISK_EXTENTS (winioctl.h): a count, then from byte
// 8 on entries of 24 bytes that begin with the number of a drive.
func parseExtents(b []byte) (drives []int) {
	n, _ := word(b, 0)
	for at := 8; n > 0 && at+24 <= len(b) && len(drives) < 256; n, at = n-1, at+24 {
		d, _ := word(b, at)
		if d < 1<<16 {
			drives = append(drives, int(d))
		}
	}
	return drives
}
