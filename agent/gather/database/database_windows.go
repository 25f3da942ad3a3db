package database

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.DatabaseInstance, []string, []string, error) {
	return fromWindows(ctx, h)
}
