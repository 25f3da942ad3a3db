package raid

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"muster/agent/gather/block"
	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]array, []string, error) {
	list, err := h.ReadDir("/sys/block")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("sysfs is not mounted here, so arrays are not known: %w", errors.ErrUnsupported)
	}
	if err != nil {
		return nil, nil, err
	}
	var all []array
	for _, e := range list {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if len(all) == maxArrays {
			break
		}
		switch name := e.Name(); {
		case strings.HasPrefix(name, "md") && h.Exists("/sys/block/"+name+"/md"):
			if a, ok := md(h, name); ok {
				all = append(all, a)
			}
		case block.IsDrive(h, name):
			if d := block.ReadDrive(h, name); d.Bus == "raid" && !d.ATA || h.Exists("/sys/class/raid_devices/"+d.Where.Address) && d.Where.Address != "" {
				all = append(all, hardware(h, d))
			}
		}
	}
	asked := []string{"sysfs"}
	all = append(all, btrfs(h)...)
	if pools := h.Glob("/proc/spl/kstat/zfs/*/state"); len(pools) > 0 {
		asked = append(asked, "zfs")
		for _, p := range pools[:min(len(pools), maxArrays)] {
			said := h.Line(p)
			all = append(all, array{row: inventory.RaidArray{Name: path.Base(path.Dir(p)), Kind: "zfs", State: poolState(said), StateText: said}})
		}
	}
	return all[:min(len(all), maxArrays)], asked, nil
}

// md reads an array of the kernel's own.
func md(h *host.Host, name string) (array, bool) {
	at := "/sys/block/" + name
	line := func(f string) string { return h.Line(at + "/md/" + f) }
	level := line("level")
	if level == "container" || line("metadata_version") == "external:imsm" || line("metadata_version") == "external:ddf" {
		return array{}, false // it holds the drives of arrays that stand beside it
	}
	a := array{row: inventory.RaidArray{Name: name, Kind: "md", Level: level, SizeBytes: block.Number(h.Line(at+"/size")) * 512, UUID: line("uuid")}}
	r := &a.row
	block.Udev(h, "b"+h.Line(at+"/dev"), func(key, value string) {
		switch {
		case key == "MD_UUID" && r.UUID == "":
			r.UUID = value
		case key == "MD_LEVEL" && r.Level == "":
			r.Level = value
		}
	})
	made := block.Number(line("raid_disks"))
	missing, action := block.Number(line("degraded")), line("sync_action")
	r.StateText = strings.TrimSuffix(line("array_state")+" "+action, " ")
	r.State = stateOf(line("array_state"), action, missing)
	r.SyncPercent = progress(line("sync_completed"))
	if n, err := strconv.ParseInt(line("mismatch_cnt"), 10, 62); err == nil && n >= 0 {
		r.Mismatches = &n
	}
	var active, failed, spares int64
	held := map[int64]bool{}
	list, err := h.ReadDir(at + "/md")
	if err != nil {
		return a, true
	}
	for _, e := range list {
		dev, ok := strings.CutPrefix(e.Name(), "dev-")
		if !ok || len(a.members) == maxMembers {
			continue
		}
		m := inventory.RaidMember{Array: name, Member: dev, Serial: serial(h, dev)}
		slot, err := strconv.ParseInt(line(e.Name()+"/slot"), 10, 32)
		placed := err == nil && slot >= 0
		if placed {
			m.Slot = &slot
			held[slot] = true
		}
		m.State = memberState(line(e.Name()+"/state"), placed)
		if n, err := strconv.ParseInt(line(e.Name()+"/errors"), 10, 62); err == nil && n >= 0 {
			m.Errors = &n
		}
		switch m.State {
		case "ok":
			active++
		case "failed":
			failed++
		case "spare":
			spares++
		}
		a.members = append(a.members, m)
	}
	if made > 0 && made <= maxMembers {
		r.Members, r.Active, r.Failed, r.Spares = &made, &active, &failed, &spares
		// A drive that has failed and was taken out leaves an empty place.
		for slot := range made {
			if !held[slot] && r.State != "inactive" {
				a.members = append(a.members, inventory.RaidMember{Array: name, Member: "slot " + strconv.FormatInt(slot, 10), Slot: &slot, State: "missing"})
			}
		}
	}
	return a, true
}

// serial is that of the drive below a device, when there is one.
func serial(h *host.Host, name string) string {
	dev := h.Line("/sys/class/block/" + name + "/dev")
	if dev == "" {
		return ""
	}
	if drives := block.Below(h, block.Dev(dev)); len(drives) == 1 {
		return block.ReadDrive(h, drives[0]).Serial
	}
	return ""
}

// hardware is a volume of a RAID controller. Where the controller's driver
// tells the kernel of its state, that is told.
func hardware(h *host.Host, d block.Drive) array {
	a := array{row: inventory.RaidArray{Name: d.Name, Kind: "hardware", Controller: d.Driver, SizeBytes: d.SizeBytes, State: "unknown",
		Level:     h.Line("/sys/block/" + d.Name + "/device/raid_level"), // drivers hpsa and smartpqi
		StateText: "cannot see behind the controller: its maker's tool shows drives and state"}}
	if d.Where.Address != "" {
		at := "/sys/class/raid_devices/" + d.Where.Address
		if said := h.Line(at + "/state"); said != "" {
			a.row.State, a.row.StateText = volumeState(said), said
			if level := h.Line(at + "/level"); level != "" {
				a.row.Level = level
			}
		}
	}
	return a
}

// btrfs reads file systems that span several devices
// (fs/btrfs/sysfs.c).
func btrfs(h *host.Host) []array {
	var all []array
	for _, at := range h.Glob("/sys/fs/btrfs/*-*-*-*-*") {
		devices, err := h.ReadDir(at + "/devices")
		infos := h.Glob(at + "/devinfo/*")
		if err != nil || len(devices) < 2 && len(infos) < 2 || len(infos) > maxMembers || len(devices) > maxMembers || len(all) == maxArrays {
			continue
		}
		r := inventory.RaidArray{Name: h.Line(at + "/label"), Kind: "btrfs", State: "ok", UUID: path.Base(at), StateText: h.Line(at + "/exclusive_operation")}
		if r.Name == "" {
			r.Name = r.UUID
		}
		if list, err := h.ReadDir(at + "/allocation/data"); err == nil {
			for _, e := range list {
				if e.IsDir() { // one folder a profile
					r.Level = e.Name()
				}
			}
		}
		a := array{}
		var bad, missing int64
		for _, i := range infos {
			// Several lines.
			if b, err := h.ReadFile(i + "/error_stats"); err == nil && len(b) < 4096 {
				bad += corrupted(string(b))
			}
			if h.Line(i+"/missing") == "1" {
				missing++
				a.members = append(a.members, inventory.RaidMember{Array: r.Name, Member: "device " + path.Base(i), State: "missing"})
			}
		}
		for _, e := range devices {
			a.members = append(a.members, inventory.RaidMember{Array: r.Name, Member: e.Name(), State: "ok", Serial: serial(h, e.Name())})
			r.SizeBytes += block.Number(h.Line("/sys/class/block/"+e.Name()+"/size")) * 512
		}
		if slices.Contains([]string{"raid1", "raid10", "dup"}, r.Level) {
			r.SizeBytes /= 2
		}
		switch {
		case missing > 0:
			r.State = "degraded"
		case strings.Contains(r.StateText, "replace"):
			r.State = "rebuilding"
		}
		r.Members, r.Active, r.Mismatches = new(int64(len(devices))+missing), new(int64(len(devices))), &bad
		a.row = r
		all = append(all, a)
	}
	return all
}
