package volume

import (
	"encoding/binary"
	"fmt"
	"strings"

	"muster/agent/host"
	"muster/internal/inventory"
)

// store is what Windows says of one volume.
type store struct {
	GUID              string   // \\?\Volume{…}\
	Mounts            []string // C:\ and folders, none for a hidden one
	Drive             uint32   // GetDriveType
	Label, Filesystem string
	Serial, Flags     uint32
	Space             host.Filesystem
	SpaceKnown        bool
	Extents           []byte // VOLUME_DISK_EXTENTS
	Dirty             *bool
}

// mountName is how a volume is called in the section: C: without the
// backslash, a folder, or its GUID.
func (s store) mountName() string {
	best := ""
	for _, m := range s.Mounts {
		m = strings.TrimSuffix(m, `\`)
		if best == "" || len(m) < len(best) {
			best = m
		}
	}
	if best == "" {
		return strings.TrimSuffix(s.GUID, `\`)
	}
	return best
}

// kind names what GetDriveType says (fileapi.h).
func (s store) kind() string {
	switch s.Drive {
	case 2:
		return "removable"
	case 3:
		return "fixed"
	case 5:
		return "optical"
	case 6:
		return "virtual"
	}
	return "other"
}

// row makes the row of a volume. system is the letter of the drive that
// Windows runs from.
func (s store) row(system string) inventory.Volume {
	const readOnly = 0x80000 // FILE_READ_ONLY_VOLUME (winnt.h)
	r := inventory.Volume{Mount: s.mountName(), Source: strings.TrimSuffix(s.GUID, `\`), Filesystem: strings.ToLower(s.Filesystem), Label: s.Label,
		Kind: s.kind(), ReadOnly: new(s.Flags&readOnly != 0), Dirty: s.Dirty}
	r.System = new(strings.EqualFold(r.Mount, system))
	if s.Serial != 0 {
		r.UUID = fmt.Sprintf("%04x-%04x", s.Serial>>16, s.Serial&0xffff)
	}
	if *r.ReadOnly {
		r.Options = []string{"ro"}
	}
	if s.SpaceKnown {
		fill(&r, s.Space)
	}
	for _, n := range drives(s.Extents) {
		r.Disks = append(r.Disks, fmt.Sprintf("PhysicalDrive%d", n))
	}
	return r
}

// drives reads VOLUME_DISK_EXTENTS (winioctl.h): a count, then from byte 8 on
// entries of 24 bytes that begin with the number of a drive. Each drive counts
// once.
func drives(b []byte) (list []uint32) {
	if len(b) < 8 {
		return nil
	}
	n := binary.LittleEndian.Uint32(b)
next:
	for b = b[8:]; n > 0 && len(b) >= 24 && len(list) < 64; n, b = n-1, b[24:] {
		d := binary.LittleEndian.Uint32(b)
		for _, have := range list {
			if have == d {
				continue next
			}
		}
		list = append(list, d)
	}
	return list
}
