package volume

import (
	"muster/agent/gather/block"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Mounted lists the same volumes as Read, with nothing but where they are and
// how they are mounted: cheap enough for each minute.
func Mounted(h *host.Host) ([]inventory.Volume, error) {
	stores, err := block.Stores(h)
	if err != nil {
		return nil, err
	}
	var rows []inventory.Volume
	for _, m := range stores {
		_, readOnly := options(m)
		rows = append(rows, inventory.Volume{Mount: m.Point, Source: m.Source, Filesystem: filesystem(m.Filesystem), ReadOnly: &readOnly})
	}
	return rows, nil
}
