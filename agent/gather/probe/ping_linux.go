package probe

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Ping sends one echo and waits for its answer. Unprivileged sockets for it
// exist where net.ipv4.ping_group_range allows them; root has raw ones.
func Ping(ctx context.Context, to netip.Addr) (time.Duration, error) {
	if !to.Is4() {
		return 0, fmt.Errorf("%w: IPv6", errCannot)
	}
	raw := false
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_ICMP)
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EPROTONOSUPPORT) {
		raw = true
		fd, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_ICMP)
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errCannot, err)
	}
	if err := unix.Connect(fd, &unix.SockaddrInet4{Addr: to.As4()}); err != nil {
		unix.Close(fd)
		return 0, err // no route: nothing answers
	}
	f := os.NewFile(uintptr(fd), "icmp")
	defer f.Close()
	if until, ok := ctx.Deadline(); ok {
		if err := f.SetDeadline(until); err != nil {
			return 0, fmt.Errorf("%w: %w", errCannot, err)
		}
	}
	id, number := uint16(rand.Uint32()), uint16(rand.Uint32())
	begin := time.Now()
	if _, err := f.Write(echo(id, number)); err != nil {
		return 0, err
	}
	b := make([]byte, 1500)
	for {
		n, err := f.Read(b)
		if err != nil {
			return 0, err
		}
		if echoed(b[:n], raw, id, number) {
			return time.Since(begin), nil
		}
	}
}
