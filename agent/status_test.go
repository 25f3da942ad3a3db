package agent

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muster/agent/config"
	"muster/agent/send"
)

// What the deliverer comes to stands in the status at once, not at the next
// tick, and the end of the agent does too.
func TestStatusIsWrittenWhenSomethingCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config.Default()
		c.Data = t.TempDir()
		a, err := open(Options{Config: c, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer a.close()
		began := time.Now()
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			a.writeStatus(ctx)
			close(done)
		}()
		read := func() Status {
			t.Helper()
			synctest.Wait()
			s, err := ReadStatus(c.Data)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if s := read(); s.Sent != 0 || s.Delivery != nil || !s.Running || s.PID != os.Getpid() {
			t.Errorf("at first: %+v", s)
		}
		a.del.sentReports.Store(3)
		a.del.note(send.Outcome{Verdict: send.Accepted, Address: "collector.example.org:9421"}, nil)
		if s := read(); s.Sent != 3 || s.Delivery == nil || s.Delivery.OKAt.IsZero() {
			t.Errorf("after the first delivery: %+v", s)
		}
		if waited := time.Since(began); waited >= statusEvery {
			t.Errorf("it took %s", waited)
		}
		stop()
		<-done
		a.lastStatus()
		if s := read(); s.Running || s.Stopped.IsZero() || s.Sent != 3 {
			t.Errorf("at the end: %+v", s)
		}
	})
}

// A process that is not there does not run, whatever it said last.
func TestStatusOfAnAgentThatWasKilled(t *testing.T) {
	gone := exec.Command(os.Args[0], "-test.run=^$")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	dir, now := t.TempDir(), time.Now()
	for _, x := range []struct {
		s    Status
		want string
	}{
		{Status{PID: os.Getpid(), Running: true, At: now.Add(-10 * time.Second)}, "running (version"},
		{Status{PID: gone.Process.Pid, Running: true, At: now.Add(-22 * time.Second)}, "not running: its process has ended; last word 22s ago"},
		{Status{PID: os.Getpid(), Stopped: now.Add(-5 * time.Second), At: now.Add(-5 * time.Second)}, "not running: stopped 5s ago"},
		{Status{PID: os.Getpid(), Running: true, At: now.Add(-3 * time.Minute)}, "not running: last word 3m0s ago"},
	} {
		x.s.write(dir)
		got, err := ReadStatus(dir)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := PrintStatus(&b, got, now, false); err != nil {
			t.Fatal(err)
		}
		if first, _, _ := strings.Cut(b.String(), "\n"); !strings.HasPrefix(strings.TrimSpace(strings.TrimPrefix(first, "agent")), x.want) {
			t.Errorf("%q, want %q", first, x.want)
		}
	}
}
