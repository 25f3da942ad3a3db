//go:build !linux && !windows

package remote

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(context.Context, *host.Host) ([]inventory.RemoteControl, []string, []string, error) {
	return nil, nil, nil, fmt.Errorf("programs for control from elsewhere are not read on %s yet: %w", runtime.GOOS, errors.ErrUnsupported)
}
