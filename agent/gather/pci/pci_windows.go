package pci

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]device, []string, []string, error) {
	return fromPnP(ctx, h)
}

func readGPUs(ctx context.Context, h *host.Host) ([]inventory.GPU, []string, error) {
	return graphics(ctx, h)
}
