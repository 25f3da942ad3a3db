package inventory

import "time"

// PendingRestart says whether a restart is waiting and why.
type PendingRestart struct {
	Pending       *bool     `inv:"pending" doc:"True when a restart is needed."`
	Reasons       []string  `inv:"reasons" doc:"Why: windows_update, component_servicing, file_rename, computer_rename, kernel, libraries, package, system_update, other."`
	Packages      []string  `inv:"packages" doc:"Packages that ask for it."`
	RunningKernel string    `inv:"running_kernel,dict,version" doc:"Version of the kernel that runs."`
	NewestKernel  string    `inv:"newest_kernel,dict,version" doc:"Version of the newest kernel installed."`
	SinceAt       time.Time `inv:"since_at" doc:"Since when a restart has been waiting."`
}

// Section says how the section is named, kept and read.
func (PendingRestart) Section() Meta {
	return Meta{Name: "pending_restart", Doc: "Whether a restart is waiting, since when and why.", Single: true, Cadence: time.Hour,
		Windows: "CBS RebootPending, WindowsUpdate RebootRequired, PendingFileRenameOperations, ComputerName", Darwin: "pending update flag", Linux: "/run/reboot-required, newest kernel in /boot, needs-restarting"}
}
