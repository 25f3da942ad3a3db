package inventory

import "time"

// Boot is the last start of the machine. Uptime alone misleads where shutting
// down only hibernates the kernel, hence the last real restart. Each start is
// an event too.
type Boot struct {
	StartedAt     time.Time `inv:"started_at,latest" doc:"When the running kernel started."`
	Kind          string    `inv:"kind,latest" enum:"cold|restart|fast_startup|resume|unknown" doc:"How the machine came up last."`
	RestartedAt   time.Time `inv:"restarted_at,latest" doc:"When the kernel was last really started anew."`
	PoweredOnAt   time.Time `inv:"powered_on_at,latest" doc:"When the machine was last switched on or woken from hibernation."`
	BootSeconds   *float64  `inv:"boot_seconds,latest" unit:"second" doc:"Time from the start of the kernel until the system could be used."`
	FirmwareSecs  *float64  `inv:"firmware_seconds,latest" unit:"second" doc:"Time the firmware and loader took."`
	CoreSeconds   *float64  `inv:"core_seconds,latest" unit:"second" doc:"Time until the sign-in picture."`
	SigninSeconds *float64  `inv:"signin_seconds,latest" unit:"second" doc:"Time from sign-in until the desktop could be used."`
	CleanStop     *bool     `inv:"previous_stop_clean,latest" doc:"True when the run before ended by a proper shutdown."`
	StopCause     string    `inv:"previous_stop_cause,latest" doc:"Cause of the end before as the system tells it, such as a stop code or shutdown cause."`
	DumpKind      string    `inv:"crash_dump" enum:"none|small|kernel|automatic|complete|active|kdump|other" doc:"What is written when the system crashes."`
	DumpTarget    string    `inv:"crash_dump_volume" doc:"Volume the dump goes to."`
	BootDisk      string    `inv:"boot_disk" doc:"Drive the system starts from (disk.name)."`
}

// Section says how the section is named, kept and read.
func (Boot) Section() Meta {
	return Meta{Name: "boot", Doc: "Last start, how long it took and how the run before ended.", Single: true, Cadence: time.Hour,
		Windows: "events Kernel-Boot 27, EventLog 6006 and 6008, Kernel-Power 41 and Diagnostics-Performance 100; CrashControl, FwPOSTTime", Darwin: "sysctl kern.boottime", Linux: "/proc/stat btime, systemd properties, journal, kdump settings", SNMP: "hrSystemUptime, snmpEngineTime, sysUpTime"}
}
