// Package seal keeps secrets in a database unreadable without a key file:
// AES-256-GCM, each value bound to the row it stands in. It owns the key file
// and the form of a sealed value. It must not know what is sealed or where it
// is stored; a backup of the database without the key file gives nothing away.
//
// # The key file
//
// Text, 0600, one key a line:
//
//	muster-seal-1 BASE64 of 32 random bytes
//
// The first key seals, all of them open. To change the key, put a new line on
// top; Sealer.Current tells what is still sealed under an older one.
//
// # A sealed value
//
//	0   1  version, 1
//	1   4  begin of SHA-256 over the key, so that a wrong key file is told
//	5  12  nonce, random
//	17  …  ciphertext, and 16 bytes of tag
//
// Version, key and the caller's aad are authenticated with it. Random nonces
// are good for 2^32 values under one key (NIST SP 800-38D §8.3).
package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	version   = 1
	keyBytes  = 32
	idBytes   = 4
	header    = 1 + idBytes
	linePre   = "muster-seal-1 "
	maxKeys   = 16
	maxFile   = 4 << 10
	maxSealed = 1 << 20
)

// Errors, to be told apart by errors.Is.
var (
	ErrNoKeyFile = errors.New("the key file is missing")
	ErrOtherKey  = errors.New("sealed under another key")
	ErrBroken    = errors.New("sealed value is broken or belongs elsewhere")
)

// Sealer seals and opens values. Safe for use by several goroutines.
type Sealer struct {
	path string
	keys []key // the first seals
}

type key struct {
	id   [idBytes]byte
	aead cipher.AEAD
}

// Open reads the key file. When there is none it makes one, but only if
// nothing is sealed yet: a new key beside old values would hide that the old
// one was lost. sealed is asked for that only when the file is missing.
func Open(path string, sealed func() (bool, error)) (*Sealer, error) {
	s, err := Load(path)
	if !errors.Is(err, ErrNoKeyFile) {
		return s, err
	}
	have, serr := sealed()
	if serr != nil {
		return nil, fmt.Errorf("look for sealed values: %w", serr)
	}
	if have {
		return nil, err
	}
	if err := create(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make key file %s: %w", path, err)
	}
	return Load(path)
}

// Load reads a key file that must be there.
func Load(path string) (*Sealer, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s. The secrets in the database are sealed with it: put the file back from where it was kept apart from the backups", ErrNoKeyFile, path)
	}
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	// Windows has no such bits: there the data folder's access list guards it.
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("key file %s can be read by others (mode %04o): run chmod 600 %s", path, info.Mode().Perm(), path)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("key file %s has %d bytes: this is not a key file", path, info.Size())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	s, err := parse(b)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w; put it back from where it was kept apart from the backups", path, err)
	}
	s.path = path
	return s, nil
}

// Parse reads the content of a key file.
func Parse(b []byte) (*Sealer, error) {
	if len(b) > maxFile {
		return nil, fmt.Errorf("%d bytes are no key file", len(b))
	}
	return parse(b)
}

func parse(b []byte) (*Sealer, error) {
	s := &Sealer{}
	for n, l := range strings.Split(string(b), "\n") {
		l = strings.TrimSpace(l)
		if l == "" || strings.HasPrefix(l, "#") {
			continue
		}
		text, ok := strings.CutPrefix(l, linePre)
		if !ok {
			return nil, fmt.Errorf("line %d does not begin with %s", n+1, strings.TrimSpace(linePre))
		}
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil || len(raw) != keyBytes {
			return nil, fmt.Errorf("line %d holds no key of %d bytes", n+1, keyBytes)
		}
		k, err := newKey(raw)
		if err != nil {
			return nil, err
		}
		if s.keys = append(s.keys, k); len(s.keys) > maxKeys {
			return nil, fmt.Errorf("it holds more than %d keys", maxKeys)
		}
	}
	if len(s.keys) == 0 {
		return nil, errors.New("it holds no key")
	}
	return s, nil
}

func newKey(raw []byte) (key, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return key{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return key{}, err
	}
	sum := sha256.Sum256(append([]byte("muster seal key\n"), raw...))
	return key{id: [idBytes]byte(sum[:]), aead: aead}, nil
}

// create writes a key file whole or not at all.
func create(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var raw [keyBytes]byte
	rand.Read(raw[:])
	f, err := os.CreateTemp(dir, filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(linePre + base64.StdEncoding.EncodeToString(raw[:]) + "\n")
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist // another process was faster; its key is the one
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		return nil // folders cannot be synced there
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Path is the key file.
func (s *Sealer) Path() string { return s.path }

// Seal encrypts plain for one place. aad names the place, such as
// "authority/ab12…/key": the same aad is needed to open, so that a value
// copied into another row is worth nothing there.
func (s *Sealer) Seal(aad string, plain []byte) ([]byte, error) {
	if len(plain) > maxSealed {
		return nil, fmt.Errorf("seal %s: %d bytes are more than %d", aad, len(plain), maxSealed)
	}
	k := s.keys[0]
	out := append([]byte{version}, k.id[:]...)
	return k.aead.Seal(out, nil, plain, bound(out, aad)), nil
}

// Open decrypts what Seal made. ErrOtherKey when the key file lacks its key,
// ErrBroken when it was changed or stood elsewhere.
func (s *Sealer) Open(aad string, sealed []byte) ([]byte, error) {
	if len(sealed) < header || sealed[0] != version {
		return nil, fmt.Errorf("open %s: %w", aad, ErrBroken)
	}
	for _, k := range s.keys {
		if !bytes.Equal(k.id[:], sealed[1:header]) {
			continue
		}
		plain, err := k.aead.Open(nil, nil, sealed[header:], bound(sealed[:header], aad))
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", aad, ErrBroken)
		}
		return plain, nil
	}
	return nil, fmt.Errorf("open %s: %w (%x) than those in %s: put back the key file that belongs to this database", aad, ErrOtherKey, sealed[1:header], s.path)
}

// Current says whether a value is sealed under the key that seals now.
func (s *Sealer) Current(sealed []byte) bool {
	return len(sealed) >= header && sealed[0] == version && bytes.Equal(sealed[1:header], s.keys[0].id[:])
}

func bound(head []byte, aad string) []byte {
	return append(bytes.Clone(head[:header]), aad...)
}
