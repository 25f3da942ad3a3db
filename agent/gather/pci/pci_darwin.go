package pci

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]device, []string, []string, error) {
	return nil, nil, nil, fmt.Errorf("PCI devices are not read on macOS yet: %w", errors.ErrUnsupported)
}

func readGPUs(ctx context.Context, h *host.Host) ([]inventory.GPU, []string, error) {
	return gpusOfMac(ctx, h)
}
