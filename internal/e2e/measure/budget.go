//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// stages are the parts of the path of a report, each by functions that
// everything of the stage runs under.
func stages() []struct{ name, pattern string } {
	return []struct{ name, pattern string }{
		{"TLS", `crypto/tls\.\(\*Conn\)\.(Read|Write)$`},
		{"decode", `internal/report\.Decode$`},
		{"intake, outbox and SQL", `collector/intake\.\(\*Door\)\.Run$`},
		{"outbox append and sync", `collector/outbox\.\(\*Outbox\)\.Append$`},
		{"SQL commit", `sqlstore\.\(\*Inventory\)\.Commit$`},
		{"series store", `collector/drain\.\(\*Drain\)\.Run$`},
		{"garbage collection", `runtime\.gcBgMarkWorker$`},
		{"HTTP, all of a connection", `net/http\.\(\*conn\)\.serve$`},
	}
}

// budget says where the collector's processor time of a report goes, from a
// profile taken over the local debug socket while it is under load.
func (r *run) budget(ctx context.Context) error {
	c, err := r.collector(ctx, "budget")
	if err != nil {
		return err
	}
	defer c.stop()
	senders, err := enrollAll(ctx, c, devices)
	if err != nil {
		return err
	}
	for _, s := range senders {
		if err := s.dial(); err != nil {
			return err
		}
		defer s.conn.Close()
		for range 2 {
			if err := s.report(); err != nil {
				return err
			}
		}
	}
	profile := filepath.Join(r.dir, "cpu.pprof")
	got := make(chan error, 1)
	length := int(r.seconds / time.Second)
	go func() {
		got <- fetch(ctx, filepath.Join(c.data, "debug.sock"), fmt.Sprintf("/debug/pprof/profile?seconds=%d", length), profile)
	}()
	time.Sleep(200 * time.Millisecond)
	o, err := r.round(c.process, func() (int64, []time.Duration, error) {
		return closed(lanes, r.seconds+time.Second, devices, func(n int) error { return senders[n].report() })
	})
	if err != nil {
		return err
	}
	if err := <-got; err != nil {
		return fmt.Errorf("take a profile: %w", err)
	}
	out, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-cum", "-unit=ms", "-nodecount=4000", "-nodefraction=0", filepath.Join(r.bin, "muster"), profile).Output()
	if err != nil {
		return fmt.Errorf("read the profile: %w", err)
	}
	inProfile := o.rate() * r.seconds.Seconds()
	fmt.Printf("budget of a report at %.0f reports/s (%.0f µs of processor time each):\n", o.rate(), us(o.perReport()))
	for _, s := range stages() {
		total := cumulative(string(out), regexp.MustCompile(s.pattern))
		fmt.Printf("  %-28s %6.1f µs\n", s.name, total*1000/inProfile)
	}
	return nil
}

func cumulative(top string, what *regexp.Regexp) float64 {
	total := 0.0
	for l := range strings.SplitSeq(top, "\n") {
		f := strings.Fields(l)
		if len(f) < 6 || !what.MatchString(strings.TrimSuffix(strings.Join(f[5:], " "), " (inline)")) {
			continue
		}
		if v, err := strconv.ParseFloat(strings.TrimSuffix(f[3], "ms"), 64); err == nil {
			total += v
		}
	}
	return total
}

func fetch(ctx context.Context, socket, path, to string) error {
	cl := &http.Client{Transport: &http.Transport{DialContext: dialUnix(socket)}}
	rq, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://muster"+path, nil)
	if err != nil {
		return err
	}
	rs, err := cl.Do(rq)
	if err != nil {
		return err
	}
	defer rs.Body.Close()
	if rs.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", rs.Status)
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(f, rs.Body)
	return err
}
