package power

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func supplies(_ context.Context, h *host.Host) ([]supply, []string, error) { return fromNative(h) }

func read(ctx context.Context, h *host.Host) (inventory.Power, []string, error) {
	return fromWindows(ctx, h)
}
