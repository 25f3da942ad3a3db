package container

import (
	"context"
	"errors"
	"io/fs"
	"testing"

	"muster/agent/host"
)

func TestPipe(t *testing.T) {
	answer, bad := []byte(`[{"Id":"abc","Names":["/web"],"Image":"nginx:1","State":"running","Status":"Up 2 days (healthy)"}]`), error(nil)
	h := &host.Host{Get: func(_ context.Context, q host.Question, at string) ([]byte, error) {
		if q.Name != "docker" || at != `\\.\pipe\docker_engine` {
			t.Errorf("asked %s at %s", q.Name, at)
		}
		return answer, bad
	}}
	rows, asked, _, err := fromPipe(t.Context(), h)
	if err != nil || len(rows) != 1 || rows[0].Name != "web" || rows[0].Health != "healthy" || len(asked) != 1 {
		t.Errorf("%+v %v %v", rows, asked, err)
	}
	answer = []byte("<html>")
	if _, _, _, err := fromPipe(t.Context(), h); err == nil {
		t.Error("what is no list was taken for one")
	}
	for _, c := range []struct{ err, want error }{{fs.ErrNotExist, errors.ErrUnsupported}, {fs.ErrPermission, fs.ErrPermission}} {
		bad = c.err
		if _, _, _, err := fromPipe(t.Context(), h); !errors.Is(err, c.want) {
			t.Errorf("%v, want %v", err, c.want)
		}
	}
	if _, err := h.AskPipe(t.Context(), "snaps"); err == nil {
		t.Error("a question without a pipe was asked over one")
	}
}
