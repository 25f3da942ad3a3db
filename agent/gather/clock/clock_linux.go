package clock

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Ask asks the kernel; it changes nothing.
func Ask() (Kernel, error) {
	var t unix.Timex
	if _, err := unix.Adjtimex(&t); err != nil {
		return Kernel{}, fmt.Errorf("ask the kernel's clock: %w", err)
	}
	return Kernel{Synced: t.Status&unix.STA_UNSYNC == 0, Error: time.Duration(t.Maxerror) * time.Microsecond}, nil
}
