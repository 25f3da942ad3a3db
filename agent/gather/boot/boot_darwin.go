package boot

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) (inventory.Boot, []string, []string, error) {
	return readMac(ctx, h)
}
