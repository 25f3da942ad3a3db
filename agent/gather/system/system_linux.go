package system

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"muster/agent/gather/smbios"
	"muster/agent/host"
	"muster/internal/inventory"
)

// read tries the firmware tables, then the kernel's excerpt of them, then a
// device tree. asked lists the sources that were there.
func read(_ context.Context, h *host.Host) (row inventory.System, asked, faults []string, err error) {
	t, err := smbios.Load(h)
	switch {
	case err == nil:
		row = fromTables(t)
		faults = t.Faults
		if t.System == nil {
			faults = append(faults, "the firmware tables do not describe the machine")
		}
		asked = append(asked, "smbios")
	case h.Exists("/sys/class/dmi/id"):
		row = fromSysfs(h)
		asked = append(asked, "dmi_sysfs")
		if errors.Is(err, fs.ErrPermission) {
			faults = append(faults, "serial numbers and UUID can be read by root only")
			err = nil
		} else if errors.Is(err, fs.ErrNotExist) {
			err = nil // an old kernel: the excerpt has nearly all
		}
	case treeRoot(h) != "":
		row = fromTree(h)
		asked = append(asked, "device_tree")
		err = nil
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("this machine shows no firmware tables, so maker, model and serial numbers are not known: %w", errors.ErrUnsupported)
	}
	x := look(h, row)
	if t != nil && t.Firmware != nil {
		x.FirmwareVirtual = t.Firmware.Virtual
	}
	virtual, known, hypervisor := judge(x)
	row.Hypervisor = hypervisor
	if known {
		row.Virtual = &virtual
		asked = append(asked, "kernel")
	}
	return row, asked, faults, err
}

// fromSysfs reads the kernel's excerpt of the tables. Files that only root may
// read come back empty to others.
func fromSysfs(h *host.Host) inventory.System {
	line := func(name string) string { return h.Line("/sys/class/dmi/id/" + name) }
	var kind byte
	if _, err := fmt.Sscanf(line("chassis_type"), "%d", &kind); err != nil {
		kind = 0
	}
	return inventory.System{
		Vendor: line("sys_vendor"), Model: line("product_name"), ModelVersion: line("product_version"),
		Family: line("product_family"), SKU: line("product_sku"), Serial: line("product_serial"),
		UUID:        strings.ToLower(line("product_uuid")),
		ChassisType: smbios.ChassisName(kind), ChassisVendor: line("chassis_vendor"),
		ChassisVersion: line("chassis_version"), ChassisSerial: line("chassis_serial"), AssetTag: line("chassis_asset_tag"),
		BoardVendor: line("board_vendor"), BoardModel: line("board_name"),
		BoardVersion: line("board_version"), BoardSerial: line("board_serial"),
		FirmwareVendor: line("bios_vendor"), FirmwareVersion: line("bios_version"), FirmwareAt: smbios.Date(line("bios_date")),
		FirmwareRelease: line("bios_release"), ControllerFirmwareVersion: line("ec_firmware_release"),
	}
}

func treeRoot(h *host.Host) string {
	for _, p := range []string{"/proc/device-tree", "/sys/firmware/devicetree/base"} {
		if h.Exists(p + "/compatible") {
			return p
		}
	}
	return ""
}

// fromTree reads the root of a device tree (Devicetree Specification §2.3).
// Its texts end in NUL; compatible is a list of them, "maker,board" each.
func fromTree(h *host.Host) inventory.System {
	root := treeRoot(h)
	compatible, _, _ := strings.Cut(h.Line(root+"/compatible"), "\x00")
	maker, board, _ := strings.Cut(compatible, ",")
	r := inventory.System{Vendor: maker, Model: h.Line(root + "/model"), BoardModel: board, Serial: h.Line(root + "/serial-number")}
	if r.Model == "" {
		r.Model = compatible
	}
	switch kind := h.Line(root + "/chassis-type"); kind {
	case "desktop", "laptop", "convertible", "tablet", "embedded":
		r.ChassisType = kind
	case "all-in-one":
		r.ChassisType = "all_in_one"
	case "server":
		r.ChassisType = "main_server"
	case "handset":
		r.ChassisType = "phone"
	}
	return r
}

// look collects what tells a virtual machine.
func look(h *host.Host, row inventory.System) hints {
	x := hints{Vendor: row.Vendor, Product: row.Model, Version: row.ModelVersion,
		BoardVendor: row.BoardVendor, FirmwareVendor: row.FirmwareVendor,
		Hypervisor:    h.Line("/sys/hypervisor/type"),
		XenControl:    strings.Contains(h.Line("/proc/xen/capabilities"), "control_d"),
		KernelRelease: h.Line("/proc/sys/kernel/osrelease"),
		ClockSources:  h.Line("/sys/devices/system/clocksource/clocksource0/available_clocksource"),
		Container:     container(h.Line("/run/systemd/container"), h.Exists("/.dockerenv"), h.Exists("/run/.containerenv")),
	}
	if root := treeRoot(h); root != "" {
		x.TreeHypervisor = h.Line(root + "/hypervisor/compatible")
		x.TreeQemu = h.Exists(root + "/fw-cfg@9020000")
	}
	x.X86, x.Flag = flags(h)
	return x
}

// flags looks at the first processor only; the others say the same.
func flags(h *host.Host) (x86, hypervisor bool) {
	f, err := h.Open("/proc/cpuinfo")
	if err != nil {
		return false, false
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(make([]byte, 0, 4096), 64<<10)
	for s.Scan() {
		key, value, _ := strings.Cut(s.Text(), ":")
		if strings.TrimSpace(key) == "flags" {
			return true, strings.Contains(value+" ", " hypervisor ")
		}
	}
	return false, false
}
