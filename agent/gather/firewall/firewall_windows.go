package firewall

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]inventory.Firewall, []string, []string, error) {
	return nil, nil, nil, fmt.Errorf("firewalls are not read on Windows yet: %w", errors.ErrUnsupported)
}
