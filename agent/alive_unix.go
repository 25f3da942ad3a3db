//go:build unix

package agent

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// alive says whether a process of this number is there, also one of another
// account, which may not be signalled (kill(2) with signal 0).
func alive(pid int) bool {
	if pid <= 0 {
		return false
	}
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	// One that has ended and whose parent has not asked how is still there by
	// number; its state follows its name in brackets (proc_pid_stat(5)). Where
	// there is no /proc, the number is all there is.
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, state, ok := bytes.Cut(stat[max(0, bytes.LastIndexByte(stat, ')')):], []byte(") "))
	return !ok || len(state) == 0 || state[0] != 'Z' && state[0] != 'X'
}
