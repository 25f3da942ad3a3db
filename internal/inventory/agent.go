package inventory

import "time"

// Agent is the program that reports: what it is and how it was told to work.
// It carries no address and no secret.
type Agent struct {
	Version         string    `inv:"version,dict,version" doc:"Version of the agent."`
	Revision        string    `inv:"revision,dict" doc:"Source revision the agent was built from."`
	BuiltAt         time.Time `inv:"built_at" doc:"When the agent was built."`
	Platform        string    `inv:"platform,dict" doc:"Operating system and architecture it was built for, such as linux/amd64."`
	WireVersion     int64     `inv:"wire_version" doc:"Version of the report format it speaks."`
	RunsAs          string    `inv:"runs_as" enum:"root|system|service|unprivileged" doc:"Kind of account it runs under; unprivileged cannot read every section."`
	SampleSeconds   int64     `inv:"sample_seconds" unit:"second" doc:"Time between two samples."`
	ReportSeconds   int64     `inv:"report_seconds" unit:"second" doc:"Time between two reports as the collector last asked."`
	SettingsHash    string    `inv:"settings_hash" doc:"Hash of the group settings in force, so that a group's change can be seen to have arrived."`
	SectionsOff     []string  `inv:"sections_off" doc:"Sections switched off by configuration or group."`
	SpoolLimitBytes int64     `inv:"spool_limit_bytes" unit:"byte" doc:"Most that unsent reports may take on disk."`
	MemoryCapBytes  int64     `inv:"memory_cap_bytes" unit:"byte" doc:"Memory limit that binds it and its readers together; absent when none does."`
	CPUCapPercent   *int64    `inv:"cpu_cap_percent" unit:"percent" doc:"Processor time, of one core, that it is held to; absent when nothing binds."`
	CapsBy          string    `inv:"caps_by" enum:"cgroup|job|self" doc:"What binds these limits: a control group or job object of its own, or its own bounds and rests."`
	Proxy           *bool     `inv:"proxy" doc:"True when it reaches the collector through an HTTP proxy."`
	Paused          string    `inv:"paused,latest" enum:"battery|metered" doc:"Why inventory waits, at most a day: the last of a battery, or a metered network; absent while it does not."`
	StartedAt       time.Time `inv:"started_at,latest" doc:"When the running agent started."`
}

// Section says how the section is named, kept and read.
func (Agent) Section() Meta {
	return Meta{Name: "agent", Doc: "The agent itself: version, rhythm and limits.", Single: true, Cadence: 24 * time.Hour,
		Windows: "itself", Darwin: "itself", Linux: "itself"}
}
