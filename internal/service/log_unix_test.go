//go:build !windows

package service

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A log that grew is kept beside and begun anew, and what is printed then stands
// at its begin, however the manager has opened it.
func TestShorten(t *testing.T) {
	for _, flags := range []int{os.O_APPEND, 0} {
		path := filepath.Join(t.TempDir(), "agent.log")
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|flags, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		write := func(text string) {
			t.Helper()
			if _, err := f.WriteString(text); err != nil {
				t.Fatal(err)
			}
		}
		holds := func(name, want string) {
			t.Helper()
			if b, err := os.ReadFile(name); err != nil || string(b) != want {
				t.Errorf("%s holds %d bytes, want %d (%v)", filepath.Base(name), len(b), len(want), err)
			}
		}
		short := func() {
			t.Helper()
			if err := shorten(f, path, 100); err != nil {
				t.Fatal(err)
			}
		}
		first := strings.Repeat("a", 100)
		write(first)
		short()
		holds(path, first)
		write("b")
		short()
		holds(path, "")
		holds(path+".1", first+"b")
		write("c\n")
		holds(path, "c\n")
		write(strings.Repeat("d", 200))
		short()
		holds(path+".1", strings.Repeat("d", 200)) // of a very long one the newest
	}
}

// What is not the manager's file is left alone, and so is what others laid in
// the way of the copy.
func TestShortenOther(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "agent.log"), filepath.Join(dir, "other")
	f, err := os.Create(other)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("12345"); err != nil {
		t.Fatal(err)
	}
	if err := shorten(f, path, 1); err != nil {
		t.Errorf("without a log: %v", err)
	}
	if err := os.WriteFile(path, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := shorten(f, path, 1); err != nil {
		t.Errorf("beside a log: %v", err)
	}
	if b, _ := os.ReadFile(other); string(b) != "12345" {
		t.Errorf("another file was changed to %q", b)
	}
	own, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	if err := os.Symlink(other, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := shorten(own, path, 1); err == nil {
		t.Error("a link was followed")
	}
	if b, _ := os.ReadFile(other); string(b) != "12345" {
		t.Errorf("what the link led to was changed to %q", b)
	}
}
