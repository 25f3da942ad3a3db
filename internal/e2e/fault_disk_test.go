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
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muster/agent"
	"muster/agent/spool"
	"muster/collector/api"
	"muster/internal/report"
)

// failFsync lets fsync and fdatasync of a running process fail with EIO: those
// that are the when-th of their thread, in the tracer's words (1, 10, 1+). It
// answers with a function that says when the first one failed.
// Of files, when some are named, else of all.
func failFsync(t *testing.T, pid int, when string, files ...string) (failed func() time.Time) {
	t.Helper()
	needStrace(t)
	trace := filepath.Join(folder(t), "trace")
	args := []string{"-f", "-qq", "-ttt", "-p", strconv.Itoa(pid), "-o", trace, "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO:when=" + when}
	for _, f := range files {
		args = append(args, "-P", f)
	}
	cmd := exec.Command("strace", args...)
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	t.Cleanup(func() { cmd.Process.Kill(); <-ended })
	eventually(t, 30*time.Second, func() error {
		select {
		case <-ended:
			if errs.Len() > 0 {
				t.Fatalf("strace cannot attach to a process of ours: %s", errs.String())
			}
			return nil // and the process has ended by it already
		default:
		}
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil || strings.Contains(string(b), "TracerPid:\t0\n") {
			return fmt.Errorf("the tracer has not attached: %v", err)
		}
		return nil
	})
	return func() time.Time {
		f, err := os.Open(trace)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for sc := bufio.NewScanner(f); sc.Scan(); {
			if fields := strings.Fields(sc.Text()); len(fields) > 2 && strings.Contains(sc.Text(), "INJECTED") {
				at, err := strconv.ParseFloat(fields[1], 64)
				if err != nil {
					t.Fatal(err)
				}
				return time.UnixMicro(int64(at * 1e6))
			}
		}
		return time.Time{}
	}
}

// F04: the disk says that it could not write what it had taken. From then on
// nothing is acknowledged, the collector ends, and after a new start all that
// it had acknowledged is there.
func TestF04_FsyncFails(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.start()
	or := o.oracle(20, DefaultScript())
	for range times(1, 10) {
		for _, when := range []string{"1", "10", "1+"} {
			o.failingDisk(or, when)
			o.start()
		}
	}
	o.finish(or)
}

func (o *office) failingDisk(or *Oracle, when string) {
	t := o.t
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var h honest
	ran := make(chan error, 1)
	go func() { ran <- h.run(ctx, or.Devices, 100*time.Millisecond) }()
	for begin := time.Now(); h.count() == 0; {
		if time.Since(begin) > time.Minute {
			t.Fatalf("fsync %s: nothing was taken within a minute\n%s", when, tail(o.out.String(), 10))
		}
		time.Sleep(50 * time.Millisecond)
	}
	failed := failFsync(t, o.cmd.Process.Pid, when)
	code := o.wait(t, 60*time.Second)
	ended := time.Now()
	time.Sleep(200 * time.Millisecond) // whatever might still be answered
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	at := failed()
	if at.IsZero() {
		t.Fatalf("fsync %s: none failed, and yet the collector ended with %d:\n%s", when, code, tail(o.out.String(), 10))
	}
	late := 0
	for _, begin := range h.good {
		if begin.After(at) {
			late++
		}
	}
	t.Logf("fsync %s fails: %d reports taken before, %d of those begun after it; ended with %d after %s", when, len(h.good), late, code, ended.Sub(at).Round(time.Millisecond))
	if late > 0 {
		t.Errorf("fsync %s: %d reports were acknowledged after it had failed", when, late)
	}
	if code == 0 {
		t.Errorf("fsync %s: the collector ended as if all were well:\n%s", when, tail(o.out.String(), 10))
	}
	if took := ended.Sub(at); full() && took > 2*time.Second {
		t.Errorf("fsync %s: the collector went on for %s, at most 2 s are meant", when, took)
	}
}

// F04 where no report is about: the database of identities cannot be written.
// Reports would be put off for ever, so the collector ends here too.
func TestF04_FsyncOfControlFails(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.start()
	or := o.oracle(5, DefaultScript())
	if err := or.Settle(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	failed := failFsync(t, o.cmd.Process.Pid, "1+", filepath.Join(o.data, "control.db"), filepath.Join(o.data, "control.db-wal"))
	if out, err := o.muster("enroll", "new"); err == nil {
		t.Errorf("an invitation was made that is not on the disk: %s", out)
	}
	if code := o.wait(t, time.Minute); code == 0 || !strings.Contains(o.out.String(), "control") {
		t.Errorf("the collector ended with %d:\n%s", code, tail(o.out.String(), 10))
	}
	if at := failed(); at.IsZero() {
		t.Error("no fsync failed")
	}
	o.start()
	o.finish(or)
}

// F05: the agent's disk is small and others fill it, again and again, for an
// hour (in CI a quarter) in which the collector is away. The agent lives, its drops are counted
// to the report, and a minute after there is room it goes on.
func TestF05_SpoolOnAFullDisk(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.start()
	p := &played{t: t, data: filepath.Join(o.dir, "pc"), invited: o.inviteText(1)}
	if err := os.MkdirAll(p.data, 0o700); err != nil {
		t.Fatal(err)
	}
	mount(t, p.data, "size=8m,mode=700", 0)
	begin := time.Now()
	pc := machine(t, "debian-pc")
	clocks := func(now func() time.Time) {
		pc.Now = now
		pc.Mono = func() (time.Duration, error) { return time.Hour + now().Sub(begin), nil }
	}
	clocks(time.Now)
	p.host = pc
	p.must()
	o.stop(t)
	ballast := filepath.Join(p.data, "others")
	var room time.Time // when there was room again
	synctest.Test(t, func(t *testing.T) {
		zero := time.Now()
		clocks(func() time.Time { return begin.Add(time.Second + time.Since(zero)) })
		opts := p.options(false)
		opts.Config.Sample = 60e9
		opts.Config.Sections.Off = []string{"network_probe"} // it waits in real time
		opts.Config.Spool.Size = 4 << 20
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- agent.Run(ctx, opts) }()
		time.Sleep(10 * time.Minute)
		for range times(15, 60) {
			fill(t, ballast, 0)
			time.Sleep(time.Minute)
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		room = pc.Now()
		time.Sleep(10 * time.Minute)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the agent ended with: %v\n%s", err, tail(p.log.String(), 20))
		}
	})
	// The machine's clock is ahead by the hours that were virtual, and the
	// collector knows by how much.
	ahead := room.Sub(begin) + 11*time.Minute
	clocks(func() time.Time { return time.Now().Add(ahead) })
	s, err := spool.Open(cloned(t, filepath.Join(p.data, "spool")), spool.Options{Now: pc.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	st := s.Stats()
	var kept []spool.Entry
	for s.Stats().Waiting > 0 { // up to the next gap each
		some, err := s.Peek(10_000, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, some...)
		if err := s.Acked(some[len(some)-1].Seq); err != nil {
			t.Fatal(err)
		}
	}
	after := 0
	first := time.Time{}
	for _, e := range kept {
		r, err := report.DecodeReport(e.Body)
		if err != nil {
			t.Fatal(err)
		}
		if at := time.UnixMilli(r.Time); at.After(room) {
			if after++; after == 1 {
				first = at
			}
		}
	}
	made := st.Next - 1
	t.Logf("%d reports made, %d kept, %d dropped; the first one after there was room came %s later", made, len(kept), st.Dropped, first.Sub(room))
	if made != uint64(len(kept))+st.Dropped+1 { // the first one was delivered
		t.Errorf("%d reports were made: what is missing was neither kept nor counted", made)
	}
	if st.Dropped == 0 {
		t.Error("nothing was dropped: the disk was never full")
	}
	if first.IsZero() || first.Sub(room) > time.Minute || after < 9 {
		t.Errorf("%d reports of the 10 minutes after there was room, the first after %s", after, first.Sub(room))
	}
	o.start()
	p.must()
	show, err := o.api().DeviceShow(t.Context(), api.DeviceShowInput{Ref: p.device()})
	if err != nil {
		t.Fatal(err)
	}
	sum := uint64(0)
	for _, g := range show.Gaps {
		sum += g.To - g.From + 1
	}
	if sum != st.Dropped {
		t.Errorf("the agent counts %d drops, the collector is missing %d reports", st.Dropped, sum)
	}
	_, reports := heads(t, o.data, time.Time{})
	if want := int64(made) + 1; reports != want {
		t.Errorf("the collector is at report %d, the agent at %d", reports, want)
	}
	// Each report brought at least one sample; one that could not be kept left
	// its own to the next.
	want := int(reports) - int(sum)
	eventually(t, 30*time.Second, func() error {
		a, err := o.api().SeriesQuery(t.Context(), api.SeriesQueryInput{Name: "mem_used_percent", Device: p.device(), From: "5h", Step: "0"})
		if err != nil {
			return err
		}
		n := 0
		for _, s := range a.Series {
			n += len(s.Points)
		}
		if n < want {
			return fmt.Errorf("%d samples arrived, %d reports did", n, want)
		}
		return nil
	})
	o.stop(t)
}

// F09, the log beside the database: a bit of what was committed and not yet
// merged flips, and the collector is killed. Nothing crashes at the next start,
// what cannot be trusted is not read, and once the device has sent it again
// everything is there once.
func TestF09_FlippedBitsInTheLog(t *testing.T) {
	t.Parallel()
	ready := prepared(t)
	runRole(t, "perisher", ready)
	info, err := os.Stat(filepath.Join(ready, "inventory.db-wal"))
	if err != nil || info.Size() < 1<<12 {
		t.Fatalf("the killed collector left no log: %v %v", info, err)
	}
	count := times(6, 1000)
	for range count {
		dir := cloned(t, ready)
		path := filepath.Join(dir, "inventory.db-wal")
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		at, bit := rand.IntN(len(b)), rand.IntN(8)
		b[at] ^= 1 << bit
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if problem := resumeCommitter(t, dir, committerReports); problem != "" {
			t.Errorf("bit %d of byte %d of %d flipped: %s", bit, at, len(b), problem)
		}
		os.RemoveAll(filepath.Dir(dir))
	}
	t.Logf("%d flips in a log of %d bytes", count, info.Size())
}
