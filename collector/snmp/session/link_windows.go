package session

import (
	"errors"
	"syscall"
)

// read holds a buffer while it waits; the collector's home is not Windows.
func (u *udp) read(take func([]byte)) error {
	b := room.Get().(*[maxBytes + 1]byte)
	defer room.Put(b)
	n, err := u.c.Read(b[:])
	if err == nil {
		take(b[:n])
	}
	return err
}

// refused says whether the network or the machine itself says that nobody is
// there: WSAECONNRESET for an answer over ICMP, WSAENETUNREACH,
// WSAEHOSTUNREACH, WSAENETDOWN.
func refused(err error) bool {
	for _, e := range []syscall.Errno{10054, 10051, 10065, 10050} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
