package send

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Forget ends being a device: identity and waiting key of a data folder are
// overwritten and removed, so that a copy of the disk has them nowhere, as far
// as the file system writes in place. It says which files there were.
func Forget(dir string) (gone []string, err error) {
	for _, name := range []string{identityName, pendingName, identityName + ".new", pendingName + ".new"} {
		path := filepath.Join(dir, name)
		fi, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && fi.Mode().IsRegular() {
			err = blank(path, fi.Size())
		}
		if err == nil {
			err = os.Remove(path)
		}
		if err != nil {
			return gone, fmt.Errorf("forget who this machine is: %w", err)
		}
		gone = append(gone, name)
	}
	return gone, nil
}

// blank overwrites a file and has it written to the disk.
func blank(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(make([]byte, size), 0)
	return errors.Join(err, f.Sync(), f.Close())
}
