package inventory

import "time"

// ChangeLog is what the system itself wrote down of changes to it: updates,
// drivers, firmware, programs, policies. Rows go as they leave the window of
// 90 days that is read. Without it nobody can say what came before trouble.
type ChangeLog struct {
	At      time.Time `inv:"at,key" doc:"When it was changed."`
	Kind    string    `inv:"kind,key" enum:"update|feature_update|driver|firmware|software|policy|kernel|configuration|other" doc:"What kind of thing changed."`
	Name    string    `inv:"name,key,dict" doc:"What changed: update, driver, package or policy."`
	Action  string    `inv:"action_taken,key" enum:"install|upgrade|downgrade|remove|configure|rollback|other" doc:"What was done."`
	Before  string    `inv:"version_before,dict,version" doc:"Version before."`
	After   string    `inv:"version_after,dict,version" doc:"Version after."`
	Outcome string    `inv:"outcome" enum:"ok|failed|pending|unknown" doc:"How it ended."`
	Error   string    `inv:"error_code" doc:"Error code when it failed."`
	Source  string    `inv:"source,dict" doc:"Log it was read from."`
}

// Section says how the section is named, kept and read.
func (ChangeLog) Section() Meta {
	return Meta{Name: "change_log", Doc: "Changes the system wrote down in the last 90 days: updates, drivers, firmware, programs.", Cadence: time.Hour,
		Windows: "events WindowsUpdateClient 19 and 20, UserPnp 20001, MsiInstaller", Darwin: "InstallHistory.plist", Linux: "/var/log/dpkg.log, rpm install times, fwupd history"}
}
