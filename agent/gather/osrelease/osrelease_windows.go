package osrelease

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) (inventory.OS, []string, []string, error) {
	return inventory.OS{}, nil, nil, fmt.Errorf("the operating system is not read on Windows yet: %w", errors.ErrUnsupported)
}
