//go:build linux

// Package wine gives tests a Windows on Linux: a fresh prefix of Wine each, in
// which Go programs run, and whose services live as long as the test.
//
// It owns what is odd about Wine. It must not know which programs run in it.
package wine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// libraries is where Debian keeps wine64, which is on nobody's PATH.
const libraries = "/usr/lib/wine"

// limit is the time one command may take, on a machine that is busy.
const limit = 3 * time.Minute

// random is the library of Windows 7 and later that Go asks for random bytes
// and that Wine 8 lacks. SystemFunction036 is RtlGenRandom.
const random = `#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) { return SystemFunction036(data, (ULONG)size); }
`

// Prefix is one Windows: its registry, its drive and its services.
type Prefix struct{ dir string }

// New makes a Windows 10 of its own, and ends it with the test.
func New(t testing.TB) *Prefix {
	t.Helper()
	// A prefix's path is part of a socket's address, which is short.
	dir, err := os.MkdirTemp("", "mu-wine-")
	if err != nil {
		t.Fatal(err)
	}
	p := &Prefix{dir: dir}
	t.Cleanup(func() {
		p.server("-k") //nolint:errcheck // says so when there is none
		p.server("-w") //nolint:errcheck
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("take the prefix away: %v", err)
		}
	})
	// "wineboot --init" may leave two managers of services. This leaves none.
	p.Must(t, "cmd", "/c", "exit")
	p.Must(t, "winecfg", "/v", "win10")
	if err := p.server("-w"); err != nil {
		t.Fatalf("wait for Wine: %v", err)
	}
	source := filepath.Join(dir, "random.c")
	if err := os.WriteFile(source, []byte(random), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("x86_64-w64-mingw32-gcc", "-O2", "-s", "-shared", "-o", p.Path(`C:\windows\system32\bcryptprimitives.dll`), source, "-ladvapi32").CombinedOutput()
	if err != nil {
		t.Fatalf("build what Wine lacks: %v\n%s", err, out)
	}
	p.hold(t)
	return p
}

// hold keeps a program open: Wine ends its services with the last one. What it
// begins, services among it, inherits its output, hence no pipe.
func (p *Prefix) hold(t testing.TB) {
	t.Helper()
	cmd := p.command(context.Background(), "cmd")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		in.Close()
		p.server("-k") //nolint:errcheck
		<-ended
	})
}

// Path is where a file of drive C lies on Linux.
func (p *Prefix) Path(windows string) string {
	return filepath.Join(p.dir, "drive_c", filepath.FromSlash(strings.ReplaceAll(strings.TrimPrefix(windows, `C:\`), `\`, "/")))
}

// Put copies a file of Linux to drive C.
func (p *Prefix) Put(t testing.TB, from, windows string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(p.Path(windows)), 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := os.OpenFile(p.Path(windows), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// Run runs a program of Windows and answers what it printed, and its exit code.
func (p *Prefix) Run(t testing.TB, name string, args ...string) (string, int) {
	t.Helper()
	// A file, for what the program leaves behind would keep a pipe open.
	said, err := os.CreateTemp(p.dir, "said-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(said.Name())
	defer said.Close()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := p.command(ctx, append([]string{name}, args...)...)
	cmd.Stdout, cmd.Stderr = said, said
	err = cmd.Run()
	text, readErr := os.ReadFile(said.Name())
	if readErr != nil {
		t.Fatal(readErr)
	}
	var exit *exec.ExitError
	if err != nil && (ctx.Err() != nil || !errors.As(err, &exit)) {
		t.Fatalf("%s under Wine: %v\n%s", name, err, text)
	}
	return string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))), cmd.ProcessState.ExitCode()
}

// Must is Run where it may not fail.
func (p *Prefix) Must(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, code := p.Run(t, name, args...)
	if code != 0 {
		t.Fatalf("%s %s under Wine ended with %d:\n%s", name, strings.Join(args, " "), code, out)
	}
	return out
}

// Command is a program of Windows that the caller starts and ends.
func (p *Prefix) Command(name string, args ...string) *exec.Cmd {
	return p.command(context.Background(), append([]string{name}, args...)...)
}

// Registry lays what reg.exe's file format says into the registry.
func (p *Prefix) Registry(t testing.TB, text string) {
	t.Helper()
	if err := os.WriteFile(p.Path(`C:\planted.reg`), []byte("REGEDIT4\r\n\r\n"+strings.ReplaceAll(text, "\n", "\r\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Must(t, "reg", "import", `C:\planted.reg`)
}

// Service is what the manager says of a service: RUNNING, STOPPED and so on;
// empty when there is none.
func (p *Prefix) Service(t testing.TB, name string) string {
	t.Helper()
	out, code := p.Run(t, "sc", "query", name)
	if code != 0 {
		return ""
	}
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) == 4 && f[0] == "STATE" {
			return f[3]
		}
	}
	t.Fatalf("sc query %s says no state:\n%s", name, out)
	return ""
}

// Await waits until what holds, and tells why it may not.
func Await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Since(begin) > limit {
			t.Fatalf("after %s it is not so that %s", limit, what)
		}
	}
}

func (p *Prefix) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(libraries, "wine64"), args...)
	cmd.Env = append(os.Environ(), p.environment()...)
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

func (p *Prefix) environment() []string {
	return []string{"WINEPREFIX=" + p.dir, "WINEDEBUG=-all",
		// Neither .NET nor a browser, which Wine would ask to fetch.
		"WINEDLLOVERRIDES=bcryptprimitives=n;mscoree,mshtml="}
}

// server speaks with the prefix's wineserver: -k ends it, -w waits for its end.
func (p *Prefix) server(flag string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(libraries, "wineserver"), flag)
	cmd.Env = append(os.Environ(), p.environment()...)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("wineserver %s: %w", flag, err)
	}
	return nil
}
