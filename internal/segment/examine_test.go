package segment

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// Examine counts what a log holds and what is broken, and changes no byte.
func TestExamineTouchesNothing(t *testing.T) {
	dir := t.TempDir()
	if x, err := Examine(filepath.Join(dir, "nowhere"), Options{}); err != nil || x != (Examination{}) {
		t.Errorf("a folder that is not there: %+v, %v", x, err)
	}
	l, _, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for id := range uint64(20) {
		if err := l.Append(Record{ID: id + 1, Data: bytes.Repeat([]byte{byte(id)}, 100)}); err != nil {
			t.Fatal(err)
		}
	}
	if x, err := Examine(dir, Options{}); err != nil || x != (Examination{Records: 20}) { // while it is open
		t.Errorf("%+v, %v", x, err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	b[fileHead+5*(recHead+100)+recHead] ^= 1 // in the sixth
	b = b[:len(b)-10]                        // and the last is torn
	if err := os.WriteFile(files[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	if x, err := Examine(dir, Options{}); err != nil || x != (Examination{Records: 18, Damaged: 1, Torn: recHead + 90}) {
		t.Errorf("%+v, %v", x, err)
	}
	if now, err := os.ReadFile(files[0]); err != nil || !bytes.Equal(now, b) {
		t.Errorf("it was changed, %v", err)
	}
}
