package driver

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]inventory.Driver, []string, error) {
	return nil, nil, fmt.Errorf("drivers are not read on %s yet: %w", runtime.GOOS, errors.ErrUnsupported)
}
