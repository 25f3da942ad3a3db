package guest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"muster/agent/gather/hive"
	"muster/agent/gather/wmi"
	"muster/agent/host"
	"muster/internal/inventory"
)

// fromWindows reads the guests of Hyper-V, and the distributions that people
// have in the Windows Subsystem for Linux.
func fromWindows(_ context.Context, h *host.Host, ask func(wmi.Question) ([]wmi.Row, error)) (rows []inventory.VirtualMachine, asked, faults []string, err error) {
	rows = []inventory.VirtualMachine{}
	list, err := ask(wmi.Guests())
	switch {
	case err == nil:
		asked = append(asked, "hyperv")
	case !errors.Is(err, errors.ErrUnsupported): // Hyper-V is not installed
		faults = append(faults, err.Error())
	}
	for _, l := range list {
		if r, ok := hypervRow(l); ok && len(rows) < maxGuests {
			rows = append(rows, r)
		}
	}
	more, err := hive.Each(h, hive.Settings, func(p hive.Person, r *hive.Registry) error {
		const at = `Software\Microsoft\Windows\CurrentVersion\Lxss`
		k, err := r.Key(at, "no value")
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, id := range k.Subkeys[:min(len(k.Subkeys), maxParts)] {
			d, err := r.Key(at+`\`+id, "DistributionName", "Version", "State")
			if err != nil || d.Text("DistributionName") == "" || len(rows) >= maxGuests {
				continue
			}
			v := inventory.VirtualMachine{Hypervisor: "wsl", Name: d.Text("DistributionName"), UserName: p.User, UUID: strings.ToLower(strings.Trim(id, "{}")), State: "unknown"}
			if n, ok := d.Number("Version"); ok {
				v.Version = fmt.Sprintf("WSL %d", n)
			}
			rows = append(rows, v)
		}
		return nil
	})
	if err != nil {
		return nil, nil, nil, err
	}
	return rows, append(asked, "registry"), append(faults, more...), nil
}

// hypervRow reads Msvm_ComputerSystem (Microsoft, "Hyper-V WMI provider"). The
// host is one too; guests are named by a GUID.
func hypervRow(l wmi.Row) (inventory.VirtualMachine, bool) {
	id := l.Text("Name")
	if len(id) != 36 || strings.Count(id, "-") != 4 || l.Text("ElementName") == "" {
		return inventory.VirtualMachine{}, false
	}
	r := inventory.VirtualMachine{Hypervisor: "hyperv", Name: l.Text("ElementName"), UUID: strings.ToLower(id), State: "unknown"}
	if n, ok := l.Number("EnabledState"); ok {
		switch n {
		case 2:
			r.State = "running"
		case 3:
			r.State = "stopped"
		case 6, 32769:
			r.State = "saved"
		case 9, 32768:
			r.State = "paused"
		case 10, 32770, 32777:
			r.State = "starting"
		case 4, 32773, 32774, 32776:
			r.State = "stopping"
		}
	}
	return r, true
}
