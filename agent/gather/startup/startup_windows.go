package startup

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]inventory.StartupItem, []string, []string, error) {
	return nil, nil, nil, fmt.Errorf("what starts by itself is not read on Windows yet: %w", errors.ErrUnsupported)
}
