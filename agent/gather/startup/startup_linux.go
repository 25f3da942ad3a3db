package startup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"muster/agent/gather/home"
	"muster/agent/gather/unit"
	"muster/agent/host"
	"muster/internal/inventory"
)

// list gathers rows of one reading.
type list struct {
	host   *host.Host
	rows   []inventory.StartupItem
	faults []string
}

func (l *list) add(r inventory.StartupItem, enabled bool) {
	if r.Enabled == nil {
		r.Enabled = &enabled
	}
	if len(l.rows) < maxItems {
		l.rows = append(l.rows, r)
	}
}

func read(ctx context.Context, h *host.Host) ([]inventory.StartupItem, []string, []string, error) {
	l := &list{host: h}
	l.units()
	l.autostart()
	l.scripts()
	l.runlevels()
	people, err := home.People(h)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.faults = append(l.faults, err.Error())
	}
	for _, one := range people {
		if ctx.Err() != nil {
			return nil, nil, nil, ctx.Err()
		}
		if err := l.person(one); err != nil {
			l.faults = append(l.faults, fmt.Sprintf("what starts for one of the people: %v", plain(err)))
		}
	}
	return l.rows, []string{"systemd", "xdg_autostart", "rc", "profile_script"}, l.faults, nil
}

// plain leaves the path out of an error: it names a person.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// units are those that links below /etc enable, of the machine's manager and
// of everybody's.
func (l *list) units() {
	for _, s := range []unit.Scope{unit.System, unit.User} {
		source := "systemd"
		if s == unit.User {
			source = "systemd_user"
		}
		for _, name := range unit.Enabled(l.host, s) {
			if !startable(name) {
				continue
			}
			u, _ := unit.Find(l.host, s, name)
			l.add(inventory.StartupItem{Source: source, Scope: "machine", Name: name,
				Executable: home.Hide(unit.Program(u.First("Service", "ExecStart")))}, !u.Masked)
		}
	}
}

func (l *list) autostart() {
	entries, err := l.host.ReadDir("/etc/xdg/autostart")
	if err != nil {
		return
	}
	for _, e := range entries[:min(len(entries), maxFolder)] {
		name, ok := strings.CutSuffix(e.Name(), ".desktop")
		if !ok {
			continue
		}
		f, err := l.host.Open("/etc/xdg/autostart/" + e.Name())
		if err != nil {
			continue
		}
		d := parseEntry(f)
		f.Close()
		if d.Valid {
			l.add(inventory.StartupItem{Source: "xdg_autostart", Scope: "machine", Name: name, Executable: home.Hide(d.Program)}, d.Enabled)
		}
	}
}

// scripts are those that are run without being listed anywhere: rc.local and
// its kin, and what every login shell reads.
func (l *list) scripts() {
	for _, p := range []string{"/etc/rc.local", "/etc/rc.d/rc.local", "/etc/init.d/boot.local"} {
		// Fedora's /etc/rc.local is a link to the second.
		if to, err := l.host.Readlink(p); err == nil && strings.HasSuffix(to, "rc.d/rc.local") {
			continue
		}
		if fi, err := l.host.Stat(p); err == nil && fi.Mode().IsRegular() {
			l.add(inventory.StartupItem{Source: "rc", Scope: "machine", Name: path.Base(p), Executable: p}, fi.Mode()&0o111 != 0)
		}
	}
	for _, place := range []struct{ pattern, source string }{
		{"/etc/local.d/*.start", "rc"},
		{"/etc/profile.d/*.sh", "profile_script"},
	} {
		found := l.host.Glob(place.pattern)
		for _, p := range found[:min(len(found), maxFolder)] {
			enabled := true
			if fi, err := l.host.Stat(p); err != nil || place.source == "rc" && fi.Mode()&0o111 == 0 {
				enabled = false
			}
			l.add(inventory.StartupItem{Source: place.source, Scope: "machine", Name: path.Base(p), Executable: p}, enabled)
		}
	}
}

// runlevels are start links of System V init and OpenRC. Where systemd has a
// unit of the same name, the link does nothing.
func (l *list) runlevels() {
	var names []string
	take := func(pattern string, cut int) {
		for _, p := range l.host.Glob(pattern) {
			n := path.Base(p)
			if len(n) <= cut {
				continue
			}
			if n = n[cut:]; !slices.Contains(names, n) && len(names) < maxFolder {
				names = append(names, n)
			}
		}
	}
	for _, level := range []string{"S", "2", "3", "5"} {
		take("/etc/rc"+level+".d/S[0-9][0-9]*", 3)
	}
	for _, level := range []string{"sysinit", "boot", "default"} {
		take("/etc/runlevels/"+level+"/*", 0)
	}
	for _, n := range names {
		if _, both := unit.Find(l.host, unit.System, n+".service"); both {
			continue
		}
		l.add(inventory.StartupItem{Source: "rc", Scope: "machine", Name: n, Executable: "/etc/init.d/" + n}, true)
	}
}

// person reads what starts for one person: autostart files and enabled units.
func (l *list) person(one home.Home) error {
	w, err := l.host.Within(one.Dir)
	if err != nil {
		return err
	}
	defer w.Close()
	entries, err := w.ReadDir(".config/autostart", maxFolder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".desktop")
		if !ok {
			continue
		}
		f, err := w.Open(".config/autostart/" + e.Name())
		if err != nil {
			continue // a link to nowhere starts nothing
		}
		d := parseEntry(f)
		f.Close()
		if d.Valid {
			l.add(inventory.StartupItem{Source: "xdg_autostart", Scope: "user", UserName: one.User, Name: name, Executable: one.Short(d.Program)}, d.Enabled)
		}
	}
	const units = ".config/systemd/user"
	groups, err := w.ReadDir(units, maxFolder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, g := range groups {
		if !strings.HasSuffix(g.Name(), ".wants") {
			continue
		}
		members, err := w.ReadDir(units+"/"+g.Name(), maxFolder)
		if err != nil {
			continue
		}
		for _, m := range members {
			if startable(m.Name()) {
				l.add(inventory.StartupItem{Source: "systemd_user", Scope: "user", UserName: one.User, Name: m.Name(), Executable: l.program(w, one, m.Name())}, true)
			}
		}
	}
	return nil
}

// program is what a person's unit starts, by the person's file or everybody's.
func (l *list) program(w *host.Within, one home.Home, name string) string {
	if f, err := w.Open(".config/systemd/user/" + name); err == nil {
		defer f.Close()
		return one.Short(strings.Replace(unit.Program(unit.Parse(name, f).First("Service", "ExecStart")), "%h", "~", 1))
	}
	u, _ := unit.Find(l.host, unit.User, name)
	return home.Hide(unit.Program(u.First("Service", "ExecStart")))
}
