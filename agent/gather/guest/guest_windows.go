package guest

import (
	"context"

	"muster/agent/gather/wmi"
	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.VirtualMachine, []string, []string, error) {
	return fromWindows(ctx, h, wmi.Rows)
}
