package session

import (
	"context"
	"strconv"
	"strings"
	"time"

	"muster/agent/gather"
	"muster/agent/gather/apple"
	"muster/agent/host"
	"muster/internal/inventory"
)

// console is the terminal of the one who sits before a Mac, in utmpx.
const console = "console"

// ReadMac reads section session on macOS, by who(1).
func ReadMac(ctx context.Context, h *host.Host) (gather.Reading, error) {
	list, err := macSessions(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	rows := make([]inventory.Session, 0, len(list))
	for _, s := range list {
		rows = append(rows, s.Session)
	}
	return gather.Rows(rows, "who")
}

func macSessions(ctx context.Context, h *host.Host) ([]seated, error) {
	out, err := h.Run(ctx, "who")
	if err != nil {
		return nil, err
	}
	list := parseWho(string(out), h.Now())
	for i := range list {
		if s := &list[i]; s.console {
			s.untouched(macUntouched(ctx, h))
		}
	}
	return list, nil
}

// macUntouched is since when neither keyboard nor mouse of a Mac were used, as
// its driver counts it in nanoseconds; nil where it does not.
func macUntouched(ctx context.Context, h *host.Host) *int64 {
	var list []struct {
		Idle *uint64 `plist:"HIDIdleTime"`
	}
	if err := apple.Ask(ctx, h, "ioreg-idle", &list); err != nil || len(list) == 0 || list[0].Idle == nil {
		return nil
	}
	return new(int64(*list[0].Idle / 1e9 & (1<<40 - 1)))
}

// untouched keeps since when nobody used a session.
func (s *seated) untouched(seconds *int64) {
	s.IdleSecs = seconds
	if seconds != nil && *seconds > 15*60 {
		s.State = "idle"
	}
}

// parseWho reads who -u: name, terminal, month, day, time, since when nobody
// typed (a point: now; old: more than a day), number of a process, and in
// brackets where a session comes from. No year is told: it is the last in which
// that was not in the future. Times are in UTC, as programs are asked.
func parseWho(text string, now time.Time) (list []seated) {
	seen := map[[2]string]bool{}
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		if len(w) < 5 || len(list) == maxSessions {
			continue
		}
		at, ok := recent(w[2:5], now)
		if !ok || !macPerson(w[0]) || seen[[2]string{w[0], w[1]}] {
			continue
		}
		s := seated{Session: inventory.Session{UserName: w[0], SessionID: w[1], Kind: "other", State: "active", StartedAt: at}}
		if last := w[len(w)-1]; strings.HasPrefix(last, "(") && strings.HasSuffix(last, ")") {
			s.setRemote(strings.Trim(last, "()"))
		}
		switch {
		case w[1] == console:
			s.Kind, s.console = "graphical", true
		case s.Remote != "" || s.Client != "":
			s.Kind = "ssh"
		case strings.HasPrefix(w[1], "tty"):
			s.Kind = "terminal"
		}
		// At the console nobody types into the terminal of that name.
		if len(w) > 5 && !s.console {
			if n, ok := macIdle(w[5]); ok {
				s.untouched(&n)
			}
		}
		seen[[2]string{w[0], w[1]}] = true
		list = append(list, s)
	}
	return list
}

// macPerson says whether an account is a person's: those of programs begin with
// an underscore, and the sign-in screen runs as one of the system.
func macPerson(name string) bool {
	return name != "" && name[0] != '_' && name != "reboot" && name != "shutdown" && name != "loginwindow"
}

// recent reads month, day and time as the last such moment that is not in the
// future; a day is given for clocks that were set back.
func recent(w []string, now time.Time) (time.Time, bool) {
	for year := now.Year() + 1; year >= now.Year()-4; year-- { // a 29 February is four years back at most
		at, err := time.Parse("Jan 2 15:04 2006", w[0]+" "+w[1]+" "+w[2]+" "+strconv.Itoa(year))
		if err == nil && !at.After(now.Add(24*time.Hour)) {
			return at, true
		}
	}
	return time.Time{}, false
}

// macIdle reads since when nobody typed, in seconds. Of more than a day is not
// told how long.
func macIdle(s string) (int64, bool) {
	switch s {
	case ".":
		return 0, true
	case "old":
		return 24 * 60 * 60, true
	}
	hours, minutes, ok := strings.Cut(s, ":")
	n, err := strconv.ParseUint(hours, 10, 8)
	m, err2 := strconv.ParseUint(minutes, 10, 8)
	if !ok || err != nil || err2 != nil || n > 24 || m > 59 {
		return 0, false
	}
	return int64(n*60+m) * 60, true
}

// ReadLogonMac reads section logon on macOS: who is signed in by who(1), who
// was by last(1), and whom the sign-in window remembers.
func ReadLogonMac(ctx context.Context, h *host.Host) (gather.Reading, error) {
	now := h.Now()
	var r inventory.Logon
	var faults []string
	list, err := macSessions(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	asked := []string{"who"}
	t := tally{now: now, from: now.Add(-window), person: macPerson}
	for _, s := range list {
		if s.console {
			r.CurrentUser = s.UserName
		}
		t.last(s.UserName, s.StartedAt)
	}
	out, err := h.Run(ctx, "last")
	if err != nil {
		faults = append(faults, err.Error())
	} else {
		asked = append(asked, "last")
		t.stays(parseLast(string(out), now))
		r.UserCount = new(int64(len(t.users)))
	}
	r.LastUser, r.LastLogonAt = t.lastUser, t.lastAt
	if r.LastUser == "" {
		var window struct {
			Last string `plist:"lastUserName"`
		}
		if err := apple.File(h, "/Library/Preferences/com.apple.loginwindow.plist", &window); err == nil && macPerson(window.Last) && len(window.Last) <= 255 {
			r.LastUser, asked = window.Last, append(asked, "loginwindow")
		}
	}
	if name, spent := t.primary(); name != "" && spent > 0 {
		r.PrimaryUser, r.PrimarySource, r.PrimarySeconds = name, "sessions", new(int64(spent/time.Second))
	}
	reading, err := gather.Rows([]inventory.Logon{r}, asked...)
	reading.Faults = faults
	return reading, err
}

// pastStay is a line of last: from when until when somebody was signed in.
type pastStay struct {
	user, line string
	remote     bool
	from, to   time.Time
	lost       bool // a crash ended it: when is not known
}

// parseLast reads last(1), newest first: name, terminal, where from, day of the
// week, month, day, time, then "still logged in", or "- 17:10 (09:10)", or "-
// crash (1+02:03)", where brackets hold days and hours for how long. No year is
// told; from line to line time only goes back.
func parseLast(text string, now time.Time) (list []pastStay) {
	upper := now
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		i := weekday(w)
		if i < 2 || i > 3 || len(w) < i+4 || w[0] == "wtmp" || len(list) == maxRecords {
			continue
		}
		at, ok := recent(w[i+1:i+4], upper)
		if !ok {
			continue
		}
		upper = at
		s := pastStay{user: w[0], line: w[1], remote: i == 3, from: at, to: now}
		rest := strings.Join(w[i+4:], " ")
		if _, long, ok := strings.Cut(rest, "("); ok {
			d, ok := length(strings.TrimSuffix(long, ")"))
			if !ok {
				continue
			}
			s.to, s.lost = at.Add(d), strings.HasPrefix(rest, "- crash")
		} else if !strings.Contains(rest, "still") {
			continue // a start or an end of the machine
		}
		list = append(list, s)
	}
	return list
}

// weekday is where the day of the week stands, or -1.
func weekday(w []string) int {
	for i, s := range w[:min(len(w), 5)] {
		switch s {
		case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
			if i > 0 {
				return i
			}
		}
	}
	return -1
}

// length reads 1+02:03, days, hours and minutes.
func length(s string) (time.Duration, bool) {
	days, clock, ok := strings.Cut(s, "+")
	if !ok {
		days, clock = "0", s
	}
	hours, minutes, ok := strings.Cut(clock, ":")
	d, err := strconv.ParseUint(days, 10, 14)
	n, err2 := strconv.ParseUint(hours, 10, 8)
	m, err3 := strconv.ParseUint(minutes, 10, 8)
	if !ok || err != nil || err2 != nil || err3 != nil {
		return 0, false
	}
	return time.Duration(d*24+n)*time.Hour + time.Duration(m)*time.Minute, true
}

// stays adds what last tells. Windows of a terminal within a desktop are no
// further stay.
func (t *tally) stays(list []pastStay) {
	for i := len(list) - 1; i >= 0; i-- { // as time goes
		s := list[i]
		if !t.person(s.user) {
			continue
		}
		t.last(s.user, s.from)
		if s.line != console && !s.remote {
			continue
		}
		if most := s.from.Add(lostStay); s.lost && s.to.After(most) {
			s.to = most
		}
		t.open = map[string]stay{s.line: {s.user, s.from}}
		t.leave(s.line, s.to)
	}
}
