// Package volume reads section volume: one row a mounted local file system.
//
// It owns what is told of a store that is mounted; which mounts count, package
// block knows. It must not wait for a dead server: network file systems are
// left out there, and what is asked has a limit of two seconds.
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
