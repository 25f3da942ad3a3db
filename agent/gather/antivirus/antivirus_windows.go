package antivirus

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]inventory.Antivirus, []string, []string, error) {
	return nil, nil, nil, fmt.Errorf("protection products are not read on Windows yet: %w", errors.ErrUnsupported)
}
