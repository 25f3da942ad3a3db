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
