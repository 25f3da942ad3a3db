//go:build !linux && !windows

package database

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]inventory.DatabaseInstance, []string, []string, error) {
	return nil, nil, nil, fmt.Errorf("database servers are not read on %s yet: %w", runtime.GOOS, errors.ErrUnsupported)
}
