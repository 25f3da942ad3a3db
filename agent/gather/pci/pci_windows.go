package pci

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]device, []string, []string, error) {
	return nil, nil, nil, fmt.Errorf("PCI devices are not read on Windows yet: %w", errors.ErrUnsupported)
}

func readGPUs(context.Context, *host.Host) ([]inventory.GPU, []string, error) {
	return nil, nil, fmt.Errorf("graphics are not read on Windows yet: %w", errors.ErrUnsupported)
}
