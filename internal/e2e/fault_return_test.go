//go:build linux

package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// configure changes a setting before the start.
func (o *office) configure(old, new string) {
	o.t.Helper()
	b, err := os.ReadFile(o.config)
	if err != nil {
		o.t.Fatal(err)
	}
	if !strings.Contains(string(b), old) {
		o.t.Fatalf("%q is not in the settings:\n%s", old, b)
	}
	if err := os.WriteFile(o.config, []byte(strings.Replace(string(b), old, new, 1)), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// fleet is simulated PCs in processes of their own: a process may have so many
// files open, and each agent is one.
type fleet []*process

// simulate starts simulated PCs that enrol with this collector.
func (o *office) simulate(agents, parts int, interval, sample time.Duration) fleet {
	o.t.Helper()
	invitation := filepath.Join(o.dir, "simulated.txt")
	if err := os.WriteFile(invitation, []byte(o.inviteText(agents)), 0o600); err != nil {
		o.t.Fatal(err)
	}
	var f fleet
	for part := range parts {
		scenario := filepath.Join(o.dir, fmt.Sprintf("part-%d.yaml", part))
		// Another seed makes other machines.
		if err := os.WriteFile(scenario, fmt.Appendf(nil, "seed: %d\n", 1+part), 0o600); err != nil {
			o.t.Fatal(err)
		}
		n := agents/parts + max(0, min(1, agents%parts-part))
		f = append(f, launch(o.t, nil, program(o.t, "muster-simulate"), "--agents", fmt.Sprint(n), "--interval", interval.String(), "--sample", sample.String(),
			"--scenario", scenario, "--enroll-file", invitation, "--data", filepath.Join(o.dir, fmt.Sprintf("part-%d", part))))
	}
	return f
}

// told is what a fleet says of itself, by the last line that it printed.
type told struct{ enrolled, sent, accepted, failed, dropped int64 }

func (f fleet) told() (sum told) {
	line := regexp.MustCompile(`enrolled (\d+), reports sent (\d+), accepted (\d+), failed tries (\d+), dropped (\d+)`)
	for _, p := range f {
		all := line.FindAllStringSubmatch(p.out.String(), -1)
		if len(all) == 0 {
			continue
		}
		for i, to := range []*int64{&sum.enrolled, &sum.sent, &sum.accepted, &sum.failed, &sum.dropped} {
			n, err := strconv.ParseInt(all[len(all)-1][1+i], 10, 64)
			if err == nil {
				*to += n
			}
		}
	}
	return sum
}

// stop ends a fleet in good manners.
func (f fleet) stop(t *testing.T) {
	t.Helper()
	for _, p := range f {
		p.cmd.Process.Signal(syscall.SIGTERM)
	}
	for _, p := range f {
		if code := p.wait(t, time.Minute); code != 0 {
			t.Errorf("a simulator ended with %d:\n%s", code, tail(p.out.String(), 5))
		}
	}
}

// heads reads from the database of a collector, which may run: how many
// devices were heard since, and how many reports were taken in all.
func heads(t *testing.T, data string, since time.Time) (devices, reports int64) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "inventory.db")+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(context.Background(), "SELECT count(CASE WHEN seen_at >= ? THEN 1 END), ifnull(sum(seq), 0) FROM seen_rows", max(since.UnixMilli(), 1)).Scan(&devices, &reports); err != nil {
		t.Fatal(err)
	}
	return devices, reports
}

// comeBack waits until so many devices were heard since, and answers when
// half, nine of ten, 99 of 100 and all of them had been.
func (o *office) comeBack(agents int, since time.Time, within time.Duration) [4]time.Duration {
	o.t.Helper()
	var at [4]time.Duration
	shares := [4]int64{int64(agents) / 2, int64(agents) * 9 / 10, int64(agents) * 99 / 100, int64(agents)}
	for {
		n, _ := heads(o.t, o.data, since)
		for i, share := range shares {
			if at[i] == 0 && n >= share {
				at[i] = time.Since(since).Round(100 * time.Millisecond)
			}
		}
		if n >= int64(agents) {
			return at
		}
		if time.Since(since) > within {
			o.t.Fatalf("%d of %d devices were heard within %s\n%s", n, agents, within, tail(o.out.String(), 10))
		}
		time.Sleep(time.Duration(times(100, 1000)) * time.Millisecond)
	}
}

// F16: the collector is killed, is away for ten minutes, and a whole fleet
// comes back with what it kept. All of it is taken, nothing is lost, and the
// collector does not burst.
func TestF16_FleetComesBack(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	agents, parts := times(120, 20_000), times(1, 4)
	interval, sample, away := 2*time.Second, time.Second, 3*time.Second
	if full() {
		interval, sample, away = 5*time.Minute, time.Minute, 10*time.Minute // the defaults of a large fleet
	}
	// The limits are those that an office has; only enrolling is no part of this.
	o.configure("handshakes_per_second: 100000", "handshakes_per_second: 300")
	o.start()
	begin := time.Now()
	f := o.simulate(agents, parts, interval, sample)
	at := o.comeBack(agents, begin, 45*time.Minute)
	t.Logf("%d new devices were heard after %s; %s", agents, at[3], load())
	time.Sleep(interval + interval/4) // each has said what the collector asked for
	t.Logf("collector: %d MiB, peak %d, %d files open", memory(t, o.cmd.Process.Pid, "VmRSS")>>20, memory(t, o.cmd.Process.Pid, "VmHWM")>>20, files(t, o.cmd.Process.Pid))
	o.kill()
	before := f.told()
	time.Sleep(away)
	begin = time.Now()
	ready := o.start()
	at = o.comeBack(agents, begin, 20*time.Minute)
	peak := memory(t, o.cmd.Process.Pid, "VmHWM")
	t.Logf("back after %s: ready after %s; half of the fleet was taken after %s, 90 %% after %s, 99 %% after %s, all after %s; collector's peak %d MiB, %d files open; %s",
		away, ready.Round(time.Millisecond), at[0], at[1], at[2], at[3], peak>>20, files(t, o.cmd.Process.Pid), load())
	if full() && at[3] > 10*time.Minute {
		t.Errorf("all were taken after %s, at most 10 minutes are meant", at[3])
	}
	// A gibibyte is meant of what an agent brings that has few numbers; the
	// series of a PC take more than that of themselves (performance/stores.md).
	if limit := int64(1 << 30); !full() && peak > limit {
		t.Errorf("the collector took %d MiB", peak>>20)
	}
	f.stop(t)
	sum := f.told()
	_, reports := heads(t, o.data, begin)
	t.Logf("%d reports sent, %d accepted, %d tries failed; the collector has %d", sum.sent, sum.accepted, sum.failed, reports)
	if sum.dropped > 0 || reports < sum.accepted || reports > sum.sent {
		t.Errorf("the fleet says %+v, the collector has %d reports", sum, reports)
	}
	if sum.failed == before.failed || sum.accepted <= before.accepted {
		t.Errorf("%+v before the outage, %+v after it: nothing was shown", before, sum)
	}
	o.stop(t)
	var v verdict
	db, err := sql.Open("sqlite", "file:"+filepath.Join(o.data, "inventory.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var gaps, devices, twice int64
	each(context.Background(), &v, db, "SELECT (SELECT count(*) FROM gap_rows), (SELECT count(*) FROM device_rows), (SELECT count(*) FROM seen_rows WHERE turn > 1)",
		[]any{&gaps, &devices, &twice}, func() {})
	v.report(t)
	if gaps > 0 || devices != int64(agents) || twice > 0 {
		t.Errorf("%d gaps, %d devices of %d, %d with more than one epoch", gaps, devices, agents, twice)
	}
}
