package iface

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"muster/agent/host"
)

// kernelOf is the running kernel, or none for a recorded machine.
func kernelOf(h *host.Host) kernel {
	if h.Root != "/" {
		return kernel{}
	}
	return kernel{
		links:     func() ([]byte, error) { return dump(unix.RTM_GETLINK) },
		addresses: func() ([]byte, error) { return dump(unix.RTM_GETADDR) },
		routes:    func() ([]byte, error) { return dump(unix.RTM_GETROUTE) },
		card:      askCard,
	}
}

const (
	// maxDump bounds one netlink dump. An interface takes about 1 KB, a route
	// about 100 bytes.
	maxDump = 4 << 20
	// dumpLimit is how long the kernel may take; it answers at once or never.
	dumpLimit = 5
)

// dump asks for all links, addresses or routes and gives the messages as they
// came. Statistics are asked to be left out, since they are most of the bytes.
func dump(kind uint16) ([]byte, error) {
	s, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	defer unix.Close(s)
	if err := unix.SetsockoptTimeval(s, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: dumpLimit}); err != nil {
		return nil, fmt.Errorf("limit netlink: %w", err)
	}
	if err := unix.Bind(s, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("bind netlink: %w", err)
	}
	// Header, ifinfomsg, and IFLA_EXT_MASK = RTEXT_FILTER_SKIP_STATS.
	req := make([]byte, 40)
	binary.NativeEndian.PutUint16(req[4:], kind)
	binary.NativeEndian.PutUint16(req[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	binary.NativeEndian.PutUint16(req[32:], 8)
	binary.NativeEndian.PutUint16(req[34:], unix.IFLA_EXT_MASK)
	binary.NativeEndian.PutUint32(req[36:], 1<<3)
	switch kind {
	case unix.RTM_GETADDR:
		req = req[:24] // ifaddrmsg alone
	case unix.RTM_GETROUTE:
		req = req[:28] // rtmsg alone
	}
	binary.NativeEndian.PutUint32(req, uint32(len(req)))
	if err := unix.Sendto(s, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("ask netlink: %w", err)
	}
	var out []byte
	buf := make([]byte, 32<<10) // the kernel fills at most this much at a time
	for {
		n, _, err := unix.Recvfrom(s, buf, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read netlink: %w", err)
		}
		done := false
		var failed error
		eachMessage(buf[:n], func(kind uint16, body []byte) {
			switch kind {
			case unix.NLMSG_DONE:
				done = true
			case unix.NLMSG_ERROR:
				done = true
				if len(body) >= 4 {
					failed = fmt.Errorf("netlink: %w", syscall.Errno(-int32(binary.NativeEndian.Uint32(body))))
				}
			}
		})
		if failed != nil {
			return nil, failed
		}
		out = append(out, buf[:n]...)
		if done {
			return out, nil
		}
		if len(out) > maxDump || n == 0 {
			return nil, fmt.Errorf("netlink: more than %d bytes", maxDump)
		}
	}
}

// askCard asks the driver of an interface. Each question may be refused by
// itself; wake on LAN needs a right.
func askCard(name string) card {
	var c card
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return c
	}
	defer unix.Close(s)

	info := request(unix.ETHTOOL_GDRVINFO, 196)
	if ethtool(s, name, info) {
		c.info(info)
	}
	perm := request(unix.ETHTOOL_GPERMADDR, 8+32)
	binary.NativeEndian.PutUint32(perm[4:], 32)
	if ethtool(s, name, perm) {
		c.permanent(perm)
	}
	wol := request(unix.ETHTOOL_GWOL, 20)
	if ethtool(s, name, wol) {
		c.wake(wol)
	}
	// The first answer to GLINKSETTINGS is how long the masks are, as a
	// negative number; the second one carries them.
	set := request(unix.ETHTOOL_GLINKSETTINGS, 48+3*4*127)
	if ethtool(s, name, set) {
		if words := int8(set[18]); words < 0 && words > -127 {
			again := request(unix.ETHTOOL_GLINKSETTINGS, len(set))
			again[18] = byte(-words)
			if ethtool(s, name, again) {
				c.settings(again)
			}
		}
	}
	return c
}

func request(command uint32, size int) []byte {
	b := make([]byte, size)
	binary.NativeEndian.PutUint32(b, command)
	return b
}

// ethtool asks one question: SIOCETHTOOL with a struct ifreq whose data is a
// pointer to question and answer.
func ethtool(socket int, name string, question []byte) bool {
	var req struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}
	if len(name) >= unix.IFNAMSIZ {
		return false
	}
	copy(req.name[:], name)
	req.data = unsafe.Pointer(&question[0])
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(socket), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req)))
	return errno == 0
}
