// Package volume reads section volume: one row a mounted local file system.
//
// It owns which mounts count and which are the same store seen twice. It must
// not wait for a dead server: network file systems are left out before
// anything is asked of them, and what is asked has a limit of two seconds.
package volume

import (
	"context"
	"slices"
	"strings"

	"muster/agent/gather"
	"muster/agent/gather/block"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
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
	list []block.Mount
	by   map[string]int // by what tells stores apart
}

// add takes a mount if it is a local store, and lets the better of two mounts
// of one store stand.
func (c *candidates) add(m block.Mount) {
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
func better(a, b block.Mount) bool {
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
func (c *candidates) stores() []block.Mount {
	return slices.DeleteFunc(c.list, func(m block.Mount) bool {
		return m.Root != "/" && m.Point != "/" && !pooled(m.Filesystem)
	})
}

// options keeps the mount options that matter, of the mount and of the file
// system.
func options(m block.Mount) (kept []string, readOnly bool) {
	for _, o := range []string{"ro", "noexec", "nosuid", "nodev", "discard"} {
		if slices.Contains(m.Options, o) || slices.Contains(m.Super, o) {
			kept = append(kept, o)
			readOnly = readOnly || o == "ro"
		}
	}
	return kept, readOnly
}

// fill adds size and use. Shares are counted as df does: of what ordinary
// users can use, not of the whole.
func fill(r *inventory.Volume, f host.Filesystem) {
	if f.Size > 1<<62 || f.Free > f.Size || f.Available > f.Size {
		return // a file system that does not know itself
	}
	free, used := int64(f.Available), int64(f.Size-f.Free)
	r.SizeBytes, r.FreeBytes, r.UsedBytes = int64(f.Size), &free, &used
	if used+free > 0 {
		percent := float64(int64(float64(used)/float64(used+free)*1000+0.5)) / 10
		r.UsedPercent = &percent
	}
	if f.Files > 0 && f.FilesFree <= f.Files && f.Files < 1<<62 { // btrfs and FAT have no fixed number
		all, rest := int64(f.Files), int64(f.FilesFree)
		r.InodeCount, r.InodesFree = &all, &rest
	}
}

// kindOf is the medium, by the type of file system and the drives below.
func kindOf(m block.Mount, removable bool) string {
	switch {
	case m.Filesystem == "iso9660" || m.Filesystem == "udf" && strings.HasPrefix(m.Source, "/dev/sr"):
		return "optical"
	case strings.HasPrefix(m.Source, "/dev/loop"), strings.HasPrefix(m.Source, "/dev/nbd"):
		return "virtual"
	case removable:
		return "removable"
	}
	return "fixed"
}
