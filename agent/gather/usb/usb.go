// Package usb reads section usb_device: what is plugged into USB, hubs and
// docks included.
//
// It owns how a device is told apart from others of its kind, and what its
// class is. It must not open a device; all comes of what the kernel read when
// it was plugged in.
package usb

import (
	"context"
	"strconv"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// maxDevices bounds how many devices are read; USB has 127 a bus.
const maxDevices = 1024

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	told(rows)
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}

// told gives each row its instance: the serial number, or the place where
// there is none or several of a kind share one.
func told(rows []inventory.USBDevice) {
	type key struct{ vendor, product, serial string }
	times := map[key]int{}
	for _, r := range rows {
		times[key{r.VendorID, r.ProductID, r.Serial}]++
	}
	for i := range rows {
		r := &rows[i]
		if r.Instance = r.Serial; r.Serial == "" || times[key{r.VendorID, r.ProductID, r.Serial}] > 1 {
			r.Instance = r.Location
		}
	}
}

// serialOf takes away serial numbers that makers put into every device: runs
// of one letter, and counting from 0 or 1.
func serialOf(s string) string {
	s = strings.TrimSpace(s)
	if len(s) < 2 || strings.Count(s, s[:1]) == len(s) {
		return ""
	}
	for _, count := range []string{"0123456789abcdef", "123456789abcdef0"} {
		if strings.HasPrefix(count, strings.ToLower(s)) {
			return ""
		}
	}
	if zeros := strings.TrimLeft(s, "0"); len(s) >= 8 && len(zeros) <= 1 {
		return "" // 00000000, 000000000001
	}
	return s
}

// class is a class of USB (usb.org, "Defined Class Codes") in the catalogue's
// words.
func class(n uint64) string {
	switch n {
	case 0x01, 0x10:
		return "audio"
	case 0x02, 0x0a:
		return "communication"
	case 0x03:
		return "hid"
	case 0x06:
		return "imaging"
	case 0x07:
		return "printer"
	case 0x08:
		return "storage"
	case 0x09:
		return "hub"
	case 0x0b:
		return "smart_card"
	case 0x0e:
		return "video"
	case 0xe0:
		return "wireless"
	case 0x11:
		return "billboard"
	case 0xef:
		return "composite"
	case 0xff:
		return "vendor"
	}
	return "other"
}

// parent is where the hub of a place is: 1-4.2 hangs on 1-4, which hangs on
// the machine.
func parent(location string) string {
	if i := strings.LastIndexByte(location, '.'); i > 0 {
		return location[:i]
	}
	return ""
}

// revision reads bcdDevice, four digits of which the last two are the minor
// number.
func revision(s string) string {
	if len(s) != 4 {
		return ""
	}
	return strings.TrimLeft(s[:1], "0") + s[1:2] + "." + s[2:]
}

// bits reads the speed, in Mbit/s with at most one decimal.
func bits(s string) int64 {
	whole, tenth, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole+(tenth + "0")[:1], 10, 32)
	if err != nil || n < 0 || len(tenth) > 1 {
		return 0
	}
	return n * 100_000
}

// isDevice says whether a name below /sys/bus/usb/devices is a device that
// hangs on a port: not a root hub (usb1) and not an interface (1-4:1.0).
func isDevice(name string) bool {
	bus, ports, ok := strings.Cut(name, "-")
	return ok && bus != "" && ports != "" && strings.Trim(bus, "0123456789") == "" && strings.Trim(ports, "0123456789.") == ""
}
