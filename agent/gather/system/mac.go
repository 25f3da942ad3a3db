package system

import (
	"bytes"
	"context"
	"strings"
	"unicode/utf8"

	"muster/agent/gather/apple"
	"muster/agent/host"
	"muster/internal/inventory"
)

// expert is what the registry of IOKit says of the platform: ioreg -a -r -c
// IOPlatformExpertDevice. Names are data with a zero at the end.
type expert struct {
	Serial       string `plist:"IOPlatformSerialNumber"`
	UUID         string `plist:"IOPlatformUUID"`
	Manufacturer []byte `plist:"manufacturer"`
	Model        []byte `plist:"model"`
	Board        []byte `plist:"board-id"`
	ModelNumber  []byte `plist:"model-number"`
}

// overview is system_profiler's SPHardwareDataType.
type overview struct {
	List []struct {
		Name        apple.Text `json:"machine_name"`
		Model       apple.Text `json:"machine_model"`
		ModelNumber apple.Text `json:"model_number"`
		Firmware    apple.Text `json:"boot_rom_version"`
		Controller  apple.Text `json:"smc_version_system"`
		Serial      apple.Text `json:"serial_number"`
		UUID        apple.Text `json:"platform_UUID"`
	} `json:"SPHardwareDataType"`
}

// readMac reads the section on macOS.
func readMac(ctx context.Context, h *host.Host) (inventory.System, []string, []string, error) {
	var row inventory.System
	var asked, faults []string
	var list []expert
	first := apple.Ask(ctx, h, "ioreg-platform", &list)
	if first == nil && len(list) > 0 {
		asked = append(asked, "ioreg")
		x := list[0]
		row.Vendor, row.Model = text(x.Manufacturer), text(x.Model)
		row.Serial, row.UUID, row.SKU = x.Serial, strings.ToLower(x.UUID), text(x.ModelNumber)
		row.BoardModel = text(x.Board)
	} else if first != nil {
		faults = append(faults, first.Error())
	}
	var o overview
	if err := apple.Profile(ctx, h, "profiler-hardware", &o); err != nil {
		faults = append(faults, err.Error())
	} else if len(o.List) > 0 {
		asked = append(asked, "system_profiler")
		x := o.List[0]
		row.Family, row.FirmwareVersion = string(x.Name), string(x.Firmware)
		row.ControllerFirmwareVersion = string(x.Controller)
		fill := func(to *string, from apple.Text) {
			if *to == "" {
				*to = string(from)
			}
		}
		fill(&row.Model, x.Model)
		fill(&row.SKU, x.ModelNumber)
		fill(&row.Serial, x.Serial)
		if row.UUID == "" {
			row.UUID = strings.ToLower(string(x.UUID))
		}
		if row.Vendor == "" {
			row.Vendor = "Apple Inc."
		}
	}
	if len(asked) == 0 {
		return row, nil, nil, first
	}
	row.ChassisType = chassis(row.Model, row.Family)
	if row.FirmwareVersion != "" {
		row.FirmwareVendor = row.Vendor
	}
	if values, err := apple.Kernel(ctx, h); err == nil {
		asked = append(asked, "sysctl")
		// 1 in a guest of any hypervisor, on Intel and Apple processors alike.
		switch values["kern.hv_vmm_present"] {
		case "1":
			row.Virtual, row.Hypervisor = new(true), guest(row.Model)
		case "0":
			row.Virtual = new(false)
		}
	}
	return row, asked, faults, nil
}

// text is data of IOKit as a text; what is none is empty.
func text(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	if !utf8.Valid(b) {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// chassis is the form of a Mac by its name: that of its line where it is told,
// else that in the model's identifier, which newer ones lack ("Mac14,7").
func chassis(model, family string) string {
	name := strings.ReplaceAll(family, " ", "")
	if name == "" {
		name = model
	}
	for _, x := range [...][2]string{
		{"MacBook", "laptop"}, {"iMac", "all_in_one"}, {"Macmini", "mini_pc"}, {"MacMini", "mini_pc"},
		{"MacStudio", "mini_pc"}, {"MacPro", "tower"}, {"Xserve", "rack_mount"},
	} {
		if strings.HasPrefix(name, x[0]) {
			return x[1]
		}
	}
	return ""
}

// guest is the hypervisor by the model that it gives its guests.
func guest(model string) string {
	switch {
	case strings.HasPrefix(model, "VirtualMac"):
		return "apple"
	case strings.HasPrefix(model, "Parallels"):
		return "parallels"
	case strings.HasPrefix(model, "VMware"):
		return "vmware"
	}
	return "other"
}
