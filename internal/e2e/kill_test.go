//go:build linux

package e2e

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/agent/spool"
	"muster/collector/api"
	"muster/internal/report"
)

// F01: the collector is killed at random moments under 200 devices. Nothing
// acknowledged is lost, nothing is doubled, and each start is ready in time.
func TestF01_KillCollector(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	slowest := o.start()
	begin := time.Now()
	or := o.oracle(200, DefaultScript())
	t.Logf("enrolled after %s", time.Since(begin))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- or.Run(ctx, 400*time.Millisecond) }()
	for range times(8, 200) {
		time.Sleep(50*time.Millisecond + rand.N(450*time.Millisecond))
		o.kill()
		slowest = max(slowest, o.start())
	}
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	if full() && slowest > 5*time.Second { // short counts share the machine
		t.Errorf("a start took %s until ready, at most 5 s are allowed", slowest)
	}
	t.Logf("cycles done after %s", time.Since(begin))
	o.finish(or)
	t.Logf("judged after %s", time.Since(begin))
	t.Logf("slowest start %s", slowest)
}

// The collector dies between two of the arrows of intake: after the outbox is
// durable, and after the SQL commit, each before the answer.
func TestF03_CrashBetweenSteps(t *testing.T) {
	t.Parallel()
	crashBetweenSteps(t, newOffice(t, ""), times(3, 50))
}

func crashBetweenSteps(t *testing.T, o *office, rounds int) {
	t.Helper()
	o.start()
	or := o.oracle(20, DefaultScript())
	o.stop(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- or.Run(ctx, 100*time.Millisecond) }()
	for i := range rounds {
		for _, step := range []string{"outbox", "commit"} {
			o.role(fmt.Sprintf("%s=%s:%d", stopVar, step, 1+3*i))
			if code := o.wait(t, 20*time.Second); code != -1 {
				t.Fatalf("the collector ended with %d instead of being killed:\n%s", code, o.out)
			}
		}
	}
	o.start()
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	o.finish(or)
}

// F02: the real agent is killed again and again: while it starts, while it
// reads, as it writes a report down, as it sends. What was on its disk arrives
// once; numbers never mean two things.
func TestF02_KillAgent(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.start()
	e := o.newEndpoint("sample: 10s\n")
	seen := map[string]string{} // epoch and number: hash of the report, as found on the disk
	reports := map[string]*report.Report{}
	torn := int64(0)
	e.once() // who it is, so that it reports while the collector does not answer
	for i := range times(8, 200) {
		// For half of the time nobody answers, and reports pile up.
		if i%8 == 0 {
			o.cmd.Process.Signal(syscall.SIGSTOP)
		} else if i%8 == 4 {
			o.cmd.Process.Signal(syscall.SIGCONT)
		}
		before := spoolSize(e.data)
		e.start()
		switch i % 4 {
		case 0: // anywhere in the first moments
			time.Sleep(rand.N(1500 * time.Millisecond))
		default: // around the report's way to the disk and to the collector
			for begin := time.Now(); spoolSize(e.data) == before && time.Since(begin) < 10*time.Second && e.alive(); {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(rand.N([]time.Duration{time.Millisecond, 10 * time.Millisecond, 200 * time.Millisecond}[i%3]))
		}
		e.kill()
		cut, err := readSpool(t, e.data, seen, reports)
		if err != nil {
			t.Fatalf("after kill %d: %v", i+1, err)
		}
		torn += cut
	}
	o.cmd.Process.Signal(syscall.SIGCONT)
	e.start()
	eventually(t, 60*time.Second, func() error {
		if e.device() == "" {
			return fmt.Errorf("not enrolled:\n%s", e.out)
		}
		waiting, err := readWaiting(t, e.data)
		if err == nil && waiting > 0 {
			err = fmt.Errorf("%d reports wait:\n%s", waiting, tail(e.out.String(), 10))
		}
		return err
	})
	e.stop(t)
	// What it says as it stops may wait on the disk for its next start: on a
	// busy machine the collector answers too late. What waits is not lost, so
	// it is read for its numbers, and not looked for in the stores.
	if _, err := readSpool(t, e.data, seen, map[string]*report.Report{}); err != nil {
		t.Fatal(err)
	}
	judgeAgent(t, o, e.device(), reports)
	o.stop(t)
	judgeAgentFiles(t, o.data, reports)
	t.Logf("%d reports were found on the disk after kills; %d bytes of unfinished ones were cut", len(reports), torn)
	if len(reports) == 0 {
		t.Error("no kill hit a waiting report, so nothing was shown")
	}
}

// spoolSize is a sum that changes when a report is written down.
func spoolSize(data string) (n int64) {
	list, err := os.ReadDir(filepath.Join(data, "spool"))
	if err != nil {
		return 0
	}
	for _, f := range list {
		if info, err := f.Info(); err == nil && !info.IsDir() && !strings.HasPrefix(f.Name(), "reserve") {
			n += info.Size()
		}
	}
	return n
}

// readSpool opens a copy of the spool and notes what waits in it.
func readSpool(t *testing.T, data string, seen map[string]string, reports map[string]*report.Report) (torn int64, _ error) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(data, "spool")); err != nil {
		return 0, nil
	}
	s, err := spool.Open(cloned(t, filepath.Join(data, "spool")), spool.Options{})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	st := s.Stats()
	if st.Dropped > 0 || st.Damaged > 0 {
		return 0, fmt.Errorf("%d reports dropped, %d stretches damaged", st.Dropped, st.Damaged)
	}
	es, err := s.Peek(10000, 1<<30)
	if err != nil {
		return 0, err
	}
	for _, e := range es {
		key := fmt.Sprint(st.Epoch, "/", e.Seq)
		sum := fmt.Sprintf("%x", sha256.Sum256(e.Body))
		if before, ok := seen[key]; ok && before != sum {
			return 0, fmt.Errorf("number %s is on the disk with another content than before", key)
		}
		seen[key] = sum
		if reports[key], err = report.DecodeReport(e.Body); err != nil {
			return 0, fmt.Errorf("report %s: %w", key, err)
		}
	}
	return st.Torn, nil
}

// readWaiting counts what waits in the spool of an agent that may be running:
// while it is copied, a file may go. That is an error, for another try.
func readWaiting(t *testing.T, data string) (uint64, error) {
	t.Helper()
	dir := filepath.Join(folder(t), "c")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(data, "spool"))); err != nil {
		return 0, err
	}
	s, err := spool.Open(dir, spool.Options{})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	return s.Stats().Waiting, nil
}

// judgeAgent holds the series against the numbers of the reports found.
func judgeAgent(t *testing.T, o *office, device string, reports map[string]*report.Report) {
	t.Helper()
	c := o.api()
	if gaps := o.show(device).Gaps; len(gaps) > 0 {
		t.Errorf("conservation: gaps %v", gaps)
	}
	eventually(t, 30*time.Second, func() error {
		a, err := c.SeriesQuery(t.Context(), api.SeriesQueryInput{Name: "mem_used_percent", Device: device, From: "1h", Step: "0"})
		if err != nil {
			return err
		}
		have := map[int64]float64{}
		for _, s := range a.Series {
			for _, p := range s.Points {
				have[p.At.UnixMilli()] = p.Value
			}
		}
		layouts := map[report.LayoutHash]report.Layout{}
		for _, r := range reports {
			for _, l := range r.Layouts {
				layouts[l.Hash()] = l
			}
		}
		for key, r := range reports {
			for _, smp := range r.Samples {
				for i, s := range layouts[smp.Layout] {
					if s.Measurement != "mem" || s.Field != "used_percent" {
						continue
					}
					at := r.Time - smp.At
					if got, ok := have[at]; !ok || got != smp.Values[i] {
						return fmt.Errorf("report %s: mem_used_percent at %d is %v in the series (there: %v), %v on the agent's disk", key, at, got, ok, smp.Values[i])
					}
				}
			}
		}
		return nil
	})
}

// judgeAgentFiles holds the events against those of the reports found.
func judgeAgentFiles(t *testing.T, data string, reports map[string]*report.Report) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "inventory.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var v verdict
	var epoch, seq, n int64
	var kind string
	have := map[string]int64{}
	each(t.Context(), &v, db, "SELECT epoch, seq, kind, count(*) FROM event_rows WHERE seq IS NOT NULL GROUP BY 1, 2, 3", []any{&epoch, &seq, &kind, &n},
		func() { have[fmt.Sprint(uint64(epoch), "/", seq, " ", kind)] = n })
	for key, r := range reports {
		want := map[string]int64{}
		for _, e := range r.Events {
			want[key+" "+e.Kind]++
		}
		for k, w := range want {
			if have[k] != w {
				v.say("event %s: %d in the store, %d on the agent's disk", k, have[k], w)
			}
		}
	}
	v.report(t)
}
