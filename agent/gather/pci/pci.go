// Package pci reads sections pci_device and gpu: what sits on PCI buses, and
// which of it draws pictures.
//
// It owns what sysfs says of such devices and how an adapter is judged to be
// built in. It must not open a device; names come from the system's lists.
package pci

import (
	"context"
	"fmt"
	"strings"

	"muster/agent/gather"
	"muster/agent/gather/hwdata"
	"muster/agent/host"
	"muster/internal/inventory"
)

// maxDevices bounds how many devices are read; a large server has 300.
const maxDevices = 2048

// Read reads section pci_device.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	list, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	rows := []inventory.PCIDevice{}
	for _, d := range list {
		rows = append(rows, d.row())
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}

// ReadGPUs reads section gpu.
func ReadGPUs(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, err := readGPUs(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	return gather.Rows(rows, asked...)
}

// device is one function of a device, as sysfs has it.
type device struct {
	address        string
	path           string // below /sys/devices
	id             hwdata.Number
	class          uint32 // class, subclass, interface
	revision       string
	driver         string
	version        string // of the driver
	slot           string
	width, most    int64
	fault          string
	vendor, model  string
	className      string
	boot, external bool
}

func (d device) row() inventory.PCIDevice {
	r := inventory.PCIDevice{Address: d.address, VendorID: four(d.id.Vendor), ProductID: four(d.id.Product),
		ClassID: fmt.Sprintf("%06x", d.class), Class: d.className, Vendor: d.vendor, Model: d.model, Revision: d.revision,
		Slot: d.slot, Driver: d.driver, DriverVersion: d.version, Fault: d.fault}
	if d.id.SubVendor != 0 {
		r.SubVendorID, r.SubProductID = four(d.id.SubVendor), four(d.id.SubProduct)
	}
	// 255 lanes says that the link is gone, 0 that there is none.
	if d.most > 0 && d.most <= 32 {
		r.MaxLinkWidth = &d.most
		if d.width >= 0 && d.width <= 32 {
			r.LinkWidth = &d.width
		}
	}
	return r
}

func four(n uint16) string { return fmt.Sprintf("%04x", n) }

// names fills in the names of devices.
func names(list []device, n hwdata.Names) {
	for i := range list {
		d := &list[i]
		if s := n.Vendor(d.id.Vendor); s != "" {
			d.vendor = s
		}
		if s := n.Device(d.id.Vendor, d.id.Product); s != "" {
			d.model = s
		}
		if s := n.Class(uint8(d.class>>16), uint8(d.class>>8)); s != "" {
			d.className = s
		}
	}
}

// display says whether a class is that of display controllers (PCI Code and ID
// Assignment Specification, class 03h).
func display(class uint32) bool { return class>>16 == 0x03 }

// kindOf judges how an adapter is built in. Numbers of vendors are those of
// the PCI SIG. memory is its own, 0 when not known; neighbours are classes of
// the other functions of the same device.
func kindOf(d device, memory int64, neighbours []uint32) string {
	const encryption = 0x1080 // the security processor that AMD puts beside graphics inside a processor
	switch d.id.Vendor {
	case 0x1234, 0x1af4, 0x15ad, 0x80ee, 0x1414, 0x1b36, 0x1ab8, 0x5853: // emulators and hypervisors
		return "virtual"
	case 0x1a03, 0x102b: // ASPEED, Matrox: on management chips of servers
		return "integrated"
	}
	if d.external {
		return "external"
	}
	switch d.id.Vendor {
	case 0x8086:
		if strings.HasPrefix(d.address[max(0, len(d.address)-7):], "00:") {
			return "integrated"
		}
		return "discrete"
	case 0x10de:
		return "discrete"
	case 0x1002:
		for _, c := range neighbours {
			if c>>8 == encryption {
				return "integrated"
			}
		}
		return "discrete"
	}
	if memory > 0 {
		return "discrete"
	}
	return "other"
}

// videoBIOS reads /proc/driver/nvidia/gpus/ADDRESS/information, a name and a
// value a line.
func videoBIOS(text string) string {
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "Video BIOS" {
			if v := strings.TrimSpace(value); !strings.Contains(v, "?") && len(v) < 64 {
				return v
			}
		}
	}
	return ""
}
