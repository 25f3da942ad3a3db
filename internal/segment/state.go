package segment

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// maxState bounds a state file.
const maxState = 1 << 20

// sumLine ends a state file: its own line, so that people can read the rest.
const sumLine = "\n# crc32c %08x\n"

// WriteState replaces a small file so that after a crash there is the old one
// or the new one: written beside it, fsync, rename, fsync of the folder. An
// error wraps ErrBroken if an fsync failed; otherwise the old file stands.
func WriteState(fsys FS, path string, data []byte) error {
	tmp := path + ".tmp"
	f, err := fsys.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	b := append(bytes.Clone(data), fmt.Sprintf(sumLine, crc32.Checksum(data, castagnoli))...)
	n, err := f.WriteAt(b, 0)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err == nil {
		if err := f.Sync(); err != nil {
			f.Close()
			return fmt.Errorf("%w: sync %s: %w", ErrBroken, tmp, err)
		}
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = fsys.Rename(tmp, path)
	}
	if err != nil {
		_ = fsys.Remove(tmp) // it takes room that may be wanted
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := fsys.SyncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("%w: sync folder of %s: %w", ErrBroken, path, err)
	}
	return nil
}

// ReadState reads what WriteState wrote. Errors: fs.ErrNotExist, ErrDamaged,
// others of the disk.
func ReadState(fsys FS, path string) ([]byte, error) {
	f, err := fsys.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	tail := int64(len(fmt.Sprintf(sumLine, 0)))
	if size < tail || size > maxState {
		return nil, fmt.Errorf("read %s: %w", path, ErrDamaged)
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	data := b[:size-tail]
	if string(b[size-tail:]) != fmt.Sprintf(sumLine, crc32.Checksum(data, castagnoli)) {
		return nil, fmt.Errorf("read %s: %w", path, ErrDamaged)
	}
	return data, nil
}
