package collector

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"muster/collector/store"
)

// purging removes what both databases keep of a person.
type purging struct{ c *collector }

// Purge is the inventory's and then the control database's. What intake knows
// by heart of devices goes too: it would take what was removed for still there,
// and never ask for it again.
func (p purging) Purge(ctx context.Context, name string, dry bool) ([]store.Purged, error) {
	found, err := p.c.inventory.Purge(ctx, name, dry)
	if !dry {
		p.c.door.Forget()
	}
	if err != nil {
		return nil, err
	}
	rest, err := p.c.control.Purge(ctx, name, dry)
	if err != nil {
		return nil, err
	}
	found = slices.Concat(found, rest)
	if old := filepath.Join(migrationFolder, beforeFolder); there(filepath.Join(p.c.cfg.Data, old, inventoryFile)) {
		// What muster migrate put away is not opened again.
		found = append(found, store.Purged{Where: "files of before the move (" + old + ")", Action: "left", Count: 1})
	}
	return found, nil
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
