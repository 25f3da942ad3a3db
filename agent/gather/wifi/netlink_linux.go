package wifi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// attribute packs one with numbers of 32 bits, or none for a flag.
func attribute(kind uint16, values ...uint32) []byte {
	b := make([]byte, 4, 4+4*len(values))
	for _, v := range values {
		b = binary.NativeEndian.AppendUint32(b, v)
	}
	binary.NativeEndian.PutUint16(b, uint16(len(b)))
	binary.NativeEndian.PutUint16(b[2:], kind)
	return b
}

// generic is a socket of generic netlink that knows nl80211's number.
type generic struct {
	socket int
	family uint16
}

const (
	// maxAnswer bounds what one question brings: a scan in a dense place has
	// 200 access points of 1 KB.
	maxAnswer = 2 << 20
	// answerLimit is how long the kernel may take, in seconds.
	answerLimit = 3
)

// dial opens it. Without nl80211 in the kernel it is unsupported.
func dial() (*generic, error) {
	s, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_GENERIC)
	if err != nil {
		if errors.Is(err, unix.EPROTONOSUPPORT) || errors.Is(err, unix.EAFNOSUPPORT) {
			return nil, fmt.Errorf("open generic netlink: %w", errors.ErrUnsupported)
		}
		return nil, fmt.Errorf("open generic netlink: %w", err)
	}
	k := &generic{socket: s}
	if err := unix.SetsockoptTimeval(s, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: answerLimit}); err != nil {
		k.close()
		return nil, fmt.Errorf("limit generic netlink: %w", err)
	}
	if err := unix.Bind(s, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		k.close()
		return nil, fmt.Errorf("bind generic netlink: %w", err)
	}
	const controller, getFamily, familyName, familyID = 16, 3, 2, 1
	name := append([]byte{12, 0, familyName, 0}, "nl80211\x00"...)
	binary.NativeEndian.PutUint16(name, 12)
	binary.NativeEndian.PutUint16(name[2:], familyName)
	k.family = controller
	b, err := k.ask(getFamily, false, name)
	if errors.Is(err, unix.ENOENT) {
		k.close()
		return nil, fmt.Errorf("the kernel has no nl80211: %w", errors.ErrUnsupported)
	}
	if err != nil {
		k.close()
		return nil, fmt.Errorf("find nl80211: %w", err)
	}
	k.family = 0
	answers(b, func(a []byte) {
		each(a, func(kind uint16, v []byte) {
			if kind == familyID {
				k.family = uint16(u32(v))
			}
		})
	})
	if k.family == 0 {
		k.close()
		return nil, errors.New("find nl80211: no number in the answer")
	}
	return k, nil
}

func (k *generic) close() { unix.Close(k.socket) }

func (k *generic) ask(command uint8, dump bool, attributes ...[]byte) ([]byte, error) {
	req := make([]byte, 20)
	for _, a := range attributes {
		req = append(req, a...)
		for len(req)%4 != 0 {
			req = append(req, 0)
		}
	}
	flags := uint16(unix.NLM_F_REQUEST | unix.NLM_F_ACK)
	if dump {
		flags = unix.NLM_F_REQUEST | unix.NLM_F_DUMP
	}
	binary.NativeEndian.PutUint32(req, uint32(len(req)))
	binary.NativeEndian.PutUint16(req[4:], k.family)
	binary.NativeEndian.PutUint16(req[6:], flags)
	req[16] = command
	if err := unix.Sendto(k.socket, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, err
	}
	var out []byte
	buf := make([]byte, 16<<10)
	for {
		n, _, err := unix.Recvfrom(k.socket, buf, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, err
		}
		done := false
		var failed error
		messages(buf[:n], func(kind uint16, body []byte) {
			switch kind {
			case unix.NLMSG_DONE:
				done = true
			case unix.NLMSG_ERROR: // 0 is the acknowledgement
				done = true
				if len(body) >= 4 {
					if e := -int32(binary.NativeEndian.Uint32(body)); e != 0 {
						failed = syscall.Errno(e)
					}
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
		if n == 0 || len(out) > maxAnswer {
			return nil, fmt.Errorf("more than %d bytes", maxAnswer)
		}
	}
}
