package sqlstore

import (
	"context"
	"fmt"
	"time"

	"muster/collector/store"
)

// migration is one step of a fixed schema.
type migration struct {
	note string
	sql  string
}

// migrate brings the fixed tables to the newest schema: all in one
// transaction, so that a crash leaves the old one.
func (d *database) migrate(ctx context.Context, steps []migration, now time.Time) error {
	return d.write(ctx, func(t *tx) error {
		if err := t.once(`CREATE TABLE IF NOT EXISTS schema_version (
			version INTEGER PRIMARY KEY, note TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT`); err != nil {
			return fmt.Errorf("open %s: %w", d.path, err)
		}
		var have int
		if _, err := t.one("SELECT ifnull(max(version), 0) FROM schema_version", nil, &have); err != nil {
			return fmt.Errorf("open %s: %w", d.path, err)
		}
		if have > len(steps) {
			return fmt.Errorf("open %s: %w: it has schema %d, this program knows up to %d; start the newer muster again, or restore a backup made before it was installed",
				d.path, store.ErrFuture, have, len(steps))
		}
		for i := have; i < len(steps); i++ {
			if err := t.once(steps[i].sql); err != nil {
				return fmt.Errorf("migrate %s to schema %d (%s): %w", d.path, i+1, steps[i].note, err)
			}
			if err := t.do("INSERT INTO schema_version VALUES (?, ?, ?)", i+1, steps[i].note, now.UTC().Format(time.RFC3339)); err != nil {
				return err
			}
		}
		return nil
	})
}
