package collector

import (
	"errors"
	"math"
	"os"

	"golang.org/x/sys/windows"
)

// diskSpace is what this account may still use, and the size of the volume.
func diskSpace(dir string) (free, total int64, err error) {
	p, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, 0, err
	}
	var f, t, all uint64
	if err := windows.GetDiskFreeSpaceEx(p, &f, &t, &all); err != nil {
		return 0, 0, &os.PathError{Op: "GetDiskFreeSpaceEx", Path: dir, Err: err}
	}
	return int64(f), int64(t), nil
}

// cpuSeconds is not read here.
func cpuSeconds() float64 { return math.NaN() }

// maskFiles is for systems whose files are open to others unless one says no.
func maskFiles() {}

// owned is for systems where files have the rights of their folder.
func owned(string) error { return nil }

func isAddressInUse(err error) bool { return errors.Is(err, windows.WSAEADDRINUSE) }

// mostConnections is how many agents may be connected at one time, whatever
// the settings say: Windows has no bound of handles that matters here.
func mostConnections() int { return math.MaxInt }
