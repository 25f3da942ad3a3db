package software

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"muster/agent/host"
	"muster/internal/inventory"
)

// read asks every database that is there.
func read(ctx context.Context, h *host.Host) (rows []inventory.Software, asked, faults []string, err error) {
	take := func(source string, got []inventory.Software, err error) {
		asked = append(asked, source)
		rows = append(rows, got...)
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s: %v", source, err))
		}
	}
	if h.Exists("/var/lib/dpkg") {
		got, err := dpkg(ctx, h)
		take("dpkg", got, err)
	}
	if rpmDatabase(h) {
		got, err := rpm(ctx, h)
		if errors.Is(err, errEmpty) && len(rows) > 0 {
			err = nil // Debian's rpm makes an empty one when it is first used
		}
		take("rpm", got, err)
	}
	if db := apkDatabase(h); db != "" {
		got, err := apk(h, db)
		take("apk", got, err)
	}
	if h.Exists(pacmanLocal) {
		got, err := pacman(ctx, h)
		take("pacman", got, err)
	}
	if dir := snapFolder(h); dir != "" {
		got, err := snaps(ctx, h, dir)
		take("snap", got, err)
	}
	if got, there, err := flatpaks(ctx, h); there || err != nil {
		take("flatpak", got, err)
	}
	return rows, asked, faults, ctx.Err()
}

// dpkg reads the status file and the folder of single packages beside it.
func dpkg(ctx context.Context, h *host.Host) ([]inventory.Software, error) {
	var rows []inventory.Software
	add := func(r inventory.Software, same bool) {
		r.InstalledAt = listed(h, r, same)
		rows = append(rows, r)
	}
	found := false
	f, err := h.Open("/var/lib/dpkg/status")
	switch {
	case err == nil:
		found = true
		err = parseStatus(f, false, add)
		f.Close()
		if err != nil {
			return rows, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	list, err := h.ReadDir("/var/lib/dpkg/status.d")
	if err == nil {
		found = true
	}
	for _, e := range list {
		if e.IsDir() || strings.HasSuffix(e.Name(), ".md5sums") {
			continue
		}
		if ctx.Err() != nil {
			return rows, ctx.Err()
		}
		name := "/var/lib/dpkg/status.d/" + e.Name()
		f, err := h.Open(name)
		if err != nil {
			return rows, err
		}
		when := time.Time{}
		if fi, err := f.Stat(); err == nil {
			when = fi.ModTime()
		}
		err = parseStatus(f, true, func(r inventory.Software, _ bool) {
			r.InstalledAt = sane(when)
			rows = append(rows, r)
		})
		f.Close()
		if err != nil {
			return rows, err
		}
	}
	if !found {
		return nil, errors.New("its folder is there but no status file")
	}
	return rows, nil
}

// listed is when dpkg wrote the package's list of files, which it does anew
// with every version.
func listed(h *host.Host, r inventory.Software, same bool) time.Time {
	if strings.ContainsAny(r.Name, "/\x00") || strings.ContainsAny(r.Arch, "/\x00") {
		return time.Time{}
	}
	plain := "/var/lib/dpkg/info/" + r.Name + ".list"
	withArch := "/var/lib/dpkg/info/" + r.Name + ":" + r.Arch + ".list"
	first, second := plain, withArch
	if same { // may be installed for several architectures
		first, second = withArch, plain
	}
	fi, err := h.Stat(first)
	if err != nil {
		if fi, err = h.Stat(second); err != nil {
			return time.Time{}
		}
	}
	return sane(fi.ModTime())
}

// rpmDatabase says whether there is a database of rpm. The program alone does
// not make a system of packages: Debian has it for those who build them.
func rpmDatabase(h *host.Host) bool {
	for _, dir := range []string{"/usr/lib/sysimage/rpm/", "/var/lib/rpm/"} {
		for _, file := range []string{"rpmdb.sqlite", "Packages.db", "Packages"} { // SQLite, NDB, Berkeley DB
			if h.Exists(dir + file) {
				return true
			}
		}
	}
	return false
}

func rpm(ctx context.Context, h *host.Host) ([]inventory.Software, error) {
	out, err := h.Run(ctx, "rpm")
	if errors.Is(err, host.ErrNoProgram) {
		return nil, errors.New("there is a database but no rpm program to read it")
	}
	if err != nil {
		return nil, err
	}
	rows, strange := parseRPM(string(out))
	if strange > 0 {
		return rows, fmt.Errorf("%d lines are not understood", strange)
	}
	if len(rows) == 0 {
		return nil, errEmpty
	}
	return rows, nil
}

var errEmpty = errors.New("the database is there but lists nothing")
