// Package disk reads section disk: one row a physical drive.
//
// It owns what sysfs and udev say about drives and how that becomes kind, bus
// and names. It must not open a drive: nothing here wakes one that sleeps.
// What wears or fails is another section's.
package disk

import (
	"context"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	return gather.Rows(rows, asked...)
}

// Rows reads the section as structs.
func Rows(ctx context.Context, h *host.Host) ([]inventory.Disk, error) {
	rows, _, err := read(ctx, h)
	return rows, err
}

// BootSerial is the serial number of the built-in drive that the system lies
// on, as evidence of identity, or empty: a stick or a network's drive says
// nothing about the machine, and of several none can be chosen.
func BootSerial(rows []inventory.Disk) string {
	var serial string
	for _, r := range rows {
		if r.Boot == nil || !*r.Boot || r.Internal == nil || !*r.Internal || r.Serial == "" {
			continue
		}
		if serial != "" {
			return ""
		}
		serial = r.Serial
	}
	return serial
}

// linkSpeed reads what sysfs writes for the speed of a SATA link, "6.0 Gbps",
// in bits per second.
func linkSpeed(s string) int64 {
	number, ok := strings.CutSuffix(s, " Gbps")
	if !ok {
		return 0
	}
	return scaled(number, 1e9)
}

// laneSpeed reads the speed of a PCI Express lane, "8.0 GT/s PCIe", and gives
// what a lane carries of data: up to 5 GT/s each byte takes ten bits, above
// that 128 bits take 130.
func laneSpeed(s string) int64 {
	number, _, ok := strings.Cut(s, " GT/s")
	if !ok {
		return 0
	}
	raw := scaled(number, 1e9)
	if raw <= 5e9 {
		return raw / 10 * 8
	}
	return raw / 130 * 128
}

// scaled reads a decimal number times a unit; nonsense is 0.
func scaled(s string, unit int64) int64 {
	whole, part, _ := strings.Cut(strings.TrimSpace(s), ".")
	var n int64
	for _, c := range whole {
		if c < '0' || c > '9' || n > 1e6 {
			return 0
		}
		n = n*10 + int64(c-'0')
	}
	n *= unit
	for _, c := range part {
		if c < '0' || c > '9' {
			return 0
		}
		unit /= 10
		n += int64(c-'0') * unit
	}
	return n
}
