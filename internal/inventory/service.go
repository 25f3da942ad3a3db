package inventory

import "time"

// Service is one program the system keeps running or starts on demand.
// Its command is told without arguments, which may hold secrets.
type Service struct {
	Name         string    `inv:"name,key" doc:"Name the manager knows it by, such as ssh.service, Spooler or com.apple.ntpd."`
	DisplayName  string    `inv:"display_name,dict" doc:"Name or description for people."`
	Manager      string    `inv:"manager" enum:"systemd|openrc|sysvinit|launchd|scm|other" doc:"What runs it."`
	Kind         string    `inv:"kind" enum:"process|shared_process|oneshot|driver|user_process|other" doc:"How it runs."`
	StartMode    string    `inv:"start_mode" enum:"automatic|delayed|trigger|manual|disabled|masked|static|boot" doc:"When it is started."`
	State        string    `inv:"state" enum:"running|exited|stopped|failed|paused|starting|stopping|on_demand" doc:"State; services that come and go by design (sockets, timers, triggers) are on_demand whether or not they run just now."`
	SubState     string    `inv:"sub_state,latest" doc:"Finer state in the manager's own words."`
	Failed       *bool     `inv:"failed" doc:"True when it should run and does not: failed, or automatic and stopped with an error."`
	ExitCode     *int64    `inv:"exit_code" doc:"Exit code of its last end."`
	RestartCount *int64    `inv:"restart_count,latest" unit:"count" doc:"Restarts by the manager since the system started."`
	Executable   string    `inv:"executable,dict" doc:"Program it runs, without arguments."`
	Account      string    `inv:"account,personal" doc:"Account it runs under."`
	PackageName  string    `inv:"package_name,dict" doc:"Package that brought it, where known."`
	PID          *int64    `inv:"pid,latest" doc:"Main process number; 0 when none runs."`
	SinceAt      time.Time `inv:"since_at,latest" doc:"When it entered its present state."`
}

// Section says how the section is named, kept and read.
func (Service) Section() Meta {
	return Meta{Name: "service", Doc: "Services and daemons with start mode, state and whether they failed.", Cadence: time.Hour,
		Windows: "EnumServicesStatusEx, QueryServiceConfig", Darwin: "plists in /Library/LaunchDaemons, launchctl list", Linux: "systemd D-Bus ListUnits, ListUnitFiles; /etc/init.d, /etc/runlevels"}
}
