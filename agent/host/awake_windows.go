package host

import (
	"fmt"
	"time"
	"unsafe"
)

// Awake is the interrupt time since boot without sleep and hibernation, which
// the system counts in units of 100 ns (QueryUnbiasedInterruptTime).
func Awake() (time.Duration, error) {
	call, err := proc("kernel32.dll", "QueryUnbiasedInterruptTime")
	if err != nil {
		return 0, err
	}
	var ticks uint64
	if ok, _, err := call.Call(uintptr(unsafe.Pointer(&ticks))); ok == 0 {
		return 0, fmt.Errorf("QueryUnbiasedInterruptTime: %w", err)
	}
	return time.Duration(ticks) * 100, nil
}
