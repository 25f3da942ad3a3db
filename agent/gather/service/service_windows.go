package service

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(_ context.Context, h *host.Host) ([]inventory.Service, []string, []string, error) {
	list, err := statuses()
	if err != nil {
		return nil, nil, nil, err
	}
	rows, asked, faults := fromManager(h, list)
	return rows, asked, faults, nil
}

// statuses asks the service control manager for all services that are
// programs; drivers are told by section driver.
func statuses() ([]status, error) {
	m, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT|windows.SC_MANAGER_ENUMERATE_SERVICE)
	if err != nil {
		return nil, fmt.Errorf("open the service control manager: %w", err)
	}
	defer windows.CloseServiceHandle(m)
	const most = 16 << 20 // bytes
	for size := uint32(256 << 10); size <= most; {
		b := make([]byte, size)
		var needed, n, resume uint32
		err := windows.EnumServicesStatusEx(m, windows.SC_ENUM_PROCESS_INFO, windows.SERVICE_WIN32, windows.SERVICE_STATE_ALL,
			&b[0], size, &needed, &n, &resume, nil)
		if errors.Is(err, windows.ERROR_MORE_DATA) {
			size += needed + 64<<10
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list services: %w", err)
		}
		if n == 0 {
			return nil, nil
		}
		var list []status
		for _, e := range unsafe.Slice((*windows.ENUM_SERVICE_STATUS_PROCESS)(unsafe.Pointer(&b[0])), n) {
			p := e.ServiceStatusProcess
			list = append(list, status{Name: windows.UTF16PtrToString(e.ServiceName), Display: windows.UTF16PtrToString(e.DisplayName),
				Type: p.ServiceType, State: p.CurrentState, ExitCode: p.Win32ExitCode, SpecificError: p.ServiceSpecificExitCode, PID: p.ProcessId})
		}
		return list, nil
	}
	return nil, fmt.Errorf("list services: the list is longer than %d bytes", most)
}
