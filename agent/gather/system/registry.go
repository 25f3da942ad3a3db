package system

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/gather/smbios"
	"muster/agent/host"
	"muster/internal/inventory"
)

// fromWindows reads the firmware's tables, or where Windows does not give
// them, what it copied out of them at its start.
func fromWindows(_ context.Context, h *host.Host) (row inventory.System, asked, faults []string, err error) {
	const copied = `HKLM\HARDWARE\DESCRIPTION\System\BIOS`
	var firmwareVirtual bool
	t, err := smbios.Load(h)
	if err == nil && t.System != nil {
		row, faults, asked = fromTables(t), t.Faults, append(asked, "smbios")
		firmwareVirtual = t.Firmware != nil && t.Firmware.Virtual
	} else {
		k, missing := h.Key(host.View64, copied)
		if missing != nil {
			return row, nil, nil, fmt.Errorf("neither the firmware tables nor Windows' copy of them can be read: %w", errors.Join(err, missing))
		}
		row, asked = fromCopy(k), append(asked, "registry")
		faults = append(faults, "Windows gives no firmware tables, so serial numbers and UUID are not known")
	}
	x := hints{Vendor: row.Vendor, Product: row.Model, Version: row.ModelVersion, BoardVendor: row.BoardVendor,
		FirmwareVendor: row.FirmwareVendor, FirmwareVirtual: firmwareVirtual}
	virtual, known, hypervisor := judge(x)
	// Hyper-V tells its guests who they are. The processor's own bit says
	// nothing here: it is set on real machines too once Windows isolates itself.
	if guest, err := h.HasKey(host.View64, `HKLM\SOFTWARE\Microsoft\Virtual Machine\Guest\Parameters`); err == nil && guest && hypervisor == "" {
		virtual, known, hypervisor = true, true, "hyperv"
	}
	row.Hypervisor = hypervisor
	if known {
		row.Virtual = &virtual
	}
	return row, asked, faults, nil
}

// fromCopy takes over what Windows keeps of the tables.
func fromCopy(k host.Key) inventory.System {
	r := inventory.System{
		Vendor: k.Text("SystemManufacturer"), Model: k.Text("SystemProductName"), ModelVersion: k.Text("SystemVersion"),
		Family: k.Text("SystemFamily"), SKU: k.Text("SystemSKU"),
		BoardVendor: k.Text("BaseBoardManufacturer"), BoardModel: k.Text("BaseBoardProduct"), BoardVersion: k.Text("BaseBoardVersion"),
		FirmwareVendor: k.Text("BIOSVendor"), FirmwareVersion: k.Text("BIOSVersion"), FirmwareAt: smbios.Date(k.Text("BIOSReleaseDate")),
	}
	if n, ok := k.Number("EnclosureType"); ok && n < 128 {
		r.ChassisType = smbios.ChassisName(byte(n))
	}
	major, ok := k.Number("BiosMajorRelease")
	if minor, both := k.Number("BiosMinorRelease"); ok && both && major < 255 && minor < 255 {
		r.FirmwareRelease = fmt.Sprintf("%d.%d", major, minor)
	}
	return r
}
