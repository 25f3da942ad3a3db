package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// Verify reads an archive to its end and holds every member against the
// manifest. open, which may be nil, opens the manifest's seal: an error of it
// is an archive of somebody else.
func Verify(r io.Reader, open func(sealed []byte) ([]byte, error)) (Manifest, error) {
	return read(r, open, func(string, io.Reader) error { return nil })
}

// read hands members to f, which may leave some of one unread, and answers the
// manifest once all fit it.
func read(r io.Reader, open func([]byte) ([]byte, error), f func(name string, r io.Reader) error) (Manifest, error) {
	b := bufio.NewReaderSize(r, 256<<10)
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(b, head); err != nil || string(head) != magic {
		return Manifest{}, fmt.Errorf("%w: it does not begin as one (%.20q)", ErrNotWhole, head)
	}
	z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		return Manifest{}, err
	}
	defer z.Close()
	var m Manifest
	var text, seal []byte
	found := map[string]Member{}
	t := tar.NewReader(z)
	for {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return m, broken(err)
		}
		if h.Typeflag != tar.TypeReg || h.Size < 0 {
			return m, fmt.Errorf("%w: %.100q is no plain file", ErrNotWhole, h.Name)
		}
		switch {
		case seal != nil, text != nil && h.Name != sealName:
			return m, fmt.Errorf("%w: something comes after its manifest", ErrNotWhole)
		case h.Name == manifestName:
			if text, err = small(t, h, maxManifest); err != nil {
				return m, err
			}
			continue
		case h.Name == sealName && text != nil:
			if seal, err = small(t, h, maxSeal); err != nil {
				return m, err
			}
			continue
		}
		if err := fits(h.Name); err != nil {
			return m, err
		}
		if _, twice := found[h.Name]; twice || len(found) >= maxMembers {
			return m, fmt.Errorf("%w: %.100q comes twice, or there are too many files", ErrNotWhole, h.Name)
		}
		sum := sha256.New()
		member := io.TeeReader(t, sum)
		if err := f(h.Name, member); err != nil {
			return m, err
		}
		if _, err := io.Copy(io.Discard, member); err != nil {
			return m, broken(err)
		}
		found[h.Name] = Member{h.Name, h.Size, hex.EncodeToString(sum.Sum(nil))}
	}
	// The tar has ended; the frame's own checksum stands behind it.
	if n, err := io.Copy(io.Discard, z); err != nil || n > 0 && text == nil {
		return m, broken(errors.Join(err, errors.New("it goes on behind its end")))
	}
	if text == nil || seal == nil {
		return m, fmt.Errorf("%w: its end is missing: it broke off while it was written or copied", ErrNotWhole)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("%w: its manifest cannot be read: %v", ErrNotWhole, err)
	}
	if len(m.Members) != len(found) {
		return m, fmt.Errorf("%w: its manifest names %d files, there are %d", ErrNotWhole, len(m.Members), len(found))
	}
	for _, x := range m.Members {
		if found[x.Name] != x {
			return m, fmt.Errorf("%w: %.100q is not as the manifest has it", ErrNotWhole, x.Name)
		}
	}
	if open != nil {
		sum := sha256.Sum256(text)
		got, err := open(seal)
		if err != nil || !bytes.Equal(got, sum[:]) {
			return m, fmt.Errorf("the backup was not written by the collector of this %s, or was changed since: %w", KeyName, errors.Join(ErrNotWhole, err))
		}
	}
	return m, nil
}

func small(r io.Reader, h *tar.Header, most int64) ([]byte, error) {
	if h.Size > most {
		return nil, fmt.Errorf("%w: its %s has %d bytes", ErrNotWhole, h.Name, h.Size)
	}
	b, err := io.ReadAll(io.LimitReader(r, most))
	if err != nil {
		return nil, broken(err)
	}
	return append([]byte{}, b...), nil
}

func broken(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("read backup: %w", err)
	}
	return fmt.Errorf("%w: %v", ErrNotWhole, err)
}

// Order is a restore.
type Order struct {
	File string
	Dir  string // does not exist, or is empty
	// Schema is the newest migration of each database that this program knows.
	Schema map[string]int
	// Key is a copy of secret.key, Identity a file of age's that opens the one
	// that went along. Without both the key has to be put into the folder later.
	Key, Identity string
	// Open opens the manifest's seal with a key file's content.
	Open func(key, sealed []byte) ([]byte, error)
	// Progress is told of the members as they are unpacked; may be nil.
	Progress func(name string, n int64)
}

// maxKey bounds key files and identities.
const maxKey = 64 << 10

// Restore unpacks an archive into an empty folder. The archive is read twice:
// nothing is written before all of it was found to fit. What an error leaves
// behind is removed. keyed says whether secret.key is in the folder now.
func Restore(o Order) (m Manifest, keyed bool, err error) {
	f, err := os.Open(o.File)
	if err != nil {
		return m, false, err
	}
	defer f.Close()
	key, err := o.key(f)
	if err != nil {
		return m, false, err
	}
	var open func([]byte) ([]byte, error)
	if key != nil {
		open = func(sealed []byte) ([]byte, error) { return o.Open(key, sealed) }
	}
	first, err := again(f, open, func(string, io.Reader) error { return nil })
	if err != nil {
		return first, false, err
	}
	for name, n := range first.Schema {
		if most, known := o.Schema[name]; !known || n > most {
			return first, false, fmt.Errorf("a newer muster (%s) wrote it: its %s has schema %d, this program knows up to %d; restore with that version or a later one", first.Program, name, n, most)
		}
	}
	if err := empty(o.Dir); err != nil {
		return first, false, err
	}
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return first, false, fmt.Errorf("open the folder: %w", err)
	}
	defer root.Close()
	defer func() {
		if err != nil {
			err = errors.Join(err, clear(root))
		}
	}()
	m, err = again(f, open, func(name string, r io.Reader) error {
		if name == KeyMember {
			return nil // it stays in the archive
		}
		n, err := unpack(root, name, r)
		if err == nil && o.Progress != nil {
			o.Progress(name, n)
		}
		return err
	})
	switch {
	case err != nil:
		return m, false, fmt.Errorf("unpack: %w", err)
	case !slices.Equal(m.Members, first.Members):
		return m, false, errors.New("the file changed while it was read")
	}
	if key != nil {
		if _, err := unpack(root, KeyName, bytes.NewReader(key)); err != nil {
			return m, false, fmt.Errorf("restore the key: %w", err)
		}
	}
	return m, key != nil, nil
}

func again(f *os.File, open func([]byte) ([]byte, error), do func(string, io.Reader) error) (Manifest, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return Manifest{}, err
	}
	return read(f, open, do)
}

// key is the content of secret.key, or nil.
func (o Order) key(f *os.File) ([]byte, error) {
	switch {
	case o.Key != "":
		b, err := readSmall(o.Key)
		if err != nil {
			return nil, fmt.Errorf("read the key: %w", err)
		}
		return b, nil
	case o.Identity == "":
		return nil, nil
	}
	text, err := readSmall(o.Identity)
	if err != nil {
		return nil, fmt.Errorf("read the identity: %w", err)
	}
	ids, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s holds no identity of age (AGE-SECRET-KEY-1…): %w", o.Identity, err)
	}
	var key []byte
	if _, err := again(f, nil, func(name string, r io.Reader) error {
		if name != KeyMember {
			return nil
		}
		plain, err := age.Decrypt(r, ids...)
		if err == nil {
			key, err = io.ReadAll(io.LimitReader(plain, maxKey))
		}
		if err != nil {
			return fmt.Errorf("the key in the backup is not for the identity in %s: %w", o.Identity, err)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if key == nil {
		return nil, fmt.Errorf("no key went along with it: give the copy of %s that was kept apart with --key-file, or leave --identity out and put it into the folder later", KeyName)
	}
	return key, nil
}

func readSmall(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxKey+1))
	if err == nil && len(b) > maxKey {
		err = fmt.Errorf("%s has more than %d bytes", name, maxKey)
	}
	return b, err
}

// empty makes the folder, or finds it with nothing in it.
func empty(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("folder %s: %w", dir, err)
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("folder %s: %w", dir, err)
	}
	if len(list) > 0 {
		return fmt.Errorf("folder %s: it is not empty (%s): name another with --data, or move what is there away", dir, list[0].Name())
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("folder %s: %w", dir, err)
	}
	return nil
}

// unpack writes one file durably.
func unpack(root *os.Root, name string, r io.Reader) (int64, error) {
	if dir := path.Dir(name); dir != "." {
		if err := root.MkdirAll(filepath.FromSlash(dir), 0o700); err != nil {
			return 0, err
		}
	}
	f, err := root.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	return n, errors.Join(err, f.Close())
}

func clear(root *os.Root) error {
	list, err := fs.ReadDir(root.FS(), ".")
	for _, d := range list {
		err = errors.Join(err, root.RemoveAll(d.Name()))
	}
	return err
}
