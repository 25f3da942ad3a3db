// Package scheduled reads section scheduled_task: what runs by the clock, by
// timers of systemd, cron, anacron and at.
//
// It owns the forms of their tables. It must not tell arguments: of a command
// only the program it starts gets past the parser.
package scheduled

import (
	"bufio"
	"context"
	"io"
	"strconv"
	"strings"
	"time"

	"muster/agent/gather"
	"muster/agent/gather/unit"
	"muster/agent/host"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}

// Limits: of one table, and of all.
const (
	maxTable = 256 << 10 // bytes
	maxJobs  = 500       // of one table
	maxTasks = 10_000
)

// job is one line of a crontab.
type job struct {
	Schedule string
	User     string // only in tables of the system
	Program  string
	Boot     bool // it runs when the machine starts, and not by the clock
}

// parseCrontab reads crontab(5). withUser says that a name stands between
// schedule and command, as in the system's tables. Lines that are neither a
// job nor a setting are passed over.
func parseCrontab(r io.Reader, withUser bool) []job {
	var jobs []job
	eachLine(r, func(line string) {
		if len(jobs) >= maxJobs {
			return
		}
		// SUSE's cron takes a minus before a line that shall not be logged.
		line = strings.TrimPrefix(line, "-")
		if line == "" {
			return
		}
		var j job
		rest := line
		if line[0] == '@' {
			j.Schedule, rest = word(rest)
			if !nickname(j.Schedule) {
				return
			}
			j.Boot = j.Schedule == "@reboot"
		} else {
			var w [5]string
			for i := range w {
				if w[i], rest = word(rest); !clock(w[i]) {
					return // a setting, or nonsense
				}
			}
			j.Schedule = strings.Join(w[:], " ")
		}
		if withUser {
			j.User, rest = word(rest)
			if j.User == "" || len(j.User) > 64 {
				return
			}
		}
		rest = strings.TrimSpace(rest)
		if rest == "" {
			return
		}
		// What follows a % is the command's input.
		command, _, _ := strings.Cut(rest, "%")
		j.Program = unit.Program(command)
		jobs = append(jobs, j)
	})
	return jobs
}

// parseAnacron reads anacrontab(5): days, delay in minutes, a name, a command.
func parseAnacron(r io.Reader, each func(name string, j job)) {
	n := 0
	eachLine(r, func(line string) {
		period, rest := word(line)
		delay, rest := word(rest)
		name, rest := word(rest)
		if _, err := strconv.Atoi(period); err != nil && period != "@daily" && period != "@weekly" && period != "@monthly" && period != "@yearly" {
			return
		}
		if _, err := strconv.Atoi(delay); err != nil || name == "" || n >= maxJobs {
			return
		}
		n++
		if period[0] != '@' {
			period = "every " + period + " days"
		}
		each(name, job{Schedule: period, Program: unit.Program(rest)})
	})
}

func eachLine(r io.Reader, each func(string)) {
	s := bufio.NewScanner(io.LimitReader(r, maxTable))
	s.Buffer(make([]byte, 0, 1024), 32<<10)
	for s.Scan() {
		if line := strings.TrimSpace(s.Text()); line != "" && line[0] != '#' {
			each(line)
		}
	}
}

func word(s string) (first, rest string) {
	s = strings.TrimLeft(s, " \t")
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// clock says whether a word can be a field of a schedule.
func clock(w string) bool {
	if w == "" || len(w) > 200 {
		return false
	}
	names := 0
	for _, c := range []byte(w) {
		switch {
		case c >= '0' && c <= '9', strings.IndexByte("*/,-~?#LW", c) >= 0:
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z': // mon, jan
			if names++; names > 100 {
				return false
			}
		default:
			return false
		}
	}
	// A program's name is none: fields begin with a number, a star, or the name
	// of a month or day.
	first := w[0]
	return first == '*' || first == '?' || first == '~' || first >= '0' && first <= '9' || len(w) >= 3 && calendar(strings.ToLower(w[:3]))
}

func calendar(s string) bool {
	switch s {
	case "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
		"sun", "mon", "tue", "wed", "thu", "fri", "sat":
		return true
	}
	return false
}

func nickname(s string) bool {
	switch s {
	case "@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly":
		return true
	}
	return strings.HasPrefix(s, "@every_") // of cronie and FreeBSD: seconds or minutes
}

// timing is when a timer fires, in systemd.timer(5)'s words, and on which
// occasions.
func timing(u unit.File) (words string, occasions []string) {
	var parts []string
	byClock, boot := false, false
	for _, key := range []string{"OnCalendar", "OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec"} {
		for _, v := range u.All("Timer", key) {
			if len(parts) < 20 && len(v) <= 200 {
				parts = append(parts, key+"="+v)
			}
			if key == "OnBootSec" || key == "OnStartupSec" {
				boot = true
			} else {
				byClock = true
			}
		}
	}
	if byClock {
		occasions = append(occasions, "time")
	}
	if boot {
		occasions = append(occasions, "boot")
	}
	return strings.Join(parts, "; "), occasions
}

// parseAt reads the name of a file in at's spool: queue, number of the job in
// five, time in minutes since 1970 in eight hexadecimal digits. A queue in
// upper case is one that runs when the load allows.
func parseAt(name string) (number int64, at time.Time, ok bool) {
	if len(name) != 14 || !(name[0] >= 'a' && name[0] <= 'z' || name[0] >= 'A' && name[0] <= 'Z') {
		return 0, time.Time{}, false
	}
	n, err := strconv.ParseInt(name[1:6], 16, 64)
	m, err2 := strconv.ParseInt(name[6:], 16, 64)
	if err != nil || err2 != nil {
		return 0, time.Time{}, false
	}
	return n, time.Unix(m*60, 0).UTC(), true
}
