package host

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

// A question is asked and answered over a pipe; one that is not there is told
// from one that fails, and one that does not answer is waited for only so long.
func TestPipe(t *testing.T) {
	at := fmt.Sprintf(`\\.\pipe\muster-test-%d`, os.Getpid())
	if _, err := dialLocal(t.Context(), at); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a pipe that is not there: %v", err)
	}
	serve := func(at, answer string) {
		name, err := windows.UTF16PtrFromString(at)
		if err != nil {
			t.Fatal(err)
		}
		h, err := windows.CreateNamedPipe(name, windows.PIPE_ACCESS_DUPLEX, windows.PIPE_TYPE_BYTE, 1, 4096, 4096, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			f := os.NewFile(uintptr(h), at)
			defer f.Close()
			if err := windows.ConnectNamedPipe(h, nil); err != nil && !errors.Is(err, windows.ERROR_PIPE_CONNECTED) {
				return
			}
			r, err := http.ReadRequest(bufio.NewReader(f))
			if err != nil || r.URL.Path != "/containers/json" {
				return
			}
			if answer == "" {
				time.Sleep(2 * time.Second)
				return
			}
			f.WriteString(answer)
			windows.FlushFileBuffers(h)
		}()
	}
	q := Question{Name: "docker", Path: "/containers/json?all=1", Most: 100}
	serve(at, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
	if b, err := get(t.Context(), q, at); err != nil || string(b) != "[]" {
		t.Errorf("%q %v", b, err)
	}
	silent := at + "-silent"
	serve(silent, "")
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := get(ctx, q, silent); err == nil {
		t.Error("silence was taken for an answer")
	}
}
