package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
)

// Snapshot writes the database as it is now into a new file, while others read
// and write. The copy is made anew page by page, so it is as small as it can
// be, and fails where the file is damaged.
func (x *Inventory) Snapshot(ctx context.Context, path string) error { return x.d.snapshot(ctx, path) }

// Snapshot is as that of Inventory.
func (c *Control) Snapshot(ctx context.Context, path string) error { return c.d.snapshot(ctx, path) }

func (d *database) snapshot(ctx context.Context, path string) error {
	// A connection of its own: the others have all their work to do.
	db, err := sql.Open("sqlite", dsn(d.path, "_pragma=busy_timeout(10000)", "_pragma=trusted_schema(0)", "_pragma=temp_store(MEMORY)", "_pragma=cache_size(-4096)", "_dqs=0"))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return fmt.Errorf("copy %s: %w", d.path, explain(path, err))
	}
	return nil
}

// SchemaVersions are the newest migrations of both databases that this program
// knows, by the names of their files.
func SchemaVersions() map[string]int {
	return map[string]int{
		"inventory.db": len(inventoryMigrations()),
		"control.db":   len(controlMigrations()),
	}
}
