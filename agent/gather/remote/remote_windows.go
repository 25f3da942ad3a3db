package remote

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.RemoteControl, []string, []string, error) {
	return fromWindows(ctx, h)
}
