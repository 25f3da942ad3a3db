package boot

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/gather/block"
	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) (r inventory.Boot, asked, faults []string, err error) {
	f, err := h.Open("/proc/stat")
	if err != nil {
		return r, nil, nil, err
	}
	r.StartedAt = parseStat(f)
	f.Close()
	asked = append(asked, "proc")
	// Linux never resumes a kernel in the place of a start, so the last start is
	// a real one; whether power was off before, it does not know.
	r.RestartedAt, r.Kind = r.StartedAt, "unknown"
	r.DumpKind = "none"
	if h.Line("/sys/kernel/kexec_crash_loaded") == "1" {
		r.DumpKind = "kdump"
	}
	if drives := block.BootDrives(h); len(drives) == 1 {
		r.BootDisk = drives[0]
	}
	if h.Exists("/run/systemd/system") {
		out, err := h.Run(ctx, "systemctl-manager")
		if err == nil {
			asked = append(asked, "systemctl")
			parseManager(string(out), &r)
		} else if !errors.Is(err, host.ErrNoProgram) {
			faults = append(faults, fmt.Sprintf("how long starting took: %v", err))
		}
	}
	return r, asked, faults, nil
}
