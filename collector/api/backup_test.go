package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
)

// fakeBackups writes what it is told to, and then fails with err.
type fakeBackups struct {
	text  string
	err   error
	asked BackupOrder
}

func (f *fakeBackups) Backup(_ context.Context, o BackupOrder, w io.Writer) error {
	f.asked = o
	if _, err := io.WriteString(w, f.text); err != nil {
		return err
	}
	return f.err
}

func (f *fakeBackups) Estimate(context.Context) int64 { return 12345 }

func TestBackupComesAsItIsMade(t *testing.T) {
	w := newWorld(t)
	f := &fakeBackups{text: strings.Repeat("archive ", 100_000)}
	w.Server.d.Backups = f
	far := httptest.NewUnstartedServer(w.Server.Handler()) // a connection that can break
	far.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	far.Start()
	defer far.Close()
	c, err := Remote(far.URL, Secret(w.tokens["admin"]), nil)
	if err != nil {
		t.Fatal(err)
	}
	in := BackupInput{}
	in.Body.Recipient = "age1xyz"
	var got bytes.Buffer
	estimate := int64(0)
	w.accounts.taken()
	if err := c.BackupMake(t.Context(), in, &got, func(n int64) { estimate = n }); err != nil {
		t.Fatal(err)
	}
	if got.String() != f.text || estimate != 12345 || f.asked.Recipient != "age1xyz" {
		t.Errorf("%d bytes, estimate %d, %+v", got.Len(), estimate, f.asked)
	}
	if r := w.accounts.taken(); len(r) != 1 || r[0].Action != "backup-make" || r[0].Outcome != "done" || r[0].Detail["recipient"] != "age1xyz" {
		t.Errorf("audit %+v", r)
	}

	// What goes wrong in the middle breaks the connection off.
	f.err = errors.New("read /secret/path: broken")
	got.Reset()
	err = c.BackupMake(t.Context(), in, &got, func(int64) {})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("broke off: %v", err)
	}
	if r := w.accounts.taken(); len(r) != 1 || r[0].Outcome != "failed" {
		t.Errorf("audit %+v", r)
	}
	// What goes wrong before is told.
	f.text, f.err = "", NewProblem("busy", "another backup is being made")
	if err := c.BackupMake(t.Context(), in, &got, func(int64) {}); err == nil || !strings.Contains(err.Error(), "another backup") {
		t.Errorf("busy: %v", err)
	}
}
