package firewall

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"muster/agent/host"
)

// Messages of nf_tables: its subsystem in the upper byte.
const (
	getChain = 10<<8 | 4
	newChain = 10<<8 | 3
	getRule  = 10<<8 | 7
	newRule  = 10<<8 | 6
)

// kernel is how the running kernel is asked; nil for a recorded machine.
type kernel func(kind uint16, each func(kind uint16, body []byte)) error

// kernelOf is nil too where nf_tables is not loaded: asking would load it.
func kernelOf(h *host.Host) kernel {
	if h.Root != "/" || !h.Exists("/sys/module/nf_tables") && h.Exists("/proc/modules") {
		return nil
	}
	return dump
}

const (
	maxDump   = 64 << 20 // bytes; they are looked at and not kept
	dumpLimit = 5        // seconds
)

// dump asks for all chains or all rules of the families and calls each for
// every message.
func dump(kind uint16, each func(kind uint16, body []byte)) error {
	s, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return fmt.Errorf("open netlink: %w", err)
	}
	defer unix.Close(s)
	if err := unix.SetsockoptTimeval(s, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: dumpLimit}); err != nil {
		return fmt.Errorf("limit netlink: %w", err)
	}
	if err := unix.Bind(s, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("bind netlink: %w", err)
	}
	// Header, then nfgenmsg: family 0 for all, version 0, no resource.
	req := make([]byte, 20)
	binary.NativeEndian.PutUint32(req, 20)
	binary.NativeEndian.PutUint16(req[4:], kind)
	binary.NativeEndian.PutUint16(req[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	if err := unix.Sendto(s, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("ask netlink: %w", err)
	}
	buf := make([]byte, 32<<10)
	total := 0
	for {
		n, _, err := unix.Recvfrom(s, buf, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read netlink: %w", err)
		}
		done := false
		var failed error
		eachMessage(buf[:n], func(kind uint16, body []byte) {
			switch kind {
			case unix.NLMSG_DONE, unix.NLMSG_ERROR:
				done = true
				if len(body) >= 4 {
					if code := int32(binary.NativeEndian.Uint32(body)); code != 0 {
						failed = fmt.Errorf("netlink: %w", syscall.Errno(-code))
					}
				}
			default:
				each(kind, body)
			}
		})
		if failed != nil || done {
			return failed
		}
		if total += n; total > maxDump || n == 0 {
			return fmt.Errorf("netlink: more than %d bytes", maxDump)
		}
	}
}
