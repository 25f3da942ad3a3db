package platform

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) (inventory.PlatformSecurity, []string, error) {
	return inventory.PlatformSecurity{}, nil, fmt.Errorf("protection of the platform is not read on Windows yet: %w", errors.ErrUnsupported)
}
