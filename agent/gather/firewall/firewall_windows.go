package firewall

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(_ context.Context, h *host.Host) ([]inventory.Firewall, []string, []string, error) {
	return fromRegistry(h)
}
