package service

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]inventory.Service, []string, []string, error) {
	return nil, nil, nil, fmt.Errorf("services are not read on macOS yet: %w", errors.ErrUnsupported)
}
