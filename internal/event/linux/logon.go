package linux

import (
	"strings"

	"muster/internal/event"
)

// program reads what programs write without a message id: refused sign-ins.
// The name that somebody typed is passed over on purpose.
func program(r Record) (Event, bool) {
	text := r.Text
	if len(text) > longestLine {
		text = text[:longestLine]
	}
	refused := func(program, session string) (Event, bool) {
		return Event{Kind: event.LogonFailed, Attributes: attributes("program", program, "session", session)}, true
	}
	switch p := r.Program; p {
	case "sshd", "sshd-session", "sshd-auth":
		// One line for each try; "Failed none" only asks which ways there are,
		// and keys that do not fit come before the one that does.
		if strings.HasPrefix(text, "Failed password for ") || strings.HasPrefix(text, "Failed keyboard-interactive") {
			return refused("sshd", "remote")
		}
	case "login":
		if strings.HasPrefix(text, "FAILED LOGIN ") {
			return refused("login", "console")
		}
	case "sudo":
		if strings.Contains(text, " incorrect password attempt") {
			return refused("sudo", "shell")
		}
	case "su", "su-l":
		if strings.HasPrefix(text, "FAILED SU ") || strings.Contains(text, "pam_unix(su:auth): authentication failure") || strings.Contains(text, "pam_unix(su-l:auth): authentication failure") {
			e, ok := refused("su", "shell")
			e.Burst, e.Span = "su", moment/2
			return e, ok
		}
	case "gdm-password]", "gdm-password", "lightdm", "sddm-helper", "lxdm", "kcheckpass", "kscreenlocker_greet", "xfce4-screensaver":
		if strings.Contains(text, ":auth): authentication failure") && strings.HasPrefix(text, "pam_unix(") {
			return refused(strings.TrimSuffix(p, "]"), "console")
		}
	}
	return Event{}, false
}
