package memory

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"muster/agent/gather/smbios"
	"muster/agent/host"
	"muster/internal/inventory"
)

// status is what GlobalMemoryStatusEx says, in bytes. Commit is the most that
// memory and page files take together.
type status struct{ Total, Commit uint64 }

// fromWindows joins the system's own count with page files and the firmware's
// tables.
func fromWindows(h *host.Host, s status) (r inventory.Memory, asked, faults []string, err error) {
	if s.Total == 0 || s.Total > 1<<50 {
		return r, nil, nil, fmt.Errorf("the system tells %d bytes of memory", s.Total)
	}
	r.TotalBytes = int64(s.Total)
	asked = append(asked, "memory_status")
	if s.Commit >= s.Total && s.Commit < 1<<52 {
		r.SwapBytes = new(int64(s.Commit - s.Total))
	}
	k, err := h.Key(host.View64, `HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management`, "ExistingPageFiles")
	if err == nil {
		asked = append(asked, "registry")
		for _, name := range k.Texts("ExistingPageFiles") {
			if name = strings.TrimPrefix(name, `\??\`); name != "" && len(r.SwapOn) < 64 {
				r.SwapOn = append(r.SwapOn, name)
			}
		}
	} else {
		faults = append(faults, "page files: "+err.Error())
	}
	t, err := smbios.Load(h)
	switch {
	case err == nil:
		asked = append(asked, "smbios")
		fromTables(&r, t)
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errors.ErrUnsupported):
		faults = append(faults, "memory slots: "+err.Error())
	}
	return r, asked, faults, nil
}

// slots are the modules by the firmware's tables.
func slots(h *host.Host) ([]inventory.MemoryModule, []string, []string, error) {
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
	return rows, []string{"smbios"}, t.Faults, nil
}
