package scheduled

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"muster/agent/gather/home"
	"muster/agent/gather/unit"
	"muster/agent/host"
	"muster/internal/inventory"
)

// tasks gathers rows of one reading.
type tasks struct {
	host   *host.Host
	rows   []inventory.ScheduledTask
	faults []string
	told   map[string]bool // whose crontab was read
}

func (t *tasks) add(r inventory.ScheduledTask, enabled bool) {
	elevated := r.UserName == "root"
	r.Enabled, r.Elevated = &enabled, &elevated
	r.Executable = home.Hide(r.Executable)
	if len(t.rows) < maxTasks {
		t.rows = append(t.rows, r)
	}
}

func (t *tasks) fault(err error, what string) {
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		// The path may name a person.
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		t.faults = append(t.faults, fmt.Sprintf("%s: %v", what, err))
	}
}

func read(ctx context.Context, h *host.Host) ([]inventory.ScheduledTask, []string, []string, error) {
	t := &tasks{host: h, told: map[string]bool{}}
	t.timers()
	t.table("/etc/crontab")
	list, err := h.ReadDir("/etc/cron.d")
	t.fault(err, "cron.d")
	for _, e := range list[:min(len(list), maxJobs)] {
		// cron passes over what packages left behind or somebody set aside.
		if n := e.Name(); !e.IsDir() && n[0] != '.' && !strings.HasSuffix(n, "~") && !strings.Contains(n, ".dpkg-") && !strings.Contains(n, ".rpm") {
			t.table("/etc/cron.d/" + n)
		}
	}
	t.folders()
	t.anacron()
	for _, dir := range []string{"/var/spool/cron/crontabs", "/var/spool/cron/tabs", "/var/spool/cron", "/etc/crontabs"} {
		t.people(dir)
	}
	t.at()
	if ctx.Err() != nil {
		return nil, nil, nil, ctx.Err()
	}
	return t.rows, []string{"systemd_timer", "cron", "anacron", "at"}, t.faults, nil
}

func (t *tasks) timers() {
	enabled, always := unit.Enabled(t.host, unit.System), unit.Always(t.host, unit.System)
	names := unit.Installed(t.host, unit.System, ".timer")
	for _, n := range append(slices.Clone(enabled), always...) { // instances of templates
		if strings.HasSuffix(n, ".timer") && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	for _, n := range names {
		u, found := unit.Find(t.host, unit.System, n)
		if !found {
			continue // a link to what is not installed any more
		}
		r := inventory.ScheduledTask{Source: "systemd_timer", Name: n}
		r.Schedule, r.Triggers = timing(u)
		starts := u.First("Timer", "Unit")
		if starts == "" {
			starts = strings.TrimSuffix(n, ".timer") + ".service"
		}
		s, found := unit.Find(t.host, unit.System, starts)
		if r.UserName = s.First("Service", "User"); r.UserName == "" && found {
			r.UserName = "root"
		}
		r.Executable = unit.Program(s.First("Service", "ExecStart"))
		// Timers that make up for what they missed leave a stamp.
		if fi, err := t.host.Stat("/var/lib/systemd/timers/stamp-" + n); err == nil {
			r.RanAt = fi.ModTime().UTC().Truncate(time.Second)
		}
		t.add(r, !u.Masked && (slices.Contains(enabled, n) || slices.Contains(always, n)))
	}
}

// table reads one of the system's crontabs.
func (t *tasks) table(name string) {
	f, err := t.host.Open(name)
	if err != nil {
		t.fault(err, name)
		return
	}
	defer f.Close()
	for i, j := range parseCrontab(f, true) {
		t.add(inventory.ScheduledTask{Source: "cron", Name: name + "#" + strconv.Itoa(i+1), UserName: j.User,
			Schedule: j.Schedule, Triggers: j.triggers(), Executable: j.Program}, true)
	}
}

func (j job) triggers() []string {
	if j.Boot {
		return []string{"boot"}
	}
	return []string{"time"}
}

// folders are scripts that are run each hour, day, week and month, by cron or
// anacron. On Alpine the same lie below /etc/periodic.
func (t *tasks) folders() {
	for _, place := range []struct{ dir, schedule string }{
		{"/etc/cron.hourly", "hourly"},
		{"/etc/cron.daily", "daily"},
		{"/etc/cron.weekly", "weekly"},
		{"/etc/cron.monthly", "monthly"},
		{"/etc/cron.yearly", "yearly"},
		{"/etc/periodic/15min", "every 15 minutes"},
		{"/etc/periodic/hourly", "hourly"},
		{"/etc/periodic/daily", "daily"},
		{"/etc/periodic/weekly", "weekly"},
		{"/etc/periodic/monthly", "monthly"},
	} {
		list, err := t.host.ReadDir(place.dir)
		t.fault(err, place.dir)
		for _, e := range list[:min(len(list), maxJobs)] {
			if !runnable(e.Name()) {
				continue
			}
			name := place.dir + "/" + e.Name()
			fi, err := t.host.Stat(name)
			if err != nil || !fi.Mode().IsRegular() {
				continue
			}
			t.add(inventory.ScheduledTask{Source: "cron", Name: name, UserName: "root", Schedule: place.schedule,
				Triggers: []string{"time"}, Executable: name}, fi.Mode()&0o111 != 0)
		}
	}
}

// runnable says whether run-parts would take a file of that name: one with a
// dot, such as .placeholder or x.dpkg-old, is passed over (run-parts(8)).
func runnable(name string) bool { return !strings.ContainsAny(name, ".~") && name != "README" }

func (t *tasks) anacron() {
	f, err := t.host.Open("/etc/anacrontab")
	if err != nil {
		t.fault(err, "anacrontab")
		return
	}
	defer f.Close()
	parseAnacron(f, func(name string, j job) {
		r := inventory.ScheduledTask{Source: "anacron", Name: name, UserName: "root", Schedule: j.Schedule, Triggers: []string{"time"}, Executable: j.Program}
		// The day it last ran; the time of the file is that of the run.
		if fi, err := t.host.Stat("/var/spool/anacron/" + path.Base(name)); err == nil {
			r.RanAt = fi.ModTime().UTC().Truncate(time.Second)
		}
		t.add(r, true)
	})
}

// people reads the crontabs that people made, a file for each. The place of a
// job in its file is its name, because the file's would name the person.
func (t *tasks) people(dir string) {
	list, err := t.host.ReadDir(dir)
	t.fault(err, "crontabs of people")
	refused := 0
	for _, e := range list[:min(len(list), maxJobs)] {
		if !e.Type().IsRegular() || e.Name()[0] == '.' || strings.HasPrefix(e.Name(), "tmp.") || e.Name() == "cron.update" || t.told[e.Name()] {
			continue // on Alpine one folder is a link to another
		}
		f, err := t.host.Open(dir + "/" + e.Name())
		if err != nil {
			refused++
			continue
		}
		t.told[e.Name()] = true
		for i, j := range parseCrontab(f, false) {
			t.add(inventory.ScheduledTask{Source: "cron", Name: "crontab#" + strconv.Itoa(i+1), UserName: e.Name(),
				Schedule: j.Schedule, Triggers: j.triggers(), Executable: j.Program}, true)
		}
		f.Close()
	}
	if refused > 0 {
		t.faults = append(t.faults, fmt.Sprintf("%d crontabs of people cannot be read", refused))
	}
}

// at lists what waits to run once. What it runs is not looked at: the file
// holds the whole environment of who gave it.
func (t *tasks) at() {
	names := map[int64]string{}
	for _, dir := range []string{"/var/spool/cron/atjobs", "/var/spool/at", "/var/spool/atjobs"} {
		list, err := t.host.ReadDir(dir)
		t.fault(err, "jobs of at")
		for _, e := range list[:min(len(list), maxJobs)] {
			number, when, ok := parseAt(e.Name())
			if !ok || !e.Type().IsRegular() {
				continue
			}
			r := inventory.ScheduledTask{Source: "at", Name: strconv.FormatInt(number, 10), Schedule: "once", Triggers: []string{"time"}, NextAt: when}
			if fi, err := e.Info(); err == nil {
				if s, ok := fi.Sys().(*syscall.Stat_t); ok {
					if len(names) == 0 {
						names = home.Names(t.host)
					}
					if r.UserName = names[int64(s.Uid)]; r.UserName == "" {
						r.UserName = strconv.FormatUint(uint64(s.Uid), 10)
					}
				}
			}
			t.add(r, true)
		}
	}
}
