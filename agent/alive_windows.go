package agent

import (
	"errors"
	"syscall"
)

// alive says whether a process of this number is there, also one that may not
// be opened by this account (OpenProcess, GetExitCodeProcess).
func alive(pid int) bool {
	const (
		queryLimited = 0x1000 // PROCESS_QUERY_LIMITED_INFORMATION
		stillActive  = 259    // STILL_ACTIVE
	)
	if pid <= 0 {
		return false
	}
	h, err := syscall.OpenProcess(queryLimited, false, uint32(pid))
	if err != nil {
		return errors.Is(err, syscall.ERROR_ACCESS_DENIED)
	}
	defer syscall.CloseHandle(h)
	var code uint32
	return syscall.GetExitCodeProcess(h, &code) == nil && code == stillActive
}
