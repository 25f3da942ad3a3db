//go:build linux

package wine

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A Go program runs in a fresh Windows, finds what was laid into the registry,
// and nothing of the prefix is left.
func TestPrefix(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(`package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"runtime"
)

func main() {
	fmt.Println(runtime.GOOS, len(rand.Text()), os.Args[1])
	os.Exit(3)
}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", "hello.exe", "main.go")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var left string
	t.Run("in it", func(t *testing.T) {
		p := New(t)
		left = p.dir
		p.Put(t, filepath.Join(dir, "hello.exe"), `C:\in\hello.exe`)
		out, code := p.Run(t, `C:\in\hello.exe`, "a word")
		if out != "windows 26 a word\n" || code != 3 {
			t.Errorf("the program said %q and ended with %d", out, code)
		}
		p.Registry(t, "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Planted]\n\"Name\"=\"of it\"\n")
		if out := p.Must(t, "reg", "query", `HKLM\SOFTWARE\Planted`); !strings.Contains(out, "of it") {
			t.Errorf("the registry says %q", out)
		}
		if s := p.Service(t, "no-such-service"); s != "" {
			t.Errorf("a service that is not there is %q", s)
		}
	})
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("the prefix is still there: %v", err)
	}
}
