package block

import (
	"slices"
	"strings"

	"muster/agent/host"
)

// Stores lists the mounted local stores, each once, by the mount that shows it
// best. Network file systems are left out before anything is asked of them.
func Stores(h *host.Host) ([]Mount, error) {
	var c candidates
	if err := Mounts(h, c.add); err != nil {
		return nil, err
	}
	return c.stores(), nil
}

// maxVolumes bounds what is asked; a host of containers mounts thousands of
// file systems, nearly all of which are not local stores.
const maxVolumes = 1024

// local says whether a type of file system keeps its data on drives of this
// machine. It lists what counts, so that a type yet unknown is not asked.
func local(kind string) bool {
	switch kind {
	case "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "bcachefs", "f2fs", "jfs", "reiserfs", "nilfs2",
		"vfat", "msdos", "exfat", "ntfs", "ntfs3", "fuseblk", "hfsplus", "apfs", "ufs", "udf", "iso9660", "ubifs", "jffs2":
		return true
	}
	return false
}

// pooled says whether mounts of one source share its space.
func pooled(kind string) bool { return kind == "btrfs" || kind == "bcachefs" }

// candidates are the mounts that count, each store once.
type candidates struct {
	list []Mount
	by   map[string]int // by what tells stores apart
}

// add takes a mount if it is a local store, and lets the better of two mounts
// of one store stand.
func (c *candidates) add(m Mount) {
	if !local(m.Filesystem) || strings.HasPrefix(m.Source, "/dev/loop") && (m.Filesystem == "iso9660" || m.Filesystem == "udf") {
		return
	}
	id := string(m.Dev)
	if pooled(m.Filesystem) {
		id = m.Source // each subvolume has a number of its own
	}
	if c.by == nil {
		c.by = map[string]int{}
	}
	i, have := c.by[id]
	switch {
	case !have && len(c.list) < maxVolumes:
		c.by[id] = len(c.list)
		c.list = append(c.list, m)
	case have && better(m, c.list[i]):
		c.list[i] = m
	}
}

// better says which of two mounts of one store is told: the system's root,
// then one that shows all of the store, then the shorter path. A bind mount of
// a folder shows a part and loses.
func better(a, b Mount) bool {
	if (a.Point == "/") != (b.Point == "/") {
		return a.Point == "/"
	}
	if whole := a.Root == "/"; whole != (b.Root == "/") && !pooled(a.Filesystem) {
		return whole
	}
	if len(a.Point) != len(b.Point) {
		return len(a.Point) < len(b.Point)
	}
	return a.Point < b.Point
}

// stores are the mounts that are left: a part of a store that is nowhere
// mounted whole is a container's or a chroot's view, unless it is the root.
func (c *candidates) stores() []Mount {
	return slices.DeleteFunc(c.list, func(m Mount) bool {
		return m.Root != "/" && m.Point != "/" && !pooled(m.Filesystem)
	})
}
