// Package restart reads section pending_restart: whether the machine waits for
// a restart, and why.
//
// It owns the signs by which distributions say so. It must not judge how long
// is too long.
package restart

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

const (
	maxKernels  = 64
	maxPackages = 100
	maxMaps     = 4 << 20
)

// Read reads the section.
func Read(_ context.Context, h *host.Host) (gather.Reading, error) {
	running := h.Line("/proc/sys/kernel/osrelease")
	if r, err := fromRegistry(h); !errors.Is(err, errors.ErrUnsupported) {
		return r, err
	}
	if running == "" {
		return gather.Reading{}, fmt.Errorf("whether a restart waits is not read on this system yet: %w", errors.ErrUnsupported)
	}
	r := inventory.PendingRestart{RunningKernel: running}
	var asked, faults []string
	known := false
	var since time.Time
	reason := func(why string, at time.Time) {
		r.Reasons = append(r.Reasons, why)
		if !at.IsZero() && (since.IsZero() || at.Before(since)) {
			since = at
		}
	}
	if newest, at := newestKernel(h, running); newest != "" {
		asked = append(asked, "kernels")
		known = true
		r.NewestKernel = newest
		if compare(newest, running) > 0 {
			reason("kernel", at)
		}
	}
	// Debian and its kin: packages ask for a restart in this file.
	for _, name := range []string{"/run/reboot-required", "/var/run/reboot-required"} {
		fi, err := h.Stat(name)
		if err != nil {
			continue
		}
		asked = append(asked, "reboot-required")
		reason("package", fi.ModTime())
		r.Packages = packages(h, name+".pkgs")
		break
	}
	if fi, err := h.Stat("/system-update"); err == nil { // systemd.offline-updates(7)
		asked = append(asked, "system-update")
		reason("system_update", fi.ModTime())
	}
	switch gone, err := oldLibraries(h); {
	case err == nil:
		asked = append(asked, "maps")
		known = true
		if gone {
			reason("libraries", time.Time{})
		}
	case !errors.Is(err, fs.ErrPermission) && !errors.Is(err, fs.ErrNotExist):
		faults = append(faults, err.Error())
	case errors.Is(err, fs.ErrPermission):
		faults = append(faults, "libraries of the first process: "+err.Error())
	}
	if len(r.Reasons) > 0 || known {
		r.Pending = new(len(r.Reasons) > 0)
	}
	slices.Sort(r.Reasons)
	r.SinceAt = since.UTC().Truncate(time.Second)
	if since.IsZero() {
		r.SinceAt = time.Time{}
	}
	reading, err := gather.Rows([]inventory.PendingRestart{r}, append(asked, "proc")...)
	reading.Faults = faults
	return reading, err
}

// newestKernel is the newest of those installed that are of the running one's
// kind, and since when it is there. A machine whose kernel comes from outside,
// such as a container, has none.
func newestKernel(h *host.Host, running string) (newest string, at time.Time) {
	kind := flavour(running)
	look := func(version, file string) {
		if flavour(version) != kind || version == "" || version[0] < '0' || version[0] > '9' {
			return
		}
		if newest == "" || compare(version, newest) > 0 {
			newest = version
			if fi, err := h.Stat(file); err == nil {
				at = fi.ModTime()
			}
		}
	}
	files := h.Glob("/boot/vmlinuz-*")
	for _, f := range files[:min(len(files), maxKernels)] {
		look(strings.TrimPrefix(f, "/boot/vmlinuz-"), f)
	}
	for _, pattern := range []string{"/usr/lib/modules/*/vmlinuz", "/lib/modules/*/vmlinuz"} {
		files := h.Glob(pattern)
		for _, f := range files[:min(len(files), maxKernels)] {
			w := strings.Split(f, "/")
			look(w[len(w)-2], f)
		}
	}
	if newest == "" && h.Exists("/boot/vmlinuz-"+kind) { // Alpine: /boot/vmlinuz-lts
		files := h.Glob("/lib/modules/*-" + kind)
		for _, f := range files[:min(len(files), maxKernels)] {
			look(strings.TrimPrefix(f, "/lib/modules/"), f)
		}
	}
	return newest, at
}

// flavour tells kernels for one purpose from those for another: amd64,
// generic, lts, x86_64 of 6.8.9-300.fc40.x86_64.
func flavour(version string) string {
	i := strings.LastIndexAny(version, "-.")
	last := version[i+1:]
	if strings.Trim(last, "0123456789") == "" {
		return "" // 6.8.9-arch1-1 and the like
	}
	return last
}

// compare orders versions: runs of digits by value, all else by its bytes.
func compare(a, b string) int {
	for a != "" && b != "" {
		x, y := run(a), run(b)
		if digit(x[0]) && digit(y[0]) {
			m, n := strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
			if len(m) != len(n) {
				return len(m) - len(n)
			}
			if c := strings.Compare(m, n); c != 0 {
				return c
			}
		} else if c := strings.Compare(x, y); c != 0 {
			return c
		}
		a, b = a[len(x):], b[len(y):]
	}
	return len(a) - len(b)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// run is the longest beginning of only digits or no digits.
func run(s string) string {
	n := 1
	for n < len(s) && digit(s[n]) == digit(s[0]) {
		n++
	}
	return s[:n]
}

// packages lists who asked, one a line.
func packages(h *host.Host, name string) []string {
	f, err := h.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	var list []string
	s := bufio.NewScanner(io.LimitReader(f, 64<<10))
	for s.Scan() && len(list) < maxPackages {
		if p := strings.TrimSpace(s.Text()); p != "" && len(p) < 128 {
			list = append(list, p)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// oldLibraries says whether the first process runs with libraries that were
// replaced: nothing but a restart, or init itself, gives it the new ones.
// Other processes are left out: each costs a file, and a service can be
// started anew alone.
func oldLibraries(h *host.Host) (bool, error) {
	f, err := h.Open("/proc/1/maps")
	if err != nil {
		return false, err
	}
	defer f.Close()
	return replaced(io.LimitReader(f, maxMaps))
}

// replaced looks for "… r-xp … /usr/lib/libc.so.6 (deleted)" in proc_pid_maps(5).
func replaced(r io.Reader) (bool, error) {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 4096), 64<<10)
	for s.Scan() {
		line := s.Text()
		if !strings.HasSuffix(line, " (deleted)") {
			continue
		}
		i := strings.IndexByte(line, '/')
		w := strings.Fields(line)
		if i < 0 || len(w) < 6 || !strings.Contains(w[1], "x") {
			continue
		}
		path := line[i:]
		if strings.HasPrefix(path, "/usr/") || strings.HasPrefix(path, "/lib") || strings.HasPrefix(path, "/sbin/") {
			return true, nil
		}
	}
	return false, s.Err()
}
