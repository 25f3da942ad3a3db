package inventory

import "time"

// StartupItem is one thing that starts with the machine or with a person's
// session. Its command is told without arguments.
type StartupItem struct {
	Source     string `inv:"source,key" enum:"run|run_once|startup_folder|active_setup|winlogon|launch_agent|launch_daemon|login_item|xdg_autostart|systemd|systemd_user|profile_script|rc|other" doc:"How it is started."`
	Scope      string `inv:"scope,key" enum:"machine|user" doc:"Whether it starts for everybody or for one person."`
	UserName   string `inv:"user_name,key,personal" doc:"Person it starts for; empty text when for everybody."`
	Name       string `inv:"name,key,dict" doc:"Name of the entry."`
	Executable string `inv:"executable,dict" doc:"Program it starts, without arguments, with a home directory written as ~."`
	Publisher  string `inv:"publisher,dict" doc:"Publisher of the program, where the file tells."`
	Enabled    *bool  `inv:"enabled" doc:"True when it is not switched off."`
}

// Section says how the section is named, kept and read.
func (StartupItem) Section() Meta {
	return Meta{Name: "startup_item", Doc: "Programs that start with the machine or a session.", Cadence: 6 * time.Hour,
		Windows: "Run and RunOnce in HKLM and HKU in both views, Startup folders, StartupApproved", Darwin: "plists in /Library/LaunchDaemons, LaunchAgents of the machine and of people", Linux: "units of systemd enabled by links below /etc and ~/.config, /etc/xdg/autostart, ~/.config/autostart, /etc/rc.local, runlevels, /etc/profile.d"}
}
