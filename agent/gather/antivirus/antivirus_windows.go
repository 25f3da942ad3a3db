package antivirus

import (
	"context"

	"golang.org/x/sys/windows"

	"muster/agent/gather/wmi"
	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.Antivirus, []string, []string, error) {
	m, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return fromWindows(ctx, h, wmi.Rows, func(string) *bool { return nil })
	}
	defer windows.CloseServiceHandle(m)
	return fromWindows(ctx, h, wmi.Rows, func(name string) *bool { return running(m, name) })
}

// running asks the service manager.
func running(m windows.Handle, name string) *bool {
	p, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil
	}
	s, err := windows.OpenService(m, p, windows.SERVICE_QUERY_STATUS)
	if err != nil {
		return nil // products guard their services
	}
	defer windows.CloseServiceHandle(s)
	var status windows.SERVICE_STATUS
	if windows.QueryServiceStatus(s, &status) != nil {
		return nil
	}
	return new(status.CurrentState == windows.SERVICE_RUNNING)
}
