package collector

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"muster/collector/account"
	"muster/collector/config"
	"muster/collector/doctor"
	"muster/collector/migrate"
	"muster/collector/store/sqlstore"
)

// Names in the data folder of what a move writes down.
const (
	migrationFile   = "migration.json"  // how far it is; it stays, as a mark
	migrationFolder = "migration"       // made with it
	journalFile     = "numbers.journal" // in the folder: pieces of numbers that arrived
	reportFile      = "report.json"     // in the folder: counts and hashes of both sides
	beforeFolder    = "before"          // in the folder: what is no longer served
)

// Phases of a move.
const (
	moveCopying = "copying" // what was before is served
	moveClosing = "closing" // nothing is: the last steps
	moveDone    = "done"    // what it was moved to is served
)

// Parts of what is moved.
const (
	moveInventory = "inventory" // and control
	moveSeries    = "series"
)

// migration is the file that tells of moves.
type migration struct {
	ID    string `json:"id"`
	Phase string `json:"phase"`
	// Takes says where the parts of this move go, in words.
	Takes   map[string]string `json:"takes"`
	BegunAt time.Time         `json:"begun_at"`
	// Moved are the parts that were moved, by this or an earlier one.
	Moved map[string]movedPart `json:"moved,omitempty"`
}

type movedPart struct {
	To     string    `json:"to"`
	At     time.Time `json:"at"`
	Newest uint64    `json:"newest"` // record of the outbox then
	Told   bool      `json:"told"`   // the audit was
}

// readMigration reads the file of a data folder; nil: nothing was ever moved.
func readMigration(dir string) (*migration, error) {
	path := filepath.Join(dir, migrationFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var m migration
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		return nil, fmt.Errorf("read what was moved: %s: %w", path, err)
	}
	return &m, nil
}

// write makes the file durable.
func (m *migration) write(dir string) error {
	text, err := json.MarshalIndent(m, "", " ")
	if err == nil {
		err = durably(filepath.Join(dir, migrationFile), text)
	}
	if err != nil {
		return fmt.Errorf("note how far the move is: %w", err)
	}
	return nil
}

// durably replaces a file.
func durably(path string, text []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes names in a folder durable, where a system has that.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = f.Sync() // Windows has it not
	return f.Close()
}

// unmoved refuses to serve stores that a move has under its hands, or has
// taken things from: there would be two truths.
func unmoved(dir string, c config.Config) error {
	m, err := readMigration(dir)
	if err != nil || m == nil {
		return err
	}
	goes := map[string]bool{moveInventory: c.Stores.Inventory == "postgres", moveSeries: c.Stores.Series == "influx"}
	switch m.Phase {
	case moveClosing:
		return fmt.Errorf("muster migrate was interrupted in its last steps in %s: run it again, then start the collector with the settings that it was given", dir)
	case moveCopying:
		for part, to := range m.Takes {
			if goes[part] {
				return fmt.Errorf("the %s of %s is being moved to %s and not all of it is there: run muster migrate to its end, or give it up with muster migrate --back", part, dir, to)
			}
		}
	}
	for part, x := range m.Moved {
		if !goes[part] {
			return fmt.Errorf("the %s of %s was moved to %s on %s, and the settings say that it is here: set stores.%s as for muster migrate, or go back with muster migrate --back", part, dir, x.To, x.At.Format(time.DateOnly), part)
		}
	}
	return nil
}

// noteMove puts a move into the audit, at the first start after it.
func (c *collector) noteMove(ctx context.Context) error {
	m, err := readMigration(c.cfg.Data)
	if err != nil || m == nil || m.Phase != moveDone {
		return err
	}
	changed := false
	for part, x := range m.Moved {
		if x.Told {
			continue
		}
		c.log.Info("this collector's data was moved", "what", part, "to", x.To, "at", x.At.Format(time.RFC3339))
		if err := c.accounts.Audit(ctx, account.Record{Actor: "muster migrate", Via: "offline", Action: "migrate", Object: part, Outcome: "done",
			Detail: map[string]string{"to": x.To, "moved_at": x.At.Format(time.RFC3339)}}); err != nil {
			return fmt.Errorf("note the move in the audit: %w", err)
		}
		x.Told, changed = true, true
		m.Moved[part] = x
	}
	if !changed {
		return nil
	}
	return m.write(c.cfg.Data)
}

// moved tells of a move that is not at its end, and of what one put away.
func (x *examiner) moved() {
	m, err := readMigration(x.dir)
	switch {
	case err != nil:
		x.add("move", doctor.Bad, "look at the file and its rights; it is made by muster migrate", "%v", err)
	case m == nil:
	case m.Phase == moveClosing:
		x.add("move", doctor.Bad, "run muster migrate again, with the settings that it was given: nothing is served until then", "it was interrupted in its last steps")
	case m.Phase == moveCopying:
		x.add("move", doctor.Warn, "run muster migrate to its end, or give it up with --back", "begun on %s, and what was before is served", m.BegunAt.Format(time.DateOnly))
	default:
		if there(filepath.Join(x.dir, migrationFolder, beforeFolder)) {
			x.add("move", doctor.OK, "", "done; what was before is in %s", filepath.Join(x.dir, migrationFolder, beforeFolder))
		}
	}
}

// MigrateOrder is what muster migrate was asked for.
type MigrateOrder struct {
	Config config.Config // that the collector will be run with
	Wait   bool          // for the collector to stop, instead of ending before that
	Back   bool          // go back to what was before
	Force  bool          // with Back: though reports came since
	Log    *slog.Logger
	Now    func() time.Time
	Tell   func(migrate.Progress)
	// Step is called between the last steps; crash tests stop there.
	Step func(string)
}

func newMigrationID() string { return rand.Text() }

// parts says what of a data folder is to be moved, and where to.
func (o *MigrateOrder) parts() (map[string]string, error) {
	out := map[string]string{}
	dir := o.Config.Data
	there := func(name string) (bool, error) {
		_, err := os.Stat(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil, err
	}
	if o.Config.Stores.Inventory == "postgres" {
		yes, err := there(inventoryFile)
		if err != nil {
			return nil, err
		}
		if yes {
			p := o.Config.Postgres
			out[moveInventory] = fmt.Sprintf("PostgreSQL (database %s at %s)", p.Database, p.Host)
		}
	}
	if o.Config.Stores.Series == "influx" {
		yes, err := there(seriesFolder)
		if err != nil {
			return nil, err
		}
		if yes {
			out[moveSeries] = fmt.Sprintf("InfluxDB (database %s at %s)", o.Config.Influx.Database, o.Config.Influx.URL)
		}
	}
	return out, nil
}

// Files and folders of the embedded stores.
const (
	inventoryFile = string(sqlstore.PartInventory) + ".db"
	controlFile   = string(sqlstore.PartControl) + ".db"
	seriesFolder  = "series"
)
