// Package memory reads sections memory and memory_module: how much main memory
// there is, and what the firmware says sits in which slot.
//
// It owns /proc/meminfo and /proc/swaps as far as these sections need them. It
// must not measure use: that is a sample.
package memory

import (
	"bufio"
	"context"
	"io"
	"strconv"
	"strings"

	"muster/agent/gather"
	"muster/agent/gather/block"
	"muster/agent/gather/smbios"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Read reads section memory.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	row, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows([]inventory.Memory{row}, asked...)
	r.Faults = faults
	return r, err
}

// ReadModules reads section memory_module.
func ReadModules(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, faults, err := modules(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}

// parseInfo reads /proc/meminfo: total memory, and what the kernel took out of
// use, in bytes. corrupted is nil where the kernel does not count it.
func parseInfo(r io.Reader) (total int64, corrupted *int64) {
	s := bufio.NewScanner(io.LimitReader(r, 64<<10))
	for s.Scan() {
		w := strings.Fields(s.Text())
		if len(w) < 2 {
			continue
		}
		n, err := strconv.ParseInt(w[1], 10, 64)
		if err != nil || n < 0 || n > 1<<50 {
			continue
		}
		switch w[0] {
		case "MemTotal:":
			total = n << 10
		case "HardwareCorrupted:":
			b := n << 10
			corrupted = &b
		}
	}
	return total, corrupted
}

// parseSwaps reads /proc/swaps: a heading, then name, kind, size in KiB.
// Compressed memory (zram) is no swap space on a drive, but it is what the
// system swaps to, so it counts.
func parseSwaps(r io.Reader) (names []string, size int64) {
	s := bufio.NewScanner(io.LimitReader(r, 64<<10))
	for s.Scan() && len(names) < 64 {
		w := strings.Fields(s.Text())
		if len(w) < 3 || !strings.HasPrefix(w[0], "/") {
			continue
		}
		n, err := strconv.ParseInt(w[2], 10, 64)
		if err != nil || n < 0 || n > 1<<50 {
			continue
		}
		names = append(names, block.Unescape(w[0]))
		size += n << 10
	}
	return names, size
}

// fromTables adds what the firmware says of all memory.
func fromTables(r *inventory.Memory, t *smbios.Tables) {
	slots, used := int64(len(t.Modules)), int64(0)
	soldered := len(t.Modules) > 0
	for _, m := range t.Modules {
		if !m.Populated {
			soldered = false
			continue
		}
		used++
		r.InstalledBytes += m.SizeBytes
		if formName(m) != "soldered" {
			soldered = false
		}
	}
	if slots > 0 {
		r.SlotCount, r.UsedSlotCount = &slots, &used
		r.Soldered = &soldered
	}
	for _, a := range t.Arrays {
		r.MaxBytes += a.MaxBytes
		if r.ErrorCorrection == "" {
			r.ErrorCorrection = smbios.CorrectionName(a.Correction)
		}
	}
}

// formName is the form of a module. Memory soldered to the board is told as a
// row of chips, or as a DIMM of a kind that is never made as one.
func formName(m smbios.Module) string {
	name := smbios.FormName(m.Form)
	if name == "row of chips" || name == "chip" || name == "die" || strings.HasPrefix(smbios.TechnologyName(m.Kind), "LPDDR") && name != "CAMM" {
		return "soldered"
	}
	return name
}

// moduleRow turns a slot into a row. Configured values of an empty slot are
// left-overs.
func moduleRow(n int, m smbios.Module) inventory.MemoryModule {
	r := inventory.MemoryModule{SlotNumber: int64(n), Slot: m.Slot, Bank: m.Bank, Populated: &m.Populated}
	if !m.Populated {
		return r
	}
	r.SizeBytes, r.Technology, r.FormFactor = m.SizeBytes, smbios.TechnologyName(m.Kind), formName(m)
	r.RatedTransfers, r.ActualTransfers = m.Rated*1e6, m.Configured*1e6
	r.Vendor, r.Model, r.Serial, r.AssetTag = m.Vendor, m.Part, m.Serial, m.Asset
	r.Rank, r.DataBits, r.TotalBits, r.ConfiguredMillivolts = told(m.Rank), told(m.DataBits), told(m.TotalBits), told(m.Millivolts)
	return r
}

func told(n int) *int64 {
	if n == 0 {
		return nil
	}
	v := int64(n)
	return &v
}
