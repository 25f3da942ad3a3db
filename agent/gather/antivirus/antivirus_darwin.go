package antivirus

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.Antivirus, []string, []string, error) {
	return fromMac(ctx, h)
}
