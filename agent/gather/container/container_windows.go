package container

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.Container, []string, []string, error) {
	return fromPipe(ctx, h)
}
