package self

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Measure asks getrusage(2), and /proc/self/statm for the present size:
// ru_maxrss is only the greatest there was.
func Measure() (Cost, error) {
	c, err := usage()
	if err != nil {
		return c, err
	}
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return c, err
	}
	f := strings.Fields(string(b))
	if len(f) < 2 {
		return c, fmt.Errorf("statm: unexpected text %.40q", b)
	}
	pages, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil {
		return c, fmt.Errorf("statm: %w", err)
	}
	c.RSS = pages * int64(os.Getpagesize())
	return c, nil
}

// usage is of getrusage, which counts ru_maxrss in KiB on this system.
func usage() (Cost, error) {
	var self, children syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &self); err != nil {
		return Cost{}, fmt.Errorf("getrusage: %w", err)
	}
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &children); err != nil {
		return Cost{}, fmt.Errorf("getrusage: %w", err)
	}
	return Cost{CPUSeconds: seconds(self), ChildrenSeconds: seconds(children), ChildrenRSS: children.Maxrss << 10}, nil
}

func seconds(r syscall.Rusage) float64 {
	return float64(r.Utime.Sec+r.Stime.Sec) + float64(r.Utime.Usec+r.Stime.Usec)/1e6
}
