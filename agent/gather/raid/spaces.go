package raid

import (
	"errors"
	"strings"

	"muster/agent/gather/wmi"
	"muster/internal/inventory"
)

// fromWMI reads the storage spaces of Windows. Volumes of RAID controllers it
// does not know: to it they are drives.
func fromWMI(ask func(wmi.Question) ([]wmi.Row, error)) ([]array, []string, error) {
	list, err := ask(wmi.Spaces())
	if err != nil {
		return nil, nil, err
	}
	var all []array
	for _, l := range list {
		if a, ok := spaceOf(l); ok && len(all) < maxArrays {
			all = append(all, a)
		}
	}
	pools, err := ask(wmi.Pools())
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return nil, nil, err
	}
	members, err := membersOf(ask)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range pools {
		// What no pool has is one too, by its own name.
		if f := p.Flag("IsPrimordial"); f != nil && *f {
			continue
		}
		a, ok := spaceOf(p)
		if !ok || len(all) >= maxArrays {
			continue
		}
		size, ok1 := p.Number("Size")
		used, ok2 := p.Number("AllocatedSize")
		if ok1 && ok2 && used >= 0 && used <= size {
			a.row.FreeBytes = new(size - used)
		}
		a.members = members[p.Text("ObjectId")]
		for i := range a.members {
			a.members[i].Array = a.row.Name
		}
		if len(a.members) > 0 {
			count(&a)
		}
		all = append(all, a)
	}
	return all, []string{"storage_spaces"}, nil
}

// spaceOf reads MSFT_VirtualDisk or MSFT_StoragePool (Microsoft, "Windows
// Storage Management API").
func spaceOf(l wmi.Row) (array, bool) {
	r := inventory.RaidArray{Name: l.Text("FriendlyName"), Kind: "storage_spaces", Level: strings.ToLower(l.Text("ResiliencySettingName")), State: "unknown", UUID: l.Text("UniqueId")}
	if r.Name == "" {
		return array{}, false
	}
	if n, ok := l.Number("Size"); ok && n >= 0 {
		r.SizeBytes = n
	}
	if n, ok := l.Number("HealthStatus"); ok {
		switch n {
		case 0:
			r.State = "ok"
		case 1:
			r.State = "degraded"
		case 2:
			r.State = "failed"
		}
	}
	var words []string
	for _, n := range l.Numbers("OperationalStatus") {
		switch n {
		case 2:
			words = append(words, "OK")
		case 3:
			words = append(words, "Degraded")
		case 11:
			words = append(words, "In service")
			if r.State != "failed" {
				r.State = "rebuilding" // repair or regeneration runs
			}
		case 0xd002:
			words = append(words, "Scrubbing")
			if r.State == "ok" {
				r.State = "checking"
			}
		case 0xd003:
			words = append(words, "Detached")
			if r.State != "failed" {
				r.State = "inactive"
			}
		case 0xd004:
			words = append(words, "Incomplete")
		case 0xd005:
			words = append(words, "No redundancy")
		}
	}
	r.StateText = strings.Join(words, ", ")
	return array{row: r}, true
}

// count fills in how many drives a pool has, and how they do.
func count(a *array) {
	var active, failed, spare int64
	for _, m := range a.members {
		switch m.State {
		case "spare":
			spare++
		case "failed", "missing":
			failed++
		case "removed": // somebody retired it
		default:
			active++
		}
	}
	a.row.Members, a.row.Active, a.row.Failed, a.row.Spares = new(int64(len(a.members))), &active, &failed, &spare
}

// membersOf reads the drives of pools, by the object ids of those.
func membersOf(ask func(wmi.Question) ([]wmi.Row, error)) (map[string][]inventory.RaidMember, error) {
	drives, err := ask(wmi.Drives())
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	byID := map[string]wmi.Row{}
	for _, d := range drives {
		if id := d.Text("ObjectId"); id != "" {
			byID[id] = d
		}
	}
	links, err := ask(wmi.PoolDrives())
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return nil, err
	}
	out := map[string][]inventory.RaidMember{}
	for _, l := range links {
		pool, id := objectID(l.Text("StoragePool")), objectID(l.Text("PhysicalDisk"))
		if d, ok := byID[id]; ok && pool != "" && len(out[pool]) < maxMembers {
			out[pool] = append(out[pool], memberOf(d))
		}
	}
	return out, nil
}

// objectID is the key in the path of an object of WMI:
// \\PC\ROOT\…:SPACES_StoragePool.ObjectId="{1}\\PC\\root…". In the quotes
// backslashes and quotes are guarded by a backslash.
func objectID(path string) string {
	_, rest, ok := strings.Cut(path, `.ObjectId="`)
	if !ok {
		return ""
	}
	var b strings.Builder
	for i := 0; i < len(rest); i++ {
		switch {
		case rest[i] == '"':
			return b.String()
		case rest[i] == '\\' && i+1 < len(rest):
			i++
		}
		b.WriteByte(rest[i])
	}
	return ""
}

// memberOf reads MSFT_PhysicalDisk (Microsoft, "Windows Storage Management
// API").
func memberOf(d wmi.Row) inventory.RaidMember {
	m := inventory.RaidMember{Member: d.Text("FriendlyName"), Serial: d.Text("SerialNumber"), State: "unknown"}
	if n := d.Text("DeviceId"); n != "" {
		m.Member = "PhysicalDrive" + n
	}
	if m.Member == "" {
		m.Member = m.Serial
	}
	const known = 1 << 15
	if n, ok := d.Number("SlotNumber"); ok && n >= 0 && n < known {
		m.Slot = &n
	}
	const hotSpare, retired = 3, 4 // Usage
	usage, _ := d.Number("Usage")
	health, told := d.Number("HealthStatus")
	switch {
	case told && health == 2:
		m.State = "failed"
	case usage == retired:
		m.State = "removed"
	case usage == hotSpare:
		m.State = "spare"
	case told && health <= 1:
		m.State = "ok"
	}
	for _, n := range d.Numbers("OperationalStatus") {
		switch n {
		case 6, 0xd007: // error, failed media
			m.State = "failed"
		case 13: // lost communication
			m.State = "missing"
		case 11: // in service
			if m.State == "ok" {
				m.State = "rebuilding"
			}
		}
	}
	return m
}
