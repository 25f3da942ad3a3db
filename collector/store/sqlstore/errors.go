package sqlstore

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"muster/collector/store"
)

// resultCode is the primary result code of an error of SQLite, or 0.
// https://www.sqlite.org/rescode.html
func resultCode(err error) (primary, extended int) {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0, 0
	}
	return e.Code() & 0xff, e.Code()
}

// explain turns an error of SQLite into one that a person can act on. The
// callers add which act failed.
func explain(path string, err error) error {
	if err == nil {
		return nil
	}
	primary, extended := resultCode(err)
	switch primary {
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: the disk of %s is full; free some space: %w", store.ErrFull, path, err)
	case sqlite3.SQLITE_IOERR:
		if extended == sqlite3.SQLITE_IOERR_SHMSIZE || extended == sqlite3.SQLITE_IOERR_SHMMAP {
			// The shared index beside the WAL could not grow: nothing was
			// written yet, and in practice the disk is full.
			return fmt.Errorf("%w: the disk of %s is full; free some space: %w", store.ErrFull, path, err)
		}
		return fmt.Errorf("%w: %s cannot be written or read safely; check the disk, then start again: %w", store.ErrFatal, path, err)
	case sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("%w: %s is damaged; put a backup of the file back, or move it away to begin anew: %w", store.ErrFatal, path, err)
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%s is not a Muster database (or is damaged beyond reading); restore a backup, or move it away to begin anew: %w", path, err)
	case sqlite3.SQLITE_READONLY:
		return fmt.Errorf("%s cannot be written: give this account write access to the file and its folder: %w", path, err)
	case sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("%s cannot be opened: give this account access to the file and its folder: %w", path, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%w: another program holds %s: stop it, or give this one another data folder: %w", store.ErrBusy, path, err)
	case sqlite3.SQLITE_CONSTRAINT:
		if extended == sqlite3.SQLITE_CONSTRAINT_UNIQUE || extended == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY {
			return fmt.Errorf("%w: %w", store.ErrConflict, err)
		}
	}
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	return err
}

// fatal says whether nothing more may be written after this error: what the
// kernel says after a failed fsync cannot be believed (PostgreSQL learned it
// in 2018), and a damaged file only gets worse.
func fatal(err error) bool {
	return errors.Is(err, store.ErrFatal)
}

func notFound(what string, name any) error {
	return fmt.Errorf("%s %v: %w", what, name, store.ErrNotFound)
}

func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
