package inventory

import "time"

// Patch is one update, from the time it is offered until it is replaced. It
// is read from what the system already knows; nothing is fetched for it.
type Patch struct {
	Source       string    `inv:"source,key" enum:"windows_update|qfe|cbs|msi|apt|dnf|zypper|apk|pacman|snap|flatpak|softwareupdate|fwupd|other" doc:"Who offers or records it."`
	Name         string    `inv:"name,key" doc:"KB number, package or update label."`
	Title        string    `inv:"title,dict" doc:"Title for people."`
	State        string    `inv:"state" enum:"missing|downloaded|pending_restart|installed|failed|hidden|superseded|removed" doc:"Where it stands."`
	Class        string    `inv:"classification" enum:"security|critical|quality|feature|driver|firmware|definition|optional|other" doc:"Kind of update."`
	Severity     string    `inv:"severity" enum:"critical|important|moderate|low|none" doc:"Severity by its maker."`
	OldVersion   string    `inv:"installed_version,dict,version" doc:"Version that is installed."`
	NewVersion   string    `inv:"available_version,dict,version" doc:"Version it brings."`
	CVEs         []string  `inv:"cves" doc:"Flaws it mends, by CVE number, where the source lists them."`
	NeedsRestart *bool     `inv:"needs_restart" doc:"True when a restart finishes it."`
	ReleasedAt   time.Time `inv:"released_at" doc:"When it was released."`
	OfferedAt    time.Time `inv:"offered_at" doc:"When this machine first knew of it."`
	InstalledAt  time.Time `inv:"installed_at" doc:"When it was installed."`
	Error        string    `inv:"error_code" doc:"Error code of the last attempt that failed."`
	Attempts     *int64    `inv:"failed_attempt_count,latest" unit:"count" doc:"Attempts that failed, as far as the history goes."`
	TriedAt      time.Time `inv:"attempted_at,latest" doc:"When installing was last tried."`
}

// Section says how the section is named, kept and read.
func (Patch) Section() Meta {
	return Meta{Name: "patch", Doc: "Updates missing, installed or failed.", Cadence: time.Hour,
		Windows: "packages of Component Based Servicing in the registry: installed, waiting for a restart, superseded; IUpdateSearcher.Search with Online=false once a day (child)", Darwin: "InstallHistory.plist, com.apple.SoftwareUpdate RecommendedUpdates", Linux: "cached metadata of apt, dnf, zypper, apk, pacman, fwupd"}
}
