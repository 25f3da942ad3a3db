package power

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func supplies(ctx context.Context, h *host.Host) ([]supply, []string, error) {
	return suppliesMac(ctx, h)
}

func read(ctx context.Context, h *host.Host) (inventory.Power, []string, error) {
	return readMac(ctx, h)
}
