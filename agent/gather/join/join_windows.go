package join

import (
	"context"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(_ context.Context, h *host.Host) (inventory.DomainJoin, []string, []string, error) {
	var name *uint16
	var j joined
	if err := windows.NetGetJoinInformation(nil, &name, &j.Status); err != nil {
		return inventory.DomainJoin{}, nil, nil, fmt.Errorf("NetGetJoinInformation: %w", err)
	}
	if name != nil {
		j.Name = windows.UTF16PtrToString(name)
		if err := windows.NetApiBufferFree((*byte)(unsafe.Pointer(name))); err != nil {
			return inventory.DomainJoin{}, nil, nil, err
		}
	}
	return fromRegistry(h, j)
}
