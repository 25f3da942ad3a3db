//go:build !windows

package host

import "golang.org/x/sys/unix"

// noWait keeps the opening of a pipe from waiting for its other end.
const noWait = unix.O_NONBLOCK
