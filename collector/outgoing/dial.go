package outgoing

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// DialTimeout bounds name, connection and the choice between several
// addresses, when a Dialer has no Timeout of its own.
const DialTimeout = 10 * time.Second

// Dialer connects over TCP or UDP. The zero value reaches public addresses.
// Safe for use by several goroutines.
type Dialer struct {
	Rules    Rules
	Timeout  time.Duration // 0: DialTimeout
	Resolver *net.Resolver // nil: the system's
}

// DialContext connects to host:port; network is tcp, tcp4, tcp6, udp, udp4 or
// udp6. The rules are asked when the socket has its address and has not sent
// anything; a *Refused can be found in the error with errors.As. Of several
// addresses of a name the ones that are refused are passed over.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	switch network {
	case "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6":
	default:
		return nil, fmt.Errorf("call %s: network %q is not called, only TCP and UDP are", address, network)
	}
	timeout := d.Timeout
	if timeout == 0 {
		timeout = DialTimeout
	}
	inner := net.Dialer{Timeout: timeout, Resolver: d.Resolver, ControlContext: d.control}
	return inner.DialContext(ctx, network, address)
}

// control runs between socket and connect; the address is the one that the
// kernel is given.
func (d *Dialer) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("call %s: %w", address, err)
	}
	return d.Rules.Check(at.Addr())
}

// Bound ties a connection to ctx, which closes it when it ends, and to the
// bytes that may be read from it. stop lets ctx go; it does not close.
func Bound(ctx context.Context, c net.Conn, read int64) (bounded net.Conn, stop func()) {
	if at, ok := ctx.Deadline(); ok {
		c.SetDeadline(at) // an error shows at the first use
	}
	free := context.AfterFunc(ctx, func() { c.Close() })
	return &boundedConn{Conn: c, left: read}, func() { free() }
}

type boundedConn struct {
	net.Conn
	left int64
}

func (b *boundedConn) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, ErrTooLarge
	}
	n, err := b.Conn.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
