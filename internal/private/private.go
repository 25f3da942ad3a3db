// Package private makes folders that nobody enters but the program they are of
// and those who rule the machine anyway, and finds out when somebody else had a
// hand in them before.
//
// It owns whom such a folder is closed to, and how that is said to the system:
// modes on Unix, access lists on Windows, where any user may make a folder
// below ProgramData before the program does. It must not know what is kept in
// the folders.
package private

import (
	"errors"
	"os"
	"path/filepath"
)

// ErrForeign is something in a folder's place, or within it, that belongs to
// somebody who could change it behind the program's back.
var ErrForeign = errors.New("it could be changed by others than the system and its administrators")

// Keep writes a file in a private folder so that the service trusts it: all or
// nothing, and owned by those who rule the machine.
func Keep(path string, data []byte) error {
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		return err
	}
	if err := own(path + ".new"); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// above names the folders from the volume's root to dir, dir last.
func above(dir string) []string {
	var all []string
	for {
		all = append([]string{dir}, all...)
		up := filepath.Dir(dir)
		if up == dir {
			return all
		}
		dir = up
	}
}
