//go:build unix

package collector

import (
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// diskSpace is what this account may still use, and the size of the volume.
func diskSpace(dir string) (free, total int64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return int64(s.Bavail) * int64(s.Bsize), int64(s.Blocks) * int64(s.Bsize), nil
}

// cpuSeconds is the processor time of this process.
func cpuSeconds() float64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return math.NaN()
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// mostConnections is how many agents may be connected at one time, whatever
// the settings say: three quarters of the files that this process may have
// open, so that stores and people always find one.
func mostConnections() int {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return math.MaxInt
	}
	return int(min(uint64(r.Cur), math.MaxInt32) / 4 * 3)
}

// maskFiles makes what this process creates its own account's alone: databases
// and sockets, whatever the rights of the folder.
func maskFiles() { unix.Umask(0o077) }

// owned refuses a folder of another account: files that this one makes there
// would be closed to it.
func owned(dir string) error {
	var s unix.Stat_t
	if err := unix.Stat(dir, &s); err != nil {
		return &os.PathError{Op: "stat", Path: dir, Err: err}
	}
	if int(s.Uid) != os.Geteuid() {
		return fmt.Errorf("the data folder %s belongs to the account with number %d: run this as that one (sudo -u '#%d' …)", dir, s.Uid, s.Uid)
	}
	return nil
}

func isAddressInUse(error) bool { return false }
