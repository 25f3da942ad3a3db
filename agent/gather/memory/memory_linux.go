package memory

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"muster/agent/gather/smbios"
	"muster/agent/host"
	"muster/internal/inventory"
)

func read(_ context.Context, h *host.Host) (r inventory.Memory, asked, faults []string, err error) {
	f, err := h.Open("/proc/meminfo")
	if err != nil {
		return r, nil, nil, err
	}
	r.TotalBytes, r.CorruptedBytes = parseInfo(f)
	f.Close()
	asked = append(asked, "meminfo")
	if f, err := h.Open("/proc/swaps"); err == nil {
		names, size := parseSwaps(f)
		f.Close()
		r.SwapOn, r.SwapBytes = names, &size
	}
	t, err := smbios.Load(h)
	switch {
	case err == nil:
		asked = append(asked, "smbios")
		fromTables(&r, t)
	case errors.Is(err, fs.ErrPermission):
		faults = append(faults, "memory slots can be read by root only")
	}
	return r, asked, faults, nil
}

func modules(_ context.Context, h *host.Host) ([]inventory.MemoryModule, []string, []string, error) {
	t, err := smbios.Load(h)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil, fmt.Errorf("this machine shows no firmware tables, so its memory modules are not known: %w", errors.ErrUnsupported)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	rows := make([]inventory.MemoryModule, 0, len(t.Modules))
	for i, m := range t.Modules {
		rows = append(rows, moduleRow(i, m))
	}
	asked := []string{"smbios"}
	if edac(h, rows) {
		asked = append(asked, "edac")
	}
	return rows, asked, t.Faults, nil
}

// edac adds the errors that memory controllers have counted, by the label of
// the slot, which the driver takes from the firmware.
func edac(h *host.Host, rows []inventory.MemoryModule) bool {
	found := h.Glob("/sys/devices/system/edac/mc/mc*/dimm*")
	for _, p := range found {
		label := h.Line(p + "/dimm_label")
		for i := range rows {
			if rows[i].Slot == "" || !strings.Contains(label, rows[i].Slot) {
				continue
			}
			if n, err := strconv.ParseInt(h.Line(p+"/dimm_ce_count"), 10, 64); err == nil {
				rows[i].CorrectedSum = &n
			}
			if n, err := strconv.ParseInt(h.Line(p+"/dimm_ue_count"), 10, 64); err == nil {
				rows[i].UncorrectedSum = &n
			}
			break
		}
	}
	return len(found) > 0
}
