//go:build linux

package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/backoff"
)

// honest are devices that report while something else goes on: how long each
// try took, and how many failed.
type honest struct {
	mu     sync.Mutex
	took   []time.Duration
	good   []time.Time // when tries began that went well
	failed int
	last   error
}

// run lets devices issue and deliver at this pace until ctx ends.
func (h *honest) run(ctx context.Context, list []*Device, every time.Duration) error {
	errs := make(chan error, len(list))
	var wg sync.WaitGroup
	for i, d := range list {
		wg.Go(func() {
			next := time.Now().Add(every * time.Duration(i) / time.Duration(len(list)))
			for backoff.Sleep(ctx, time.Until(next)) == nil {
				if err := d.Issue(); err != nil {
					errs <- err
					return
				}
				begin := time.Now()
				// Not ctx: a try that has begun is finished, and counted.
				_, err := d.Deliver(context.WithoutCancel(ctx))
				h.note(begin, err)
				if next = next.Add(every); next.Before(time.Now()) {
					next = time.Now()
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

func (h *honest) note(begin time.Time, err error) {
	took := time.Since(begin)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.took = append(h.took, took)
	if err != nil {
		h.failed++
		h.last = err
		return
	}
	h.good = append(h.good, begin)
}

// count is how many tries went well so far.
func (h *honest) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.good)
}

// share is that of tries that did not fail.
func (h *honest) share() float64 { return 1 - float64(h.failed)/float64(max(len(h.took), 1)) }

func (h *honest) String() string {
	return fmt.Sprintf("%d tries, %d failed, half within %s, 99 of 100 within %s, slowest %s", len(h.took), h.failed,
		quantile(h.took, 0.5), quantile(h.took, 0.99), quantile(h.took, 1))
}

// quantile is the value that a share of all does not exceed.
func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	d = slices.Sorted(slices.Values(d))
	return d[min(int(float64(len(d))*q), len(d)-1)].Round(100 * time.Microsecond)
}

// files counts what a process has open.
func files(t *testing.T, pid int) int {
	t.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// sockets are those that a process has open, by their inodes.
func sockets(t *testing.T, pid int) map[string]bool {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, f := range list {
		if to, err := os.Readlink(filepath.Join(dir, f.Name())); err == nil && strings.HasPrefix(to, "socket:") {
			out[to] = true
		}
	}
	return out
}

// load is how busy the machine was, for the log of a measurement.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "load unknown"
	}
	return "load " + string(b[:min(14, len(b))])
}

// dribble is one way to hold a connection with a byte now and then.
type dribble struct {
	name string
	open func(conn net.Conn) (net.Conn, error) // up to where the bytes begin
	text string                                // is sent byte by byte
}

func dribbles(address string, member *tls.Config) []dribble {
	over := func(c *tls.Config, head string) func(net.Conn) (net.Conn, error) {
		return func(conn net.Conn) (net.Conn, error) {
			t := tls.Client(conn, c)
			if err := t.Handshake(); err != nil {
				return nil, err
			}
			_, err := io.WriteString(t, head)
			return t, err
		}
	}
	host, _, _ := net.SplitHostPort(address)
	member = member.Clone()
	member.ServerName = host
	return []dribble{
		{"handshake", func(c net.Conn) (net.Conn, error) { return c, nil }, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"},
		{"handshake without a word", func(c net.Conn) (net.Conn, error) { return c, nil }, ""},
		{"header of a stranger", over(bare(nil), "POST /v1/en"), "roll HTTP/1.1\r\nHost: c"},
		{"body of a stranger", over(bare(nil), "POST /v1/enroll HTTP/1.1\r\nHost: c\r\nContent-Length: 4000\r\n\r\n"), "\xa5\x01\x01\x02\x03\x04\x05\x06"},
		{"body of a device", over(member, "POST /v1/reports HTTP/1.1\r\nHost: c\r\nContent-Length: 1000000\r\n\r\n"), "\xa5\x01\x01\x02\x03\x04\x05\x06"},
	}
}

// hold dribbles until the collector ends the connection, and answers how long
// that took from when the first byte was due.
func (d dribble) hold(address string) (time.Duration, error) {
	raw, err := net.DialTimeout("tcp", address, time.Minute)
	if err != nil {
		return 0, err
	}
	defer raw.Close()
	raw.SetDeadline(time.Now().Add(5 * time.Minute))
	conn, err := d.open(raw)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", d.name, err)
	}
	begin := time.Now()
	ended := make(chan struct{})
	go func() {
		for i := range len(d.text) {
			if _, err := conn.Write([]byte(d.text[i : i+1])); err != nil {
				return
			}
			select {
			case <-ended:
				return
			case <-time.After(10 * time.Second):
			}
		}
	}()
	_, err = io.Copy(io.Discard, conn) // an answer may come before the end
	close(ended)
	if e, ok := err.(net.Error); ok && e.Timeout() {
		return time.Since(begin), fmt.Errorf("%s: the connection is still open", d.name)
	}
	return time.Since(begin), nil
}

// F18: thousands of connections that say a byte each ten seconds, at every
// place where one can be waited for. Each is ended soon, and devices do not
// notice.
func TestF18_Slowloris(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.start()
	n := times(10, 100)
	or := o.oracle(n+1, DefaultScript())
	same := o.since()
	bad := or.Devices[n] // a device of ours, gone bad
	ways := dribbles(o.agents, clientTLS(t, bad.Member.Identity()))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var h honest
	ran := make(chan error, 1)
	go func() { ran <- h.run(ctx, or.Devices[:n], 500*time.Millisecond) }()
	count := times(100, 5000)
	base := files(t, o.cmd.Process.Pid)
	longest := make([]time.Duration, len(ways))
	errs := make(chan error, count)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range count {
		wg.Go(func() {
			// All within five seconds: fewer than half of them need a handshake.
			time.Sleep(time.Duration(i) * 5 * time.Second / time.Duration(count))
			way := i % len(ways)
			took, err := ways[way].hold(o.agents)
			if err != nil {
				errs <- err
				return
			}
			mu.Lock()
			defer mu.Unlock()
			longest[way] = max(longest[way], took)
		})
	}
	most := 0
	ended := make(chan struct{})
	go func() { wg.Wait(); close(ended) }()
	for open := true; open; {
		select {
		case <-ended:
			open = false
		case <-time.After(200 * time.Millisecond):
			most = max(most, files(t, o.cmd.Process.Pid)-base)
		}
	}
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	close(errs)
	failed := 0
	for err := range errs {
		if failed++; failed <= 5 {
			t.Error(err)
		}
	}
	// Ten seconds, and what a busy machine needs to get around to it.
	limit := 25 * time.Second
	for i, w := range ways {
		t.Logf("%s: ended after %s at the latest", w.name, longest[i].Round(10*time.Millisecond))
		if longest[i] > limit {
			t.Errorf("%s: a connection was held for %s, at most 10 s are meant", w.name, longest[i])
		}
	}
	t.Logf("%d connections, %d at one time; %d could not be tried; devices meanwhile: %v; %s", count, most, failed, &h, load())
	if h.share() < 0.99 {
		t.Errorf("%.1f %% of the devices' tries went well, at least 99 are meant; the last error: %v", 100*h.share(), h.last)
	}
	if most < count*4/10 {
		t.Errorf("at most %d of %d connections were open at one time: nothing was shown", most, count)
	}
	same()
	o.finish(or)
}

// kept is how many connections a collector keeps (limits.connections).
const kept = 2048

// F19: thousands of devices are connected and silent. They cost little, others
// are answered as ever, and each goes on: over the connection it has, or, of
// those beyond what the collector keeps, over a new one.
func TestF19_IdleConnections(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.start()
	silent, n := times(60, 9000), times(10, 100)
	or := o.oracle(n, DefaultScript())
	if err := or.Settle(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	before := memory(t, o.cmd.Process.Pid, "VmRSS")
	if err := or.Enrol(t.Context(), n+silent, o.invite(silent)); err != nil {
		t.Fatal(err)
	}
	if err := or.Settle(t.Context(), 5*time.Minute); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d devices have connected; %s", len(or.Devices), load())
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(times(2, 600))*time.Second)
	defer cancel()
	var h honest
	ran := make(chan error, 1)
	go func() { ran <- h.run(ctx, or.Devices[:n], time.Second) }()
	<-ctx.Done()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	held := sockets(t, o.cmd.Process.Pid)
	if want := min(n+silent, kept); len(held) < want || len(held) > want+50 {
		t.Errorf("the collector has %d connections open, %d are meant to stay of %d devices", len(held), want, n+silent)
	}
	rss, peak := memory(t, o.cmd.Process.Pid, "VmRSS"), memory(t, o.cmd.Process.Pid, "VmHWM")
	t.Logf("collector: %d MiB with %d devices, %d with %d idle ones more (peak %d), %.1f KiB each; %d connections; %s", before>>20, n, rss>>20, silent, peak>>20, float64(rss-before)/1024/float64(silent), len(held), load())
	t.Logf("devices meanwhile: %v", &h)
	if rss > 400<<20 {
		t.Errorf("the collector takes %d MiB, at most 400 are meant", rss>>20)
	}
	if full() && quantile(h.took, 0.99) > 250*time.Millisecond {
		t.Errorf("99 of 100 are answered within %s, 250 ms are meant", quantile(h.took, 0.99))
	}
	if h.failed > 0 {
		t.Errorf("%d tries failed, the last one with: %v", h.failed, h.last)
	}
	begin := time.Now()
	if err := or.Settle(t.Context(), 5*time.Minute); err != nil {
		t.Error(err)
	}
	gone := 0
	now := sockets(t, o.cmd.Process.Pid)
	for s := range held {
		if !now[s] {
			gone++
		}
	}
	t.Logf("all reported again within %s, %d of %d connections are the same", time.Since(begin).Round(time.Millisecond), len(held)-gone, len(held))
	if n+silent <= kept && gone > 10 { // some are the command line's
		t.Errorf("%d of %d connections were not used again", gone, len(held))
	}
	o.finish(or)
}
