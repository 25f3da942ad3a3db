package usb

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.USBDevice, []string, []string, error) {
	return fromMac(ctx, h)
}
