package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// Writer writes one archive. Its members come in any order; Close ends it.
// After an error the archive is not whole, and who reads it will say so.
type Writer struct {
	z    *zstd.Encoder
	t    *tar.Writer
	m    Manifest
	seen map[string]bool
	// Progress is told of bytes read for the archive; may be nil.
	Progress func(n int64)
}

// NewWriter begins an archive. Of the manifest all but the members is taken as
// it is when Close writes it, so Manifest may be filled in until then.
func NewWriter(w io.Writer) (*Writer, error) {
	if _, err := io.WriteString(w, magic); err != nil {
		return nil, fmt.Errorf("begin backup: %w", err)
	}
	// One thread and a small window: the collector has other work, and memory
	// stays at some 10 MB.
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<20), zstd.WithEncoderCRC(true))
	if err != nil {
		return nil, fmt.Errorf("begin backup: %w", err)
	}
	return &Writer{z: z, t: tar.NewWriter(z), seen: map[string]bool{}}, nil
}

// Manifest is what Close will write, but for its members.
func (w *Writer) Manifest() *Manifest { return &w.m }

// Add writes a member of exactly size bytes.
func (w *Writer) Add(name string, size int64, r io.Reader) error {
	if err := fits(name); err != nil {
		return err
	}
	if w.seen[name] {
		return fmt.Errorf("write backup: %s comes twice", name)
	}
	w.seen[name] = true
	h := sha256.New()
	if err := w.put(name, size, io.TeeReader(io.LimitReader(r, size), h)); err != nil {
		return fmt.Errorf("write %s into the backup: %w", name, err)
	}
	w.m.Members = append(w.m.Members, Member{name, size, hex.EncodeToString(h.Sum(nil))})
	return nil
}

func (w *Writer) put(name string, size int64, r io.Reader) error {
	if err := w.t.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	n, err := io.Copy(&told{w.t, w.Progress}, r)
	if err == nil && n != size {
		err = fmt.Errorf("it has %d bytes, %d were expected: it was cut while it was read", n, size)
	}
	return err
}

// told tells of what passes.
type told struct {
	io.Writer
	tell func(int64)
}

func (t *told) Write(p []byte) (int, error) {
	n, err := t.Writer.Write(p)
	if t.tell != nil {
		t.tell(int64(n))
	}
	return n, err
}

// File adds a file as long as it is now: what is appended meanwhile stays out.
// One that is gone is no error, and false.
func (w *Writer) File(name, from string) (bool, error) {
	f, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("write backup: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, fmt.Errorf("write backup: %w", err)
	}
	return true, w.Add(name, info.Size(), f)
}

// Tree adds the files of a folder, and of those below it, that pass. A folder
// that is not there is empty.
func (w *Writer) Tree(prefix, dir string, pass func(name string) bool) error {
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed since it was listed
		}
		if err != nil || !d.Type().IsRegular() || !pass(name) {
			return err
		}
		_, err = w.File(path.Join(prefix, name), dir+string(os.PathSeparator)+name)
		return err
	})
	if err != nil {
		return fmt.Errorf("read %s: %w", dir, err)
	}
	return nil
}

// Key adds the key file, encrypted to a recipient of age (age1…).
func (w *Writer) Key(recipient string, key []byte) error {
	to, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		return fmt.Errorf("the recipient %.80q is none of age: age1 and 58 characters are expected, as age-keygen prints them: %w", recipient, err)
	}
	var b buffer
	enc, err := age.Encrypt(&b, to)
	if err != nil {
		return fmt.Errorf("encrypt the key: %w", err)
	}
	if _, err := enc.Write(key); err != nil {
		return fmt.Errorf("encrypt the key: %w", err)
	}
	if err := enc.Close(); err != nil {
		return fmt.Errorf("encrypt the key: %w", err)
	}
	return w.Add(KeyMember, int64(len(b)), &b)
}

// CheckRecipient says what is wrong with a recipient before anything is done.
func CheckRecipient(recipient string) error {
	if _, err := age.ParseX25519Recipient(recipient); err != nil {
		return fmt.Errorf("%.80q is no recipient of age: age1 and 58 characters are expected, as age-keygen prints them", recipient)
	}
	return nil
}

type buffer []byte

func (b *buffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}

func (b *buffer) Read(p []byte) (int, error) {
	if len(*b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, *b)
	*b = (*b)[n:]
	return n, nil
}

// Close writes the manifest, sealed by seal, and ends the archive.
func (w *Writer) Close(seal func(hash []byte) ([]byte, error)) error {
	w.m.MadeAt = w.m.MadeAt.UTC()
	slices.SortFunc(w.m.Members, func(a, b Member) int { return slices.Compare([]byte(a.Name), []byte(b.Name)) })
	text, err := json.MarshalIndent(w.m, "", " ")
	if err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	sum := sha256.Sum256(text)
	sealed, err := seal(sum[:])
	if err != nil {
		return fmt.Errorf("seal manifest: %w", err)
	}
	for _, x := range []struct {
		name string
		b    buffer
	}{{manifestName, text}, {sealName, sealed}} {
		if err := w.put(x.name, int64(len(x.b)), &x.b); err != nil {
			return fmt.Errorf("write manifest: %w", err)
		}
	}
	if err := w.t.Close(); err != nil {
		return fmt.Errorf("end backup: %w", err)
	}
	if err := w.z.Close(); err != nil {
		return fmt.Errorf("end backup: %w", err)
	}
	return nil
}

// Abort lets go of what an archive that is not going to be whole holds.
func (w *Writer) Abort() { w.z.Reset(io.Discard) }
