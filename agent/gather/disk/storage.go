package disk

import (
	"encoding/binary"

	"muster/agent/gather/block"
	"muster/internal/inventory"
)

// answers are what a drive of Windows answers beyond what tells which it is;
// nil what it does not.
type answers struct {
	block.Answers
	Trim   []byte // DEVICE_TRIM_DESCRIPTOR
	Layout []byte // DRIVE_LAYOUT_INFORMATION_EX
	System bool   // the volume with Windows lies on it
}

// word is four bytes at an offset; ok is false when they are not there.
func word(b []byte, off int) (n uint32, ok bool) {
	if off+4 > len(b) {
		return 0, false
	}
	return binary.LittleEndian.Uint32(b[off:]), true
}

// windowsRow makes the row of a drive.
func windowsRow(a answers) (inventory.Disk, bool) {
	d, seek, ok := block.StorageDrive(a.Answers)
	if !ok {
		return inventory.Disk{}, false
	}
	r := inventory.Disk{Name: d.Name, Vendor: d.Vendor, Model: d.Model, Serial: d.Serial, Firmware: d.Firmware, Bus: d.Bus, Kind: d.Kind,
		Removable: &d.Removable, Boot: &a.System, SizeBytes: d.SizeBytes, LogicalBytes: d.SectorBytes}
	if seek {
		r.Rotational = &d.Rotational
	}
	if len(a.Trim) > 8 {
		r.Discard = new(a.Trim[8] != 0)
	}
	switch r.Bus {
	case "usb", "firewire", "iscsi", "fc":
		r.Internal = new(false)
	default:
		r.Internal = new(!d.Removable && !d.File)
	}
	if physical, ok := word(a.Align, 20); ok && physical <= 1<<20 {
		r.PhysicalBytes = int64(physical)
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
