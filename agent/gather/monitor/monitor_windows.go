package monitor

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

// source is what is asked.
const source = "pnp"

func read(ctx context.Context, h *host.Host) ([]inventory.Monitor, []string, error) {
	return fromPnP(ctx, h)
}
