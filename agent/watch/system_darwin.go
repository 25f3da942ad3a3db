package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"muster/agent/host"
)

// The kernel's log is part of the unified log here, which is not read: asking
// it for an hour costs seconds of a processor.
func openKernel(*host.Host) (kernelLog, error) { return nil, errors.ErrUnsupported }

// awake is the time since boot without sleep (mach_absolute_time).
func awake() (time.Duration, error) {
	var at unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_UPTIME_RAW, &at); err != nil {
		return 0, fmt.Errorf("CLOCK_UPTIME_RAW: %w", err)
	}
	return time.Duration(at.Nano()), nil
}

func inode(fi fs.FileInfo) uint64 {
	if s, ok := fi.Sys().(*syscall.Stat_t); ok {
		return s.Ino
	}
	return 1
}

// bootName names this start of the machine.
func bootName(*host.Host) string {
	id, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return ""
	}
	return id
}
