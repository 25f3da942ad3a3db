package listener

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]inventory.ListeningPort, []string, []string, error) {
	return nil, nil, nil, fmt.Errorf("listening ports are not read on Windows yet: %w", errors.ErrUnsupported)
}
