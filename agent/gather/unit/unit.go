// Package unit reads units of systemd from their files, for several readers:
// what starts with the machine, what runs by the clock, what protects it.
//
// It owns where units lie, how links enable them, and what of a command line
// may be told: the program. It must never give arguments, which may hold
// secrets.
package unit

import (
	"io"
	"path"
	"slices"
	"strings"

	"muster/agent/gather/keyfile"
	"muster/agent/host"
)

// Scope is whose manager a unit is for.
type Scope string

// The scopes of systemd's managers.
const (
	System Scope = "system"
	User   Scope = "user"
)

// dirs are where unit files lie; the first wins, systemd.unit(5).
func dirs(s Scope) []string {
	sub := "/systemd/" + string(s)
	return []string{"/etc" + sub, "/run" + sub, "/usr/local/lib" + sub, "/usr/lib" + sub, "/lib" + sub}
}

// maxUnits bounds the units of one scope.
const maxUnits = 10_000

// File is what a unit's file says.
type File struct {
	Name   string
	Masked bool
	values map[string][]string // by section and key
}

// First is the first value of a key that is left when empty ones clear those
// before them.
func (f File) First(section, key string) string {
	if l := f.values[section+"."+key]; len(l) > 0 {
		return l[0]
	}
	return ""
}

// All are the values of a key.
func (f File) All(section, key string) []string { return f.values[section+"."+key] }

// Find reads a unit by its name. An instance of a template has the template's
// file. Drop-ins that an administrator laid beside it are read too.
func Find(h *host.Host, s Scope, name string) (File, bool) {
	names := []string{name}
	if t := template(name); t != "" {
		names = append(names, t)
	}
	for _, n := range names {
		for _, dir := range dirs(s) {
			at := dir + "/" + n
			if to, err := h.Readlink(at); err == nil && to == "/dev/null" {
				return File{Name: name, Masked: true}, true
			}
			f, err := h.Open(at)
			if err != nil {
				continue
			}
			u := Parse(name, f)
			f.Close()
			more := h.Glob("/etc/systemd/" + string(s) + "/" + n + ".d/*.conf")
			for _, p := range more[:min(len(more), 20)] {
				if f, err := h.Open(p); err == nil {
					_ = keyfile.Parse(f, u.set)
					f.Close()
				}
			}
			return u, true
		}
	}
	return File{Name: name}, false
}

// Parse reads a unit's file.
func Parse(name string, r io.Reader) File {
	u := File{Name: name, values: map[string][]string{}}
	_ = keyfile.Parse(r, u.set) // what cannot be read says nothing
	return u
}

// kept are the keys somebody asks for.
func kept() []string {
	return []string{
		"Unit.Description",
		"Service.ExecStart",
		"Service.User",
		"Socket.ListenStream",
		"Timer.OnCalendar",
		"Timer.OnActiveSec",
		"Timer.OnBootSec",
		"Timer.OnStartupSec",
		"Timer.OnUnitActiveSec",
		"Timer.OnUnitInactiveSec",
		"Timer.Unit",
	}
}

func (f *File) set(section, key, value string) {
	k := section + "." + key
	if !slices.Contains(kept(), k) {
		return
	}
	if value == "" {
		delete(f.values, k)
		return
	}
	if len(f.values[k]) < 50 {
		f.values[k] = append(f.values[k], value)
	}
}

// template is the name of the template of an instance: a@.service of
// a@b.service.
func template(name string) string {
	at := strings.IndexByte(name, '@')
	dot := strings.LastIndexByte(name, '.')
	if at < 0 || dot < at || at+1 == dot {
		return ""
	}
	return name[:at+1] + name[dot:]
}

// Enabled lists the units that links below /etc make start, without those of
// kinds that only gather others.
func Enabled(h *host.Host, s Scope) []string { return wanted(h, "/etc/systemd/"+string(s)) }

// Always lists those that the vendor's own links make start.
func Always(h *host.Host, s Scope) []string {
	l := wanted(h, "/usr/lib/systemd/"+string(s))
	if target, err := h.Readlink("/lib"); err == nil && strings.TrimPrefix(target, "/") == "usr/lib" {
		return l
	}
	for _, n := range wanted(h, "/lib/systemd/"+string(s)) {
		if !slices.Contains(l, n) {
			l = append(l, n)
		}
	}
	return l
}

func wanted(h *host.Host, dir string) []string {
	var names []string
	for _, kind := range []string{".wants", ".requires"} {
		for _, p := range h.Glob(dir + "/*" + kind + "/*") {
			if n := path.Base(p); strings.Contains(n, ".") && len(names) < maxUnits && !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

// Installed lists the units of a kind, such as .timer, that have a file.
// Templates are none.
func Installed(h *host.Host, s Scope, kind string) []string {
	seen := map[string]bool{}
	for _, dir := range dirs(s) {
		list, err := h.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range list {
			n := e.Name()
			if strings.HasSuffix(n, kind) && !strings.Contains(n, "@.") && !e.IsDir() && len(seen) < maxUnits {
				seen[n] = true
			}
		}
	}
	names := make([]string, 0, len(seen))
	for n := range seen {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
