package boot

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"muster/agent/host"
)

type sink map[string]float64

func (s sink) Put(m, f string, v float64, _ ...string) { s[m+"."+f] = v }

// The length of a start is told once, when the start is over.
func TestSampler(t *testing.T) {
	out, now, up, told := "FinishTimestampMonotonic=0\n", time.Unix(1e9, 0), time.Minute, false
	h := &host.Host{Root: t.TempDir(), Now: func() time.Time { return now }, Mono: func() (time.Duration, error) { return up, nil },
		Exec: func(context.Context, host.Command, string) ([]byte, error) { return []byte(out), nil }}
	put(t, h, "/run/systemd/system/x", "")
	put(t, h, "/usr/bin/systemctl", "")
	s := &Sampler{Told: func() bool { return told }, Tell: func() { told = true }}
	ask := func() sink {
		got := sink{}
		if err := s.Sample(context.Background(), h, got); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Minute)
		return got
	}
	if got := ask(); len(got) != 0 {
		t.Errorf("told while it starts: %v", got)
	}
	out = "FirmwareTimestampMonotonic=8000000\nFinishTimestampMonotonic=21500000\n"
	if got := ask(); got["boot.core_seconds"] != 29.5 || got["boot.firmware_seconds"] != 8 || !told {
		t.Errorf("%v", got)
	}
	if got := ask(); len(got) != 0 {
		t.Errorf("told twice: %v", got)
	}
	s = &Sampler{Told: func() bool { return told }, Tell: func() {}}
	if got := ask(); len(got) != 0 {
		t.Errorf("told twice, over a start of the agent: %v", got)
	}
	told, up = false, 10*time.Hour
	s = &Sampler{Told: func() bool { return told }, Tell: func() {}}
	if got := ask(); len(got) != 0 {
		t.Errorf("told of a start long ago: %v", got)
	}
	up = time.Minute
	h.Exec = func(context.Context, host.Command, string) ([]byte, error) { return nil, errors.New("not now") }
	s = &Sampler{Told: func() bool { return false }, Tell: func() {}}
	if err := s.Sample(context.Background(), h, sink{}); err == nil || s.over {
		t.Error("a failure is the end")
	}
}

func put(t *testing.T, h *host.Host, name, text string) {
	t.Helper()
	p := filepath.Join(h.Root, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
