package service

import (
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
)

// TestManager joins the manager's list with the keys of the recorded machines.
func TestManager(t *testing.T) {
	recorded.Windows(t, func(t *testing.T, name string, h *host.Host) {
		rows, asked, faults := fromManager(h, []status{
			{Name: "Spooler", Display: "Print Spooler", Type: 0x110, State: 4, PID: 2412},
			{Name: "BITS", Display: "Background Intelligent Transfer Service", Type: 0x20, State: 1, ExitCode: 1077},
			{Name: "Backup", Display: "Office Backup", Type: 0x10, State: 1, ExitCode: 1066, SpecificError: 3},
			{Name: "TimeBroker", Display: "Time Broker", Type: 0x20, State: 1},
			{Name: "OneSyncSvc", Display: "Sync Host", Type: 0x60, State: 1, ExitCode: 1077},
			{Name: "OneSyncSvc_4e1f2", Display: "Sync Host_4e1f2", Type: 0xe0, State: 4, PID: 7000},
			{Name: "Gone", Display: "Gone", Type: 0x10, State: 4},
		})
		r, err := gather.Rows(rows, asked...)
		r.Faults = faults
		recorded.Golden(t, h, "service", "windows."+name, r, err)
	})
}
