package inventory

import "time"

// ScheduledTask is one thing that runs by the clock or on an occasion. Its
// command is told without arguments.
type ScheduledTask struct {
	Source     string    `inv:"source,key" enum:"task_scheduler|cron|anacron|at|systemd_timer|launchd|other" doc:"What runs it."`
	Name       string    `inv:"name,key" doc:"Path or name of the task; for a crontab line its file and place."`
	UserName   string    `inv:"user_name,key,personal" doc:"Account it runs under; empty text when not told."`
	Schedule   string    `inv:"schedule" doc:"When it runs, in the source's own words."`
	Triggers   []string  `inv:"triggers" doc:"Occasions that start it: time, boot, logon, event, idle, other."`
	Executable string    `inv:"executable,dict" doc:"Program it runs, without arguments, with a home directory written as ~."`
	Author     string    `inv:"author,personal" doc:"Who made it."`
	Enabled    *bool     `inv:"enabled" doc:"True when it is not switched off."`
	Elevated   *bool     `inv:"elevated" doc:"True when it runs with an administrator's rights."`
	Hidden     *bool     `inv:"hidden" doc:"True when the system does not show it by default."`
	Result     *int64    `inv:"last_result,latest" doc:"Result code of the last run."`
	RanAt      time.Time `inv:"last_run_at,latest" doc:"When it ran last."`
	NextAt     time.Time `inv:"next_run_at,latest" doc:"When it runs next."`
}

// Section says how the section is named, kept and read.
func (ScheduledTask) Section() Meta {
	return Meta{Name: "scheduled_task", Doc: "Tasks that run by the clock or on an occasion.", Cadence: 6 * time.Hour,
		Windows: `System32\Tasks XML, Schedule\TaskCache`, Darwin: "launchd plists with StartInterval or StartCalendarInterval", Linux: "timers of systemd by their files, /etc/crontab, /etc/cron.*, /etc/periodic, anacrontab, crontabs of people, queue of at"}
}
