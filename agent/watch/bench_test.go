package watch

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"muster/agent/host"
	"muster/agent/watch/journal/journaltest"
)

// BenchmarkPass is a look at a machine on which nothing happens: what the
// watcher costs six times a minute.
func BenchmarkPass(b *testing.B) {
	root := b.TempDir()
	dir := filepath.Join(root, "var/log/journal", machineID)
	for name, text := range map[string]string{"/etc/machine-id": machineID, "/proc/sys/kernel/random/boot_id": bootA} {
		os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755)
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	os.MkdirAll(dir, 0o755)
	for n := range 20 { // twenty files that were rotated, and the one that is written to
		j := journaltest.New(1, true, true)
		for i := range 500 {
			j.Add(uint64(n*500+i+1), time.Now().Add(-time.Hour), fmt.Sprintf("MESSAGE=line %d", i), "_TRANSPORT=syslog", "SYSLOG_IDENTIFIER=x")
		}
		name := fmt.Sprintf("system@%d.journal", n)
		if n == 19 {
			name = "system.journal"
		}
		j.Save(b, dir, name)
	}
	begin := time.Now()
	now := begin
	w := &Watch{Host: &host.Host{Root: root, Now: func() time.Time { return now }, Mono: func() (time.Duration, error) { return now.Sub(begin), nil }},
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Path: filepath.Join(b.TempDir(), "watched"),
		OpenKernel: func(*host.Host) (kernelLog, error) { return nil, os.ErrNotExist },
		Awake:      func() (time.Duration, error) { return now.Sub(begin), nil }}
	if err := w.Open(1, 1); err != nil {
		b.Fatal(err)
	}
	for w.Pass(context.Background()) {
	}
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(every)
		if w.Pass(context.Background()) {
			b.Fatal("there is more")
		}
	}
}
