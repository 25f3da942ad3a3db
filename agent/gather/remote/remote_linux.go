package remote

import (
	"context"
	"fmt"
	"slices"

	"muster/agent/gather/running"
	"muster/agent/gather/unit"
	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) (rows []inventory.RemoteControl, asked, faults []string, err error) {
	asked = []string{"files", "processes", "units"}
	there := slices.DeleteFunc(programs(), func(p program) bool { return !slices.ContainsFunc(p.Places, h.Exists) })
	if len(there) == 0 {
		return nil, asked, nil, nil
	}
	up := map[string]bool{}
	if err := running.Each(ctx, h, func(_ int64, name string) bool {
		up[name] = true
		return true
	}); err != nil {
		faults = append(faults, fmt.Sprintf("which of them run: %v", err))
	}
	enabled := append(unit.Enabled(h, unit.System), unit.Always(h, unit.System)...)
	for _, p := range there {
		row := inventory.RemoteControl{Product: p.Product, Instance: p.Instance}
		on := slices.ContainsFunc(p.Units, func(u string) bool { return slices.Contains(enabled, u) }) ||
			slices.ContainsFunc(p.Runs, func(n string) bool { return up[n[:min(len(n), 15)]] })
		if on || len(faults) == 0 {
			row.Running = &on
		}
		if p.Number.File != "" {
			if f, err := h.Open(p.Number.File); err == nil {
				row.RemoteID = find(f, p.Number.Key)
				f.Close()
			}
		}
		rows = append(rows, row)
	}
	return rows, asked, faults, nil
}
