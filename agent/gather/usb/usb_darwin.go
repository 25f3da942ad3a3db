package usb

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]inventory.USBDevice, []string, []string, error) {
	return nil, nil, nil, fmt.Errorf("USB devices are not read on macOS yet: %w", errors.ErrUnsupported)
}
