package cpu

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]inventory.CPU, []string, []string, error) {
	return nil, nil, nil, fmt.Errorf("processors are not read on macOS yet: %w", errors.ErrUnsupported)
}
