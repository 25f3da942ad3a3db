package backup

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

var errOther = errors.New("sealed under another key")

// lid seals by writing the key before; it stands in for authority/seal.
func lid(key string) func([]byte) ([]byte, error) {
	return func(hash []byte) ([]byte, error) { return append([]byte(key), hash...), nil }
}

func unlid(key, sealed []byte) ([]byte, error) {
	rest, ok := bytes.CutPrefix(sealed, key)
	if !ok {
		return nil, errOther
	}
	return rest, nil
}

func schema(n int) map[string]int { return map[string]int{"inventory.db": n} }

// made writes an archive of some files.
func made(t testing.TB, files map[string]string, change ...func(*Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	m := w.Manifest()
	m.Program, m.MadeAt, m.Schema, m.Sequence = "v1", time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC), schema(3), 77
	for name, text := range files {
		if err := w.Add(name, int64(len(text)), strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range change {
		f(w)
	}
	if err := w.Close(lid("key1")); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func kept(t testing.TB, archive []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a.backup")
	if err := os.WriteFile(name, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func some() map[string]string {
	return map[string]string{
		"inventory.db": strings.Repeat("rows ", 100_000), "control.db": "identities", "outbox/1.seg": "", "series/wal/00000001": "numbers", "office/rules/X1.yaml": "id: X1"}
}

func TestBackAndForth(t *testing.T) {
	archive := made(t, some())
	m, err := Verify(bytes.NewReader(archive), func(s []byte) ([]byte, error) { return unlid([]byte("key1"), s) })
	if err != nil || len(m.Members) != 5 || m.Sequence != 77 || m.HasKey() {
		t.Fatalf("%+v, %v", m, err)
	}
	if _, err := Verify(bytes.NewReader(archive), func(s []byte) ([]byte, error) { return unlid([]byte("key2"), s) }); !errors.Is(err, errOther) {
		t.Errorf("another collector's: %v", err)
	}
	dir := filepath.Join(t.TempDir(), "new", "data")
	key := filepath.Join(t.TempDir(), "secret.key")
	if err := os.WriteFile(key, []byte("key1"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := Order{File: kept(t, archive), Dir: dir, Schema: schema(3), Key: key, Open: unlid}
	if _, keyed, err := Restore(o); err != nil || !keyed {
		t.Fatalf("keyed %t, %v", keyed, err)
	}
	n := 0
	fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if d.IsDir() {
			return err
		}
		n++
		text, err := os.ReadFile(filepath.Join(dir, name))
		if want := some()[name]; name == KeyName && string(text) != "key1" || name != KeyName && string(text) != want || err != nil {
			t.Errorf("%s: %.20q, %v", name, text, err)
		}
		if info, err := d.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: others may read it", name)
		}
		return nil
	})
	if n != 6 {
		t.Errorf("%d files", n)
	}
	if _, _, err := Restore(o); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("into a folder with something in it: %v", err)
	}
}

func TestTheKeyGoesAlongForItsRecipientOnly(t *testing.T) {
	mine, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	archive := made(t, some(), func(w *Writer) {
		if err := w.Key(mine.Recipient().String(), []byte("key1")); err != nil {
			t.Fatal(err)
		}
	})
	if bytes.Contains(archive, []byte("key1\n")) {
		t.Error("the key stands there in the clear")
	}
	identity := func(i *age.X25519Identity) string {
		name := filepath.Join(t.TempDir(), "age.key")
		if err := os.WriteFile(name, []byte("# created\n"+i.String()+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	o := Order{File: kept(t, archive), Dir: filepath.Join(t.TempDir(), "a"), Schema: schema(3), Open: unlid, Identity: identity(other)}
	if _, _, err := Restore(o); err == nil || !strings.Contains(err.Error(), "not for the identity") {
		t.Errorf("another's identity: %v", err)
	}
	if _, err := os.Stat(o.Dir); err == nil {
		t.Error("something was written for another's identity")
	}
	o.Identity = identity(mine)
	if m, keyed, err := Restore(o); err != nil || !keyed || !m.HasKey() {
		t.Fatalf("keyed %t, %v", keyed, err)
	}
	if b, err := os.ReadFile(filepath.Join(o.Dir, KeyName)); err != nil || string(b) != "key1" {
		t.Errorf("the key is %q, %v", b, err)
	}
	if _, err := os.Stat(filepath.Join(o.Dir, KeyMember)); err == nil {
		t.Error("the encrypted key was unpacked too")
	}
	o.Dir, o.File = filepath.Join(t.TempDir(), "b"), kept(t, made(t, some()))
	if _, _, err := Restore(o); err == nil || !strings.Contains(err.Error(), "--key-file") {
		t.Errorf("an identity, and no key went along: %v", err)
	}
	o.Identity = ""
	if _, keyed, err := Restore(o); err != nil || keyed {
		t.Errorf("without a key: keyed %t, %v", keyed, err)
	}
	if err := CheckRecipient("age1nonsense"); err == nil {
		t.Error("a recipient that is none")
	}
}

func TestANewerProgramsBackupIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	o := Order{File: kept(t, made(t, some())), Dir: dir, Schema: schema(2), Open: unlid}
	if _, _, err := Restore(o); err == nil || !strings.Contains(err.Error(), "schema 3") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a folder was made")
	}
}

// Every cut and every changed bit is noticed before anything is written.
func TestDamageIsNoticed(t *testing.T) {
	archive := made(t, map[string]string{"inventory.db": strings.Repeat("some rows, ", 50), "outbox/1.seg": "abc"})
	whole, err := Verify(bytes.NewReader(archive), nil)
	if err != nil {
		t.Fatal(err)
	}
	harmless := 0
	defer func() {
		if harmless > 40 {
			t.Errorf("%d of 2000 changes did no harm", harmless)
		}
	}()
	for n := range len(archive) {
		if _, err := Verify(bytes.NewReader(archive[:n]), nil); !errors.Is(err, ErrNotWhole) {
			t.Fatalf("cut at %d of %d: %v", n, len(archive), err)
		}
	}
	for range 2000 {
		bad := bytes.Clone(archive)
		bad[rand.IntN(len(bad))] ^= 1 << rand.IntN(8)
		// A few bits of a zstd frame mean nothing (RFC 8878 §3.1.1.1.1): with
		// them the content is the same.
		if m, err := Verify(bytes.NewReader(bad), nil); err == nil && !reflect.DeepEqual(m, whole) {
			t.Fatalf("a changed bit is not noticed: %+v", m)
		} else if err == nil {
			harmless++
		}
	}
	dir := filepath.Join(t.TempDir(), "a")
	if _, _, err := Restore(Order{File: kept(t, archive[:len(archive)-3]), Dir: dir, Schema: schema(9), Open: unlid}); !errors.Is(err, ErrNotWhole) {
		t.Errorf("restore: %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("something of a backup that is not whole was written")
	}
}

// forged is a tar in our form that no Writer would write.
func forged(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(magic)
	z, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for _, h := range headers {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		io.CopyN(w, zeros{}, h.Size)
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 0
	}
	return len(p), nil
}

func TestNamesThatLeadOut(t *testing.T) {
	for _, h := range []tar.Header{
		{Name: "../etc/passwd"},
		{Name: "/etc/passwd"},
		{Name: "series/../../x"},
		{Name: "a\\b"},
		{Name: "C:x"},
		{Name: "."},
		{Name: KeyName},
		{Name: "muster.sock"},
		{Name: strings.Repeat("x", maxName+1)},
		{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"},
		{Name: "hard", Typeflag: tar.TypeLink, Linkname: "inventory.db"},
		{Name: "folder/", Typeflag: tar.TypeDir},
		{Name: "device", Typeflag: tar.TypeChar},
	} {
		if _, err := Verify(bytes.NewReader(forged(t, h)), nil); !errors.Is(err, ErrNotWhole) {
			t.Errorf("%q of type %c: %v", h.Name, h.Typeflag, err)
		}
	}
	if _, err := Verify(bytes.NewReader(forged(t, tar.Header{Name: "a"}, tar.Header{Name: "a"})), nil); !errors.Is(err, ErrNotWhole) {
		t.Errorf("twice: %v", err)
	}
	if _, err := Verify(bytes.NewReader(forged(t, tar.Header{Name: manifestName, Size: maxManifest + 1})), nil); !errors.Is(err, ErrNotWhole) {
		t.Errorf("a huge manifest: %v", err)
	}
	var b bytes.Buffer
	w, err := NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"../x", KeyName, "a.sock"} {
		if w.Add(name, 0, strings.NewReader("")) == nil {
			t.Errorf("%s was written", name)
		}
	}
	if err := w.Add("short", 10, strings.NewReader("abc")); err == nil {
		t.Error("a file that was cut while it was read")
	}
}

// Whatever comes in, memory stays bounded and nothing crashes; what passes is
// as its manifest says.
func FuzzVerify(f *testing.F) {
	f.Add(made(f, map[string]string{"inventory.db": "rows", "outbox/1.seg": ""}))
	f.Add([]byte(magic))
	f.Add(forged(f, tar.Header{Name: "../x", Size: 3}))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Verify(bytes.NewReader(b), nil)
		if err != nil {
			return
		}
		for _, x := range m.Members {
			if fits(x.Name) != nil {
				t.Fatalf("%q passed", x.Name)
			}
		}
	})
}
