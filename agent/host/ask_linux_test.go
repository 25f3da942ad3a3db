package host

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The table of questions is the agent's promise to ask nothing else: fixed
// paths to sockets, fixed requests, limits.
func TestQuestions(t *testing.T) {
	seen := map[string]bool{}
	for _, q := range Questions() {
		if seen[q.Name] {
			t.Errorf("%s is in the table twice", q.Name)
		}
		seen[q.Name] = true
		if q.Limit <= 0 || q.Limit > time.Minute || q.Most <= 0 || q.Most > 16<<20 || q.Why == "" {
			t.Errorf("%s lacks a limit or a reason", q.Name)
		}
		if !strings.HasPrefix(q.Path, "/") || len(q.Sockets) == 0 {
			t.Errorf("%s asks %q of %v", q.Name, q.Path, q.Sockets)
		}
		for _, s := range q.Sockets {
			if !strings.HasPrefix(s, "/run/") && !strings.HasPrefix(s, "/var/run/") {
				t.Errorf("%s: %s is no socket of the system", q.Name, s)
			}
		}
	}
	if _, err := Local().Ask(context.Background(), "secrets"); err == nil {
		t.Error("a question outside the table was asked")
	}
	h := &Host{Root: t.TempDir()}
	if _, err := h.Ask(context.Background(), "docker"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("without a socket: %v, want ErrUnsupported", err)
	}
}

func TestGetLimits(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ok", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("fine")) })
	mux.HandleFunc("GET /long", func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 4096)) })
	mux.HandleFunc("GET /no", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	mux.HandleFunc("GET /away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ok", http.StatusFound) })
	mux.HandleFunc("GET /never", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s := &http.Server{Handler: mux}
	go s.Serve(l)
	defer s.Close()
	ask := func(path string, limit time.Duration) ([]byte, error) {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		return get(ctx, Question{Path: path, Most: 100}, socket)
	}
	if b, err := ask("/ok", time.Minute); err != nil || string(b) != "fine" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := ask("/long", time.Minute); err == nil {
		t.Error("more than the limit was read")
	}
	if _, err := ask("/no", time.Minute); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a refusal gives %v, want ErrPermission", err)
	}
	if _, err := ask("/away", time.Minute); err == nil {
		t.Error("a redirection was followed")
	}
	if _, err := ask("/never", 50*time.Millisecond); err == nil {
		t.Error("no answer was taken for one")
	}
}

// A person may lay anything into a home: links that lead out of it, pipes.
func TestWithin(t *testing.T) {
	h := &Host{Root: t.TempDir()}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(h.Path("/home/eve/sub"), 0o755))
	must(os.WriteFile(h.Path("/secret"), []byte("x"), 0o600))
	must(os.WriteFile(h.Path("/home/eve/sub/plain"), []byte("y"), 0o644))
	must(os.Symlink("../../secret", h.Path("/home/eve/out")))
	must(os.Symlink("/etc", h.Path("/home/eve/etc")))
	must(os.Symlink("sub/plain", h.Path("/home/eve/in")))
	must(unix.Mkfifo(h.Path("/home/eve/pipe"), 0o644))
	w, err := h.Within("/home/eve")
	must(err)
	defer w.Close()
	for _, name := range []string{"out", "etc/passwd", "pipe", "sub", "../../secret", "/etc/passwd"} {
		if f, err := w.Open(name); err == nil {
			f.Close()
			t.Errorf("%s was opened", name)
		}
	}
	f, err := w.Open("in")
	must(err)
	f.Close()
	if l, err := w.ReadDir(".", 2); err != nil || len(l) != 2 {
		t.Errorf("%v, %v: want two entries", l, err)
	}
	if _, err := w.ReadDir("etc", 10); err == nil {
		t.Error("a folder outside was listed")
	}
	if !w.Exists("in") || w.Exists("out") {
		t.Error("what is outside exists")
	}
}
