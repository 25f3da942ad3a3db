package usb

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"muster/agent/gather/hwdata"
	"muster/agent/gather/pnp"
	"muster/agent/host"
	"muster/internal/inventory"
)

// fromPnP reads what Windows has found on USB.
func fromPnP(ctx context.Context, h *host.Host) ([]inventory.USBDevice, []string, []string, error) {
	list, err := pnp.Present(h, "USB")
	if err != nil {
		return nil, nil, nil, err
	}
	var faults []string
	if len(list) > maxDevices {
		faults = append(faults, fmt.Sprintf("only the first %d of %d devices are read", maxDevices, len(list)))
		list = list[:maxDevices]
	}
	buses := roots(list)
	first := map[string]string{} // class of the first interface, by the device
	for _, d := range list {
		if d.Part("MI_") != "" && (first[d.Parent] == "" || d.Part("MI_") == "00") {
			first[d.Parent] = d.Any("CLASS_")
		}
	}
	rows := []inventory.USBDevice{}
	for _, d := range list {
		if ctx.Err() != nil {
			return nil, nil, nil, ctx.Err()
		}
		if d.Part("VID_") == "" || d.Part("MI_") != "" {
			continue // a root hub; an interface
		}
		r := inventory.USBDevice{VendorID: four(d.Part("VID_")), ProductID: four(d.Part("PID_")), Vendor: d.Key.Vendor, Model: d.Reported,
			Location: place(d.Path, buses), Driver: d.Key.Service, DriverVersion: pnp.ReadDriver(h, d).Version, Revision: revision(d.Any("REV_")), Fault: d.Fault()}
		if r.Model == "" {
			r.Model = d.Key.Name
		}
		if r.Location == "" {
			r.Location = d.Key.Location // Port_#0004.Hub_#0001, of older Windows
		}
		if strings.HasPrefix(r.Vendor, "Microsoft") && r.VendorID != "045e" {
			r.Vendor = "" // who wrote the driver of all such devices
		}
		// What Windows made up for a device without a serial number has an
		// ampersand.
		if s := d.Instance(); !strings.Contains(s, "&") {
			r.Serial = serialOf(s)
		}
		if r.Instance = r.Serial; r.Location == "" && r.Serial == "" {
			r.Location = d.Instance()
		}
		r.ParentID = parent(r.Location)
		r.Class = classOf(d, first[d.ID])
		rows = append(rows, r)
	}
	return rows, []string{"pnp"}, faults, nil
}

func four(id string) string { return fmt.Sprintf("%04x", hwdata.Hex(id)) }

// classOf is the class of a device, or of its first interface when it leaves
// that to them.
func classOf(d pnp.Device, first string) string {
	code := d.Any("CLASS_")
	if code == "" {
		code = d.Any("DEVCLASS_")
	}
	if n, err := strconv.ParseUint(code, 16, 8); err == nil && n != 0 {
		return class(n)
	}
	if n, err := strconv.ParseUint(first, 16, 8); err == nil {
		return class(n)
	}
	if strings.Contains(strings.ToUpper(strings.Join(d.Key.Compatible, " ")), `USB\COMPOSITE`) {
		return "composite"
	}
	return "other"
}

// roots numbers the buses: each controller's by the path to it, in order.
func roots(list []pnp.Device) map[string]int {
	var paths []string
	for _, d := range list {
		if root, _, ok := cut(d.Path); ok && !slices.Contains(paths, root) {
			paths = append(paths, root)
		}
	}
	slices.Sort(paths)
	numbers := map[string]int{}
	for i, p := range paths {
		numbers[p] = i + 1
	}
	return numbers
}

// cut parts a path of places such as
// PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(4)#USB(2) behind the root hub.
func cut(path string) (root, ports string, ok bool) {
	i := strings.Index(path, "#USBROOT(")
	if i < 0 {
		return "", "", false
	}
	end := strings.IndexByte(path[i+1:], '#')
	if end < 0 {
		return path, "", true
	}
	return path[:i+1+end], path[i+1+end+1:], true
}

// place is the chain of ports as 1-4.2.
func place(path string, buses map[string]int) string {
	root, rest, ok := cut(path)
	if !ok {
		return ""
	}
	var ports []string
	for _, step := range strings.Split(rest, "#") {
		inner, ok := strings.CutPrefix(step, "USB(")
		n, err := strconv.ParseUint(strings.TrimSuffix(inner, ")"), 10, 16)
		if !ok || err != nil {
			break // what follows is inside of the device
		}
		ports = append(ports, strconv.FormatUint(n, 10))
	}
	if len(ports) == 0 {
		return ""
	}
	return strconv.Itoa(buses[root]) + "-" + strings.Join(ports, ".")
}
