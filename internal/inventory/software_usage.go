package inventory

import "time"

// SoftwareUsage says when a program was last used, to find licences that
// nobody needs. It tells of a person's habits and is switched off unless an
// office asks for it.
type SoftwareUsage struct {
	Program   string    `inv:"program,key,dict" doc:"Program: bundle id, package name or executable."`
	UserName  string    `inv:"user_name,key,personal" doc:"Person; empty text when the source does not tell."`
	Name      string    `inv:"name,dict" doc:"Name as in section software, where it can be told."`
	Version   string    `inv:"version,dict,version" doc:"Version used."`
	UsedAt    time.Time `inv:"last_used_at,latest,personal" doc:"When it was last started."`
	UsedCount *int64    `inv:"use_count,latest,personal" unit:"count" doc:"Starts the source has counted."`
}

// Section says how the section is named, kept and read.
func (SoftwareUsage) Section() Meta {
	return Meta{Name: "software_usage", Doc: "When programs were last used.", Cadence: 6 * time.Hour, OnRequest: true,
		Windows: "names and times of prefetch files, which are not opened", Darwin: "kMDItemLastUsedDate"}
}
