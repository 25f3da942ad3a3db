// Package system reads section system: maker, model, serial numbers,
// enclosure, board and firmware, and whether the machine is a virtual one.
//
// It owns the way from firmware tables (or what the kernel shows of them, or
// a device tree) to the section's columns. It must not judge serial numbers:
// placeholders stand as the firmware says them.
package system

import (
	"context"

	"muster/agent/gather"
	"muster/agent/gather/smbios"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	row, asked, faults, err := read(ctx, h)
	if len(asked) == 0 {
		return gather.Reading{}, err
	}
	// What is missing does not take away what is known: a machine without any
	// firmware table still says that it is virtual.
	r, bad := gather.Rows([]inventory.System{row}, asked...)
	r.Faults = faults
	if bad != nil {
		return r, bad
	}
	return r, err
}

// Row reads the section as a struct, for those who need it as evidence of
// identity: UUID, Serial with Model, BoardSerial. A reading that misses some
// facts is no error here.
func Row(ctx context.Context, h *host.Host) (inventory.System, error) {
	row, asked, _, err := read(ctx, h)
	if len(asked) > 0 {
		err = nil
	}
	return row, err
}

// fromTables takes over what decoded tables say.
func fromTables(t *smbios.Tables) inventory.System {
	r := inventory.System{SMBIOSVersion: t.Version()}
	if f := t.Firmware; f != nil {
		r.FirmwareVendor, r.FirmwareVersion, r.FirmwareAt = f.Vendor, f.Version, smbios.Date(f.Date)
		r.FirmwareRelease, r.ControllerFirmwareVersion = f.Release, f.Controller
	}
	if s := t.System; s != nil {
		r.Vendor, r.Model, r.ModelVersion, r.Family = s.Vendor, s.Product, s.Version, s.Family
		r.SKU, r.Serial, r.UUID, r.WakeReason = s.SKU, s.Serial, s.UUID, smbios.WakeReason(s.Wake)
	}
	if c := t.Chassis; c != nil {
		r.ChassisType, r.ChassisVendor, r.ChassisVersion = smbios.ChassisName(c.Kind), c.Vendor, c.Version
		r.ChassisSerial, r.AssetTag = c.Serial, c.Asset
	}
	if b := t.Board; b != nil {
		r.BoardVendor, r.BoardModel, r.BoardVersion, r.BoardSerial = b.Vendor, b.Product, b.Version, b.Serial
	}
	return r
}
