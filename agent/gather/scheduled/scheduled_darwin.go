package scheduled

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]inventory.ScheduledTask, []string, []string, error) {
	return nil, nil, nil, fmt.Errorf("scheduled tasks are not read on macOS yet: %w", errors.ErrUnsupported)
}
