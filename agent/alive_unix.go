//go:build unix

package agent

import (
	"errors"
	"syscall"
)

// alive says whether a process of this number is there, also one of another
// account, which may not be signalled (kill(2) with signal 0).
func alive(pid int) bool {
	if pid <= 0 {
		return false
	}
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
