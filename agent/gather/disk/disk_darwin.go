package disk

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.Disk, []string, error) {
	return readMac(ctx, h)
}
