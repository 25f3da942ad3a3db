package host

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Within is a folder that belongs to somebody who may not be trusted, such as
// a home. Nothing below it leads out of it, whatever links are laid there, and
// what is no plain file is not opened: a pipe would hold the reader for ever.
type Within struct{ root *os.Root }

// Within opens a folder.
func (h *Host) Within(dir string) (*Within, error) {
	r, err := os.OpenRoot(h.Path(dir))
	if err != nil {
		return nil, err
	}
	return &Within{root: r}, nil
}

// Close gives the folder back.
func (w *Within) Close() error { return w.root.Close() }

// Open opens a plain file for reading.
func (w *Within) Open(name string) (*os.File, error) {
	f, err := w.root.OpenFile(filepath.FromSlash(name), os.O_RDONLY|noWait, 0)
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = fmt.Errorf("open %s: not a plain file: %w", name, fs.ErrInvalid)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// ReadDir lists at most most entries of a folder, in no order.
func (w *Within) ReadDir(name string, most int) ([]fs.DirEntry, error) {
	f, err := w.root.OpenFile(filepath.FromSlash(name), os.O_RDONLY|noWait, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	list, err := f.ReadDir(most)
	if len(list) > 0 {
		return list, nil
	}
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	return nil, err
}

// Readlink gives what a link points to.
func (w *Within) Readlink(name string) (string, error) {
	return w.root.Readlink(filepath.FromSlash(name))
}

// Exists says whether there is something at a path.
func (w *Within) Exists(name string) bool {
	_, err := w.root.Stat(filepath.FromSlash(name))
	return err == nil
}
