package usb

import (
	"context"
	"fmt"
	"strconv"

	"muster/agent/gather/apple"
	"muster/agent/gather/block"
	"muster/agent/host"
	"muster/internal/inventory"
)

// node is an entry of the plane IOUSB of a Mac's registry. Names of values come
// from IOUSBHostFamily's headers (IOUSBHostFamilyDefinitions.h); older systems
// have those with spaces.
type node struct {
	Vendor      *uint64 `plist:"idVendor"`
	Product     *uint64 `plist:"idProduct"`
	VendorName  string  `plist:"kUSBVendorString"`
	ProductName string  `plist:"kUSBProductString"`
	Serial      string  `plist:"kUSBSerialNumberString"`
	OldVendor   string  `plist:"USB Vendor Name"`
	OldProduct  string  `plist:"USB Product Name"`
	OldSerial   string  `plist:"USB Serial Number"`
	Location    uint64  `plist:"locationID"`
	Class       *uint64 `plist:"bDeviceClass"`
	Release     *uint64 `plist:"bcdDevice"`
	Speed       *uint64 `plist:"Device Speed"`
	NewSpeed    *uint64 `plist:"USBSpeed"`
	Children    []node  `plist:"IORegistryEntryChildren"`
}

// fromMac reads what is plugged into a Mac.
func fromMac(ctx context.Context, h *host.Host) ([]inventory.USBDevice, []string, []string, error) {
	var root node
	if err := apple.Ask(ctx, h, "ioreg-usb", &root); err != nil {
		return nil, nil, nil, err
	}
	rows, faults := []inventory.USBDevice{}, []string(nil)
	var walk func(n node, above string)
	walk = func(n node, above string) {
		if n.Vendor != nil && n.Product != nil {
			if len(rows) == maxDevices {
				faults = []string{fmt.Sprintf("only the first %d devices are read", maxDevices)}
				return
			}
			r := n.row()
			r.ParentID = above
			rows = append(rows, r)
			above = r.Location
		}
		for _, c := range n.Children {
			walk(c, above)
		}
	}
	walk(root, "")
	return rows, []string{"ioreg"}, faults, nil
}

func (n node) row() inventory.USBDevice {
	either := func(a, b string) string {
		if a == "" {
			a = b
		}
		return block.Squeeze(a)
	}
	r := inventory.USBDevice{VendorID: fmt.Sprintf("%04x", *n.Vendor&0xffff), ProductID: fmt.Sprintf("%04x", *n.Product&0xffff),
		Vendor: either(n.VendorName, n.OldVendor), Model: either(n.ProductName, n.OldProduct), Serial: serialOf(either(n.Serial, n.OldSerial)),
		Location: ports(uint32(n.Location))}
	// Class 0 leaves it to the interfaces, which this plane does not have.
	if n.Class != nil && *n.Class != 0 && *n.Class <= 0xff {
		r.Class = class(*n.Class)
	}
	if n.Release != nil && *n.Release <= 0xffff {
		r.Revision = revision(fmt.Sprintf("%04x", *n.Release))
	}
	switch {
	case n.Speed != nil: // kUSBDeviceSpeed… (USB.h): low, full, high, super and so on
		r.SpeedBits = speed(*n.Speed, 1_500_000, 12_000_000)
	case n.NewSpeed != nil: // tIOUSBHostConnectionSpeed: none, full, low, high and so on
		r.SpeedBits = speed(*n.NewSpeed, 0, 12_000_000, 1_500_000)
	}
	return r
}

// speed is the n-th of a list that begins with slow ones and goes on with high,
// super, super plus, and super plus over two lanes.
func speed(n uint64, slow ...int64) int64 {
	list := append(slow, 480_000_000, 5_000_000_000, 10_000_000_000, 20_000_000_000)
	if n < uint64(len(list)) {
		return list[n]
	}
	return 0
}

// ports writes where a device is plugged in. The upper byte of a location is
// the controller, then each four bits are a port, from the controller on;
// 0x14120000 is port 2 of the hub at port 1 of controller 20.
func ports(location uint32) string {
	s := strconv.Itoa(int(location >> 24))
	between := "-"
	for shift := 20; shift >= 0; shift -= 4 {
		p := location >> shift & 0xf
		if p == 0 {
			break
		}
		s += between + strconv.Itoa(int(p))
		between = "."
	}
	return s
}
