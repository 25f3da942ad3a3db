//go:build unix

package private

import (
	"os"
	"path/filepath"
	"testing"
)

func home(t *testing.T) string { return t.TempDir() }

func TestFolderIsOfThisAccountAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "above", "data")
	if err := Folder(dir, "muster-agent"); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Dir(dir)} {
		if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v %v", path, fi.Mode(), err)
		}
	}
}
