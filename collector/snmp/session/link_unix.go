//go:build unix

package session

import (
	"errors"
	"os"
	"syscall"
)

// read waits without a buffer, and takes one when something is there.
func (u *udp) read(take func([]byte)) error {
	var err error
	wait := u.raw.Read(func(fd uintptr) bool {
		b := room.Get().(*[maxBytes + 1]byte)
		defer room.Put(b)
		for {
			var n int
			n, err = syscall.Read(int(fd), b[:])
			switch {
			case errors.Is(err, syscall.EINTR):
				continue
			case errors.Is(err, syscall.EAGAIN):
				return false
			case err != nil:
				err = os.NewSyscallError("read", err)
			default:
				take(b[:n])
			}
			return true
		}
	})
	if wait != nil {
		return wait
	}
	return err
}

// refused says whether the network or the machine itself says that nobody is
// there.
func refused(err error) bool {
	for _, e := range []syscall.Errno{syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
