package osrelease

import (
	"context"
	"io"
	"path"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(_ context.Context, h *host.Host) (inventory.OS, []string, []string, error) {
	row := inventory.OS{Family: "linux", Name: "Linux"}
	var asked, faults []string
	if x, ok := osRelease(h); ok {
		asked = append(asked, "os_release")
		row.Distribution, row.Release, row.Build = x.ID, x.codename(), x.BuildID
		if row.Build == "" {
			row.Build = x.ImageVersion
		}
		if x.Name != "" {
			row.Name = x.Name
		}
		row.Edition = x.Variant
		if x.VariantID != "" {
			server := strings.Contains(x.VariantID, "server")
			row.Server = &server
		}
		row.Version = x.version(pointRelease(h, x.ID))
	} else {
		faults = append(faults, "there is no os-release file, so the distribution is not known")
	}
	row.Kernel, row.KernelBuild = h.Line("/proc/sys/kernel/osrelease"), h.Line("/proc/sys/kernel/version")
	if row.Kernel != "" {
		asked = append(asked, "kernel")
	}
	row.Arch, row.MachineArch = arches(h)
	names(h, &row)
	zone(h, &row)
	row.InstalledAt = installed(h)
	row.BootMode, row.InitSystem, row.Container = bootMode(h, row.Arch), initSystem(h), containerKind(h)
	for _, dir := range []string{"/usr/share/wayland-sessions", "/usr/share/xsessions"} {
		var files []string
		for _, p := range h.Glob(dir + "/*.desktop") {
			files = append(files, path.Base(p))
		}
		if row.Desktop == "" {
			row.Desktop = desktop(files)
		}
	}
	row.Locale = locale(h)
	return row, asked, faults, nil
}

func osRelease(h *host.Host) (release, bool) {
	for _, p := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		f, err := h.Open(p)
		if err != nil {
			continue
		}
		x := parseRelease(f)
		f.Close()
		if x.ID != "" || x.Name != "" {
			return x, true
		}
	}
	return release{}, false
}

// pointRelease is what the distribution keeps beside os-release.
func pointRelease(h *host.Host, id string) string {
	switch id {
	case "debian", "raspbian":
		return h.Line("/etc/debian_version")
	case "alpine":
		return h.Line("/etc/alpine-release")
	case "centos", "rocky", "almalinux":
		line := h.Line("/etc/redhat-release") // CentOS Linux release 7.9.2009 (Core)
		if _, after, ok := strings.Cut(line, " release "); ok {
			return after
		}
	}
	return ""
}

// arches are those of the system and, where it differs, of the kernel.
func arches(h *host.Host) (system, machine string) {
	kernel := goArch(h.Line("/proc/sys/kernel/arch")) // since Linux 6.1
	if kernel == "" && h.Root == "/" {
		var u unix.Utsname
		if unix.Uname(&u) == nil {
			kernel = goArch(unix.ByteSliceToString(u.Machine[:]))
		}
	}
	if kernel == "" {
		kernel = runtime.GOARCH
	}
	for _, p := range []string{"/bin/sh", "/sbin/init"} {
		f, err := h.Open(p)
		if err != nil {
			continue
		}
		b := make([]byte, 20)
		_, err = io.ReadFull(f, b)
		f.Close()
		if a := elfArch(b); err == nil && a != "" && a != "other" {
			system = a
			break
		}
	}
	switch system {
	case "", kernel:
		return kernel, ""
	}
	return system, kernel
}

// names are what the host calls itself. The full name is the host's own if it
// has a domain, else what /etc/hosts says, else the short name with the domain
// that the resolver adds: no question to the network.
func names(h *host.Host, row *inventory.OS) {
	name := h.Line("/proc/sys/kernel/hostname")
	if name == "" {
		name = h.Line("/etc/hostname")
	}
	row.HostName, _, _ = strings.Cut(name, ".")
	if row.HostName != name {
		row.FQDN = strings.TrimSuffix(name, ".")
	}
	if row.FQDN == "" && name != "" && name != "localhost" {
		if f, err := h.Open("/etc/hosts"); err == nil {
			row.FQDN = hostNames(f, name)
			f.Close()
		}
		if f, err := h.Open("/etc/resolv.conf"); err == nil {
			if d := searchDomain(f); d != "" && row.FQDN == "" {
				row.FQDN = name + "." + d
			}
			f.Close()
		}
	}
	row.MachineID = machineID(h)
}

// machineID is machine-id(5); the file says uninitialized before the first
// start is over.
func machineID(h *host.Host) string {
	for _, p := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		if id := h.Line(p); len(id) == 32 && strings.Trim(id, "0123456789abcdef") == "" {
			return id
		}
	}
	return ""
}

func zone(h *host.Host, row *inventory.OS) {
	if target, err := h.Readlink("/etc/localtime"); err == nil {
		row.TimeZone = zoneName(target)
	}
	if row.TimeZone == "" {
		row.TimeZone = h.Line("/etc/timezone")
	}
	b, err := h.ReadFile("/etc/localtime")
	if err != nil {
		if row.TimeZone != "" {
			return // a zone whose data is not there: the offset is not known
		}
		row.TimeZone = "UTC" // without /etc/localtime the time is UTC
		offset := int64(0)
		row.UTCOffset = &offset
		return
	}
	if loc, err := time.LoadLocationFromTZData(row.TimeZone, b); err == nil {
		_, seconds := h.Now().In(loc).Zone()
		offset := int64(seconds)
		row.UTCOffset = &offset
	}
}

// installed is the oldest of what an installation leaves behind: the
// installer's log, the answers it kept, the machine's id that the first start
// wrote, the folder mkfs made. Upgrades touch none of them. A machine made
// from an image keeps the image's folder, so its id, newly made at the first
// start, may be younger than what is told.
func installed(h *host.Host) time.Time {
	var times []time.Time
	for _, p := range []string{"/var/log/installer", "/root/anaconda-ks.cfg", "/var/log/anaconda", "/etc/machine-id", "/lost+found"} {
		if fi, err := h.Stat(p); err == nil {
			times = append(times, fi.ModTime())
		}
	}
	return oldest(h.Now(), times...)
}

func bootMode(h *host.Host, arch string) string {
	switch {
	case h.Exists("/sys/firmware/efi"):
		return "uefi"
	case h.Exists("/proc/device-tree/compatible"):
		return "device_tree"
	case (arch == "amd64" || arch == "386") && (h.Exists("/sys/firmware/dmi") || h.Exists("/sys/class/dmi/id")):
		return "bios"
	case h.Exists("/sys/firmware/acpi"):
		return "other" // the hypervisor loaded the kernel itself
	}
	return ""
}

func initSystem(h *host.Host) string {
	switch {
	case h.Exists("/run/systemd/system"):
		return "systemd"
	case h.Exists("/run/openrc"):
		return "openrc"
	case h.Exists("/run/runit") || h.Line("/proc/1/comm") == "runit":
		return "runit"
	case h.Exists("/run/s6") || h.Line("/proc/1/comm") == "s6-svscan":
		return "s6"
	case h.Exists("/etc/inittab") && h.Line("/proc/1/comm") == "init":
		return "sysvinit"
	}
	return "other"
}

func containerKind(h *host.Host) string {
	switch kind := h.Line("/run/systemd/container"); {
	case kind != "":
		return kind
	case h.Exists("/.dockerenv"):
		return "docker"
	case h.Exists("/run/.containerenv"):
		return "podman"
	}
	return ""
}

func locale(h *host.Host) string {
	for _, p := range []string{"/etc/locale.conf", "/etc/default/locale"} {
		f, err := h.Open(p)
		if err != nil {
			continue
		}
		b, err := io.ReadAll(io.LimitReader(f, 4096))
		f.Close()
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			if v, ok := strings.CutPrefix(strings.TrimSpace(line), "LANG="); ok {
				return unquote(v)
			}
		}
	}
	return ""
}
