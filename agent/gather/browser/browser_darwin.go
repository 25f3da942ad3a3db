package browser

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.BrowserExtension, []string, []string, error) {
	return fromMac(ctx, h)
}
