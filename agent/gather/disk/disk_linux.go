package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"muster/agent/gather/block"
	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.Disk, []string, error) {
	names, err := block.Drives(h)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("sysfs is not mounted here, so drives are not known: %w", errors.ErrUnsupported)
	}
	if err != nil {
		return nil, nil, err
	}
	boot := block.BootDrives(h)
	rows := make([]inventory.Disk, 0, len(names))
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		r := drive(h, name)
		lies := slices.Contains(boot, name)
		if len(boot) > 0 {
			r.Boot = &lies
		}
		rows = append(rows, r)
	}
	return rows, []string{"sysfs"}, nil
}

func drive(h *host.Host, name string) inventory.Disk {
	d := block.ReadDrive(h, name)
	r := inventory.Disk{Name: name, Vendor: d.Vendor, Model: d.Model, Serial: d.Serial, WWN: d.WWN, Firmware: d.Firmware,
		Kind: d.Kind, Bus: d.Bus, BusAddress: d.Where.Address, Driver: d.Driver, Removable: &d.Removable}
	if r.Kind == "hdd" || r.Kind == "ssd" || r.Kind == "emmc" || r.Kind == "flash" {
		r.Rotational = new(r.Kind == "hdd")
	}
	if d.RPM > 0 {
		r.RPM = &d.RPM
	}
	if r.Kind != "optical" {
		// The size of an optical drive is that of the disc in it.
		at := "/sys/block/" + name
		r.SizeBytes = d.SizeBytes
		r.LogicalBytes = d.SectorBytes
		r.PhysicalBytes = block.Number(h.Line(at + "/queue/physical_block_size"))
		r.ReadOnly = new(h.Line(at+"/ro") == "1")
	}
	internal := inner(h, r, d.Where)
	r.Internal = &internal
	r.LinkBits, r.MaxLinkBits = link(h, r.Bus, d.Where)
	switch d.State {
	case "running", "live":
		r.Status = "ok"
	case "offline", "dead", "transport-offline":
		r.Status = "failed"
	}
	return r
}

// inner says whether a drive is built in. Thunderbolt brings PCI devices out of
// the machine; the kernel marks those that firmware says can be removed.
func inner(h *host.Host, r inventory.Disk, where block.Attached) bool {
	switch r.Bus {
	case "usb", "firewire", "iscsi", "fc":
		return false
	case "mmc":
		return r.Kind == "emmc"
	}
	for at := where.PCI; strings.Contains(at, "/"); at = path.Dir(at) {
		if h.Line("/sys/devices/"+at+"/removable") == "removable" {
			return false
		}
	}
	return true
}

// link is the speed of the drive's link, now and at most, in bits per second.
func link(h *host.Host, bus string, where block.Attached) (now, most int64) {
	switch {
	case bus == "nvme" && where.PCI != "":
		line := func(name string) string { return h.Line("/sys/devices/" + where.PCI + "/" + name) }
		now = laneSpeed(line("current_link_speed")) * block.Number(line("current_link_width"))
		most = laneSpeed(line("max_link_speed")) * block.Number(line("max_link_width"))
	case where.ATA != "":
		for _, p := range h.Glob("/sys/devices/" + where.ATA + "/link*/ata_link/link*") {
			now = max(now, linkSpeed(h.Line(p+"/sata_spd")))
			most = max(most, linkSpeed(h.Line(p+"/hw_sata_spd_limit")))
		}
	case where.USB != "":
		if m, err := strconv.ParseInt(h.Line("/sys/devices/"+where.USB+"/speed"), 10, 32); err == nil && m > 0 {
			now = m * 1e6
		}
	}
	return now, most
}
