package api

import (
	"net"

	"golang.org/x/sys/unix"
)

// peerID asks the kernel which account is on the other end of a unix socket
// (SO_PEERCRED, unix(7)).
func peerID(c *net.UnixConn) (uint32, bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, false
	}
	var cred *unix.Ucred
	if cerr := raw.Control(func(fd uintptr) { cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); cerr != nil || err != nil {
		return 0, false
	}
	return cred.Uid, true
}
