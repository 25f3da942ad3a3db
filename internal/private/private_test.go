package private

import (
	"os"
	"path/filepath"
	"testing"
)

// A folder and what is missing above it are made, once and again, and files are
// kept whole in it.
func TestFolder(t *testing.T) {
	dir := filepath.Join(home(t), "above", "data")
	for range 2 {
		if err := Folder(dir, "muster-agent"); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "note")
	for _, text := range []string{"one", "two"} {
		if err := Keep(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != text {
			t.Errorf("%q %v", b, err)
		}
	}
	if err := Folder(dir, "muster-agent"); err != nil {
		t.Error("with what was kept in it:", err)
	}
	if names, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(names) != 1 {
		t.Error(names, err)
	}
}
