package pci

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

func read(ctx context.Context, h *host.Host) ([]device, []string, []string, error) {
	list, err := h.ReadDir("/sys/bus/pci/devices")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil, fmt.Errorf("this machine has no PCI bus that is shown: %w", errors.ErrUnsupported)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	var faults []string
	if len(list) > maxDevices {
		faults = append(faults, fmt.Sprintf("only the first %d of %d devices are read", maxDevices, len(list)))
		list = list[:maxDevices]
	}
	slots := map[string]string{}
	for _, p := range h.Glob("/sys/bus/pci/slots/*/address") {
		if at := h.Line(p); at != "" {
			slots[at] = path.Base(path.Dir(p))
		}
	}
	var all []device
	var want []hwdata.Number
	for _, e := range list {
		if err := ctx.Err(); err != nil {
			return nil, nil, nil, err
		}
		d := one(h, e.Name())
		at, _, _ := strings.Cut(d.address, ".")
		d.slot = slots[at]
		all = append(all, d)
		want = append(want, d.id)
	}
	asked := []string{"sysfs"}
	if n, ok := hwdata.PCI(h, want); ok {
		names(all, n)
		asked = append(asked, "pci.ids")
	}
	return all, asked, faults, nil
}

func one(h *host.Host, address string) device {
	at := "/sys/bus/pci/devices/" + address
	line := func(f string) string { return h.Line(at + "/" + f) }
	d := device{address: address, revision: strings.TrimPrefix(line("revision"), "0x"),
		id: hwdata.Number{Vendor: hwdata.Hex(line("vendor")), Product: hwdata.Hex(line("device")),
			SubVendor: hwdata.Hex(line("subsystem_vendor")), SubProduct: hwdata.Hex(line("subsystem_device"))},
		width: block.Number(line("current_link_width")), most: block.Number(line("max_link_width")), boot: line("boot_vga") == "1"}
	if c, err := strconv.ParseUint(strings.TrimPrefix(line("class"), "0x"), 16, 24); err == nil {
		d.class = uint32(c)
	}
	d.driver, d.version = driver(h, at)
	if line("broken_parity_status") == "1" {
		d.fault = "parity errors"
	}
	if d.width == 255 {
		d.width, d.fault = -1, "link lost"
	}
	if target, err := h.Readlink(at); err == nil {
		d.path = strings.TrimPrefix(path.Clean("/sys/bus/pci/devices/"+target), "/sys/devices/")
	}
	for p := d.path; strings.Contains(p, "/"); p = path.Dir(p) {
		if h.Line("/sys/devices/"+p+"/removable") == "removable" {
			d.external = true
		}
	}
	// What udev found, where there is no list.
	block.Udev(h, "+pci:"+address, func(key, value string) {
		switch key {
		case "ID_VENDOR_FROM_DATABASE":
			d.vendor = value
		case "ID_MODEL_FROM_DATABASE":
			d.model = value
		case "ID_PCI_SUBCLASS_FROM_DATABASE":
			d.className = value
		}
	})
	return d
}

// driver is that of a device, with the version that some modules tell.
func driver(h *host.Host, at string) (name, version string) {
	target, err := h.Readlink(at + "/driver")
	if err != nil {
		return "", ""
	}
	name = path.Base(target)
	if m, err := h.Readlink(at + "/driver/module"); err == nil {
		version = h.Line("/sys/module/" + path.Base(m) + "/version")
	}
	if version == "" {
		version = h.Line("/sys/module/" + strings.ReplaceAll(name, "-", "_") + "/version")
	}
	return name, version
}

func readGPUs(ctx context.Context, h *host.Host) ([]inventory.GPU, []string, error) {
	all, asked, _, err := read(ctx, h)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return nil, nil, err
	}
	noBus := err
	rows := []inventory.GPU{}
	for _, d := range all {
		if display(d.class) {
			rows = append(rows, adapter(h, d, all))
		}
	}
	cards := h.Glob("/sys/class/drm/card*")
	for _, c := range cards {
		if r, ok := onChip(h, c); ok {
			rows = append(rows, r)
		}
	}
	if noBus != nil && len(cards) == 0 {
		return nil, nil, fmt.Errorf("neither a PCI bus nor graphics are shown here: %w", errors.ErrUnsupported)
	}
	if noBus != nil {
		asked = []string{"sysfs"}
	}
	return rows, asked, nil
}

// adapter is a PCI device that draws.
func adapter(h *host.Host, d device, all []device) inventory.GPU {
	at := "/sys/bus/pci/devices/" + d.address
	memory := block.Number(h.Line(at + "/mem_info_vram_total")) // driver amdgpu
	var neighbours []uint32
	slot, _, _ := strings.Cut(d.address, ".")
	for _, o := range all {
		if s, _, _ := strings.Cut(o.address, "."); s == slot && o.address != d.address {
			neighbours = append(neighbours, o.class)
		}
	}
	r := inventory.GPU{Address: d.address, VendorID: four(d.id.Vendor), ProductID: four(d.id.Product), Vendor: d.vendor, Model: d.model,
		MemoryBytes: memory, Driver: d.driver, DriverVersion: d.version, Fault: d.fault, Kind: kindOf(d, memory, neighbours),
		Firmware: h.Line(at + "/vbios_version")}
	if r.Firmware == "" && d.id.Vendor == 0x10de {
		if b, err := h.ReadFile("/proc/driver/nvidia/gpus/" + d.address + "/information"); err == nil && len(b) < 4096 {
			r.Firmware = videoBIOS(string(b))
		}
	}
	if h.Exists(at + "/boot_vga") {
		r.Boot = &d.boot
	}
	if used := h.Line(at + "/mem_info_vram_used"); used != "" {
		r.UsedBytes = new(block.Number(used))
	}
	for _, p := range h.Glob(at + "/hwmon/hwmon*/temp1_input") {
		if n, err := strconv.ParseInt(h.Line(p), 10, 32); err == nil && n > 0 && n < 150_000 {
			r.Celsius = new(float64(n/100) / 10)
		}
	}
	return r
}

// onChip is graphics that hang on no PCI bus, as on most boards with ARM.
// Cards without a device, and those that only stand in for firmware's picture,
// are none.
func onChip(h *host.Host, card string) (inventory.GPU, bool) {
	if strings.Trim(path.Base(card), "card0123456789") != "" {
		return inventory.GPU{}, false // a connector: card0-HDMI-A-1
	}
	target, err := h.Readlink(card + "/device")
	if err != nil || h.Exists(card+"/device/vendor") {
		return inventory.GPU{}, false
	}
	r := inventory.GPU{Address: path.Base(target), Kind: "integrated"}
	r.Driver, r.DriverVersion = driver(h, card+"/device")
	switch {
	case r.Driver == "" || strings.Contains(r.Driver, "simple") || r.Driver == "vkms" || r.Driver == "efi-framebuffer":
		return inventory.GPU{}, false
	case strings.HasPrefix(r.Driver, "virtio"), r.Driver == "hyperv_drm":
		r.Kind = "virtual"
	}
	// "brcm,bcm2711-vc5": maker and chip; more such names may follow after a
	// zero byte.
	if what, _, _ := strings.Cut(h.Line(card+"/device/of_node/compatible"), "\x00"); what != "" {
		r.Vendor, r.Model, _ = strings.Cut(what, ",")
	}
	return r, true
}
