//go:build linux

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"

	"muster/agent/send"
)

// cut is a toxic of ours: it ends a connection instead of passing a chunk on,
// with this probability for each chunk after the first ones, which are the
// handshake's.
type cut struct {
	Share float64 `json:"share"`
}

// cuts counts what cut did, over all proxies of this program.
var cuts atomic.Int64

// Pipe passes chunks until the draw is against one.
func (c *cut) Pipe(stub *toxics.ToxicStub) {
	for n := 0; ; n++ {
		select {
		case <-stub.Interrupt:
			return
		case chunk := <-stub.Input:
			if chunk == nil || n >= 2 && rand.Float64() < c.Share {
				if chunk != nil {
					cuts.Add(1)
				}
				stub.Close()
				return
			}
			stub.Output <- chunk
		}
	}
}

// toxic is one fault of a network as toxiproxy reads it.
type toxic struct {
	Type       string         `json:"type"`
	Stream     string         `json:"stream"`
	Attributes map[string]any `json:"attributes"`
}

// brokenNetwork listens before an address and does to its connections what the
// toxics say.
func brokenNetwork(t *testing.T, upstream string, list ...toxic) *toxiproxy.Proxy {
	t.Helper()
	toxics.Register("muster_cut", new(cut))
	p := toxiproxy.NewProxy(silent(toxiproxy.NewServer, toxiproxy.NewMetricsContainer(nil)), t.Name(), "127.0.0.1:0", upstream)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	for _, x := range list {
		b, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Toxics.AddToxicJson(bytes.NewReader(b)); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// silent makes a server of toxiproxy with a logger that writes nothing: the
// zero value of a type that this house does not import.
func silent[M, L, S any](make func(M, L) S, metrics M) S {
	var none L
	return make(metrics, none)
}

// F12: one in five answers is lost after the commit. Everything is sent again,
// and stored once.
func TestF12_AnswersCutAfterCommit(t *testing.T) {
	t.Parallel()
	agents := freePort(t)
	p := brokenNetwork(t, agents, toxic{"muster_cut", "downstream", map[string]any{"share": 0.2}})
	o := newOfficeAt(t, agents, "", p.Listen)
	o.start()
	or := o.oracle(times(40, 200), DefaultScript())
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(times(5, 300))*time.Second)
	defer cancel()
	if err := or.Run(ctx, 150*time.Millisecond); err != nil {
		t.Error(err)
	}
	s, err := o.api().StatusShow(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Intake.Repeats == 0 || cuts.Load() == 0 {
		t.Errorf("%d connections were cut and %d reports came again: no answer was lost after its commit", cuts.Load(), s.Intake.Repeats)
	}
	t.Logf("%d reports came again after their answer was cut", s.Intake.Repeats)
	o.finish(or)
}

// F15: a slow line far away: late, narrow, and now and then reset. Devices and
// a real agent get through, and the agent stays small.
func TestF15_SlowFarLine(t *testing.T) {
	t.Parallel()
	agents := freePort(t)
	half := 150 // milliseconds each way
	if full() {
		half = 1000
	}
	var list []toxic
	for _, way := range []string{"upstream", "downstream"} {
		list = append(list, toxic{"latency", way, map[string]any{"latency": half}}, toxic{"bandwidth", way, map[string]any{"rate": 32}},
			toxic{"muster_cut", way, map[string]any{"share": 0.01}})
	}
	p := brokenNetwork(t, agents, list...)
	o := newOfficeAt(t, agents, "", p.Listen)
	o.start()
	e := o.newEndpoint("sample: 10s\n")
	e.start()
	or := o.oracle(times(10, 50), DefaultScript())
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(times(6, 1800))*time.Second)
	defer cancel()
	if err := or.Run(ctx, 500*time.Millisecond); err != nil {
		t.Error(err)
	}
	eventually(t, 60*time.Second, func() error {
		if e.device() == "" {
			return fmt.Errorf("the agent has not enrolled:\n%s", e.out)
		}
		if o.show(e.device()).Sections["software"] == nil {
			return fmt.Errorf("no report of the agent has arrived:\n%s", e.out)
		}
		return nil
	})
	if peak := memory(t, e.cmd.Process.Pid, "VmHWM"); peak > 64<<20 {
		t.Errorf("the agent took %d MiB at its peak, at most 64 are allowed", peak>>20)
	} else {
		t.Logf("the agent's peak: %.1f MiB", float64(peak)/(1<<20))
	}
	e.stop(t)
	ctx = context.Background()
	if err := or.Settle(ctx, 60*time.Second); err != nil {
		t.Error(err)
	}
	or.others = map[string]bool{e.device(): true}
	or.judge(ctx, t, o.api())
	o.stop(t)
	or.judgeFiles(ctx, t, o.data)
}

// memory is a line of /proc/PID/status, in bytes.
func memory(t *testing.T, pid int, name string) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kb << 10
		}
	}
	t.Fatalf("%s is not told of process %d", name, pid)
	return 0
}

// F14: the collector stands still and goes on. Nothing is lost, and devices do
// not come back as a flood.
func TestF14_CollectorStandsStill(t *testing.T) {
	t.Parallel()
	const devices = 100
	o := newOffice(t, "")
	o.start()
	or := o.oracle(devices, DefaultScript())
	every := time.Second
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- or.Run(ctx, every) }()
	time.Sleep(2 * time.Second)
	o.cmd.Process.Signal(syscall.SIGSTOP)
	time.Sleep(time.Duration(times(5, 60)) * time.Second)
	before := or.Counts().Tries
	o.cmd.Process.Signal(syscall.SIGCONT)
	// What stood in line is answered, and each device goes on in its rhythm:
	// never more than twice what is usual.
	peak := int64(0)
	for range 4 {
		time.Sleep(every)
		now := or.Counts().Tries
		peak, before = max(peak, now-before), now
	}
	if peak > 2*devices {
		t.Errorf("%d requests within a second after the collector went on, usual are %d", peak, devices)
	}
	t.Logf("busiest second afterwards: %d requests, usual are %d", peak, devices)
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	o.finish(or)
}

// F13: the same reports come again, in other portions, in another order, and
// at the same time. Each is stored once.
func TestF13_ResentReorderedInterleaved(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.inside()
	or := o.oracle(times(10, 100), DefaultScript())
	errs := make(chan error, len(or.Devices))
	for _, d := range or.Devices {
		go func() { errs <- scramble(t.Context(), d) }()
	}
	for range or.Devices {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	s, err := o.api().StatusShow(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Intake.Repeats == 0 || s.Intake.Resends == 0 {
		t.Errorf("%d repeats and %d requests to send again: nothing was scrambled", s.Intake.Repeats, s.Intake.Resends)
	}
	o.finish(or)
}

// scramble sends a device's reports five times over, in portions of any size
// and order, over four connections at once.
func scramble(ctx context.Context, d *Device) error {
	const reports = 30
	for range reports {
		if err := d.Issue(); err != nil {
			return err
		}
	}
	var bodies [][]byte
	for range 5 {
		for from := uint64(1); from <= reports; {
			n := 1 + rand.IntN(10)
			b, err := d.Body(from, n)
			if err != nil {
				return err
			}
			bodies = append(bodies, b)
			from += uint64(n)
		}
	}
	rand.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
	const lines = 4
	errs := make(chan error, lines)
	for line := range lines {
		go func() {
			c := d.client()
			for i := line; i < len(bodies); i += lines {
				out := c.Post(ctx, send.PathReports, bodies[i])
				if out.Verdict != send.Accepted {
					errs <- fmt.Errorf("device %d: %s: %w", d.N, out.Verdict, out.Err)
					return
				}
			}
			c.Reset()
			errs <- nil
		}()
	}
	for range lines {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}
