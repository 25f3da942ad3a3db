package driver

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.Driver, []string, error) {
	return fromRegistry(ctx, h)
}
