package system

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) (inventory.System, []string, []string, error) {
	return inventory.System{}, nil, nil, fmt.Errorf("maker, model and serial numbers are not read on macOS yet: %w", errors.ErrUnsupported)
}
