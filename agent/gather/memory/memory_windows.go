package memory

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

var errNotYet = fmt.Errorf("memory is not read on Windows yet: %w", errors.ErrUnsupported)

func read(context.Context, *host.Host) (inventory.Memory, []string, []string, error) {
	return inventory.Memory{}, nil, nil, errNotYet
}

func modules(context.Context, *host.Host) ([]inventory.MemoryModule, []string, []string, error) {
	return nil, nil, nil, errNotYet
}
