package watch

import (
	"context"
	"path"
	"strings"

	"muster/internal/event"
	"muster/internal/event/linux"
)

// place finds the drive behind the name that a line used, and what it is. It
// says whether the event is one of a drive that counts.
func (w *Watch) place(ctx context.Context, e *linux.Event) bool {
	if e.Disk == "" {
		return true
	}
	raw := e.Disk
	disk := w.drive(raw)
	if strings.HasPrefix(disk, "sr") {
		return false // an optical drive on a port: the disc decides
	}
	if e.Attributes == nil {
		e.Attributes = map[string]string{}
	}
	k, _ := event.Lookup(e.Kind)
	put := func(name, value string) {
		if _, ok := k.Attribute(name); ok && value != "" {
			e.Attributes[name] = value
		}
	}
	e.Disk = disk
	put("disk", disk)
	if w.Serial != nil && !e.Part {
		put("serial", w.Serial(ctx, disk))
	}
	if r := w.Host.Line("/sys/block/" + disk + "/removable"); r == "0" || r == "1" {
		usb := false
		if to, err := w.Host.Readlink("/sys/block/" + disk); err == nil {
			usb = strings.Contains(to, "/usb")
		}
		if r == "1" || usb {
			put("removable", "true")
		} else {
			put("removable", "false")
		}
	}
	if e.Kind == event.FSError {
		mount, system := w.mounted(raw)
		if mount != "" {
			e.Attributes["volume"] = mount
			if system {
				put("system", "true")
			}
		}
	}
	return true
}

// drive is the whole drive behind a name of the kernel: itself, the one a
// partition is on, the only one under a mapped device, or the one at a port.
// What cannot be found stays as it is.
func (w *Watch) drive(name string) string {
	h := w.Host
	if n, ok := strings.CutPrefix(name, "ata"); ok {
		return w.atPort("ata"+strings.SplitN(n, ".", 2)[0], name)
	}
	if strings.HasPrefix(name, "nvme") && !strings.Contains(name[4:], "n") {
		if l, err := h.ReadDir("/sys/class/nvme/" + name); err == nil {
			for _, e := range l {
				if strings.HasPrefix(e.Name(), name+"n") {
					return e.Name()
				}
			}
		}
		return name + "n1"
	}
	for range 4 { // a volume on encryption on a partition on a drive
		if l, err := h.ReadDir("/sys/class/block/" + name + "/slaves"); err == nil && len(l) == 1 {
			name = l[0].Name()
			continue
		}
		if !h.Exists("/sys/class/block/" + name + "/partition") {
			break
		}
		to, err := h.Readlink("/sys/class/block/" + name)
		if err != nil {
			break
		}
		name = path.Base(path.Dir(to))
	}
	return name
}

// atPort finds the drive at a port of the ATA driver: its path holds the port.
func (w *Watch) atPort(port, otherwise string) string {
	list, err := w.Host.ReadDir("/sys/block")
	if err != nil {
		return otherwise
	}
	for _, e := range list[:min(len(list), 256)] {
		to, err := w.Host.Readlink("/sys/block/" + e.Name())
		if err == nil && strings.Contains(to, "/"+port+"/") {
			return e.Name()
		}
	}
	return otherwise
}

// mounted finds where a device is mounted, and whether the system lies there.
func (w *Watch) mounted(device string) (mount string, system bool) {
	want := w.Host.Line("/sys/class/block/" + device + "/dev") // 8:1
	if want == "" {
		return "", false
	}
	b, err := w.Host.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", false
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 5 || f[2] != want || !strings.HasPrefix(f[4], "/") {
			continue
		}
		if f[4] == "/" {
			return "/", true
		}
		if mount == "" || len(f[4]) < len(mount) {
			mount = strings.ReplaceAll(f[4], `\040`, " ")
		}
	}
	return mount, false
}
