package send

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"muster/internal/enroll"
)

// A key that was asked with is asked with again, also by the next process;
// another purpose has another key.
func TestPendingKeyStaysUntilItIsSettled(t *testing.T) {
	m := &Member{Dir: t.TempDir()}
	first, err := m.pending("enroll one")
	if err != nil {
		t.Fatal(err)
	}
	again, err := (&Member{Dir: m.Dir}).pending("enroll one")
	if err != nil {
		t.Fatal(err)
	}
	if !again.Equal(first) {
		t.Error("the same purpose got another key after a restart")
	}
	m.settled(Outcome{Verdict: Later})
	if k, err := m.pending("enroll one"); err != nil || !k.Equal(first) {
		t.Errorf("a try that failed for now cost the key: %v", err)
	}
	info, err := os.Stat(filepath.Join(m.Dir, pendingName))
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("others may read the key: %s", info.Mode())
	}
	var no Outcome
	no.Verdict, no.Refusal.Code = Never, string(enroll.CodeKeyInUse)
	m.settled(no)
	if k, err := m.pending("enroll one"); err != nil || k.Equal(first) {
		t.Errorf("the collector wants another key, and it is the same: %v", err)
	}
	if err := os.WriteFile(filepath.Join(m.Dir, pendingName), []byte("{damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := m.pending("enroll one"); err != nil {
		t.Errorf("a damaged file: %v", err)
	}
	one, err := m.pending("enroll one")
	if err != nil {
		t.Fatal(err)
	}
	if other, err := m.pending("renew 7"); err != nil || other.Equal(one) {
		t.Errorf("two purposes share a key: %v", err)
	}
}
