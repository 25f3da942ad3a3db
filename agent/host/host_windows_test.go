package host

import (
	"errors"
	"io/fs"
	"os"
	"testing"
)

// Anybody may make folders on the drive: what lies where Unix has its logs and
// programs is neither read nor run.
func TestPathsOfUnixAreNone(t *testing.T) {
	for _, dir := range []string{`C:\usr\bin`, `C:\var\log`, `C:\run\systemd\system`} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{`C:\usr\bin\systemctl`, `C:\usr\bin\systemctl.exe`, `C:\var\log\syslog`} {
		if err := os.WriteFile(name, b[:min(len(b), 1<<20)], 0o755); err != nil {
			t.Fatal(err)
		}
	}
	h := Local()
	if _, err := h.Run(t.Context(), "systemctl"); !errors.Is(err, ErrNoProgram) {
		t.Errorf("a program that somebody laid down: %v", err)
	}
	if h.Exists("/run/systemd/system") || h.Line("/var/log/syslog") != "" || len(h.Glob("/var/log/*")) > 0 {
		t.Error("a path of Unix is there")
	}
	if _, err := h.Open("/var/log/syslog"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := h.ReadDir("/var/log"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := h.Readlink("/var/log/syslog"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if !h.Exists(`C:\var\log\syslog`) {
		t.Error("a path of Windows is none")
	}
}
