package browser

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]inventory.BrowserExtension, []string, []string, error) {
	return nil, nil, nil, fmt.Errorf("browser extensions are not read on macOS yet: %w", errors.ErrUnsupported)
}
