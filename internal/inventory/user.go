package inventory

import "time"

// User is one account that the machine itself knows: local ones, and those of
// a directory that have a profile here.
type User struct {
	Name              string    `inv:"name,key,personal" doc:"Login name; with its domain and a backslash before it when it is not local."`
	AccountID         string    `inv:"account_id,personal" doc:"Number or SID of the account."`
	FullName          string    `inv:"full_name,personal" doc:"Name of the person or purpose."`
	Kind              string    `inv:"kind" enum:"local|domain|entra|microsoft|directory|system" doc:"Where the account comes from; system marks accounts of programs."`
	Administrator     *bool     `inv:"administrator" doc:"True when it can act as administrator: root, sudo, wheel, admin, Administrators."`
	Disabled          *bool     `inv:"disabled" doc:"True when nobody can sign in with it."`
	Locked            *bool     `inv:"locked" doc:"True when it is locked, as after wrong passwords."`
	PasswordNeeded    *bool     `inv:"password_required" doc:"False when it can be used without a password."`
	PasswordSetAt     time.Time `inv:"password_set_at" doc:"When the password was last set."`
	PasswordExpiresAt time.Time `inv:"password_expires_at" doc:"When the password ends."`
	ExpiresAt         time.Time `inv:"expires_at" doc:"When the account ends."`
	Home              string    `inv:"home,personal" doc:"Home directory or profile path."`
	Shell             string    `inv:"shell,dict" doc:"Login shell."`
	PrimaryGroup      string    `inv:"primary_group,dict" doc:"Main group of the account."`
	ProfileLoaded     *bool     `inv:"profile_loaded,latest" doc:"True when its profile is in use."`
	LastLoginAt       time.Time `inv:"last_login_at,latest,personal" doc:"When it was last signed in here."`
}

// Section says how the section is named, kept and read.
func (User) Section() Meta {
	return Meta{Name: "user", Doc: "Accounts the machine knows, with their rights and state.", Cadence: time.Hour,
		Windows: `NetUserEnum, LookupAccountName, ProfileList`, Darwin: "dscl . -readall /Users", Linux: "/etc/passwd, /etc/shadow dates, /var/log/lastlog"}
}
