// Package session reads sections session and logon: who is signed in, who was
// last, and whose machine it is in practice.
//
// It owns logind's state files and what records of sign-ins add up to. It must
// not take what people typed: only names of sessions that were let in.
package session

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/agent/gather"
	"muster/agent/gather/utmp"
	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/order"
)

const (
	maxSessions = 500
	maxAccounts = 10_000
	stateDir    = "/run/systemd/sessions"
)

// Read reads section session.
func Read(_ context.Context, h *host.Host) (gather.Reading, error) {
	list, source, err := current(h)
	if err != nil {
		return gather.Reading{}, err
	}
	rows := make([]inventory.Session, 0, len(list))
	for _, s := range list {
		rows = append(rows, s.Session)
	}
	return gather.Rows(rows, source)
}

// seated is a session, and whether it is the one at the console now.
type seated struct {
	inventory.Session
	console bool
}

// current asks logind's state, or where there is none, utmp.
func current(h *host.Host) ([]seated, string, error) {
	if list, ok, err := windowsSessions(h); ok {
		return list, "wts", err
	}
	if list, err := h.ReadDir(stateDir); err == nil {
		var out []seated
		for _, e := range list[:min(len(list), maxSessions)] {
			if strings.HasSuffix(e.Name(), ".ref") {
				continue
			}
			b, err := h.ReadFile(stateDir + "/" + e.Name())
			if err != nil {
				continue // it ended just now
			}
			if s, ok := parseState(e.Name(), string(b)); ok {
				out = append(out, idle(h, s, state(string(b), "TTY")))
			}
		}
		return out, "logind", nil
	} else if errors.Is(err, fs.ErrPermission) {
		return nil, "", err
	}
	f, err := open(h, "/run/utmp", "/var/run/utmp")
	if err != nil {
		return nil, "", fmt.Errorf("neither logind nor utmp say who is signed in: %w", errors.ErrUnsupported)
	}
	defer f.Close()
	var out []seated
	_, err = utmp.Each(f, 0, 4*maxSessions, func(r utmp.Record) {
		if s, ok := fromRecord(r); ok && len(out) < maxSessions {
			out = append(out, idle(h, s, r.Line))
		}
	})
	if errors.Is(err, utmp.ErrLayout) {
		return nil, "", fmt.Errorf("utmp: %w: %w", err, errors.ErrUnsupported)
	}
	return out, "utmp", err
}

type file interface {
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
}

func open(h *host.Host, names ...string) (file, error) {
	var first error
	for _, n := range names {
		f, err := h.Open(n)
		if err == nil {
			return f, nil
		}
		first = cmp.Or(first, err)
	}
	return nil, first
}

// state is a value of a state file of logind: KEY=VALUE lines.
func state(text, key string) string {
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), key+"="); ok {
			return strings.Trim(v, `"`)
		}
	}
	return ""
}

// parseState reads /run/systemd/sessions/ID (systemd, logind-session.c). What
// is no person's session is left out: greeters, managers, background jobs.
func parseState(id, text string) (seated, bool) {
	v := func(key string) string { return state(text, key) }
	class := v("CLASS")
	if class != "" && class != "user" && class != "user-early" && class != "user-light" && class != "user-incomplete" {
		return seated{}, false
	}
	user := v("USER")
	if user == "" {
		return seated{}, false
	}
	s := seated{Session: inventory.Session{UserName: user, SessionID: id, Kind: "other", State: "unknown"}}
	remote, tty, kind := v("REMOTE") == "1", v("TTY"), v("TYPE")
	switch {
	case kind == "x11" || kind == "wayland" || kind == "mir":
		if s.Kind = "graphical"; remote {
			s.Kind = "remote_desktop"
		}
	case strings.HasPrefix(v("SERVICE"), "xrdp"):
		s.Kind = "remote_desktop"
	case remote || strings.HasPrefix(v("SERVICE"), "ssh"):
		s.Kind = "ssh"
	case strings.HasPrefix(tty, "tty"):
		s.Kind = "console"
	case kind == "tty":
		s.Kind = "terminal"
	}
	switch v("STATE") {
	case "active":
		s.State = "active"
	case "online":
		if s.State = "active"; v("SEAT") != "" {
			s.State = "disconnected" // another has the screen
		}
	case "closing":
		s.State = "closing"
	}
	s.setRemote(v("REMOTE_HOST"))
	if us, err := strconv.ParseInt(v("REALTIME"), 10, 64); err == nil && us > 0 && us < 1<<53 {
		s.StartedAt = time.UnixMicro(us).UTC().Truncate(time.Second)
	}
	s.console = v("SEAT") != "" && v("ACTIVE") == "1" && s.State == "active"
	return s, true
}

// setRemote sorts what a record says of the far side: an address, or a name.
func (s *seated) setRemote(from string) {
	if from == "" || strings.HasPrefix(from, ":") {
		return
	}
	if _, err := netip.ParseAddr(from); err == nil {
		s.Remote = from
	} else if len(from) < 256 {
		s.Client = from
	}
}

func fromRecord(r utmp.Record) (seated, bool) {
	if r.Type != utmp.User || r.User == "" {
		return seated{}, false
	}
	s := seated{Session: inventory.Session{UserName: r.User, SessionID: r.Line, Kind: "other", State: "active", StartedAt: r.At}}
	switch {
	case strings.HasPrefix(r.Line, ":"):
		s.Kind, s.console = "graphical", r.Line == ":0"
	case strings.HasPrefix(r.Line, "tty"):
		s.Kind, s.console = "console", true
	case strings.HasPrefix(r.Line, "pts/") && r.Host != "" && !strings.HasPrefix(r.Host, ":"):
		s.Kind = "ssh"
	case strings.HasPrefix(r.Line, "pts/"):
		s.Kind = "terminal"
	}
	s.setRemote(r.Host)
	return s, true
}

// idle adds since when nobody typed: when the terminal was last read from.
func idle(h *host.Host, s seated, line string) seated {
	if line == "" || strings.HasPrefix(line, ":") || strings.Contains(line, "..") {
		return s
	}
	fi, err := h.Stat("/dev/" + line)
	if err != nil {
		return s
	}
	if at := readAt(fi); !at.IsZero() {
		n := int64(max(h.Now().Sub(at), 0) / time.Second)
		s.IdleSecs = &n
		if s.State == "active" && n > 15*60 {
			s.State = "idle"
		}
	}
	return s
}

// account is what passwd(5) says of one.
type account struct {
	uid  int64
	full string
}

func accounts(h *host.Host) map[string]account {
	m := map[string]account{}
	f, err := h.Open("/etc/passwd")
	if err != nil {
		return m
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() && len(m) < maxAccounts {
		w := strings.Split(s.Text(), ":")
		if len(w) < 5 {
			continue
		}
		uid, err := strconv.ParseInt(w[2], 10, 64)
		if err != nil {
			continue
		}
		full, _, _ := strings.Cut(w[4], ",")
		m[w[0]] = account{uid, full}
	}
	return m
}

// person says whether a name is that of a person or of root: sign-in screens
// run under accounts of the system. Who is not listed comes from a directory.
func person(name string, list map[string]account) bool {
	a, local := list[name]
	switch {
	case name == "", name == "reboot", name == "shutdown", name == "runlevel", name == "LOGIN":
		return false
	case !local:
		return !strings.HasPrefix(name, "gdm-greeter")
	}
	return a.uid == 0 || a.uid >= 1000 && a.uid < 60_000 || a.uid >= 100_000
}

// window is how far back the primary user is counted.
const window = 30 * 24 * time.Hour

// ReadLogon reads section logon.
func ReadLogon(_ context.Context, h *host.Host) (gather.Reading, error) {
	if list, ok, err := windowsSessions(h); err != nil {
		return gather.Reading{}, err
	} else if ok {
		return logonOf(h, list)
	}
	people := accounts(h)
	now := h.Now()
	var r inventory.Logon
	var asked, faults []string
	list, source, err := current(h)
	switch {
	case err == nil:
		asked = append(asked, source)
	case !errors.Is(err, errors.ErrUnsupported):
		faults = append(faults, err.Error())
	}
	t := tally{now: now, from: now.Add(-window), person: func(n string) bool { return person(n, people) }}
	order.Stable(list, func(a, b seated) int { return a.StartedAt.Compare(b.StartedAt) })
	for _, s := range list {
		if !person(s.UserName, people) {
			continue
		}
		if s.console && s.State != "closing" {
			r.CurrentUser = s.UserName
		}
		t.last(s.UserName, s.StartedAt)
	}
	// Rotation must not make last month's user unknown; the older file is read
	// first, as time goes.
	for _, name := range []string{"/var/log/wtmp.1", "/var/log/wtmp"} {
		switch read, err := t.file(h, name); {
		case err != nil:
			faults = append(faults, path.Base(name)+": "+err.Error())
		case read && !slices.Contains(asked, "wtmp"):
			asked = append(asked, "wtmp")
		}
	}
	if len(asked) == 0 && len(faults) == 0 {
		return gather.Reading{}, fmt.Errorf("nothing here says who signs in: %w", errors.ErrUnsupported)
	}
	t.end()
	r.LastUser, r.LastLogonAt = t.lastUser, t.lastAt
	if slices.Contains(asked, "wtmp") {
		n := int64(len(t.users))
		r.UserCount = &n
	}
	if name, spent := t.primary(); name != "" {
		seconds := int64(spent / time.Second)
		r.PrimaryUser, r.PrimaryName, r.PrimarySource, r.PrimarySeconds = name, people[name].full, "sessions", &seconds
	}
	reading, err := gather.Rows([]inventory.Logon{r}, asked...)
	reading.Faults = faults
	return reading, err
}
