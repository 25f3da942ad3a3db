//go:build linux

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// wine is a Windows made of Wine, in a folder of its own, with the agent where
// its installer puts it.
type wine struct {
	t      *testing.T
	dir    string // home, prefix and all
	loader string // Wine's program
	server string // and its server's
}

const winesAgent = `C:\Program Files\Muster\muster-agent.exe`

// prng stands in for a library that programs of Go need to start and that Wine
// does not have before version 9: bcryptprimitives.dll with ProcessPrng, here by
// advapi32's RtlGenRandom.
const prng = `#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) { return SystemFunction036(data, (ULONG)size); }
`

// windowsAgent builds the agent for Windows once, as it is shipped.
var windowsAgent = sync.OnceValues(func() (string, error) {
	dir, err := built() // which goes with the tests
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "muster-agent.exe")
	list, err := os.ReadFile("../../packaging/windows/gcflags")
	if err != nil {
		return "", err
	}
	args := []string{"build", "-buildvcs=false", "-trimpath", "-tags", "nethttpomithttp2", "-ldflags", "-s -w", "-o", path}
	for flag := range strings.Lines(string(list)) {
		if !strings.HasPrefix(flag, "#") {
			args = append(args, strings.TrimSpace(flag))
		}
	}
	return path, forWindows("go", append(args, "muster/agent/cmd/muster-agent")...)
})

func forWindows(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// newWine makes the machine. Its last user holds it: Wine ends its service
// manager with the last program that is no service.
func newWine(t *testing.T) *wine {
	t.Helper()
	w := &wine{t: t, dir: folder(t), loader: winesProgram(t, "wine64"), server: winesProgram(t, "wineserver64")}
	begin := time.Now()
	t.Cleanup(func() {
		for _, flag := range []string{"-k", "-w"} {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			cmd := exec.CommandContext(ctx, w.server, flag)
			cmd.Env = w.env()
			_ = cmd.Run() // it may be gone
			cancel()
		}
	})
	// Wine keeps what people have in their home, and it shall not be ours.
	if err := os.Mkdir(filepath.Join(w.dir, "home"), 0o700); err != nil {
		t.Fatal(err)
	}
	// What the service manager says goes to a file; it begins with the first
	// program, and again with the one that holds the machine.
	manager, err := os.Create(filepath.Join(w.dir, "manager.txt"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { manager.Close() })
	talks := func(args ...string) *exec.Cmd {
		cmd := w.command(args...)
		cmd.Env = append(cmd.Env, "WINEDEBUG=-all,fixme+service")
		cmd.Stderr = manager
		return cmd
	}
	if err := talks("cmd", "/c", "exit").Run(); err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(w.dir, "prng.c")
	if err := os.WriteFile(source, []byte(prng), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("x86_64-w64-mingw32-gcc", "-shared", "-o", w.file(`C:\windows\system32\bcryptprimitives.dll`), source, "-ladvapi32").CombinedOutput(); err != nil {
		t.Fatalf("build what Wine lacks: %v\n%s", err, out)
	}
	exe, err := windowsAgent()
	if err != nil {
		t.Fatal(err)
	}
	w.copy(exe, winesAgent)
	holder := talks("cmd", "/c", "echo ready& more")
	if _, err := holder.StdinPipe(); err != nil { // it waits for a line that never comes
		t.Fatal(err)
	}
	// Once it runs, the manager is its own: a program that came before would have
	// begun one that says nothing.
	out, said, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	holder.Stdout = said
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	said.Close()
	t.Cleanup(func() { holder.Process.Kill(); holder.Wait(); out.Close() })
	if err := out.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.Contains(line, "ready") {
		t.Fatalf("the program that holds Wine says %q: %v", line, err)
	}
	t.Logf("a Windows of Wine after %s", time.Since(begin).Round(100*time.Millisecond))
	return w
}

// winesProgram finds a part of Wine: Debian has them on nobody's PATH.
func winesProgram(t *testing.T, name string) string {
	t.Helper()
	for _, path := range []string{name, "/usr/lib/wine/" + name, strings.TrimSuffix(name, "64")} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	t.Fatalf("there is no %s: packaging/test-deps installs it", name)
	return ""
}

func (w *wine) env() []string {
	return append(os.Environ(), "HOME="+filepath.Join(w.dir, "home"), "WINEPREFIX="+filepath.Join(w.dir, "prefix"), "WINEDEBUG=-all", "DISPLAY=",
		"WINEDLLOVERRIDES=bcryptprimitives=n;mscoree,mshtml=;winemenubuilder.exe=d")
}

// file is where a path of Windows lies.
func (w *wine) file(path string) string {
	return filepath.Join(w.dir, "prefix", "drive_c", strings.ReplaceAll(strings.TrimPrefix(path, `C:\`), `\`, "/"))
}

// files are all files of the machine but those that come and go: temporary ones,
// and what tests put into C:\in.
func (w *wine) files() map[string]bool {
	w.t.Helper()
	root := filepath.Join(w.dir, "prefix", "drive_c")
	names := map[string]bool{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it went just now
		}
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, p)
		if low := strings.ToLower(name); !strings.HasPrefix(low, "in/") && !strings.Contains(low, "temp/") {
			names[name] = true
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return names
}

// copy puts a file into the machine.
func (w *wine) copy(from, to string) {
	w.t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(w.file(to)), 0o755)
	}
	if err == nil {
		err = os.WriteFile(w.file(to), b, 0o755)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *wine) command(args ...string) *exec.Cmd {
	cmd := exec.Command(w.loader, args...)
	cmd.Env = w.env()
	return cmd
}

// managed says what the service manager was asked and Wine's does not do.
func (w *wine) managed() string {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(w.dir, "manager.txt"))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

// run runs a program of Windows and answers what it printed.
func (w *wine) run(env []string, args ...string) (string, error) {
	w.t.Helper()
	cmd := w.command(args...)
	cmd.Env = append(cmd.Env, env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = 10 * time.Second // Wine's own processes keep what they inherit
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		if errors.Is(err, exec.ErrWaitDelay) {
			err = nil
		}
		return strings.ReplaceAll(out.String(), "\r\n", "\n"), err
	case <-time.After(2 * time.Minute):
		cmd.Process.Kill()
		w.t.Fatalf("%q does not end:\n%s", args, out.String())
		return "", errors.New("unreached")
	}
}

func (w *wine) must(args ...string) string {
	w.t.Helper()
	out, err := w.run(nil, args...)
	if err != nil {
		w.t.Fatalf("%q: %v\n%s", args, err, out)
	}
	return out
}

// agent is must of the agent's own commands.
func (w *wine) agent(args ...string) string {
	w.t.Helper()
	return w.must(append([]string{winesAgent}, args...)...)
}

// packagesOfWindows runs the tests of packages that are of Windows alone: on
// Linux nobody else would.
func packagesOfWindows(t *testing.T, w *wine) {
	t.Helper()
	for path, only := range map[string]string{"internal/private": "", "internal/service": "", "agent/gather/wmi": "", "agent/host": "^(TestPipe|TestPathsOfUnixAreNone)$"} {
		name := filepath.Base(path)
		exe := filepath.Join(w.dir, name+".test.exe")
		if err := forWindows("go", "test", "-c", "-buildvcs=false", "-o", exe, "muster/"+path); err != nil {
			t.Fatal(err)
		}
		inside := `C:\tests\` + name + `.test.exe`
		w.copy(exe, inside)
		out := w.must(inside, "-test.v", "-test.run", only)
		if !strings.Contains(out, "--- PASS: ") || strings.Contains(out, "--- SKIP: ") {
			t.Errorf("%s:\n%s", name, out)
		}
	}
}
