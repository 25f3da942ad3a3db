package memory

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) (inventory.Memory, []string, []string, error) {
	return readMac(ctx, h)
}

func modules(ctx context.Context, h *host.Host) ([]inventory.MemoryModule, []string, []string, error) {
	return modulesMac(ctx, h)
}
