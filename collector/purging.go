package collector

import (
	"context"
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
	return slices.Concat(found, rest), nil
}
