package host

import (
	"os"
	"time"

	"golang.org/x/sys/windows"
)

func statfs(path string) (Filesystem, error) {
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return Filesystem{}, err
	}
	var f Filesystem
	if err := windows.GetDiskFreeSpaceEx(p, &f.Available, &f.Size, &f.Free); err != nil {
		return Filesystem{}, &os.PathError{Op: "GetDiskFreeSpaceEx", Path: path, Err: err}
	}
	return f, nil
}

// mono is the interrupt time since boot, which goes on in sleep
// (GetTickCount64, to 16 ms).
func mono() (time.Duration, error) { return windows.DurationSinceBoot(), nil }

func privileged() bool { return windows.GetCurrentProcessToken().IsElevated() }
