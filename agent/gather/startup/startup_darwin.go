package startup

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.StartupItem, []string, []string, error) {
	return readMac(ctx, h)
}
