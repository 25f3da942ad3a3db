package monitor

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

// source is what is asked.
const source = "system_profiler"

func read(context.Context, *host.Host) ([]inventory.Monitor, []string, error) {
	return nil, nil, fmt.Errorf("displays are not read on macOS yet: %w", errors.ErrUnsupported)
}
