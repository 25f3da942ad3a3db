package cpu

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.CPU, []string, []string, error) {
	return readMac(ctx, h)
}
