package collector

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"muster/collector/config"
	"muster/collector/migrate"
	"muster/collector/outbox"
	"muster/internal/segment"
)

// mover is a move under way.
type mover struct {
	o     MigrateOrder
	dir   string
	m     *migration
	parts map[string]string
	old   config.Config // what the collector runs with before
	lock  *outbox.Outbox
	out   migrate.Outcome
	sums  moveReport
}

// Migrate moves what is in the stores of a data folder to those that the
// settings name. While a collector runs there, all but the end is done, and
// can be done again; once it is stopped, the rest: what is served afterwards
// is what the settings name, and it is all there.
func Migrate(ctx context.Context, o MigrateOrder) (migrate.Outcome, error) {
	maskFiles()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Tell == nil {
		o.Tell = func(migrate.Progress) {}
	}
	if o.Step == nil {
		o.Step = func(string) {}
	}
	x := &mover{o: o, dir: o.Config.Data}
	if _, err := os.Stat(x.dir); err != nil {
		return x.out, fmt.Errorf("data folder: %w; name the collector's with --data", err)
	}
	err := owned(x.dir)
	if err != nil {
		return x.out, err
	}
	if x.m, err = readMigration(x.dir); err != nil {
		return x.out, err
	}
	if o.Back {
		err := x.back()
		return x.out, err
	}
	if x.already() {
		x.out.State, x.out.Before, x.out.Report = migrate.Moved, filepath.Join(x.dir, migrationFolder, beforeFolder), filepath.Join(x.dir, migrationFolder, reportFile)
		return x.out, nil
	}
	if err := x.plan(); err != nil {
		return x.out, err
	}
	defer func() {
		if x.lock != nil {
			x.lock.Close() // it was not written to
		}
	}()
	running, err := x.running()
	if err != nil {
		return x.out, err
	}
	if running {
		if x.m.Phase == moveClosing {
			return x.out, fmt.Errorf("a collector runs with %s though a move there is at its end: stop it, then run this again", x.dir)
		}
		if err := x.online(ctx); err != nil {
			return x.out, err
		}
		if !o.Wait {
			x.out.State = migrate.Ready
			return x.out, nil
		}
		x.note("all but the newest is there: stop the collector now, the rest follows by itself")
		if err := x.stopped(ctx); err != nil {
			return x.out, err
		}
	}
	err = x.offline(ctx)
	if err == nil {
		err = x.finish()
	}
	return x.out, err
}

func (x *mover) note(format string, args ...any) {
	x.o.Tell(migrate.Progress{Note: fmt.Sprintf(format, args...)})
}

// already says that all that the settings name was moved.
func (x *mover) already() bool {
	if x.m == nil || x.m.Phase != moveDone {
		return false
	}
	parts, err := x.o.parts()
	return err == nil && len(parts) == 0 &&
		(x.o.Config.Stores.Inventory != "postgres" || x.m.Moved[moveInventory].To != "") && (x.o.Config.Stores.Series != "influx" || x.m.Moved[moveSeries].To != "") &&
		len(x.m.Moved) > 0
}

// plan finds out what is to be moved, and notes it.
func (x *mover) plan() error {
	parts, err := x.o.parts()
	if err != nil {
		return fmt.Errorf("look at the data folder: %w", err)
	}
	if x.m != nil && x.m.Phase == moveClosing {
		// Some of it may be out of its place already.
		goes := map[string]bool{moveInventory: x.o.Config.Stores.Inventory == "postgres", moveSeries: x.o.Config.Stores.Series == "influx"}
		for part, to := range x.m.Takes {
			if !goes[part] {
				return fmt.Errorf("a move of the %s to %s is at its end: give the settings that it was begun with", part, to)
			}
		}
		x.parts = x.m.Takes
		x.settings()
		return nil
	}
	if len(parts) == 0 {
		return fmt.Errorf("nothing in %s is to be moved: the settings have to name stores.inventory: postgres, stores.series: influx, or both, with where these are, and the folder to hold what is moved there (%s, %s)", x.dir, inventoryFile, seriesFolder)
	}
	x.parts = parts
	x.settings()
	if x.m == nil || x.m.Phase == moveDone {
		m := &migration{ID: newMigrationID(), BegunAt: x.o.Now().UTC()}
		if x.m != nil {
			m.Moved = x.m.Moved
		}
		x.m = m
	}
	for _, part := range slices.Sorted(maps.Keys(parts)) {
		x.note("%s: to %s", map[string]string{moveInventory: "devices, findings, accounts and identities", moveSeries: "numbers over time"}[part], parts[part])
	}
	x.m.Phase, x.m.Takes = moveCopying, parts
	if err := os.MkdirAll(filepath.Join(x.dir, migrationFolder), 0o700); err != nil {
		return fmt.Errorf("make the folder of the move: %w", err)
	}
	return x.m.write(x.dir)
}

// settings are those of the collector as it is now.
func (x *mover) settings() {
	x.old = x.o.Config
	if x.parts[moveInventory] != "" {
		x.old.Stores.Inventory = "sqlite"
	}
	if x.parts[moveSeries] != "" {
		x.old.Stores.Series = "tsdb"
	}
}

// running says whether a collector has the folder; otherwise it is locked
// against one.
func (x *mover) running() (bool, error) {
	b, err := outbox.Open(filepath.Join(x.dir, "outbox"), outbox.Options{MaxBytes: int64(x.old.Outbox.Size), Now: x.o.Now, Sinks: []outbox.Sink{seriesSink(x.old)}})
	switch {
	case errors.Is(err, segment.ErrLocked):
		return true, nil
	case err != nil:
		return false, err
	}
	x.lock = b
	return false, nil
}

const (
	// lookAgain is between two looks whether the collector was stopped.
	lookAgain = 500 * time.Millisecond
	// roundAgain is between two rounds while that is waited for.
	roundAgain = time.Minute
)

// stopped waits for the collector to stop, and keeps up with it meanwhile.
func (x *mover) stopped(ctx context.Context) error {
	last := x.o.Now()
	for {
		running, err := x.running()
		if err != nil || !running {
			return err
		}
		if x.o.Now().Sub(last) > roundAgain {
			if err := x.online(ctx); err != nil {
				return err
			}
			last = x.o.Now()
		}
		t := time.NewTimer(lookAgain)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}

// online moves what can be moved while a collector works.
func (x *mover) online(ctx context.Context) error {
	if x.parts[moveInventory] != "" {
		if err := x.databases(ctx, false); err != nil {
			return err
		}
	}
	if x.parts[moveSeries] != "" {
		return x.numbersOnline(ctx)
	}
	return nil
}

// offline moves the rest, while nobody else has the folder.
func (x *mover) offline(ctx context.Context) error {
	x.note("no collector runs with %s: the rest is moved now, and then held against each other", x.dir)
	if x.parts[moveInventory] != "" {
		if err := x.databases(ctx, true); err != nil {
			return err
		}
	}
	if x.parts[moveSeries] != "" {
		if err := x.numbersOffline(ctx); err != nil {
			return err
		}
	}
	x.o.Step("verified")
	if err := x.sums.write(filepath.Join(x.dir, migrationFolder, reportFile), x.o.Now()); err != nil {
		return err
	}
	// From here on neither side is served until the end.
	x.m.Phase = moveClosing
	if err := x.m.write(x.dir); err != nil {
		return err
	}
	x.o.Step("closing")
	return x.seal(ctx)
}

// aside lists what is put away, once all of it is elsewhere.
func (x *mover) aside() []string {
	var out []string
	if x.parts[moveInventory] != "" {
		for _, name := range []string{controlFile, inventoryFile} {
			out = append(out, name, name+"-wal", name+"-shm")
		}
	}
	if x.parts[moveSeries] != "" {
		out = append(out, seriesFolder)
	}
	return out
}

// finish puts away what is not served any more.
func (x *mover) finish() error {
	if x.parts[moveInventory] != "" {
		if err := noteDatabase(x.dir, x.o.Config); err != nil {
			return err
		}
	}
	before := filepath.Join(x.dir, migrationFolder, beforeFolder)
	if err := os.MkdirAll(before, 0o700); err != nil {
		return fmt.Errorf("put away what was before: %w", err)
	}
	for _, name := range x.aside() {
		if err := os.Rename(filepath.Join(x.dir, name), filepath.Join(before, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("put away what was before: %w", err)
		}
		x.o.Step("aside " + name)
	}
	if err := errors.Join(syncFolder(before), syncFolder(x.dir)); err != nil {
		return fmt.Errorf("put away what was before: %w", err)
	}
	if x.m.Moved == nil {
		x.m.Moved = map[string]movedPart{}
	}
	for part, to := range x.parts {
		x.m.Moved[part] = movedPart{To: to, At: x.o.Now().UTC(), Newest: x.lock.Newest()}
	}
	x.m.Phase = moveDone
	if err := x.m.write(x.dir); err != nil {
		return err
	}
	x.out.State, x.out.Before, x.out.Report = migrate.Moved, before, filepath.Join(x.dir, migrationFolder, reportFile)
	return nil
}

// back puts everything where it was before the last move, or gives one up.
func (x *mover) back() error {
	if x.m == nil {
		return fmt.Errorf("nothing of %s was moved", x.dir)
	}
	x.parts = x.m.Takes
	x.settings()
	x.old.Stores = config.Stores{Inventory: "sqlite", Series: "tsdb"}
	running, err := x.running()
	if err != nil {
		return err
	}
	if running {
		return fmt.Errorf("a collector runs with %s: stop it first", x.dir)
	}
	defer x.lock.Close()
	var since time.Time
	for part := range x.parts {
		if p, ok := x.m.Moved[part]; ok && x.lock.Newest() != p.Newest {
			since = p.At
		}
	}
	if !since.IsZero() && !x.o.Force {
		return fmt.Errorf("reports were taken since the move (%s), and are only in what it was moved to: they would be lost and show as gaps, and so would what people changed; with --force it is so", since.Format(time.RFC3339))
	}
	before := filepath.Join(x.dir, migrationFolder, beforeFolder)
	for _, name := range x.aside() {
		if err := os.Rename(filepath.Join(before, name), filepath.Join(x.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("put back what was before: %w", err)
		}
	}
	if x.parts[moveInventory] != "" {
		if err := os.Remove(filepath.Join(x.dir, databaseFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("put back what was before: %w", err)
		}
		if !since.IsZero() { // as after a restore: of the time since nothing is known any more
			if err := noteRestored(x.dir, restored{MadeAt: since, RestoredAt: x.o.Now().UTC()}); err != nil {
				return err
			}
		}
	}
	for part := range x.parts {
		delete(x.m.Moved, part)
	}
	folder := filepath.Join(x.dir, migrationFolder)
	for _, name := range []string{journalFile, reportFile} {
		if err := os.Remove(filepath.Join(folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove what the move noted: %w", err)
		}
	}
	for _, name := range []string{before, folder} {
		_ = os.Remove(name) // an earlier move may have something there
	}
	x.m.Phase, x.m.Takes = moveDone, nil
	if len(x.m.Moved) > 0 {
		err = x.m.write(x.dir)
	} else {
		err = os.Remove(filepath.Join(x.dir, migrationFile))
	}
	x.out.State = migrate.Back
	return err
}
