package join

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) (inventory.DomainJoin, []string, []string, error) {
	return inventory.DomainJoin{}, nil, nil, fmt.Errorf("the domain is not read on macOS yet: %w", errors.ErrUnsupported)
}
