package api

import (
	"net"

	"golang.org/x/sys/unix"
)

// peerID asks the kernel which account is on the other end of a unix socket
// (LOCAL_PEERCRED, unix(4)).
func peerID(c *net.UnixConn) (uint32, bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, false
	}
	var cred *unix.Xucred
	if cerr := raw.Control(func(fd uintptr) { cred, err = unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED) }); cerr != nil || err != nil {
		return 0, false
	}
	return cred.Uid, true
}
