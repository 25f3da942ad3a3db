package volume

import (
	"muster/agent/host"
	"muster/internal/inventory"
)

// Mounted lists volumes that have a place in the tree of files, with nothing
// but where they are and whether they can be written.
func Mounted(*host.Host) ([]inventory.Volume, error) {
	list, err := stores()
	if err != nil {
		return nil, err
	}
	var rows []inventory.Volume
	for _, s := range list {
		if len(s.Mounts) == 0 {
			continue
		}
		r := s.row(system())
		rows = append(rows, inventory.Volume{Mount: r.Mount, Source: r.Source, Filesystem: r.Filesystem, ReadOnly: r.ReadOnly})
	}
	return rows, nil
}
