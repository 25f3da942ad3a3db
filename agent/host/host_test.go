package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The table is the agent's promise to run nothing but what is in it: each
// entry must be an absolute path with fixed arguments and limits, and never a
// shell or an interpreter.
func TestCommands(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Commands() {
		if seen[c.Name] {
			t.Errorf("%s is in the table twice", c.Name)
		}
		seen[c.Name] = true
		if c.Limit <= 0 || c.Limit > 2*time.Minute || c.Most <= 0 || c.Most > 64<<20 || c.Why == "" {
			t.Errorf("%s lacks a limit or a reason", c.Name)
		}
		for _, p := range c.Paths {
			if !strings.HasPrefix(p, "/") && !strings.HasPrefix(p, `C:\Windows\`) {
				t.Errorf("%s: %s is not absolute", c.Name, p)
			}
			switch base := strings.TrimSuffix(filepath.Base(p), ".exe"); base {
			case "sh", "bash", "cmd", "powershell", "pwsh", "python", "python3", "perl", "osascript", "env", "wmic":
				t.Errorf("%s: %s can run anything", c.Name, base)
			}
		}
	}
}

func TestRunRefusesWhatIsNotInTheTable(t *testing.T) {
	if _, err := Local().Run(context.Background(), "ls"); err == nil {
		t.Error("a program outside the table was run")
	}
	h := &Host{Root: t.TempDir()}
	if _, err := h.Run(context.Background(), "rpm"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a missing program gives %v, want ErrUnsupported", err)
	}
}

func TestExecuteLimits(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("no /bin/sh on this system to play a bad program")
	}
	ctx := context.Background()
	run := func(most int, limit time.Duration, script string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		return execute(ctx, Command{Args: []string{"-c", script}, Most: most, Limit: limit}, "/bin/sh")
	}
	if out, err := run(100, 5*time.Second, "echo $HOME-$LC_ALL"); err != nil || string(out) != "-C\n" {
		t.Errorf("environment: %q, %v", out, err)
	}
	if _, err := run(100, 5*time.Second, "yes | head -c 1000"); err == nil || !strings.Contains(err.Error(), "more than 100 bytes") {
		t.Errorf("too much output: %v", err)
	}
	if _, err := run(100, 100*time.Millisecond, "sleep 30"); err == nil || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("a hanging program: %v", err)
	}
	if _, err := run(100, 5*time.Second, "echo no such database >&2; exit 3"); err == nil || !strings.Contains(err.Error(), "no such database") {
		t.Errorf("a failing program: %v", err)
	}
}

func TestRoot(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "sys/class/net/eth0"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sys/class/net/eth0/mtu"), []byte("1500\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	h := &Host{Root: dir}
	if got := h.Line("/sys/class/net/eth0/mtu"); got != "1500" {
		t.Errorf("Line = %q", got)
	}
	if got := h.Glob("/sys/class/net/*"); len(got) != 1 || got[0] != "/sys/class/net/eth0" {
		t.Errorf("Glob = %q", got)
	}
	if h.Line("/etc/passwd") != "" {
		t.Error("a fixture root reads the live machine")
	}
}

func TestLineOfAnyLength(t *testing.T) {
	h := &Host{Root: t.TempDir()}
	for _, n := range []int{0, 1, 255, 256, 257, 4095, 4096, 5000} {
		if err := os.WriteFile(filepath.Join(h.Root, "x"), []byte(strings.Repeat("a", n)+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := len(h.Line("/x")); got != min(n, 4096) {
			t.Errorf("a line of %d bytes comes back with %d", n, got)
		}
	}
}
