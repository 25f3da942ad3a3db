package service

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.Service, []string, []string, error) {
	switch {
	case h.Exists("/run/systemd/system"):
		return systemd(ctx, h)
	case h.Exists("/run/openrc") && h.Exists("/etc/runlevels"):
		return openrc(h)
	}
	// No manager runs that could be asked, as in a container or a machine whose
	// first process is something else. What is installed can still be told.
	rows := units(h)
	var asked []string
	if len(rows) > 0 {
		asked = append(asked, "unit_files")
	}
	scripts := sysvinit(h)
	if len(scripts) > 0 {
		asked = append(asked, "init_scripts")
	}
	for _, s := range scripts {
		// Where both are, the unit file stands for the script.
		if _, both := find(rows, s.Name+".service"); !both {
			rows = append(rows, s)
		}
	}
	if len(rows) == 0 {
		return nil, nil, nil, fmt.Errorf("no service manager that can be read runs here: %w", errors.ErrUnsupported)
	}
	return rows, asked, []string{"no service manager runs that can be asked which services run"}, nil
}

func find(rows []inventory.Service, name string) (int, bool) {
	for i := range rows {
		if rows[i].Name == name {
			return i, true
		}
	}
	return 0, false
}

// systemd asks for the units it has loaded, then for the files of those it has
// not, whose details come from the files.
func systemd(ctx context.Context, h *host.Host) ([]inventory.Service, []string, []string, error) {
	asked := []string{"systemctl"}
	out, err := h.Run(ctx, "systemctl")
	if err != nil {
		return nil, nil, nil, err
	}
	var rows []inventory.Service
	loaded := map[string]bool{}
	parseShow(string(out), func(u unit) {
		loaded[u.id] = true
		if r, ok := u.row(); ok && len(rows) < maxServices {
			rows = append(rows, r)
		}
	})
	if len(rows) == 0 {
		return nil, nil, nil, errors.New("systemctl tells of no service")
	}
	out, err = h.Run(ctx, "systemctl-files")
	if err != nil {
		return rows, asked, []string{fmt.Sprintf("services that are not loaded are not known: %v", err)}, nil
	}
	parseFiles(string(out), func(name, word string) {
		// An alias is a second name of another unit.
		if loaded[name] || word == "alias" || passing(name, word) || len(rows) >= maxServices {
			return
		}
		u, _ := unitOf(h, name)
		r := u.row(name, startMode(word, false))
		stopped, failed := "stopped", false
		if r.StartMode == "static" && (h.Exists("/usr/lib/systemd/system/"+strings.TrimSuffix(name, ".service")+".socket") ||
			h.Exists("/usr/lib/systemd/system/"+strings.TrimSuffix(name, ".service")+".timer")) {
			r.StartMode = "trigger"
			stopped = "on_demand"
		}
		r.State, r.Failed = stopped, &failed
		rows = append(rows, r)
	})
	return rows, asked, nil, nil
}

// unitDirs are where unit files lie; the first wins, systemd.unit(5).
func unitDirs() []string {
	return []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}
}

func unitOf(h *host.Host, name string) (u unitFile, masked bool) {
	for _, dir := range unitDirs() {
		at := dir + "/" + name
		if target, err := h.Readlink(at); err == nil && target == "/dev/null" {
			return u, true
		}
		f, err := h.Open(at)
		if err != nil {
			continue
		}
		u = parseUnit(f)
		f.Close()
		return u, false
	}
	return u, false
}

// units lists what is installed for systemd without asking it: enabled is what
// some other unit wants or requires by a link below /etc.
func units(h *host.Host) []inventory.Service {
	enabled := map[string]bool{}
	for _, pattern := range []string{"/etc/systemd/system/*.wants/*.service", "/etc/systemd/system/*.requires/*.service"} {
		for _, p := range h.Glob(pattern) {
			enabled[path.Base(p)] = true
		}
	}
	var rows []inventory.Service
	seen := map[string]bool{}
	for _, dir := range unitDirs() {
		list, err := h.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range list {
			name := e.Name()
			if !strings.HasSuffix(name, ".service") || seen[name] || passing(name, "") || len(rows) >= maxServices {
				continue
			}
			seen[name] = true
			// A link to another unit of the same folders is its alias.
			if target, err := h.Readlink(dir + "/" + name); err == nil && strings.HasSuffix(target, ".service") && path.Base(target) != name {
				continue
			}
			u, masked := unitOf(h, name)
			mode := "static"
			switch {
			case masked:
				mode = "masked"
			case enabled[name]:
				mode = "automatic"
			case u.Install:
				mode = "disabled"
			case h.Exists(dir + "/" + strings.TrimSuffix(name, ".service") + ".socket"), h.Exists(dir + "/" + strings.TrimSuffix(name, ".service") + ".timer"):
				mode = "trigger"
			}
			rows = append(rows, u.row(name, mode))
		}
	}
	return rows
}

// sysvinit lists init scripts. A start link of a usual runlevel makes one
// automatic; whether it runs, only the script itself knows, and is not run.
func sysvinit(h *host.Host) []inventory.Service {
	list, err := h.ReadDir("/etc/init.d")
	if err != nil {
		return nil
	}
	automatic := map[string]bool{}
	for _, level := range []string{"S", "2", "3", "5"} {
		for _, p := range h.Glob("/etc/rc" + level + ".d/S[0-9][0-9]*") {
			automatic[path.Base(p)[3:]] = true
		}
	}
	var rows []inventory.Service
	for _, e := range list {
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") || e.Name() == "README" || e.Name() == "skeleton" || strings.HasSuffix(e.Name(), ".sh") || len(rows) >= maxServices {
			continue
		}
		r := inventory.Service{Name: e.Name(), Manager: "sysvinit", Kind: "process", StartMode: "disabled", Executable: "/etc/init.d/" + e.Name()}
		if automatic[e.Name()] {
			r.StartMode = "automatic"
		}
		r.DisplayName = describe(h, r.Executable)
		rows = append(rows, r)
	}
	return rows
}

func describe(h *host.Host, name string) string {
	f, err := h.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	return parseScript(f).Short
}

// openrc lists the scripts of OpenRC, which runlevel starts them, and by its
// folders in /run which run and which have failed.
func openrc(h *host.Host) ([]inventory.Service, []string, []string, error) {
	list, err := h.ReadDir("/etc/init.d")
	if err != nil {
		return nil, nil, nil, err
	}
	automatic := map[string]string{}
	for _, p := range h.Glob("/etc/runlevels/*/*") {
		switch level := path.Base(path.Dir(p)); level {
		case "boot", "sysinit":
			automatic[path.Base(p)] = "boot"
		case "default", "nonetwork":
			if automatic[path.Base(p)] == "" {
				automatic[path.Base(p)] = "automatic"
			}
		}
	}
	var rows []inventory.Service
	for _, e := range list {
		name := e.Name()
		if e.IsDir() || strings.HasSuffix(name, ".sh") || name == "functions.sh" || len(rows) >= maxServices {
			continue
		}
		r := inventory.Service{Name: name, Manager: "openrc", Kind: "process", StartMode: "disabled", State: "stopped", Executable: "/etc/init.d/" + name}
		if mode := automatic[name]; mode != "" {
			r.StartMode = mode
		}
		r.DisplayName = describe(h, r.Executable)
		failed := false
		switch {
		case h.Exists("/run/openrc/failed/" + name):
			r.State, failed = "failed", true
		case h.Exists("/run/openrc/started/" + name):
			r.State = "running"
		case h.Exists("/run/openrc/starting/" + name):
			r.State = "starting"
		}
		r.Failed = &failed
		rows = append(rows, r)
	}
	return rows, []string{"openrc"}, nil, nil
}
