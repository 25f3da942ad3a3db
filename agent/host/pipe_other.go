//go:build !windows

package host

import (
	"context"
	"net"
)

// dialLocal connects to a Unix socket.
func dialLocal(ctx context.Context, socket string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", socket)
}
