package service

import (
	"strconv"
	"strings"
	"time"

	"muster/internal/inventory"
)

// unit is what systemctl show prints of one unit.
type unit struct {
	id, description, load, active, sub, file, kind, user, program, triggers string
	restarts, pid, status                                                   *int64
	since                                                                   time.Time
	started                                                                 bool
}

// parseShow reads `systemctl show`: blocks of KEY=VALUE divided by empty
// lines. It calls each for every block that names a unit.
func parseShow(out string, each func(unit)) {
	var u unit
	flush := func() {
		if u.id != "" {
			each(u)
		}
		u = unit{}
	}
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			flush()
			continue
		}
		if key, value, ok := strings.Cut(line, "="); ok {
			u.set(key, value)
		}
	}
	flush()
}

func (u *unit) set(key, value string) {
	switch key {
	case "Id":
		u.id = value
	case "Description":
		u.description = value
	case "LoadState":
		u.load = value
	case "ActiveState":
		u.active = value
	case "SubState":
		u.sub = value
	case "UnitFileState":
		u.file = value
	case "Type":
		u.kind = value
	case "User":
		u.user = value
	case "TriggeredBy":
		u.triggers = value
	case "NRestarts":
		u.restarts = integer(value)
	case "MainPID":
		u.pid = integer(value)
	case "ExecMainStatus":
		u.status = integer(value)
	case "ExecMainStartTimestamp":
		u.started = !stamp(value).IsZero()
	case "StateChangeTimestamp":
		u.since = stamp(value)
	case "ExecStart":
		if u.program == "" { // the first of several commands
			u.program = program(value)
		}
	}
}

func integer(s string) *int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

// stamp reads a time as systemctl prints it in UTC. Older versions print
// nothing for a time that has not been, newer ones n/a.
func stamp(s string) time.Time {
	for _, layout := range []string{"Mon 2006-01-02 15:04:05 UTC", "Mon 2006-01-02 15:04:05 MST"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// program is the path in systemctl's rendering of a command:
//
//	{ path=/usr/sbin/sshd ; argv[]=/usr/sbin/sshd -D ; ignore_errors=no ; … }
func program(s string) string {
	_, rest, ok := strings.Cut(s, "path=")
	if !ok {
		return ""
	}
	path, _, _ := strings.Cut(rest, " ;")
	return cleanPath(path)
}

// cleanPath keeps an absolute path and nothing behind it.
func cleanPath(s string) string {
	s = strings.TrimSpace(s)
	if !strings.HasPrefix(s, "/") || len(s) > 1024 {
		return ""
	}
	return s
}

// row turns a unit into a row; ok is false for those that are left out.
func (u unit) row() (r inventory.Service, ok bool) {
	if !strings.HasSuffix(u.id, ".service") || u.load == "not-found" || passing(u.id, u.file) {
		return r, false
	}
	triggered := u.triggers != ""
	r = inventory.Service{Name: u.id, DisplayName: u.description, Manager: "systemd", Kind: "process",
		StartMode: startMode(u.file, triggered), SubState: u.sub, Executable: u.program,
		RestartCount: u.restarts, PID: u.pid, SinceAt: u.since}
	if u.kind == "oneshot" {
		r.Kind = "oneshot"
		// An instance of a template that runs once is forgotten afterwards.
		if strings.Contains(u.id, "@") && u.active != "failed" {
			return r, false
		}
	}
	if u.load == "masked" {
		r.StartMode = "masked"
	}
	if r.Account = u.user; r.Account == "" && u.program != "" {
		r.Account = "root"
	}
	r.State = state(u.active, u.sub)
	if triggered && r.State != "failed" {
		r.State = "on_demand"
	}
	ended := u.started && (u.pid == nil || *u.pid == 0)
	if ended && u.status != nil {
		r.ExitCode = u.status
	}
	failed := u.active == "failed" ||
		r.StartMode == "automatic" && r.State == "stopped" && ended && u.status != nil && *u.status != 0
	r.Failed = &failed
	return r, true
}

// state turns systemd's two words for a unit's state into one of the
// catalogue's.
func state(active, sub string) string {
	switch active {
	case "active":
		if sub == "exited" {
			return "exited"
		}
		return "running"
	case "reloading", "refreshing":
		return "running"
	case "inactive":
		return "stopped"
	case "failed":
		return "failed"
	case "activating":
		return "starting"
	case "deactivating":
		return "stopping"
	}
	return ""
}

// parseFiles reads `systemctl list-unit-files --plain --no-legend`: name,
// state, and in newer versions the vendor's preset.
func parseFiles(out string, each func(name, state string)) {
	for line := range strings.Lines(out) {
		w := strings.Fields(line)
		if len(w) >= 2 && strings.HasSuffix(w[0], ".service") {
			each(w[0], w[1])
		}
	}
}
