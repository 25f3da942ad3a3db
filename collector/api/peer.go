package api

import (
	"net"
	"os/user"
	"strconv"
)

// peerName names the system account on the other end of the local socket, for
// the audit.
func peerName(c net.Conn) string {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return "local"
	}
	id, ok := peerID(u)
	if !ok {
		return "local"
	}
	text := strconv.FormatUint(uint64(id), 10)
	if who, err := user.LookupId(text); err == nil && who.Username != "" {
		return who.Username
	}
	return "uid " + text
}
