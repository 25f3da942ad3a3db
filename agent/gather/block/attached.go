package block

import "strings"

// Attached is where and how a drive hangs on the machine, read off the path of
// its device below /sys/devices, which names every bus on the way:
//
//	pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda
//	pci0000:00/0000:00:14.0/usb2/2-3/2-3:1.0/host4/target4:0:0/4:0:0:0/block/sdb
//	pci0000:00/0000:00:1d.0/0000:3d:00.0/nvme/nvme0/nvme0n1
type Attached struct {
	Bus     string
	Address string
	PCI     string // folder of the nearest PCI device, below /sys/devices
	ATA     string // folder of the ATA port
	USB     string // folder of the USB device
}

// attachment reads a path as above. Words of the catalogue's disk.bus; the
// driver of the controller can still turn scsi into raid.
func attachment(devicePath string) Attached {
	a := Attached{Bus: "other"}
	parts := strings.Split(strings.Trim(devicePath, "/"), "/")
	name := parts[len(parts)-1]
	scsi := ""
	for i, p := range parts {
		at := strings.Join(parts[:i+1], "/")
		switch {
		case isPCI(p):
			a.PCI = at
		case strings.HasPrefix(p, "ata") && len(digits(p[3:])) == len(p)-3 && len(p) > 3:
			a.Bus, a.ATA = "sata", at
		case len(digits(p)) > 0 && strings.Contains(p, "-") && strings.IndexByte(p, ':') < 0 && strings.Contains(at, "/usb"):
			a.USB, a.Address = at, p
			a.Bus = "usb"
		case strings.HasPrefix(p, "session") && len(p) > 7:
			a.Bus = "iscsi"
		case strings.HasPrefix(p, "rport-"):
			a.Bus = "fc"
		case strings.HasPrefix(p, "end_device-"):
			a.Bus = "sas"
		case strings.HasPrefix(p, "fw") && len(digits(p[2:])) > 0:
			a.Bus = "firewire"
		case strings.HasPrefix(p, "virtio") && len(digits(p[6:])) > 0:
			a.Bus = "virtio"
		case p == "vmbus" || strings.HasPrefix(p, "VMBUS"):
			a.Bus = "hyperv"
		case strings.HasPrefix(p, "vbd-"):
			a.Bus = "xen"
		case p == "nvme" || p == "nvme-subsystem":
			a.Bus = "nvme"
		case strings.HasPrefix(p, "mmc") && strings.Contains(p, ":"):
			a.Bus, a.Address = "mmc", p
		case strings.Count(p, ":") == 3 && len(digits(p)) > 0:
			scsi = p
		}
	}
	switch {
	case a.Address != "":
	case scsi != "":
		a.Address = scsi
	case a.PCI != "":
		a.Address = a.PCI[strings.LastIndexByte(a.PCI, '/')+1:]
	}
	if a.Bus == "other" && (scsi != "" || strings.HasPrefix(name, "sd")) {
		a.Bus = "scsi"
	}
	return a
}

// isPCI says whether a word is the address of a PCI device: 0000:00:17.0.
func isPCI(s string) bool {
	if len(s) < 12 || s[len(s)-2] != '.' || strings.Count(s, ":") != 2 {
		return false
	}
	return strings.Trim(s, "0123456789abcdef:.") == ""
}

func digits(s string) string {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[:n]
}

// busOf corrects what the path alone cannot tell by the controller's driver.
func busOf(bus, driver, transport string) string {
	switch driver {
	case "megaraid_sas", "megaraid", "hpsa", "smartpqi", "aacraid", "arcmsr", "3w-9xxx", "3w-sas", "mpt3sas_raid", "cciss", "ips", "mvumi":
		return "raid"
	case "vmw_pvscsi", "pvscsi":
		return "vmware"
	case "ata_piix", "ata_generic", "pata_acpi", "pata_via", "pata_amd", "pata_jmicron":
		// These drive SATA ports in their old mode too; udev has asked the drive.
		if transport != "sata" {
			return "ide"
		}
	}
	return bus
}

// facts decide the kind of a drive.
type facts struct {
	name, bus, vendor, model, card string
	rotational, removable          bool
}

// kindOf is what stores the data, in words of the catalogue.
func kindOf(x facts) string {
	switch {
	case strings.HasPrefix(x.name, "sr"):
		return "optical"
	case x.bus == "mmc":
		if x.card == "MMC" {
			return "emmc"
		}
		return "flash"
	case virtualDrive(x):
		return "virtual"
	case x.bus == "usb" && x.removable:
		return "flash" // sticks and card readers say that they rotate
	case x.bus == "nvme":
		return "ssd"
	case x.bus == "iscsi" || x.bus == "fc":
		return "other" // a volume of a storage unit
	case x.rotational:
		return "hdd"
	}
	return "ssd"
}

func virtualDrive(x facts) bool {
	switch x.bus {
	case "virtio", "xen", "hyperv", "vmware":
		return true
	}
	both := x.vendor + " " + x.model
	for _, s := range []string{"QEMU", "VBOX", "VMware", "Virtual", "Amazon Elastic Block Store", "Google PersistentDisk", "nvme_card-pd"} {
		if strings.Contains(both, s) {
			return true
		}
	}
	return false
}

// wwn brings a world wide name into one form: lower-case hexadecimal digits
// without a prefix. Names that only repeat vendor and serial are none.
func wwn(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	for _, prefix := range []string{"0x", "naa.", "eui.", "uuid."} {
		s = strings.TrimPrefix(s, prefix)
	}
	s = strings.ReplaceAll(s, "-", "")
	if len(s) < 16 || len(s) > 32 || strings.Trim(s, "0123456789abcdef") != "" || strings.Trim(s, "0") == "" {
		return ""
	}
	return s
}

// unitSerial is the serial number in SCSI's page 80h of vital product data
// (SPC-4 §7.8.18): a header of four bytes whose last two are the length.
func unitSerial(b []byte) string {
	if len(b) < 4 || b[1] != 0x80 {
		return ""
	}
	n := int(b[2])<<8 | int(b[3])
	return strings.Trim(string(b[4:min(len(b), 4+n)]), " \x00")
}
