package queue

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]inventory.PrintQueue, []string, []string, error) {
	return nil, nil, nil, fmt.Errorf("print queues are not read on Windows yet: %w", errors.ErrUnsupported)
}
