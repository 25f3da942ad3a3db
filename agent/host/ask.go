package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"time"
)

// Question is a GET that the agent may ask a program of this machine over its
// Unix socket, or a pipe of Windows: always the same path, nothing sent beside
// it.
type Question struct {
	Name    string
	Sockets []string // absolute; the first that exists is asked
	Pipe    string   // of Windows, below \\.\pipe\; empty where there is none
	Path    string   // of the request, with its query
	Limit   time.Duration
	Most    int // bytes of the answer
	Why     string
}

// Questions is the whole table. Nothing else is ever asked. A socket whose
// manager would start a program because of the question is not in it.
func Questions() []Question {
	return []Question{
		{
			Name: "snaps", Sockets: []string{"/run/snapd.socket"}, Path: "/v2/snaps",
			Limit: 10 * time.Second, Most: 4 << 20,
			Why: "snapd alone knows publisher and channel of what it installed",
		},
		{
			Name: "docker", Sockets: []string{"/run/docker.sock", "/var/run/docker.sock"}, Pipe: `\\.\pipe\docker_engine`, Path: "/containers/json?all=1",
			Limit: 10 * time.Second, Most: 8 << 20,
			Why: "whether a container runs stands in no file that is kept current",
		},
	}
}

// ErrNoSocket says that no socket of a question is there. It is
// errors.ErrUnsupported to callers: this system does not have the program.
var ErrNoSocket = fmt.Errorf("nobody is there to be asked: %w", errors.ErrUnsupported)

// Ask asks a question of the table by name and gives the body of the answer.
func (h *Host) Ask(ctx context.Context, name string) ([]byte, error) {
	for _, q := range Questions() {
		if q.Name != name {
			continue
		}
		for _, s := range q.Sockets {
			if h.Exists(s) {
				return h.ask(ctx, q, h.Path(s))
			}
		}
		return nil, fmt.Errorf("%s: %w", name, ErrNoSocket)
	}
	return nil, fmt.Errorf("%s is not in the table of questions", name)
}

// AskPipe asks a question of the table over the pipe that it has on Windows.
// To look whether the pipe is there would take a place at it.
func (h *Host) AskPipe(ctx context.Context, name string) ([]byte, error) {
	for _, q := range Questions() {
		if q.Name == name && q.Pipe != "" {
			return h.ask(ctx, q, q.Pipe)
		}
	}
	return nil, fmt.Errorf("%s is not in the table of questions over pipes", name)
}

func (h *Host) ask(ctx context.Context, q Question, at string) ([]byte, error) {
	if h.Get == nil {
		return nil, fmt.Errorf("%s: %w", q.Name, ErrNoSocket)
	}
	ctx, cancel := context.WithTimeout(ctx, q.Limit)
	defer cancel()
	b, err := h.Get(ctx, q, at)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", q.Name, ErrNoSocket)
	}
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", q.Name, err)
	}
	return b, nil
}

// get asks over a connection of its own, follows nothing and keeps nothing.
func get(ctx context.Context, q Question, socket string) ([]byte, error) {
	one := &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dialLocal(ctx, socket) },
		DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 16 << 10,
	}
	defer one.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+q.Path, nil)
	if err != nil {
		return nil, err
	}
	a, err := one.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer a.Body.Close()
	switch {
	case a.StatusCode == http.StatusUnauthorized, a.StatusCode == http.StatusForbidden:
		return nil, fmt.Errorf("answer %s: %w", a.Status, fs.ErrPermission)
	case a.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("answer %s", a.Status)
	}
	b, err := io.ReadAll(io.LimitReader(a.Body, int64(q.Most)+1))
	if err != nil {
		return nil, err
	}
	if len(b) > q.Most {
		return nil, fmt.Errorf("more than %d bytes of answer", q.Most)
	}
	return b, nil
}
