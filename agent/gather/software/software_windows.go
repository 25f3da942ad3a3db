package software

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]inventory.Software, []string, []string, error) {
	return nil, nil, nil, fmt.Errorf("software is not read on Windows yet: %w", errors.ErrUnsupported)
}
