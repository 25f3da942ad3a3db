package block

import (
	"io"
	"path"
	"strconv"
	"strings"

	"muster/agent/host"
)

// Drive is what sysfs and udev say of a physical drive. Nothing of it asks the
// drive, so none is woken.
type Drive struct {
	Name           string // sda, nvme0n1, mmcblk0
	Vendor, Model  string
	Serial         string
	WWN            string // lower-case hexadecimal digits without a prefix
	Firmware       string
	Kind, Bus      string // words of the catalogue's disk.kind and disk.bus
	Where          Attached
	Driver         string // of the controller
	Rotational     bool   // as the system has it: sticks say so too
	Removable      bool
	ATA            bool  // an ATA drive behind whatever: its commands are translated
	RPM            int64 // revolutions a minute; 0 when not told
	File           bool  // only a file that Windows shows as a drive
	SizeBytes      int64
	SectorBytes    int64  // size of a logical sector; 0 when not told
	State          string // of the SCSI or NVMe device: running, live, offline …
	RuntimePowered string // runtime_status of its power management; suspended says that it is put to sleep
}

// ReadDrive reads a drive by its name below /sys/block.
func ReadDrive(h *host.Host, name string) Drive {
	at := "/sys/block/" + name
	line := func(file string) string { return h.Line(at + "/" + file) }
	var u udev
	Udev(h, "b"+line("dev"), u.set)

	target, _ := h.Readlink(at)
	where := attachment(strings.TrimPrefix(path.Clean("/sys/block/"+target), "/sys/devices/"))
	if where.Bus == "nvme" && where.PCI == "" {
		// The common name of several paths: its controllers stand beside it.
		if c, err := h.Readlink(at + "/device/nvme0"); err == nil {
			where = attachment(strings.TrimPrefix(path.Clean("/"+c), "/sys/devices/"))
			where.Bus = "nvme"
		}
	}
	d := Drive{Name: name, Where: where}
	d.Driver = driver(h, where)
	d.Bus = busOf(where.Bus, d.Driver, u.transport)
	// udev joins model and vendor with underscores, but keeps the original
	// escaped beside it. Where there is no udev, sysfs has the same.
	d.Model = Squeeze(first(u.modelEnc, line("device/model"), u.model, line("device/name")))
	if v := Squeeze(first(line("device/vendor"), u.vendor)); v != "ATA" && !strings.HasPrefix(v, "0x") {
		d.Vendor = v // ATA stands there for every drive behind the ATA layer
	}
	d.Serial = first(u.scsiSerial, u.serialShort, line("device/serial"), line("serial"), vital(h, at), u.serial)
	d.WWN = wwn(first(u.wwnLong, u.wwn, line("wwid"), line("device/wwid")))
	d.Firmware = first(line("device/firmware_rev"), line("device/rev"), u.revision, line("device/fwrev"))
	d.ATA = line("device/vendor") == "ATA"
	d.Removable = line("removable") == "1"
	d.Rotational = line("queue/rotational") == "1"
	d.Kind = kindOf(facts{name: name, bus: d.Bus, vendor: d.Vendor, model: d.Model, card: line("device/type"),
		rotational: d.Rotational, removable: d.Removable})
	if n, err := strconv.ParseInt(u.rpm, 10, 32); err == nil && n > 1 {
		d.RPM = n // 1 says that nothing rotates
	}
	// In 512 bytes whatever the sector.
	d.SizeBytes = Number(line("size")) * 512
	d.SectorBytes = Number(line("queue/logical_block_size"))
	d.State = line("device/state")
	d.RuntimePowered = line("device/power/runtime_status")
	return d
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
		u.modelEnc = Unhex(value)
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

// Number reads a whole number of sysfs; nonsense is 0.
func Number(s string) int64 {
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
func driver(h *host.Host, where Attached) string {
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
