package disk

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]inventory.Disk, []string, error) {
	return nil, nil, fmt.Errorf("drives are not read on macOS yet: %w", errors.ErrUnsupported)
}
