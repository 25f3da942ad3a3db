package boot

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(_ context.Context, h *host.Host) (inventory.Boot, []string, []string, error) {
	return fromWindows(h)
}
