package monitor

import (
	"context"

	"muster/agent/gather/wmi"
	"muster/agent/host"
	"muster/internal/inventory"
)

// source is what is asked.
const source = "pnp"

func read(ctx context.Context, h *host.Host) ([]inventory.Monitor, []string, error) {
	rows, faults, err := fromPnP(ctx, h)
	if err == nil && len(rows) > 0 {
		faults = append(faults, connect(rows, wmi.Rows)...)
	}
	return rows, faults, err
}
