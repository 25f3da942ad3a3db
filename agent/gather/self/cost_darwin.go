package self

import (
	"fmt"
	"syscall"
)

// Measure asks getrusage(2). The present size needs libproc; the greatest
// there was, in bytes on this system, stands for it.
func Measure() (Cost, error) {
	var self, children syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &self); err != nil {
		return Cost{}, fmt.Errorf("getrusage: %w", err)
	}
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &children); err != nil {
		return Cost{}, fmt.Errorf("getrusage: %w", err)
	}
	return Cost{CPUSeconds: seconds(self), ChildrenSeconds: seconds(children), RSS: self.Maxrss}, nil
}

func seconds(r syscall.Rusage) float64 {
	return float64(r.Utime.Sec+r.Stime.Sec) + float64(r.Utime.Usec+r.Stime.Usec)/1e6
}
