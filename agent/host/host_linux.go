package host

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

func statfs(path string) (Filesystem, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return Filesystem{}, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	size := uint64(s.Frsize)
	if size == 0 {
		size = uint64(s.Bsize)
	}
	return Filesystem{Size: s.Blocks * size, Free: s.Bfree * size, Available: s.Bavail * size,
		Files: s.Files, FilesFree: s.Ffree, ReadOnly: s.Flags&unix.ST_RDONLY != 0}, nil
}

// mono is CLOCK_BOOTTIME: unlike the time since the process started, it goes
// on while the machine sleeps.
func mono() (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 0, err
	}
	return time.Duration(t.Nano()), nil
}

// privileged is root, or an account that was given the right to read what only
// root may, as our unit for systemd does (capabilities(7)).
func privileged() bool {
	if os.Geteuid() == 0 {
		return true
	}
	h := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var have [2]unix.CapUserData
	return unix.Capget(&h, &have[0]) == nil && have[0].Effective&(1<<unix.CAP_DAC_READ_SEARCH) != 0
}
