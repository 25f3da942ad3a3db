package segment

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// FS is the file system as a log uses it. OS gives the real one; tests give
// one that fails (package segmenttest).
type FS interface {
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	Remove(name string) error
	Rename(from, to string) error
	// ReadDir lists the names in a folder, sorted.
	ReadDir(name string) ([]string, error)
	MkdirAll(name string, perm fs.FileMode) error
	// SyncDir makes creations, renames and removals in a folder durable.
	SyncDir(name string) error
	// Lock takes a file for this process, until it is closed or the process
	// ends. It answers ErrLocked when another one has it.
	Lock(name string) (io.Closer, error)
}

// File is an open file.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	// Sync makes contents and size durable.
	Sync() error
	Size() (int64, error)
}

// The errors that callers tell apart.
var (
	// ErrBroken wraps a failed fsync. Nothing more can be promised: end the
	// process.
	ErrBroken = errors.New("what was written may not be on the disk")
	// ErrLocked is another process in the same folder.
	ErrLocked = errors.New("in use by another process")
	// ErrClosed is a call after Close.
	ErrClosed = errors.New("log is closed")
	// ErrDamaged is a state file whose sum does not hold.
	ErrDamaged = errors.New("damaged")
	// ErrTooLarge is a record above Options.MaxRecord.
	ErrTooLarge = errors.New("record is too large")
)

// NoSpace says whether err is a full disk or a used-up quota, so that another
// try may succeed when there is room. A failed fsync is not, whatever it said.
func NoSpace(err error) bool { return err != nil && !errors.Is(err, ErrBroken) && noSpace(err) }

// OS is the real file system.
func OS() FS { return osFS{} }

type osFS struct{}

type osFile struct{ *os.File }

func (osFS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) Remove(name string) error                     { return os.Remove(name) }
func (osFS) Rename(from, to string) error                 { return os.Rename(from, to) }
func (osFS) MkdirAll(name string, perm fs.FileMode) error { return os.MkdirAll(name, perm) }
func (osFS) SyncDir(name string) error                    { return syncDir(name) }
func (f osFile) Sync() error                              { return syncFile(f.File) }

func (osFS) ReadDir(name string) ([]string, error) {
	list, err := os.ReadDir(name)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(list))
	for i, e := range list {
		names[i] = e.Name()
	}
	return names, nil
}

func (f osFile) Size() (int64, error) {
	i, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return i.Size(), nil
}

func (osFS) Lock(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// makeDir makes a folder and its entry durable.
func makeDir(f FS, dir string) error {
	if _, err := f.ReadDir(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := f.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := f.SyncDir(filepath.Dir(dir)); err != nil {
		return fmt.Errorf("%w: sync folder of %s: %w", ErrBroken, dir, err)
	}
	return nil
}
