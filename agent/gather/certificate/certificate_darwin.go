package certificate

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.Certificate, []string, []string, error) {
	return fromKeychain(ctx, h)
}
