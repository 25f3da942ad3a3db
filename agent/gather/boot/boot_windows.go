package boot

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) (inventory.Boot, []string, []string, error) {
	return inventory.Boot{}, nil, nil, fmt.Errorf("the last start is not read on Windows yet: %w", errors.ErrUnsupported)
}
