//go:build linux

package e2e

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"muster/agent"
	"muster/agent/host"
)

// closing passes connections on, counts them, and ends each as soon as it has
// been quiet for a moment, so that nobody waits on the network while a clock
// is to be moved.
func closing(t *testing.T, upstream string) (address string, count *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	count = &atomic.Int64{}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			count.Add(1)
			go pass(c, upstream)
		}
	}()
	return l.Addr().String(), count
}

func pass(c net.Conn, upstream string) {
	defer c.Close()
	u, err := net.Dial("tcp", upstream)
	if err != nil {
		return
	}
	defer u.Close()
	quiet := time.AfterFunc(10*time.Second, func() { c.Close(); u.Close() })
	defer quiet.Stop()
	copied := func(to, from net.Conn) {
		b := make([]byte, 32<<10)
		for {
			n, err := from.Read(b)
			if n > 0 {
				quiet.Reset(time.Second)
				if _, err := to.Write(b[:n]); err != nil {
					return
				}
			}
			if err != nil {
				to.Close()
				return
			}
		}
	}
	go copied(u, c)
	copied(c, u)
}

// F27, the agent's side: one whose identity is over tries at most each ten
// minutes, and keeps what it has to say. Hours pass in virtual time; the collector
// lives in ours.
func TestF27_RefusedAgentIsPatient(t *testing.T) {
	t.Parallel()
	agents := freePort(t)
	address, tries := closing(t, agents)
	o := newOfficeAt(t, agents, "", address)
	o.start()
	p := &played{t: t, data: filepath.Join(o.dir, "pc"), host: host.Local(), invited: o.inviteText(1)}
	p.must()
	o.must("device", "revoke", p.device(), "--reason", "lost")
	tries.Store(0)
	hours := times(1, 6)
	opts := p.options(false)
	root := withoutDevices(t)
	synctest.Test(t, func(t *testing.T) {
		now, begin := realNow(), time.Now()
		h := *host.Local()
		h.Root = root // who waits for the kernel's log waits in real time
		h.Now = func() time.Time { return now.Add(time.Since(begin)) }
		up, err := h.Mono()
		if err != nil {
			t.Fatal(err)
		}
		h.Mono = func() (time.Duration, error) { return up + time.Since(begin), nil }
		opts.Host = &h
		opts.Config.Sample = 600e9 // ten minutes: what is read is not the point
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(hours)*time.Hour)
		defer cancel()
		if err := agent.Run(ctx, opts); err != nil {
			t.Errorf("the agent ended with: %v", err)
		}
	})
	if n := tries.Load(); n == 0 || n > int64(hours*6+2) {
		t.Errorf("%d tries in %d hours, at most one in ten minutes is allowed", n, hours)
	} else {
		t.Logf("%d tries in %d hours", n, hours)
	}
	waiting, err := readWaiting(t, p.data)
	if err != nil {
		t.Fatal(err)
	}
	if waiting < uint64(hours*5) {
		t.Errorf("%d reports wait, though a report was due each minute or with each sample", waiting)
	}
	o.stop(t)
}

// withoutDevices is this machine without its devices.
func withoutDevices(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	list, err := os.ReadDir("/")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Name() == "dev" {
			continue
		}
		if err := os.Symlink("/"+e.Name(), filepath.Join(root, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// realNow is the time outside of a bubble of virtual time, where clocks begin
// in the year 2000.
func realNow() time.Time {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME, &ts); err != nil {
		panic(err)
	}
	return time.Unix(ts.Unix())
}
