package seal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func nothing() (bool, error) { return false, nil }

func TestSealAndOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "seal.key")
	s, err := Open(path, nothing)
	if err != nil {
		t.Fatal(err)
	}
	plain := []byte("community string")
	a, err := s.Seal("credential/1", plain)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Seal("credential/1", plain)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(a, b) || bytes.Contains(a, plain) || !s.Current(a) {
		t.Fatal("sealed twice into the same, or not at all")
	}
	again, err := Open(path, func() (bool, error) { return true, errors.New("must not be asked") })
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Open("credential/1", a); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("%q %v", got, err)
	}
	if _, err := again.Open("credential/2", a); !errors.Is(err, ErrBroken) {
		t.Errorf("in another row: %v", err)
	}
	for i := range a {
		c := bytes.Clone(a)
		c[i] ^= 4
		if _, err := s.Open("credential/1", c); err == nil {
			t.Fatalf("byte %d changed: opened", i)
		}
		if _, err := s.Open("credential/1", a[:i]); err == nil {
			t.Fatalf("cut to %d: opened", i)
		}
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	if left, err := filepath.Glob(path + ".new-*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestKeyFileFaultsSayWhatToDo(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "seal.key")
	_, err := Open(path, func() (bool, error) { return true, nil })
	if !errors.Is(err, ErrNoKeyFile) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "put the file back") {
		t.Errorf("missing with sealed values: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a key was made although values are sealed under another")
	}
	for _, c := range []struct {
		name, text, want string
		mode             os.FileMode
	}{
		{"open to all", linePre + strings.Repeat("A", 43) + "=\n", "chmod 600", 0o644},
		{"empty", "", "holds no key", 0o600},
		{"garbage", "hello\n", "line 1", 0o600},
		{"short", linePre + "AAAA\n", "32 bytes", 0o600},
		{"huge", strings.Repeat("#", 9000), "not a key file", 0o600},
	} {
		p := filepath.Join(dir, c.name)
		if err := os.WriteFile(p, []byte(c.text), c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := Open(p, nothing)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), p) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestKeysChange(t *testing.T) {
	dir := t.TempDir()
	old, err := Open(filepath.Join(dir, "old"), nothing)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := old.Seal("x", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := Open(filepath.Join(dir, "new"), nothing)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open("x", sealed); !errors.Is(err, ErrOtherKey) {
		t.Errorf("another key file: %v", err)
	}
	var both []byte
	for _, p := range []string{other.Path(), old.Path()} {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, b...)
	}
	p := filepath.Join(dir, "both")
	if err := os.WriteFile(p, both, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Load(p)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Open("x", sealed); err != nil || string(got) != "secret" || s.Current(sealed) {
		t.Errorf("%q %v", got, err)
	}
}

func FuzzOpen(f *testing.F) {
	s, err := Open(filepath.Join(f.TempDir(), "k"), nothing)
	if err != nil {
		f.Fatal(err)
	}
	good, err := s.Seal("a", []byte("b"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := s.Open("a", b); err == nil && !bytes.Equal(b, good) {
			t.Fatalf("opened %x", b)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(linePre + strings.Repeat("A", 43) + "=\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := parse(b); err == nil && len(s.keys) == 0 {
			t.Fatal("no key and no error")
		}
	})
}
