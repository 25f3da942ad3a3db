package power

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func supplies(context.Context, *host.Host) ([]supply, []string, error) {
	return nil, nil, fmt.Errorf("batteries are not read on macOS yet: %w", errors.ErrUnsupported)
}

func read(context.Context, *host.Host) (inventory.Power, []string, error) {
	return inventory.Power{}, nil, fmt.Errorf("power is not read on macOS yet: %w", errors.ErrUnsupported)
}
