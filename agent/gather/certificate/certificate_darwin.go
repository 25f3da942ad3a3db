package certificate

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]inventory.Certificate, []string, []string, error) {
	return nil, nil, nil, fmt.Errorf("certificates are not read on macOS yet: %w", errors.ErrUnsupported)
}
