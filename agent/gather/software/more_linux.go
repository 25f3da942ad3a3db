package software

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"muster/agent/gather/home"
	"muster/agent/host"
	"muster/internal/inventory"
)

// apkDatabase is where apk lists what is installed: since its version 3 below
// /usr.
func apkDatabase(h *host.Host) string {
	for _, p := range []string{"/usr/lib/apk/db/installed", "/lib/apk/db/installed"} {
		if h.Exists(p) {
			return p
		}
	}
	return ""
}

func apk(h *host.Host, name string) ([]inventory.Software, error) {
	f, err := h.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var held map[string]bool
	if b, err := h.ReadFile("/etc/apk/world"); err == nil {
		held = parseWorld(string(b))
	}
	var rows []inventory.Software
	err = parseAPK(f, func(r inventory.Software) {
		if held[r.Name] {
			yes := true
			r.Held = &yes
		}
		rows = append(rows, r)
	})
	if err == nil && len(rows) == 0 {
		err = errEmpty
	}
	return rows, err
}

const pacmanLocal = "/var/lib/pacman/local"

func pacman(ctx context.Context, h *host.Host) ([]inventory.Software, error) {
	list, err := h.ReadDir(pacmanLocal)
	if err != nil {
		return nil, err
	}
	var names []string
	if f, err := h.Open("/etc/pacman.conf"); err == nil {
		names = parseIgnored(f)
		f.Close()
	}
	var rows []inventory.Software
	strange := 0
	for _, e := range list {
		if !e.IsDir() {
			continue // ALPM_DB_VERSION
		}
		if ctx.Err() != nil {
			return rows, ctx.Err()
		}
		if len(rows) >= maxPackages {
			return rows, errTooMany
		}
		f, err := h.Open(pacmanLocal + "/" + e.Name() + "/desc")
		if err != nil {
			strange++
			continue
		}
		r, ok := parseDesc(f)
		f.Close()
		if !ok {
			strange++
			continue
		}
		if ignored(names, r.Name) {
			yes := true
			r.Held = &yes
		}
		rows = append(rows, r)
	}
	switch {
	case strange > 0:
		return rows, fmt.Errorf("%d entries cannot be read", strange)
	case len(rows) == 0:
		return nil, errEmpty
	}
	return rows, nil
}

// snapFolder is where snaps are mounted, or empty when snapd is not there.
func snapFolder(h *host.Host) string {
	if !h.Exists("/var/lib/snapd") {
		return ""
	}
	for _, p := range []string{"/snap", "/var/lib/snapd/snap"} {
		if h.Exists(p) {
			return p
		}
	}
	return ""
}

// snaps asks snapd. Where it does not answer, what is mounted tells less: no
// publisher, no channel, no size.
func snaps(ctx context.Context, h *host.Host, dir string) ([]inventory.Software, error) {
	b, err := h.Ask(ctx, "snaps")
	if err == nil {
		return parseSnaps(b)
	}
	list, lerr := h.ReadDir(dir)
	if lerr != nil {
		return nil, errors.Join(err, lerr)
	}
	var rows []inventory.Software
	for _, e := range list {
		if !e.IsDir() || e.Name() == "bin" || len(rows) >= maxPackages {
			continue
		}
		at := dir + "/" + e.Name() + "/current"
		if _, err := h.Readlink(at); err != nil {
			continue // installed and switched off, or no snap
		}
		f, err := h.Open(at + "/meta/snap.yaml")
		if err != nil {
			continue
		}
		r, ok := parseSnapYAML(f)
		f.Close()
		if ok {
			rows = append(rows, r)
		}
	}
	if errors.Is(err, host.ErrNoSocket) {
		return rows, nil
	}
	return rows, fmt.Errorf("only what is mounted is known: %w", err)
}

// flatpaks reads the machine's installation and those of people.
func flatpaks(ctx context.Context, h *host.Host) (rows []inventory.Software, there bool, err error) {
	add := func(dir, user string) error {
		w, err := h.Within(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		defer w.Close()
		if !w.Exists("repo") {
			return nil
		}
		there = true
		got, err := installation(ctx, w, user)
		rows = append(rows, got...)
		return err
	}
	errs := []error{add("/var/lib/flatpak", "")}
	people, perr := home.People(h)
	if perr != nil && !errors.Is(perr, fs.ErrNotExist) {
		errs = append(errs, perr)
	}
	for _, one := range people {
		errs = append(errs, add(one.Dir+"/.local/share/flatpak", one.User))
	}
	return rows, there, errors.Join(errs...)
}

// maxRefs bounds the entries of one folder of an installation.
const maxRefs = 5000

func installation(ctx context.Context, w *host.Within, user string) (rows []inventory.Software, err error) {
	for _, kind := range []string{"app", "runtime"} {
		ids, err := names(w, kind)
		if err != nil {
			return rows, err
		}
		for _, id := range ids {
			arches, err := names(w, kind+"/"+id)
			if err != nil {
				return rows, err
			}
			for _, arch := range arches {
				if arch == "current" { // a link to the branch in use
					continue
				}
				branches, err := names(w, kind+"/"+id+"/"+arch)
				if err != nil {
					return rows, err
				}
				for _, branch := range branches {
					if ctx.Err() != nil {
						return rows, ctx.Err()
					}
					if r, ok := ref(w, kind+"/"+id+"/"+arch+"/"+branch); ok && len(rows) < maxPackages {
						if r.Scope = "machine"; user != "" {
							r.Scope, r.UserName = "user", user
						}
						rows = append(rows, r)
					}
				}
			}
		}
	}
	return rows, nil
}

func names(w *host.Within, dir string) ([]string, error) {
	list, err := w.ReadDir(dir, maxRefs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range list {
		if !strings.HasPrefix(e.Name(), ".") && e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out, nil
}

func ref(w *host.Within, at string) (inventory.Software, bool) {
	id, arch, branch, ok := refParts(at)
	if !ok {
		return inventory.Software{}, false
	}
	f, err := w.Open(at + "/active/deploy")
	if err != nil {
		return inventory.Software{}, false
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxDeploy+1))
	if err != nil {
		return inventory.Software{}, false
	}
	d, ok := parseDeploy(b)
	if !ok {
		return inventory.Software{}, false
	}
	r := inventory.Software{Source: "flatpak", Name: d.Name, Arch: arch, Version: d.Version, ProductCode: id, Origin: d.Origin, SizeBytes: d.Size}
	if r.Name == "" {
		r.Name = id
	}
	if r.Version == "" { // runtimes have none but their branch
		r.Version = branch
	}
	r.InstalledAt = changed(f)
	return r, true
}

func changed(f *os.File) time.Time {
	fi, err := f.Stat()
	if err != nil {
		return time.Time{}
	}
	return sane(fi.ModTime().UTC())
}
