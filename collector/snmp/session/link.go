package session

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// room is where packets are received. It is held for as long as one packet is
// looked at, so that thousands of sessions that wait share a handful: a buffer of
// their own would cost 64 KB each.
var room = sync.Pool{New: func() any { return new([maxBytes + 1]byte) }}

// dialUDP opens a socket of its own for one device. The system then drops what
// comes from elsewhere, and tells what ICMP says about this device.
func dialUDP(to netip.AddrPort) (Link, error) {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return nil, fmt.Errorf("open socket to %v: %w", to, told(err))
	}
	raw, err := c.SyscallConn()
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("open socket to %v: %w", to, err)
	}
	return &udp{c: c, raw: raw}, nil
}

type udp struct {
	c   *net.UDPConn
	raw syscall.RawConn
}

func (u *udp) Send(packet []byte) error {
	_, err := u.c.Write(packet)
	if err != nil && refused(err) {
		// Perhaps it is about a packet sent before; if not, it comes again.
		_, err = u.c.Write(packet)
	}
	return told(err)
}

func (u *udp) Receive(ctx context.Context, until time.Time, take func(packet []byte)) error {
	if err := u.c.SetReadDeadline(until); err != nil {
		return told(err)
	}
	if ctx.Done() != nil {
		stop := context.AfterFunc(ctx, func() { _ = u.c.SetReadDeadline(time.Unix(1, 0)) })
		defer stop()
	}
	err := u.read(take)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return told(err)
}

func (u *udp) Close() error { return u.c.Close() }

// told sorts the errors of a socket.
func told(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return os.ErrDeadlineExceeded
	case errors.Is(err, net.ErrClosed):
		return ErrClosed
	case refused(err):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}
