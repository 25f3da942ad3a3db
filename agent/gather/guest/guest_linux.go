package guest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"muster/agent/gather/home"
	"muster/agent/host"
	"muster/internal/inventory"
)

// guests gathers rows of one reading.
type guests struct {
	host   *host.Host
	rows   []inventory.VirtualMachine
	faults []string
}

func (g *guests) add(r inventory.VirtualMachine) {
	if len(g.rows) < maxGuests {
		g.rows = append(g.rows, r)
	}
}

func (g *guests) fault(source string, err error) {
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, fs.ErrPermission):
		g.faults = append(g.faults, fmt.Sprintf("guests of %s can be seen by root only", source))
	default:
		g.faults = append(g.faults, fmt.Sprintf("%s: %v", source, err))
	}
}

func read(ctx context.Context, h *host.Host) ([]inventory.VirtualMachine, []string, []string, error) {
	g := &guests{host: h}
	g.libvirt()
	g.proxmox()
	people, err := home.People(h)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		g.faults = append(g.faults, err.Error())
	}
	for _, one := range people {
		if ctx.Err() != nil {
			return nil, nil, nil, ctx.Err()
		}
		g.person(one)
	}
	return g.rows, []string{"libvirt", "proxmox", "virtualbox"}, g.faults, nil
}

// alive says whether the process lives whose number a file holds.
func (g *guests) alive(pidfile string) bool {
	pid := g.host.Line(pidfile)
	if _, err := strconv.ParseUint(pid, 10, 32); err != nil {
		return false
	}
	return g.host.Exists("/proc/" + pid + "/comm")
}

// libvirt reads the machine's own guests. Those that run have a status beside
// their definition, which is read instead; guests that were never defined for
// good have only that.
func (g *guests) libvirt() {
	const defs, run = "/etc/libvirt/qemu", "/run/libvirt/qemu"
	leases := g.leases()
	seen := map[string]bool{}
	one := func(name string, live bool) {
		f, err := g.host.Open(name)
		if err != nil {
			g.fault("libvirt", err)
			return
		}
		d, state, ok := parseDomain(f)
		f.Close()
		if !ok || seen[d.Name] {
			if !ok {
				g.faults = append(g.faults, "libvirt: a definition is not understood")
			}
			return
		}
		seen[d.Name] = true
		d.State = "stopped"
		switch {
		case live && g.alive(run+"/"+d.Name+".pid"):
			if d.State = stateOf(state); d.State == "unknown" {
				d.State = "running"
			}
		case g.host.Exists("/var/lib/libvirt/qemu/save/" + d.Name + ".save"):
			d.State = "saved"
		}
		starts := g.host.Exists(defs + "/autostart/" + d.Name + ".xml")
		d.AutoStart = &starts
		if list, err := g.host.ReadDir("/var/lib/libvirt/qemu/snapshot/" + d.Name); err == nil || errors.Is(err, fs.ErrNotExist) {
			n := int64(len(list))
			d.Snapshots = &n
		}
		for _, image := range d.Images {
			d.DiskBytes += g.size(image)
		}
		for _, l := range leases {
			if slices.Contains(d.Macs, l.MAC) {
				d.Addresses = append(d.Addresses, l.Address)
				if l.Name != "" {
					d.GuestHost = l.Name
				}
			}
		}
		g.add(d.VirtualMachine)
	}
	for _, place := range []struct {
		dir  string
		live bool
	}{{run, true}, {defs, false}} {
		list, err := g.host.ReadDir(place.dir)
		g.fault("libvirt", err)
		for _, e := range list[:min(len(list), maxGuests)] {
			if strings.HasSuffix(e.Name(), ".xml") && e.Type().IsRegular() {
				one(place.dir+"/"+e.Name(), place.live)
			}
		}
	}
}

// size is that of the drive in an image: what a head of QEMU's says, or the
// file's own.
func (g *guests) size(image string) int64 {
	fi, err := g.host.Stat(image)
	if err != nil || !fi.Mode().IsRegular() {
		return 0
	}
	f, err := g.host.Open(image)
	if err != nil {
		return 0
	}
	defer f.Close()
	b := make([]byte, 32)
	if _, err := io.ReadFull(f, b); err != nil {
		return fi.Size()
	}
	if n := qcowSize(b); n > 0 {
		return n
	}
	return fi.Size()
}

func (g *guests) leases() []lease {
	var all []lease
	for _, p := range g.host.Glob("/var/lib/libvirt/dnsmasq/*.status") {
		if f, err := g.host.Open(p); err == nil {
			all = append(all, parseLeases(f)...)
			f.Close()
		}
	}
	return all
}

func (g *guests) proxmox() {
	const dir = "/etc/pve/qemu-server"
	list, err := g.host.ReadDir(dir)
	g.fault("proxmox", err)
	for _, e := range list[:min(len(list), maxGuests)] {
		number, ok := strings.CutSuffix(e.Name(), ".conf")
		if !ok {
			continue
		}
		f, err := g.host.Open(dir + "/" + e.Name())
		if err != nil {
			g.fault("proxmox", err)
			continue
		}
		d, ok := parseProxmox(f)
		f.Close()
		if !ok {
			d.Name = number
		}
		if d.State = "stopped"; g.alive("/run/qemu-server/" + number + ".pid") {
			d.State = "running"
		}
		g.add(d.VirtualMachine)
	}
}

// person reads guests that one person runs: of libvirt's session, and of
// VirtualBox.
func (g *guests) person(one home.Home) {
	w, err := g.host.Within(one.Dir)
	if err != nil {
		return // other sections say that a home cannot be read
	}
	defer w.Close()
	take := func(name string, parse func(io.Reader) (defined, bool)) {
		f, err := w.Open(name)
		if err != nil {
			return
		}
		defer f.Close()
		if d, ok := parse(f); ok {
			d.UserName = one.User
			g.add(d.VirtualMachine)
		}
	}
	list, _ := w.ReadDir(".config/libvirt/qemu", maxGuests)
	for _, e := range list {
		if strings.HasSuffix(e.Name(), ".xml") {
			take(".config/libvirt/qemu/"+e.Name(), func(r io.Reader) (defined, bool) {
				d, _, ok := parseDomain(r)
				if d.State = "stopped"; one.UID >= 0 && g.alive(fmt.Sprintf("/run/user/%d/libvirt/qemu/run/%s.pid", one.UID, d.Name)) {
					d.State = "running"
				}
				return d, ok
			})
		}
	}
	list, _ = w.ReadDir("VirtualBox VMs", maxGuests)
	for _, e := range list {
		dir := "VirtualBox VMs/" + e.Name()
		files, _ := w.ReadDir(dir, 50)
		for _, f := range files {
			if path.Ext(f.Name()) == ".vbox" {
				take(dir+"/"+f.Name(), parseVBox)
			}
		}
	}
}
