package sqlstore

import (
	"context"
	"fmt"

	"muster/collector/store"
)

// Alive answers nil while the file can be read and nothing has happened after
// which it must not be written.
func (x *Inventory) Alive(ctx context.Context) error { return x.d.alive(ctx) }

// Alive is as that of Inventory.
func (c *Control) Alive(ctx context.Context) error { return c.d.alive(ctx) }

func (d *database) alive(ctx context.Context) error {
	// Who has the turn is at work, which is a sign of life too.
	select {
	case <-d.turn:
		err := d.broken
		d.turn <- struct{}{}
		if err != nil {
			return err
		}
	default:
	}
	return d.read(ctx, func(v *view) error {
		var n int64
		_, err := v.one(ctx, "SELECT max(version) FROM schema_version", nil, &n)
		return err
	})
}

// Census counts devices by presence (hidden and retired ones apart: retired
// ones are "retired"), and incidents that are not resolved by severity,
// backlog and upkeep left out.
func (x *Inventory) Census(ctx context.Context) (devices map[store.Presence]int64, incidents map[string]int64, err error) {
	devices, incidents = map[store.Presence]int64{}, map[string]int64{}
	err = x.d.read(ctx, func(v *view) error {
		var name string
		var n int64
		if err := v.each(ctx, `SELECT CASE WHEN retired_at IS NULL THEN presence ELSE 'retired' END, count(*) FROM device_rows
			WHERE merged_into IS NULL GROUP BY 1`, nil, func(s scan) error {
			err := s(&name, &n)
			devices[store.Presence(name)] += n
			return err
		}); err != nil {
			return err
		}
		return v.each(ctx, `SELECT severity, count(*) FROM incident_rows WHERE (status = 'resolved') = (0 = 1) AND backlog = 0 AND hygiene = 0 GROUP BY severity`, nil, func(s scan) error {
			err := s(&name, &n)
			incidents[name] += n
			return err
		})
	})
	if err != nil {
		return nil, nil, fmt.Errorf("count devices and incidents: %w", err)
	}
	return devices, incidents, nil
}
