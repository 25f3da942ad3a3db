package host

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

func statfs(path string) (Filesystem, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return Filesystem{}, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	size := uint64(s.Bsize)
	return Filesystem{Size: s.Blocks * size, Free: s.Bfree * size, Available: s.Bavail * size,
		Files: s.Files, FilesFree: s.Ffree, ReadOnly: s.Flags&unix.MNT_RDONLY != 0}, nil
}

// mono counts from the boot time the kernel keeps, so it goes on in sleep; a
// change of the wall clock moves kern.boottime with it.
func mono() (time.Duration, error) {
	tv, err := unix.SysctlTimeval("kern.boottime")
	if err != nil {
		return 0, fmt.Errorf("kern.boottime: %w", err)
	}
	since := time.Since(time.Unix(tv.Sec, int64(tv.Usec)*1000))
	if since < 0 {
		return 0, errors.New("kern.boottime lies in the future")
	}
	return since, nil
}

func privileged() bool { return os.Geteuid() == 0 }
