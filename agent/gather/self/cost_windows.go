package self

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// counters is PROCESS_MEMORY_COUNTERS (psapi.h).
type counters struct {
	cb, faults                                               uint32
	peakWorkingSet, workingSet                               uintptr
	peakPaged, paged, peakNonPaged, nonPaged, file, peakFile uintptr
}

// Measure asks GetProcessTimes and GetProcessMemoryInfo.
func Measure() (Cost, error) {
	p := windows.CurrentProcess()
	var created, ended, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(p, &created, &ended, &kernel, &user); err != nil {
		return Cost{}, fmt.Errorf("GetProcessTimes: %w", err)
	}
	ticks := func(f windows.Filetime) float64 { // 100 ns
		return float64(uint64(f.HighDateTime)<<32|uint64(f.LowDateTime)) / 1e7
	}
	c := Cost{CPUSeconds: ticks(kernel) + ticks(user)}
	info := counters{cb: uint32(unsafe.Sizeof(counters{}))}
	call := windows.NewLazySystemDLL("kernel32.dll").NewProc("K32GetProcessMemoryInfo")
	if ok, _, err := call.Call(uintptr(p), uintptr(unsafe.Pointer(&info)), uintptr(info.cb)); ok == 0 {
		return c, fmt.Errorf("GetProcessMemoryInfo: %w", err)
	}
	c.RSS = int64(info.workingSet)
	return c, nil
}
