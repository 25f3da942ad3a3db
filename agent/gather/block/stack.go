package block

import (
	"path"
	"slices"
	"strings"

	"muster/agent/host"
)

// maxDepth bounds how deep devices are followed: a file system on LVM on LUKS
// on an array of partitions is five deep.
const maxDepth = 12

// Drives lists the names of all physical drives, sorted. What the kernel makes
// up is left out: loop, RAM and zram disks, device mapper, arrays, network
// block devices and the volumes of ZFS all live below /devices/virtual, where
// of drives only NVMe ones with several paths have their common name.
func Drives(h *host.Host) ([]string, error) {
	list, err := h.ReadDir("/sys/block")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range list {
		if IsDrive(h, e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// IsDrive says whether a name below /sys/block is a physical drive.
func IsDrive(h *host.Host, name string) bool {
	target, err := h.Readlink("/sys/block/" + name)
	if err != nil {
		return false
	}
	if strings.Contains(target, "/virtual/") && !strings.Contains(target, "/nvme-subsystem/") {
		return false
	}
	switch {
	case strings.HasPrefix(name, "fd"): // floppy controllers show a drive whether or not there is one
		return false
	case strings.HasPrefix(name, "mmcblk") && strings.ContainsAny(name[len("mmcblk"):], "br"):
		return false // mmcblk0boot0, mmcblk0rpmb: areas of the card mmcblk0
	}
	return h.Line("/sys/block/"+name+"/hidden") != "1" // one path of several
}

// Name is the kernel's name of a block device, such as dm-0 or sda2, or empty.
func Name(h *host.Host, dev Dev) string {
	target, err := h.Readlink("/sys/dev/block/" + string(dev))
	if err != nil {
		return ""
	}
	return path.Base(target)
}

// DevOf is the number of the device that a path such as /dev/sda2 or
// /dev/mapper/vg-root names, or empty. It looks in sysfs, never at the device
// file, since a recording has none.
func DevOf(h *host.Host, source string) Dev {
	name, ok := strings.CutPrefix(source, "/dev/")
	if !ok || name == "" || strings.Contains(name, "..") {
		return ""
	}
	if dm, ok := strings.CutPrefix(name, "mapper/"); ok {
		for _, p := range h.Glob("/sys/class/block/dm-*") {
			if h.Line(p+"/dm/name") == dm {
				return Dev(h.Line(p + "/dev"))
			}
		}
		return ""
	}
	// Device names with a slash (cciss/c0d0) have an exclamation mark in sysfs.
	return Dev(h.Line("/sys/class/block/" + strings.ReplaceAll(name, "/", "!") + "/dev"))
}

// Below lists the physical drives that a block device lies on, sorted: of a
// partition its drive, of everything else the drives of its slaves.
func Below(h *host.Host, dev Dev) []string {
	name := Name(h, dev)
	if name == "" {
		return nil
	}
	var found []string
	below(h, name, 0, &found)
	slices.Sort(found)
	return slices.Compact(found)
}

func below(h *host.Host, name string, depth int, found *[]string) {
	if depth > maxDepth || len(*found) > 256 {
		return
	}
	at := "/sys/class/block/" + name
	if h.Exists(at + "/partition") {
		// The link of a partition ends in …/sda/sda2.
		if target, err := h.Readlink(at); err == nil {
			below(h, path.Base(path.Dir(target)), depth+1, found)
		}
		return
	}
	slaves, err := h.ReadDir(at + "/slaves")
	if err == nil && len(slaves) > 0 {
		for _, s := range slaves {
			below(h, s.Name(), depth+1, found)
		}
		return
	}
	if IsDrive(h, name) {
		*found = append(*found, name)
	}
}

// BootDrives lists the drives that the running system lies on or was started
// from: those below /, /boot and the EFI partition.
func BootDrives(h *host.Host) []string {
	var found []string
	err := Mounts(h, func(m Mount) {
		switch m.Point {
		case "/", "/boot", "/boot/efi", "/efi":
			found = append(found, Below(h, m.Backing(h))...)
		}
	})
	if err != nil {
		return nil
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// Backing is the device a mount is on. File systems that span devices (btrfs)
// have a number of their own making, so there the source decides.
func (m Mount) Backing(h *host.Host) Dev {
	if strings.HasPrefix(string(m.Dev), "0:") {
		return DevOf(h, m.Source)
	}
	return m.Dev
}
