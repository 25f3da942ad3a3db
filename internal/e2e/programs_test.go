//go:build linux

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/collector/api"
	"muster/internal/enroll"
)

// full says that the campaigns run at their full counts.
func full() bool { return os.Getenv("MUSTER_FAULTS") == "full" }

// times is how often a campaign does something: short in make test.
func times(short, long int) int {
	if full() {
		return long
	}
	return short
}

// roleVar makes the test program one of its own children; see roles.
const roleVar = "MUSTER_E2E_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVar); role != "" {
		if err := roles()[role](os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, role+":", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	flag.Parse()
	// Most of these tests wait for processes; two at a time would be slow.
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		f.Value.Set("8")
	}
	code := m.Run()
	postgresEnds()
	if dir, err := built(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// built makes the programs once, as they are shipped: without cgo, without the
// race detector, which would make another program of them.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "muster-e2e-bin-")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", dir+"/", "muster/collector/cmd/muster", "muster/agent/cmd/muster-agent", "muster/agent/cmd/muster-simulate")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return dir, nil
})

// player is the program that plays the roles: this one, or where that would
// take its time for the race detector, the same without it.
var player = sync.OnceValues(func() (string, error) {
	if !raced {
		return os.Args[0], nil
	}
	dir, err := built()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "player")
	cmd := exec.Command("go", "test", "-c", "-buildvcs=false", "-o", path, "muster/internal/e2e")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the player of roles: %w\n%s", err, out)
	}
	return path, nil
})

func rolePlayer(t *testing.T) string {
	t.Helper()
	path, err := player()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func program(t *testing.T, name string) string {
	t.Helper()
	dir, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// folder is a temporary folder with a short path: a socket's may have at most
// 107 bytes.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mu-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// freePort is an address of loopback that nobody listens on now. It lies below
// the ports that the kernel gives to whoever connects: of those, one may be
// taken between this and the program's start.
func freePort(t *testing.T) string {
	t.Helper()
	for range 1000 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 12_000+rand.IntN(20_000)))
		if err != nil {
			continue
		}
		l.Close()
		return l.Addr().String()
	}
	t.Fatal("no free port among a thousand")
	return ""
}

// process is a child whose output is kept.
type process struct {
	cmd  *exec.Cmd
	out  *output
	done chan struct{}
	err  error
	end  func() // of a collector within this program, which has no cmd
}

// output is what a child printed so far; its lines can be waited for.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// launch starts a program; it is ended with the test.
func launch(t *testing.T, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(name, args...), out: &output{}, done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.WaitDelay = 10 * time.Second // what a killed one left behind may hold its output open
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(p.kill)
	return p
}

// kill ends the process as a power cut does.
func (p *process) kill() {
	p.cmd.Process.Signal(syscall.SIGCONT)
	p.cmd.Process.Kill()
	<-p.done
}

// stop asks the process to end, and waits.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if p.end != nil {
		p.end()
		<-p.done
		if p.err != nil {
			t.Errorf("the collector ended with: %v", p.err)
		}
		return
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		p.kill()
		t.Fatalf("the process does not end when asked:\n%s", p.out)
	}
}

// wait waits for the end, and answers what it ended with.
func (p *process) wait(t *testing.T, most time.Duration) int {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(most):
		p.kill()
		t.Fatalf("%s still runs after %s:\n%s", filepath.Base(p.cmd.Path), most, p.out)
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// office is a collector's place on this machine: its data, its addresses, and
// the process when it runs.
type office struct {
	t           *testing.T
	dir, data   string
	web, agents string
	config      string
	env         []string
	database    string // how pgx reaches the inventory; empty: it is a file in data
	*process
}

// newOffice makes a place; extra is YAML put under the settings.
func newOffice(t *testing.T, extra string) *office {
	t.Helper()
	return newOfficeAt(t, freePort(t), extra)
}

// newOfficeAt makes a place whose agents' address is given, and the addresses
// under which agents shall look for it, if those are others.
func newOfficeAt(t *testing.T, agents, extra string, public ...string) *office {
	t.Helper()
	dir := folder(t)
	o := &office{t: t, dir: dir, data: filepath.Join(dir, "data"), web: freePort(t), agents: agents, config: filepath.Join(dir, "muster.yaml")}
	list, err := json.Marshal(append([]string{}, public...)) // YAML too
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`data: %s
web: {address: %q}
agents: {address: %q, interval: 10s, large_interval: 10s, public: %s}
limits: {handshakes_per_second: 100000, enroll_per_second: 10000, reports_per_minute: 6000, free_disk: 16MiB}
%s`, o.data, o.web, o.agents, list, extra)
	if err := os.WriteFile(o.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return o
}

// start starts the real collector and answers how long it took until it
// answered.
func (o *office) start() time.Duration {
	o.t.Helper()
	bin := program(o.t, "muster")
	begin := time.Now()
	o.process = launch(o.t, o.env, bin, "serve", "--config", o.config)
	return o.ready(begin)
}

// role starts a collector that is going to end by itself; see roles.
func (o *office) role(env ...string) {
	o.t.Helper()
	o.process = launch(o.t, append(env, roleVar+"=collector"), rolePlayer(o.t), o.config)
}

func (o *office) ready(begin time.Time) time.Duration {
	o.t.Helper()
	c := o.api()
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		_, err := c.StatusShow(ctx)
		cancel()
		if err == nil {
			conn, derr := net.DialTimeout("tcp", o.agents, time.Second)
			if derr == nil {
				conn.Close()
				return time.Since(begin)
			}
			err = derr
		}
		if !o.alive() {
			o.t.Fatalf("the collector ended:\n%s", o.out)
		}
		if time.Since(begin) > 3*time.Minute { // many start at once, under the race detector
			o.t.Fatalf("the collector is not ready: %v\n%s", err, o.out)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// api is a client through the local socket.
func (o *office) api() *api.Client { return api.Socket(filepath.Join(o.data, "muster.sock")) }

// muster runs the staff's command line against this collector.
func (o *office) muster(args ...string) (string, error) {
	cmd := exec.Command(program(o.t, "muster"), append([]string{"--data", o.data}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("muster %s: %w: %s", strings.Join(args, " "), err, errs.String())
	}
	return out.String(), nil
}

// must is muster where it may not fail.
func (o *office) must(args ...string) string {
	o.t.Helper()
	out, err := o.muster(args...)
	if err != nil {
		o.t.Fatal(err)
	}
	return out
}

// invite makes an invitation through the command line, as scripts do: the
// enrolment string is the last line.
func (o *office) invite(uses int, args ...string) enroll.Invitation {
	o.t.Helper()
	v, err := enroll.Parse(o.inviteText(uses, args...))
	if err != nil {
		o.t.Fatal(err)
	}
	return v
}

func (o *office) inviteText(uses int, args ...string) string {
	o.t.Helper()
	out := o.must(append([]string{"enroll", "new", "--uses", fmt.Sprint(uses)}, args...)...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[len(lines)-1]
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// oracle makes devices that are enrolled here.
func (o *office) oracle(n int, s Script) *Oracle {
	o.t.Helper()
	or := NewOracle(filepath.Join(o.dir, "devices"), s, quiet())
	if err := or.Enrol(o.t.Context(), n, o.invite(n)); err != nil {
		o.t.Fatal(err)
	}
	return or
}

// finish settles, judges the running collector, stops it and judges its files.
func (o *office) finish(or *Oracle) {
	o.t.Helper()
	ctx := context.Background()
	if err := or.Settle(ctx, 30*time.Second); err != nil {
		o.t.Error(err)
	}
	or.judge(ctx, o.t, o.api())
	o.stop(o.t)
	if o.database != "" {
		or.judgeServer(ctx, o.t, o.database)
	} else {
		or.judgeFiles(ctx, o.t, o.data)
	}
	c := or.Counts()
	o.t.Logf("%d devices: %d reports issued, %d acknowledged, in %d tries of which %d failed", len(or.Devices), c.Issued, c.Acknowledged, c.Tries, c.Failed)
	if o.t.Failed() {
		o.t.Logf("the collector's log:\n%s", tail(o.out.String(), 25))
	}
}

// tail is the last lines of a log, without those of plain requests.
func tail(s string, n int) string {
	lines := slices.DeleteFunc(strings.Split(s, "\n"), func(l string) bool { return strings.Contains(l, "level=INFO msg=request ") })
	return strings.Join(lines[max(len(lines)-n, 0):], "\n")
}

// exists says whether a command is there.
func exists(name string) bool {
	_, err := exec.LookPath(name)
	return !errors.Is(err, exec.ErrNotFound) && err == nil
}

var _ io.Writer = (*output)(nil)
