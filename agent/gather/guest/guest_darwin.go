package guest

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]inventory.VirtualMachine, []string, []string, error) {
	return nil, nil, nil, fmt.Errorf("virtual machines are not read on macOS yet: %w", errors.ErrUnsupported)
}
