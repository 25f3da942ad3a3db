package monitor

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

// source is what is asked.
const source = "system_profiler"

func read(ctx context.Context, h *host.Host) ([]inventory.Monitor, []string, error) {
	return fromMac(ctx, h)
}
