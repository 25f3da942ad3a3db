package volume

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]inventory.Volume, []string, []string, error) {
	return nil, nil, nil, fmt.Errorf("volumes are not read on Windows yet: %w", errors.ErrUnsupported)
}
