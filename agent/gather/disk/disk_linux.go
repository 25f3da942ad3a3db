package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
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

// udev is what udev found out about a drive when it appeared.
type udev struct {
	model, modelEnc, vendor, serial, serialShort, scsiSerial, wwn, wwnLong, revision, rpm, transport string
}

func (u *udev) set(key, value string) {
	switch key {
	case "ID_MODEL":
		u.model = strings.ReplaceAll(value, "_", " ")
	case "ID_MODEL_ENC":
		u.modelEnc = block.Unhex(value)
	case "ID_VENDOR":
		u.vendor = value
	case "ID_SERIAL":
		u.serial = value
	case "ID_SERIAL_SHORT":
		u.serialShort = value
	case "ID_SCSI_SERIAL":
		u.scsiSerial = value
	case "ID_WWN":
		u.wwn = value
	case "ID_WWN_WITH_EXTENSION":
		u.wwnLong = value
	case "ID_REVISION":
		u.revision = value
	case "ID_ATA_ROTATION_RATE_RPM":
		u.rpm = value
	case "ID_ATA_SATA":
		if value == "1" {
			u.transport = "sata"
		}
	}
}

// first is the first text that is one.
func first(list ...string) string {
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" {
			return s
		}
	}
	return ""
}

func drive(h *host.Host, name string) inventory.Disk {
	at := "/sys/block/" + name
	line := func(file string) string { return h.Line(at + "/" + file) }
	var u udev
	block.Udev(h, "b"+line("dev"), u.set)

	target, _ := h.Readlink(at)
	where := attachment(strings.TrimPrefix(path.Clean("/sys/block/"+target), "/sys/devices/"))
	if where.Bus == "nvme" && where.PCI == "" {
		// The common name of several paths: its controllers stand beside it.
		if c, err := h.Readlink(at + "/device/nvme0"); err == nil {
			where = attachment(strings.TrimPrefix(path.Clean("/"+c), "/sys/devices/"))
			where.Bus = "nvme"
		}
	}
	r := inventory.Disk{Name: name, BusAddress: where.Address}
	r.Driver = driver(h, where)
	r.Bus = busOf(where.Bus, r.Driver, u.transport)
	// udev joins model and vendor with underscores, but keeps the original
	// escaped beside it. Where there is no udev, sysfs has the same.
	r.Model = block.Squeeze(first(u.modelEnc, line("device/model"), u.model, line("device/name")))
	if v := block.Squeeze(first(line("device/vendor"), u.vendor)); v != "ATA" && !strings.HasPrefix(v, "0x") {
		r.Vendor = v // ATA stands there for every drive behind the ATA layer
	}
	r.Serial = first(u.scsiSerial, u.serialShort, line("device/serial"), line("serial"), vital(h, at), u.serial)
	r.WWN = wwn(first(u.wwnLong, u.wwn, line("wwid"), line("device/wwid")))
	r.Firmware = first(line("device/firmware_rev"), line("device/rev"), u.revision, line("device/fwrev"))
	removable := line("removable") == "1"
	rotational := line("queue/rotational") == "1"
	r.Removable = &removable
	r.Kind = kindOf(facts{name: name, bus: r.Bus, vendor: r.Vendor, model: r.Model, card: line("device/type"),
		rotational: rotational, removable: removable})
	if r.Kind == "hdd" || r.Kind == "ssd" || r.Kind == "emmc" || r.Kind == "flash" {
		rotational = r.Kind == "hdd"
		r.Rotational = &rotational
	}
	if n, err := strconv.ParseInt(u.rpm, 10, 32); err == nil && n > 1 {
		r.RPM = &n // 1 says that nothing rotates
	}
	if r.Kind != "optical" {
		// In 512 bytes whatever the sector; the size of an optical drive is that
		// of the disc in it.
		r.SizeBytes = number(line("size")) * 512
		r.LogicalBytes = number(line("queue/logical_block_size"))
		r.PhysicalBytes = number(line("queue/physical_block_size"))
		readOnly := line("ro") == "1"
		r.ReadOnly = &readOnly
	}
	internal := inner(h, r, where)
	r.Internal = &internal
	r.LinkBits, r.MaxLinkBits = link(h, r.Bus, where)
	switch line("device/state") {
	case "running", "live":
		r.Status = "ok"
	case "offline", "dead", "transport-offline":
		r.Status = "failed"
	}
	return r
}

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 1<<54 {
		return 0
	}
	return n
}

// vital reads the serial number that the kernel has asked a SCSI drive for.
func vital(h *host.Host, at string) string {
	f, err := h.Open(at + "/device/vpd_pg80")
	if err != nil {
		return ""
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 512))
	if err != nil {
		return ""
	}
	return unitSerial(b)
}

// driver is that of the controller: of the PCI device, else of what stands in
// for it.
func driver(h *host.Host, where attached) string {
	for _, at := range []string{where.USB, where.PCI} {
		if at == "" {
			continue
		}
		if where.USB != "" && at == where.USB {
			// The storage function of a USB device has the driver, not the device.
			for _, p := range h.Glob("/sys/devices/" + at + "/" + path.Base(at) + ":*") {
				if d, err := h.Readlink(p + "/driver"); err == nil {
					return path.Base(d)
				}
			}
			continue
		}
		if d, err := h.Readlink("/sys/devices/" + at + "/driver"); err == nil {
			return path.Base(d)
		}
	}
	return ""
}

// inner says whether a drive is built in. Thunderbolt brings PCI devices out of
// the machine; the kernel marks those that firmware says can be removed.
func inner(h *host.Host, r inventory.Disk, where attached) bool {
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
func link(h *host.Host, bus string, where attached) (now, most int64) {
	switch {
	case bus == "nvme" && where.PCI != "":
		line := func(name string) string { return h.Line("/sys/devices/" + where.PCI + "/" + name) }
		now = laneSpeed(line("current_link_speed")) * number(line("current_link_width"))
		most = laneSpeed(line("max_link_speed")) * number(line("max_link_width"))
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
