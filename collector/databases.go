package collector

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"muster/collector/config"
	"muster/collector/store/sqlstore"
)

// databaseFile says of a data folder that its inventory is on a server, and
// how it is reached, for those who look at the folder without the settings.
const databaseFile = "database.json"

// settled refuses a folder whose inventory is kept otherwise than the settings
// say: an empty one would take its place and know no device. It notes where it
// is.
func settled(dir string, c config.Config) error {
	if err := unmoved(dir, c); err != nil {
		return err
	}
	note := filepath.Join(dir, databaseFile)
	if c.Stores.Inventory != "postgres" {
		if _, err := os.Stat(note); err == nil {
			return fmt.Errorf("the inventory of %s is in PostgreSQL (%s says where), and stores.inventory is sqlite: set it to postgres, or name another data folder", dir, note)
		}
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, "inventory.db")); err == nil {
		return fmt.Errorf("%s holds an inventory in SQLite, and stores.inventory is postgres: set it to sqlite, move it with muster migrate, or name another data folder", dir)
	}
	return noteDatabase(dir, c)
}

// noteDatabase writes down where the inventory is.
func noteDatabase(dir string, c config.Config) error {
	note, p := filepath.Join(dir, databaseFile), c.Postgres
	p.ReaderPasswordFile, p.PersonalPasswordFile = "", ""
	for _, path := range []*string{&p.PasswordFile, &p.CAFile} {
		if *path != "" {
			at, err := filepath.Abs(*path)
			if err != nil {
				return err
			}
			*path = at
		}
	}
	text, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(note, text, 0o600); err != nil {
		return fmt.Errorf("note where the inventory is: %w", err)
	}
	return nil
}

// databaseOf reads the note of a data folder; false when its inventory is a
// file.
func databaseOf(dir string) (p config.Postgres, onServer bool, _ error) {
	text, err := os.ReadFile(filepath.Join(dir, databaseFile))
	if errors.Is(err, fs.ErrNotExist) {
		return p, false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return p, true, fmt.Errorf("read where the inventory is: %w", err)
	}
	return p, true, nil
}

// openInventory opens the inventory that the settings name.
func openInventory(ctx context.Context, dir string, c config.Config, o sqlstore.Options) (*sqlstore.Inventory, error) {
	if err := settled(dir, c); err != nil {
		return nil, err
	}
	if c.Stores.Inventory != "postgres" {
		return sqlstore.Open(ctx, filepath.Join(dir, "inventory.db"), o)
	}
	o.Readers = c.Postgres.Connections
	return sqlstore.OpenPostgres(ctx, postgres(c.Postgres), o)
}

// openControl opens the control database that the settings name.
func openControl(ctx context.Context, dir string, c config.Config, o sqlstore.Options) (*sqlstore.Control, error) {
	if c.Stores.Inventory != "postgres" {
		return sqlstore.OpenControl(ctx, filepath.Join(dir, "control.db"), o)
	}
	o.Readers = max(c.Postgres.Connections/2, 2)
	return sqlstore.OpenControlPostgres(ctx, postgres(c.Postgres), o)
}

// postgres is the server of the settings.
func postgres(p config.Postgres) sqlstore.Server {
	return sqlstore.Server{Host: p.Host, Port: p.Port, Database: p.Database, User: p.User, Password: passwordIn("postgres.password_file", p.PasswordFile),
		TLS: p.TLS, CA: p.CAFile, Reader: p.Reader, PersonalReader: p.Personal}
}

// passwordIn reads a password when it is wanted, so that a changed one holds
// from the next connection on. Without a file there is none.
func passwordIn(setting, path string) func() (string, error) {
	if path == "" {
		return nil
	}
	return func() (string, error) {
		text, err := readBounded(path)
		if err != nil {
			return "", fmt.Errorf("%s: %w", setting, err)
		}
		text = bytes.TrimSpace(text)
		if len(text) == 0 {
			return "", fmt.Errorf("%s: the file holds nothing: put the password into it", setting)
		}
		return string(text), nil
	}
}
