package private

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"
)

// home is a folder as services have theirs: in one that any user may make
// folders in. Temporary folders belong to who runs the test.
func home(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(os.Getenv("ProgramData"), "muster-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func everybody(t *testing.T, path string) {
	t.Helper()
	if err := set(path, "D:P(A;OICI;FA;;;WD)"); err != nil {
		t.Fatal(err)
	}
	if d, err := read(path); err != nil || d.others(anyRight, []string{system, administrators}) == "" {
		t.Fatalf("%s was not opened: %+v %v", path, d, err)
	}
}

// A folder that everybody may enter is closed, with all that is in it.
func TestWhatIsOpenIsClosed(t *testing.T) {
	dir := filepath.Join(home(t), "data")
	below := filepath.Join(dir, "spool")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(below, "1.seg")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	all := []string{file, below, dir}
	for _, path := range all {
		everybody(t, path)
	}
	if err := Folder(dir, "muster-agent"); err != nil {
		t.Fatal(err)
	}
	p, err := who("muster-agent")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		d, err := read(path)
		if err != nil {
			t.Fatal(err)
		}
		if sid := d.others(anyRight, p.trusts); sid != "" {
			t.Errorf("%s may enter %s", sid, path)
		}
	}
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Error("and its owner cannot work in it:", err)
	}
}

// Who may replace a folder above owns what is below.
func TestWhatCouldBeReplacedIsRefused(t *testing.T) {
	up := home(t)
	everybody(t, up)
	dir := filepath.Join(up, "data")
	if err := Folder(dir, "muster-agent"); !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), up) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Error("and yet there is a folder:", err)
	}
}

func TestAFileInTheFoldersPlaceIsRefused(t *testing.T) {
	dir := filepath.Join(home(t), "data")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Folder(dir, "muster-agent"); !errors.Is(err, ErrForeign) {
		t.Errorf("error %v", err)
	}
}

// A hand that nobody trusts is found by what it owns. The names of accounts
// are those of descriptors.
func TestWhatOthersOwnIsForeign(t *testing.T) {
	dir := home(t)
	p := parties{trusts: []string{system}}
	if _, err := p.ours(dir); !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), "icacls") {
		t.Errorf("error %v", err)
	}
	sid, err := windows.CreateWellKnownSid(windows.WinBuiltinAdministratorsSid)
	if err != nil {
		t.Fatal(err)
	}
	if name, err := canonical(sid.String()); err != nil || name != administrators {
		t.Errorf("%s %v", name, err)
	}
}
