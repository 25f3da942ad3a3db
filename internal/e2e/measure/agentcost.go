//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"muster/collector/api"
)

// agent measures what the real agent takes on this machine: memory, processor
// time of a cycle, and bytes on the wire with everything included.
func (r *run) agent(ctx context.Context) error {
	c, err := r.collector(ctx, "agentcost")
	if err != nil {
		return err
	}
	defer c.stop()
	relay, err := newRelay(c.agents)
	if err != nil {
		return err
	}
	defer relay.l.Close()
	made, err := c.api.EnrollNew(ctx, api.InvitationNewInput{Body: api.InvitationNew{Uses: 1}})
	if err != nil {
		return err
	}
	// The agent must come through the relay that counts, so it is told that
	// address first.
	conf := filepath.Join(r.dir, "agent.yaml")
	text := fmt.Sprintf("collectors: [%q]\nsample: 10s\nproxy: none\nlog: {level: warn}\n", relay.l.Addr().String())
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return err
	}
	p, err := start(r.dir, "agent", []string{"MUSTER_ENROLL=" + made.Enrolment}, filepath.Join(r.bin, "muster-agent"),
		"run", "--config", conf, "--data", filepath.Join(r.dir, "agent"))
	if err != nil {
		return err
	}
	defer p.stop()
	// The first full inventory is over once a report has come.
	for range 200 {
		st, err := c.api.StatusShow(ctx)
		if err == nil && st.Intake.Reports > 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(15 * time.Second)
	own0, kids0, err := p.cpu()
	if err != nil {
		return err
	}
	up0, down0 := relay.up.Load(), relay.down.Load()
	st, err := c.api.StatusShow(ctx)
	if err != nil {
		return err
	}
	before := st.Intake.Reports
	var rss []int64
	begin := time.Now()
	const length = 125 * time.Second
	for time.Since(begin) < length && ctx.Err() == nil {
		now, _, err := p.rss()
		if err != nil {
			return err
		}
		rss = append(rss, now)
		time.Sleep(time.Second)
	}
	own1, kids1, err := p.cpu()
	if err != nil {
		return err
	}
	_, peak, err := p.rss()
	if err != nil {
		return err
	}
	if st, err = c.api.StatusShow(ctx); err != nil {
		return err
	}
	slices.Sort(rss)
	cycles := length.Seconds() / 10
	median := float64(rss[len(rss)/2]) / (1 << 20)
	reports := float64(max(st.Intake.Reports-before, 1))
	wire := float64(relay.up.Load()-up0+relay.down.Load()-down0) / reports
	cpu := ms(own1-own0) / cycles
	fmt.Printf("agent: median RSS %.1f MiB, peak %.1f MiB, %.2f ms processor time a cycle of sampling and %.2f ms of children, %.0f reports, %.0f bytes a report on the wire (one sampling each, TLS and HTTP included, both ways)\n",
		median, float64(peak)/(1<<20), cpu, ms(kids1-kids0)/cycles, reports, wire)
	r.add("agent_rss_mib", median, "MiB", 12)
	r.add("agent_rss_peak_mib", float64(peak)/(1<<20), "MiB", 16)
	r.add("agent_cpu_ms_per_cycle", cpu, "ms", 6)
	r.add("agent_children_cpu_ms_per_cycle", ms(kids1-kids0)/cycles, "ms", 0)
	r.add("agent_wire_bytes_per_report", wire, "byte", 700)
	return nil
}

// relay passes bytes on and counts them.
type relay struct {
	l        net.Listener
	up, down atomic.Int64
}

func newRelay(to string) (*relay, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &relay{l: l}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.pass(c, to)
		}
	}()
	return r, nil
}

func (r *relay) pass(c net.Conn, to string) {
	defer c.Close()
	s, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer s.Close()
	done := make(chan struct{}, 2)
	go func() { io.Copy(count{s, &r.up}, c); done <- struct{}{} }()
	go func() { io.Copy(count{c, &r.down}, s); done <- struct{}{} }()
	<-done
}

type count struct {
	w io.Writer
	n *atomic.Int64
}

func (c count) Write(b []byte) (int, error) {
	c.n.Add(int64(len(b)))
	return c.w.Write(b)
}
