package inventory

import "time"

// Session is one sign-in that lasts.
type Session struct {
	UserName  string    `inv:"user_name,key,personal" doc:"Person signed in, with the domain when it is not local."`
	SessionID string    `inv:"session_number,key" doc:"Number or terminal of the session."`
	Kind      string    `inv:"kind" enum:"console|graphical|terminal|remote_desktop|ssh|service|other" doc:"How the person is signed in."`
	State     string    `inv:"state,latest" enum:"active|idle|locked|disconnected|closing|unknown" doc:"State of the session."`
	Remote    string    `inv:"remote_address,personal" doc:"Where a remote session comes from."`
	Client    string    `inv:"client_name,personal" doc:"Name of the machine a remote session comes from."`
	StartedAt time.Time `inv:"started_at,personal" doc:"When it began."`
	IdleSecs  *int64    `inv:"idle_seconds,latest,personal" unit:"second" doc:"Time without input."`
}

// Section says how the section is named, kept and read.
func (Session) Section() Meta {
	return Meta{Name: "session", Doc: "Sign-ins that last.", Linger: 24 * time.Hour, Cadence: time.Hour,
		Windows: "WTSEnumerateSessions, WTSQuerySessionInformation", Darwin: "who -u, HIDIdleTime of IOHIDSystem", Linux: "utmp, /run/systemd/sessions"}
}
