//go:build !linux

package probe

import (
	"context"
	"net/netip"
	"time"
)

// Ping sends one echo and waits for its answer.
func Ping(context.Context, netip.Addr) (time.Duration, error) { return 0, errCannot }
