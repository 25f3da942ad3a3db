package block

import (
	"path"
	"strconv"
	"strings"

	"muster/agent/host"
)

// Places finds drives by what the kernel's log calls them. Numbers of drives
// move from start to start, so whoever keeps a line has to look up at once
// which serial number it speaks of.
type Places struct {
	drives map[string]Drive  // by name
	other  map[string]string // name of a drive by partition, port, address
}

// ReadPlaces reads which drives there are now. It reads sysfs and udev only.
func ReadPlaces(h *host.Host) Places {
	p := Places{drives: map[string]Drive{}, other: map[string]string{}}
	names, err := Drives(h)
	if err != nil {
		return p
	}
	for _, name := range names[:min(len(names), maxPlaces)] {
		p.add(h, ReadDrive(h, name))
	}
	return p
}

// maxPlaces bounds how many drives are looked at.
const maxPlaces = 1024

func (p *Places) add(h *host.Host, d Drive) {
	p.drives[d.Name] = d
	target, _ := h.Readlink("/sys/block/" + d.Name)
	for w := range strings.SplitSeq(target, "/") {
		switch {
		case isPCI(w):
			if d.Bus == "nvme" {
				p.other[w] = d.Name
			}
		case strings.Count(w, ":") == 3 && len(digits(w)) > 0:
			p.other[w] = d.Name // host:channel:target:lun
			if d.Where.ATA != "" {
				p.port(path.Base(d.Where.ATA), w, d.Name)
			}
		case strings.HasPrefix(w, "nvme") && len(digits(w[4:])) > 0 && len(digits(w[4:])) == len(w)-4:
			p.other[w] = d.Name // the controller
		case strings.HasPrefix(w, "mmc") && strings.Contains(w, ":"):
			p.other[w] = d.Name
			host, _, _ := strings.Cut(w, ":")
			p.other[host] = d.Name // a host of MMC has one card
		}
	}
	if d.Bus == "nvme" {
		if d.Where.PCI != "" {
			p.other[path.Base(d.Where.PCI)] = d.Name
		}
		// The controllers of a drive with several paths.
		if list, err := h.ReadDir("/sys/block/" + d.Name + "/device"); err == nil {
			for _, e := range list {
				w := e.Name()
				if strings.HasPrefix(w, "nvme") && len(w) > 4 && len(digits(w[4:])) == len(w)-4 {
					p.other[w] = d.Name
				}
			}
		}
	}
}

// port names a drive as libata does: ata3.00 is the drive at link 0 of port 3,
// where the link is SCSI's target on old ports with two drives and the channel
// behind a port multiplier (drivers/ata/libata-scsi.c).
func (p *Places) port(port, address, name string) {
	f := strings.Split(address, ":")
	channel, err1 := strconv.Atoi(f[1])
	target, err2 := strconv.Atoi(f[2])
	if err1 != nil || err2 != nil || channel < 0 || target < 0 || channel+target > 99 {
		return
	}
	n := channel + target
	p.other[port+"."+strconv.Itoa(n/10)+strconv.Itoa(n%10)] = name
	if _, twice := p.other[port]; twice {
		p.other[port] = "" // several hang on it: the port alone names none
		return
	}
	p.other[port] = name
}

// Find gives the drive that a word of the kernel's log names: sda, sda2,
// nvme0, nvme0n1p2, mmcblk0p1, ata3, ata3.00, 2:0:0:0, the PCI address of an
// NVMe drive, or /dev/ before a name; an end such as a colon is forgiven.
func (p Places) Find(word string) (Drive, bool) {
	word = strings.Trim(strings.TrimPrefix(word, "/dev/"), "[]():,")
	if len(word) > 64 {
		return Drive{}, false
	}
	for _, w := range []string{word, p.other[word], whole(word), p.other[whole(word)]} {
		if d, ok := p.drives[w]; ok && w != "" {
			return d, true
		}
	}
	return Drive{}, false
}

// whole takes the number of the partition off a name: sda2, nvme0n1p2,
// mmcblk0p1.
func whole(name string) string {
	short := strings.TrimRight(name, "0123456789")
	if short == name || short == "" {
		return name
	}
	if base, ok := strings.CutSuffix(short, "p"); ok && len(base) > 0 && base[len(base)-1] >= '0' && base[len(base)-1] <= '9' {
		return base
	}
	switch {
	case strings.HasPrefix(name, "sd"), strings.HasPrefix(name, "hd"), strings.HasPrefix(name, "vd"), strings.HasPrefix(name, "xvd"):
		return short
	}
	return name
}
