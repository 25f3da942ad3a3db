package memory

import (
	"context"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"

	"muster/agent/host"
	"muster/internal/inventory"
)

// memoryStatus is MEMORYSTATUSEX (sysinfoapi.h).
type memoryStatus struct {
	length, load                                     uint32
	totalPhys, availPhys, totalPageFile, availPage   uint64
	totalVirtual, availVirtual, availExtendedVirtual uint64
}

func read(_ context.Context, h *host.Host) (inventory.Memory, []string, []string, error) {
	m := memoryStatus{length: uint32(unsafe.Sizeof(memoryStatus{}))}
	call := windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")
	if ok, _, err := call.Call(uintptr(unsafe.Pointer(&m))); ok == 0 {
		return inventory.Memory{}, nil, nil, fmt.Errorf("GlobalMemoryStatusEx: %w", err)
	}
	return fromWindows(h, status{Total: m.totalPhys, Commit: m.totalPageFile})
}

func modules(_ context.Context, h *host.Host) ([]inventory.MemoryModule, []string, []string, error) {
	return slots(h)
}
