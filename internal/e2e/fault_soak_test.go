//go:build linux

package e2e

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// soakVar says how long the soak lasts, such as 24h, where two hours are not
// enough or too many.
const soakVar = "MUSTER_SOAK"

func soakTime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv(soakVar)
	if text == "" {
		return time.Duration(times(4, 7200)) * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("%s: %v", soakVar, err)
	}
	return d
}

// weight is what a process holds at one time.
type weight struct {
	goroutines, files int
	rss               int64
}

func (w weight) String() string {
	return fmt.Sprintf("%d goroutines, %d files, %.1f MiB", w.goroutines, w.files, float64(w.rss)/(1<<20))
}

// goroutines asks a running collector.
func (o *office) goroutines() int {
	o.t.Helper()
	c := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(o.data, "debug.sock"))
	}}}
	rs, err := c.Get("http://collector/debug/pprof/goroutine?debug=1")
	if err != nil {
		o.t.Fatal(err)
	}
	defer rs.Body.Close()
	line, err := bufio.NewReader(rs.Body).ReadString('\n')
	n := 0
	if _, serr := fmt.Sscanf(line, "goroutine profile: total %d", &n); err != nil || serr != nil {
		o.t.Fatalf("%q: %v %v", line, err, serr)
	}
	return n
}

func (o *office) weigh() weight {
	pid := o.cmd.Process.Pid
	return weight{o.goroutines(), files(o.t, pid), memory(o.t, pid, "VmRSS")}
}

// middle is the median of each figure: one moment says little.
func middle(list []weight) weight {
	pick := func(f func(weight) int64) int64 {
		var all []int64
		for _, w := range list {
			all = append(all, f(w))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return weight{int(pick(func(w weight) int64 { return int64(w.goroutines) })), int(pick(func(w weight) int64 { return int64(w.files) })), pick(func(w weight) int64 { return w.rss })}
}

// F33: a collector, a small fleet and a real agent run for long. Neither holds
// more at the end than at the beginning, and the race detector, where this
// test is built with it, has nothing to say.
func TestF33_Soak(t *testing.T) {
	t.Parallel()
	length := soakTime(t)
	o := newOffice(t, "")
	// This program, so that the collector is built with the race detector if
	// the test is; a process of its own, so that what it holds is all its own.
	o.process = launch(t, []string{roleVar + "=collector"}, os.Args[0], o.config)
	o.ready(time.Now())
	begin := time.Now()
	agents := times(10, 200)
	interval := time.Duration(times(1, 60)) * time.Second
	f := o.simulate(agents, 1, interval, interval)
	e := o.newEndpoint("sample: 10s\nseries: {per_core: true, per_process: true, pressure: true}\n")
	e.start()
	o.comeBack(agents+1, begin, 5*time.Minute)
	// Filled caches, open connections and what was asked for are no leak.
	time.Sleep(max(length/6, 2*interval))
	var collectors, agent []weight
	every := max(length/120, 100*time.Millisecond)
	for end := time.Now().Add(length * 5 / 6); time.Now().Before(end); time.Sleep(every) {
		if !o.alive() || !e.alive() {
			t.Fatalf("one of them ended:\n%s\n%s", tail(o.out.String(), 20), tail(e.out.String(), 20))
		}
		collectors = append(collectors, o.weigh())
		agent = append(agent, weight{0, files(t, e.cmd.Process.Pid), memory(t, e.cmd.Process.Pid, "VmRSS")})
		if n := len(collectors); n%10 == 1 {
			t.Logf("after %s: collector %v; agent %v; %s", time.Since(begin).Round(time.Second), collectors[n-1], agent[n-1], load())
		}
	}
	for name, list := range map[string][]weight{"collector": collectors, "agent": agent} {
		part := max(len(list)/5, 1)
		first, last := middle(list[:part]), middle(list[len(list)-part:])
		t.Logf("%s: at first %v; in the end %v", name, first, last)
		if last.goroutines > first.goroutines+first.goroutines/20+5 {
			t.Errorf("%s: goroutines grow", name)
		}
		if last.files > first.files+first.files/20+5 {
			t.Errorf("%s: open files grow", name)
		}
		if full() && last.rss > first.rss+first.rss/20 {
			t.Errorf("%s: memory grows by more than 5 %%", name)
		}
	}
	e.stop(t)
	f.stop(t)
	_, reports := heads(t, o.data, begin)
	if sum := f.told(); sum.dropped > 0 || sum.accepted == 0 || reports <= sum.accepted {
		t.Errorf("the fleet says %+v, the collector has %d reports with those of the agent", sum, reports)
	}
	o.stop(t)
	if strings.Contains(o.out.String(), "DATA RACE") {
		t.Errorf("the race detector found something:\n%s", tail(o.out.String(), 100))
	}
}
