package volume

import (
	"context"
	"fmt"
	"path"
	"strings"

	"muster/agent/gather/block"
	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.Volume, []string, []string, error) {
	var rows []inventory.Volume
	var faults []string
	stores, err := block.Stores(h)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, m := range stores {
		r := describe(h, m)
		space, err := h.Size(ctx, m.Point)
		if ctx.Err() != nil {
			return nil, nil, nil, ctx.Err()
		}
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s: %v", m.Point, err))
		} else {
			fill(&r, space)
		}
		rows = append(rows, r)
	}
	return rows, []string{"mountinfo"}, faults, nil
}

func describe(h *host.Host, m block.Mount) inventory.Volume {
	dev := m.Backing(h)
	name := block.Name(h, dev)
	r := inventory.Volume{Mount: m.Point, Source: m.Source, Filesystem: filesystem(m.Filesystem)}
	if r.Source == "/dev/root" && name != "" { // what the kernel was told to start from
		r.Source = "/dev/" + name
	}
	var readOnly bool
	r.Options, readOnly = options(m)
	r.ReadOnly = &readOnly
	system := m.Point == "/"
	r.System = &system
	removable := false
	if dev != "" {
		r.Disks = block.Below(h, dev)
		r.Label, r.UUID = identity(h, dev, name)
		for _, d := range r.Disks {
			removable = removable || outside(h, d)
		}
	}
	r.Kind = kindOf(m, removable)
	// ext4 counts the errors it has met, over restarts, until a check clears
	// them: the mark that a check is needed.
	if strings.HasPrefix(m.Filesystem, "ext") && name != "" {
		if n := h.Line("/sys/fs/ext4/" + name + "/errors_count"); n != "" {
			dirty := n != "0"
			r.Dirty = &dirty
		}
	}
	return r
}

// filesystem names the type as the catalogue does: fuseblk is how ntfs-3g
// shows itself.
func filesystem(kind string) string {
	switch kind {
	case "fuseblk", "ntfs3":
		return "ntfs"
	}
	return kind
}

// identity is label and UUID as udev found them, else by the links it makes,
// which an initramfs makes too.
func identity(h *host.Host, dev block.Dev, name string) (label, uuid string) {
	block.Udev(h, "b"+string(dev), func(key, value string) {
		switch key {
		case "ID_FS_LABEL_ENC":
			label = block.Unhex(value)
		case "ID_FS_LABEL":
			if label == "" {
				label = value
			}
		case "ID_FS_UUID":
			uuid = value
		}
	})
	if label == "" && uuid == "" && name != "" {
		uuid, label = linked(h, "/dev/disk/by-uuid", name), linked(h, "/dev/disk/by-label", name)
	}
	return label, uuid
}

func linked(h *host.Host, dir, name string) string {
	list, err := h.ReadDir(dir)
	if err != nil {
		return ""
	}
	for _, e := range list {
		if target, err := h.Readlink(dir + "/" + e.Name()); err == nil && path.Base(target) == name {
			return block.Unhex(e.Name())
		}
	}
	return ""
}

// outside says whether a drive can be taken away with what is on it.
func outside(h *host.Host, drive string) bool {
	if h.Line("/sys/block/"+drive+"/removable") == "1" {
		return true
	}
	target, err := h.Readlink("/sys/block/" + drive)
	return err == nil && strings.Contains(target, "/usb")
}
