//go:build linux

package e2e

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collector/store"
)

// calls are the system calls that change files; the tracer kills at each.
func calls() []string {
	return []string{"write", "pwrite64", "fsync", "fdatasync", "rename", "renameat", "renameat2", "ftruncate", "unlinkat", "openat"}
}

// point is one place to be killed at: the n-th call of a kind on a thread.
type point struct {
	call string
	n    int
}

// needStrace fails the test where the tracer is missing: a campaign that is
// left out in silence proves nothing.
func needStrace(t *testing.T) {
	t.Helper()
	if !exists("strace") {
		t.Fatal("strace is missing: run packaging/test-deps as root, or apt-get install strace")
	}
}

// strace runs a role under the tracer and answers what the role printed.
func strace(t *testing.T, role string, options []string, args ...string) (string, error) {
	t.Helper()
	all := append([]string{"-f", "-qq", "-o", "/dev/null"}, options...)
	cmd := exec.Command("strace", append(append(all, rolePlayer(t)), args...)...)
	cmd.Env = append(os.Environ(), roleVar+"="+role, "GOMAXPROCS=1", "GOGC=off")
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, errs.String())
	}
	return string(out), err
}

// points counts the calls of an undisturbed run, and answers every index of
// each kind, up to the busiest thread's.
func points(t *testing.T, role string, args ...string) []point {
	t.Helper()
	trace := filepath.Join(folder(t), "trace")
	if _, err := strace(t, role, []string{"-o", trace, "-e", "trace=" + strings.Join(calls(), ",")}, args...); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	most, thread := map[string]int{}, map[string]int{}
	for sc := bufio.NewScanner(f); sc.Scan(); {
		pid, rest, _ := strings.Cut(sc.Text(), " ")
		call, _, ok := strings.Cut(strings.TrimSpace(rest), "(")
		if !ok || !slices.Contains(calls(), call) {
			continue
		}
		thread[pid+call]++
		most[call] = max(most[call], thread[pid+call])
	}
	var ps []point
	for _, call := range calls() {
		for n := range most[call] {
			ps = append(ps, point{call, n + 1})
		}
	}
	return ps
}

// some picks the points of a run: all of them, or so many, spread evenly over
// calls that make things durable first.
func some(ps []point, most int) []point {
	if full() || len(ps) <= most {
		return ps
	}
	out := make([]point, 0, most)
	at := rand.IntN(len(ps))
	for i := range most {
		out = append(out, ps[(at+i*len(ps)/most)%len(ps)])
	}
	return out
}

func (p point) String() string { return fmt.Sprintf("%s %d", p.call, p.n) }

func (p point) inject() []string {
	return []string{"-e", "trace=" + p.call, "-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", p.call, p.n)}
}

// said finds the highest number that a role printed after a word.
func said(out, word string) uint64 {
	var last uint64
	for line := range strings.Lines(out) {
		var n uint64
		if _, err := fmt.Sscanf(line, word+" %d\n", &n); err == nil {
			last = max(last, n)
		}
	}
	return last
}

// F03: the agent's spool, killed at every call that changes a file.
func TestF03_SpoolKilledAtEveryCall(t *testing.T) {
	t.Parallel()
	needStrace(t)
	ps := points(t, "spooler", filepath.Join(folder(t), "s"), "10")
	killed := 0
	for _, p := range some(ps, 12) {
		dir := filepath.Join(folder(t), "s")
		out, err := strace(t, "spooler", p.inject(), dir, "10")
		if err != nil {
			killed++
		}
		if _, err := os.Stat(dir); err != nil {
			continue // killed before it made the folder
		}
		if err := checkSpool(dir, said(out, "added"), said(out, "acked")); err != nil {
			t.Errorf("killed at %s: %v\nit had said:\n%s", p, err, out)
		}
	}
	t.Logf("%d of %d points, killed at %d", min(len(ps), len(some(ps, 12))), len(ps), killed)
	if killed == 0 {
		t.Error("no run was killed")
	}
}

// F03: outbox and SQL commit of the collector, killed at every call that
// changes a file. Then the device sends all again.
func TestF03_CommitKilledAtEveryCall(t *testing.T) {
	t.Parallel()
	needStrace(t)
	ready := prepared(t)
	ps := points(t, "committer", cloned(t, ready), "run")
	killed := 0
	for _, p := range some(ps, 12) {
		dir := cloned(t, ready)
		out, err := strace(t, "committer", p.inject(), dir, "run")
		if err != nil {
			killed++
		}
		acked := said(out, "acked")
		if problem := resumeCommitter(t, dir, acked); problem != "" {
			t.Errorf("killed at %s, %d acknowledged: %s", p, acked, problem)
		}
	}
	t.Logf("%d of %d points, killed at %d", min(len(ps), len(some(ps, 12))), len(ps), killed)
	if killed == 0 {
		t.Error("no run was killed")
	}
}

// prepared is a folder of stores that know the device, and nothing else.
func prepared(t *testing.T) string {
	t.Helper()
	dir := folder(t)
	runRole(t, "committer", dir, "prepare")
	return dir
}

func runRole(t *testing.T, role string, args ...string) string {
	t.Helper()
	cmd := exec.Command(rolePlayer(t), args...)
	cmd.Env = append(os.Environ(), roleVar+"="+role)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", role, err, errs.String())
	}
	return string(out)
}

func cloned(t *testing.T, from string) string {
	t.Helper()
	dir := filepath.Join(folder(t), "c")
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// resumeCommitter looks at what a killed collector left, lets the device send
// everything again, and judges the files.
func resumeCommitter(t *testing.T, dir string, acked uint64) string {
	t.Helper()
	if problem := outboxHolds(t, dir, acked); problem != "" {
		return problem
	}
	if got := said(runRole(t, "committer", dir, "run"), "acked"); got != committerReports {
		return fmt.Sprintf("sent again, %d of %d were acknowledged", got, committerReports)
	}
	if problem := outboxHolds(t, dir, committerReports); problem != "" {
		return problem
	}
	o := NewOracle(dir, committerScript(), quiet())
	o.Devices = []*Device{{N: 1, ID: committed, Epoch: 11, o: o, issued: committerReports, acked: committerReports}}
	var v verdict
	o.readFiles(context.Background(), &v, dir)
	return strings.Join(v.found, "\n")
}

// outboxHolds says which acknowledged numbers are not on their way to the
// series store, or are there with other values.
func outboxHolds(t *testing.T, dir string, acked uint64) string {
	t.Helper()
	b, err := openCommitterOutbox(dir)
	if err != nil {
		return err.Error()
	}
	defer b.Close()
	cur, err := b.Cursor(committerSink)
	if err != nil {
		return err.Error()
	}
	script := committerScript()
	have := map[uint64]bool{}
	// What an earlier look was done with is given once more after a start.
	left := func() uint64 { s := b.Stats().Sinks[0]; return s.Records + s.Replay }
	for left() > 0 {
		recs, err := cur.Next(t.Context(), 1000, 1<<20)
		if err != nil {
			return err.Error()
		}
		for _, rec := range recs {
			s, err := store.DecodeSamples(rec.Body)
			if err != nil {
				return fmt.Sprintf("a record of the outbox cannot be read: %v", err)
			}
			seq := uint64(time.UnixMilli(s.Time).Sub(script.Begin) / script.Step)
			if got, want := s.Samples[0].Values[0], script.Value(1, seq, 0); got != want {
				return fmt.Sprintf("the outbox says %v for report %d, %v was said", got, seq, want)
			}
			have[seq] = true
		}
		if err := cur.Done(recs[len(recs)-1].ID); err != nil {
			return err.Error()
		}
	}
	for seq := uint64(1); seq <= acked; seq++ {
		if !have[seq] {
			return fmt.Sprintf("report %d was acknowledged, and its numbers are not in the outbox", seq)
		}
	}
	return ""
}
