package encryption

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"muster/agent/gather/block"
	"muster/agent/host"
	"muster/internal/inventory"
)

// source is what is asked.
const source = "sysfs"

const (
	// maxDepth bounds how deep devices are followed, as package block does.
	maxDepth = 12
	// maxLocked bounds how many devices without a mount are looked at.
	maxLocked = 1024
)

func (s *Volumes) read(ctx context.Context, h *host.Host) ([]inventory.Encryption, []string, error) {
	stores, err := block.Stores(h)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("/proc is not mounted here, so volumes are not known: %w", errors.ErrUnsupported)
	}
	if err != nil {
		return nil, nil, err
	}
	rows := []inventory.Encryption{}
	var faults []string
	for _, m := range stores {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		name := block.Name(h, m.Backing(h))
		if name == "" || strings.HasPrefix(name, "loop") {
			continue // a store that no device is behind, or a file of another volume
		}
		crypt, all := beneath(h, name, 0)
		if crypt == "" || !all {
			rows = append(rows, plain(m.Point))
			continue
		}
		r, fault := s.opened(h, crypt)
		if fault != "" {
			faults = append(faults, fault)
		}
		r.Volume = m.Point
		rows = append(rows, r)
	}
	locked, err := s.locked(ctx, h)
	return append(rows, locked...), faults, err
}

// beneath finds the nearest encrypting device at or below a block device, and
// says whether everything the device lies on is encrypted.
func beneath(h *host.Host, name string, depth int) (crypt string, all bool) {
	if depth > maxDepth {
		return "", false
	}
	at := "/sys/class/block/" + name
	if _, _, ok := product(h.Line(at + "/dm/uuid")); ok {
		return name, true
	}
	if h.Exists(at + "/partition") {
		target, err := h.Readlink(at)
		if err != nil {
			return "", false
		}
		// Partitions of arrays, and of what device mapper joins.
		return beneath(h, path.Base(path.Dir(target)), depth+1)
	}
	slaves, err := h.ReadDir(at + "/slaves")
	if err != nil || len(slaves) == 0 {
		return "", false
	}
	all = true
	for _, e := range slaves {
		c, a := beneath(h, e.Name(), depth+1)
		if crypt == "" {
			crypt = c
		}
		all = all && a
	}
	return crypt, all
}

// opened is the row of a volume on an encrypting device that is open.
func (s *Volumes) opened(h *host.Host, name string) (inventory.Encryption, string) {
	at := "/sys/class/block/" + name
	uuid := h.Line(at + "/dm/uuid")
	r := inventory.Encryption{State: "encrypted", Protected: new(true), Locked: new(false)}
	r.Product, r.Version, _ = product(uuid)
	if r.Product != "luks" {
		return r, ""
	}
	slaves, err := h.ReadDir(at + "/slaves")
	if err != nil || len(slaves) == 0 {
		return r, ""
	}
	head, err := s.head(h, slaves[0].Name(), uuid)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return r, "kinds of keys of " + name + " are not read: run the agent as root"
	case err != nil:
		return r, "" // a head kept apart, or in a container without devices
	}
	r.Cipher, r.Protectors = head.Cipher, head.Protectors
	return r, ""
}

// head reads the head of a device, or gives the one kept.
func (s *Volumes) head(h *host.Host, device, key string) (Head, error) {
	if known, ok := s.heads[key]; ok {
		for _, d := range block.Below(h, block.Dev(h.Line("/sys/class/block/"+device+"/dev"))) {
			if block.ReadDrive(h, d).Rotational {
				return known, nil
			}
		}
	}
	f, err := h.Open("/dev/" + strings.ReplaceAll(device, "!", "/"))
	if err != nil {
		return Head{}, err
	}
	defer f.Close()
	b := make([]byte, 592, 16<<10)
	if _, err := io.ReadFull(f, b); err != nil {
		return Head{}, err
	}
	n, err := need(b)
	if err != nil {
		return Head{}, err
	}
	b = append(b, make([]byte, n-len(b))...)
	if _, err := io.ReadFull(f, b[592:]); err != nil {
		return Head{}, err
	}
	head, err := Decode(b)
	if err == nil && len(s.heads) < maxHeads {
		s.heads[key] = head
	}
	return head, err
}

// locked lists encrypted devices that nobody has opened, as udev recognised
// them.
func (s *Volumes) locked(ctx context.Context, h *host.Host) ([]inventory.Encryption, error) {
	list, err := h.ReadDir("/sys/class/block")
	if err != nil {
		return nil, nil // a container, where mounts are all there is
	}
	var rows []inventory.Encryption
	for _, e := range list[:min(len(list), maxLocked)] {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		at := "/sys/class/block/" + e.Name()
		if holders, err := h.ReadDir(at + "/holders"); err == nil && len(holders) > 0 {
			continue
		}
		kind, version := "", ""
		block.Udev(h, "b"+h.Line(at+"/dev"), func(key, value string) {
			switch key {
			case "ID_FS_TYPE":
				kind = value
			case "ID_FS_VERSION":
				version = value
			}
		})
		r := inventory.Encryption{Volume: "/dev/" + strings.ReplaceAll(e.Name(), "!", "/"), State: "encrypted", Protected: new(true), Locked: new(true)}
		switch kind {
		case "crypto_LUKS":
			r.Product = "luks"
			if version == "1" || version == "2" {
				r.Version = "luks" + version
			}
		case "BitLocker":
			r.Product = "bitlocker"
		default:
			continue
		}
		rows = append(rows, r)
	}
	return rows, nil
}
