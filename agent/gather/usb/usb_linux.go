package usb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"muster/agent/gather/block"
	"muster/agent/gather/hwdata"
	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.USBDevice, []string, []string, error) {
	list, err := h.ReadDir("/sys/bus/usb/devices")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil, fmt.Errorf("this machine has no USB that is shown: %w", errors.ErrUnsupported)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	var faults []string
	rows := []inventory.USBDevice{}
	var want []hwdata.Number
	for _, e := range list {
		if !isDevice(e.Name()) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, nil, nil, err
		}
		if len(rows) == maxDevices {
			faults = append(faults, fmt.Sprintf("only the first %d devices are read", maxDevices))
			break
		}
		r := one(h, e.Name())
		if r.VendorID == "" {
			continue // it was pulled out meanwhile
		}
		rows = append(rows, r)
		if r.Vendor == "" || r.Model == "" {
			want = append(want, hwdata.Number{Vendor: hwdata.Hex(r.VendorID), Product: hwdata.Hex(r.ProductID)})
		}
	}
	// The list only names what does not name itself.
	if n, ok := hwdata.USB(h, want); ok {
		for i := range rows {
			vendor, product := hwdata.Hex(rows[i].VendorID), hwdata.Hex(rows[i].ProductID)
			if rows[i].Vendor == "" {
				rows[i].Vendor = n.Vendor(vendor)
			}
			if rows[i].Model == "" {
				rows[i].Model = n.Device(vendor, product)
			}
		}
	}
	return rows, []string{"sysfs"}, faults, nil
}

func one(h *host.Host, name string) inventory.USBDevice {
	at := "/sys/bus/usb/devices/" + name
	line := func(f string) string { return h.Line(at + "/" + f) }
	r := inventory.USBDevice{VendorID: line("idVendor"), ProductID: line("idProduct"), Vendor: block.Squeeze(line("manufacturer")),
		Model: block.Squeeze(line("product")), Serial: serialOf(line("serial")), Location: name, ParentID: parent(name),
		Revision: revision(line("bcdDevice")), SpeedBits: bits(line("speed"))}
	if ma, ok := strings.CutSuffix(line("bMaxPower"), "mA"); ok {
		if n, err := strconv.ParseInt(ma, 10, 32); err == nil && n >= 0 {
			r.PowerMA = &n
		}
	}
	if line("authorized") == "0" {
		r.Fault = "not allowed by this system"
	}
	own, err := strconv.ParseUint(line("bDeviceClass"), 16, 8)
	if err == nil {
		r.Class = class(own)
	}
	// Class 0 leaves it to the interfaces, EFh says that there are several.
	for _, p := range h.Glob(at + "/" + name + ":*") {
		if n, err := strconv.ParseUint(h.Line(p+"/bInterfaceClass"), 16, 8); err == nil && (own == 0 || own == 0xef) {
			r.Class, own = class(n), 1
		}
		if target, err := h.Readlink(p + "/driver"); err == nil && r.Driver == "" {
			r.Driver = path.Base(target)
			r.DriverVersion = h.Line("/sys/module/" + strings.ReplaceAll(r.Driver, "-", "_") + "/version")
		}
	}
	return r
}
