package osrelease

import (
	"context"
	"fmt"

	"golang.org/x/sys/windows"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(_ context.Context, h *host.Host) (inventory.OS, []string, []string, error) {
	v := windows.RtlGetVersion()
	return fromRegistry(h, fmt.Sprintf("%d.%d.%d", v.MajorVersion, v.MinorVersion, v.BuildNumber))
}
