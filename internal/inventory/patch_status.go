package inventory

import "time"

// PatchStatus is how far the machine is with its updates as a whole.
type PatchStatus struct {
	Manager         string    `inv:"manager,dict" doc:"What brings the updates, such as windows_update, wsus, intune, configmgr, apt or dnf."`
	Server          string    `inv:"update_server" doc:"Own update server, where one is set, without user and password."`
	Automatic       string    `inv:"automatic" enum:"off|notify|download|install|managed" doc:"What happens without anybody's doing."`
	Paused          *bool     `inv:"paused" doc:"True when updates are paused."`
	DeferDays       *int64    `inv:"deferral_days" unit:"day" doc:"Days updates are held back."`
	Missing         *int64    `inv:"missing_count" unit:"count" doc:"Updates offered and not installed."`
	MissingSecurity *int64    `inv:"missing_security_count" unit:"count" doc:"Security updates among them."`
	LastUpdateAt    time.Time `inv:"last_update_at" doc:"When any update was last installed."`
	LastQualityAt   time.Time `inv:"last_quality_update_at" doc:"When a security or quality update of the system was last installed."`
	LastFeatureAt   time.Time `inv:"last_feature_update_at" doc:"When a feature update or release upgrade was last installed."`
	CheckedAt       time.Time `inv:"checked_at,latest" doc:"When the system last looked for updates with success."`
	LastError       string    `inv:"last_error,latest" doc:"Error of the last search that failed."`
}

// Section says how the section is named, kept and read.
func (PatchStatus) Section() Meta {
	return Meta{Name: "patch_status", Doc: "How far a machine is with its updates.", Single: true, Cadence: time.Hour,
		Windows: `policies and results of Windows Update in the registry, packages of Component Based Servicing; what IUpdateSearcher offers without going on line (child)`, Darwin: "com.apple.SoftwareUpdate preferences, InstallHistory.plist", Linux: "package manager's caches, logs and stamps",
		SNMP: "SYNOLOGY-SYSTEM-MIB upgradeAvailable"}
}
