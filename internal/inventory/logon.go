package inventory

import "time"

// Logon says whose machine it is in practice. A reading in which nobody is
// signed in leaves last and primary user as they were; the current one is
// what it is now.
type Logon struct {
	CurrentUser    string    `inv:"current_user_name,latest,personal" doc:"Person at the console now; empty when nobody is."`
	LastUser       string    `inv:"last_user_name,personal" doc:"Person who signed in last."`
	PrimaryUser    string    `inv:"primary_user_name,personal" doc:"Person with most hours of sessions in the last 30 days."`
	PrimaryName    string    `inv:"primary_user_full_name,personal" doc:"Full name of the primary user, where the machine knows it."`
	PrimarySource  string    `inv:"primary_user_source" enum:"sessions|enrolment|assigned|other" doc:"Where the primary user comes from."`
	PrimarySeconds *int64    `inv:"primary_user_seconds,latest,personal" unit:"second" doc:"Time of the primary user's sessions in the last 30 days."`
	UserCount      *int64    `inv:"distinct_user_count,latest" unit:"count" doc:"People who signed in within the last 30 days."`
	LastLogonAt    time.Time `inv:"last_logon_at,latest,personal" doc:"When somebody last signed in."`
}

// Section says how the section is named, kept and read.
func (Logon) Section() Meta {
	return Meta{Name: "logon", Doc: "Current, last and primary user of a machine.", Single: true, Cadence: time.Hour,
		Windows: `WTSEnumerateSessions, LastLoggedOnUser of Authentication\LogonUI`, Darwin: "who, last, com.apple.loginwindow", Linux: "utmp, wtmp, loginctl state"}
}
