package container

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]inventory.Container, []string, []string, error) {
	return nil, nil, nil, fmt.Errorf("containers are not read on Windows: Docker Desktop runs them in a guest of its own: %w", errors.ErrUnsupported)
}
