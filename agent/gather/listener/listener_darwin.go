package listener

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.ListeningPort, []string, []string, error) {
	return fromLsof(ctx, h)
}
