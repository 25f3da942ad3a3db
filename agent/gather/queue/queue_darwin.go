package queue

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.PrintQueue, []string, []string, error) {
	return fromCUPS(ctx, h)
}
