//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"muster/collector/api"
)

// process is a program under measurement.
type process struct {
	cmd *exec.Cmd
	log string
}

func start(dir, name string, env []string, path string, args ...string) (*process, error) {
	log := filepath.Join(dir, name+".log")
	f, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := &process{cmd: exec.Command(path, args...), log: log}
	p.cmd.Stdout, p.cmd.Stderr = f, f
	p.cmd.Env = append(os.Environ(), env...)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return p, nil
}

func (p *process) stop() {
	p.cmd.Process.Signal(os.Interrupt)
	done := make(chan struct{})
	go func() { p.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		p.cmd.Process.Kill()
		<-done
	}
}

// cpu is the processor time of the process and of the children it has waited
// for, by /proc/PID/stat (proc(5): fields 14 to 17, in hundredths of a second).
func (p *process) cpu() (own, children time.Duration, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	var t [4]int64
	for i := range t {
		if t[i], err = strconv.ParseInt(f[11+i], 10, 64); err != nil {
			return 0, 0, err
		}
	}
	return time.Duration(t[0]+t[1]) * 10 * time.Millisecond, time.Duration(t[2]+t[3]) * 10 * time.Millisecond, nil
}

// rss is VmRSS in bytes, peak VmHWM.
func (p *process) rss() (now, peak int64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	for l := range strings.SplitSeq(string(b), "\n") {
		for name, to := range map[string]*int64{"VmRSS:": &now, "VmHWM:": &peak} {
			if rest, ok := strings.CutPrefix(l, name); ok {
				kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
				if err != nil {
					return 0, 0, err
				}
				*to = kb << 10
			}
		}
	}
	return now, peak, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// collector is a running muster serve.
type collector struct {
	*process
	data   string
	agents string
	api    *api.Client
}

func (r *run) collector(ctx context.Context, name string) (*collector, error) {
	return r.collectorWith(ctx, name, "")
}

// collectorWith has the settings of a file too; empty: none.
func (r *run) collectorWith(ctx context.Context, name, more string) (*collector, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	web, err := freePort()
	if err != nil {
		return nil, err
	}
	c := &collector{data: filepath.Join(r.dir, name), agents: fmt.Sprintf("127.0.0.1:%d", port)}
	file := filepath.Join(r.dir, name+".yaml")
	// Enrolling hundreds of senders at once is not what is measured.
	text := "agents:\n  interval: 10s\nlimits:\n  enroll_per_second: 2000\n  handshakes_per_second: 2000\n  reports_per_minute: 6000\nlog:\n  level: warn\n"
	if more != "" {
		b, err := os.ReadFile(more)
		if err != nil {
			return nil, err
		}
		text += string(b)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	c.process, err = start(r.dir, name, nil, filepath.Join(r.bin, "muster"), "serve", "--config", file, "--data", c.data,
		"--web", fmt.Sprintf("127.0.0.1:%d", web), "--agents", c.agents)
	if err != nil {
		return nil, err
	}
	c.api = api.Socket(filepath.Join(c.data, "muster.sock"))
	for range 200 {
		if _, err = c.api.StatusShow(ctx); err == nil {
			return c, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	c.stop()
	b, _ := os.ReadFile(c.log)
	return nil, fmt.Errorf("collector did not become ready: %w\n%s", err, b)
}
