// Package probe measures the way to the gateway, the name servers and the
// collector (section network_probe, measurements ping and dns_query): three
// small packets a minute.
//
// It owns what is asked and how answers are told from others'. It must not
// know the collector's protocol: whether that answers is handed in.
package probe

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

const (
	// every is the time between two packets to the gateway: three a minute.
	every   = 20 * time.Second
	timeout = 3 * time.Second
	servers = 2 // name servers asked
)

// Prober probes in the background. It is a section and a sampler too.
type Prober struct {
	Host *host.Host
	Now  func() time.Time
	// Collector gives the collector's name or address, and when it last
	// answered; ok is false while the last try failed.
	Collector func() (name string, at time.Time, ok bool)
	// On says whether anything may be asked.
	On func() bool

	// Ping and Resolve are the ways out; they default to the system's.
	Ping    func(ctx context.Context, to netip.Addr) (time.Duration, error)
	Resolve func(ctx context.Context, server netip.AddrPort, name string) (took time.Duration, rcode int, err error)

	mu      sync.Mutex
	targets map[target]*state
}

type target struct{ kind, address string }

type state struct {
	method     string
	sent, back int
	sum, low   time.Duration
	high       time.Duration
	rcode      int
	failed     bool // it could not be asked at all
	name       string

	answered time.Time
	last     *bool
	rtt      time.Duration
	seen     time.Time // when it was a target last
}

// Run probes until ctx ends.
func (p *Prober) Run(ctx context.Context) error {
	for n := 0; ; n++ {
		if p.On == nil || p.On() {
			p.round(ctx, n%3 == 0)
		}
		t := time.NewTimer(every)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C:
		}
	}
}

// round asks the gateway, and the name servers when it is their turn.
func (p *Prober) round(ctx context.Context, all bool) {
	ping, resolve := p.Ping, p.Resolve
	if ping == nil {
		ping = Ping
	}
	if resolve == nil {
		resolve = Resolve
	}
	if gw, ok := gateway(p.Host); ok {
		c, cancel := context.WithTimeout(ctx, timeout)
		took, err := ping(c, gw)
		cancel()
		p.note(ctx, target{"gateway", gw.String()}, "icmp", took, 0, "", err)
	}
	name := p.domain()
	if !all || name == "" {
		return
	}
	for _, s := range nameservers(p.Host) {
		c, cancel := context.WithTimeout(ctx, timeout)
		took, rcode, err := resolve(c, netip.AddrPortFrom(s, 53), name)
		cancel()
		p.note(ctx, target{"dns", s.String()}, "dns", took, rcode, name, err)
	}
}

// errCannot marks what could not be asked, in contrast to what did not answer.
var errCannot = errors.New("cannot be asked from here")

func (p *Prober) note(ctx context.Context, to target, method string, took time.Duration, rcode int, name string, err error) {
	if ctx.Err() != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.targets == nil {
		p.targets = map[target]*state{}
	}
	now := p.Now()
	for k, s := range p.targets {
		if now.Sub(s.seen) > time.Hour {
			delete(p.targets, k)
		}
	}
	s := p.targets[to]
	if s == nil {
		s = &state{method: method}
		p.targets[to] = s
	}
	s.seen, s.rcode, s.name, s.failed = now, rcode, name, errors.Is(err, errCannot)
	if s.failed {
		s.last = nil
		return
	}
	s.sent++
	s.last = new(err == nil)
	if err != nil {
		return
	}
	if s.back == 0 || took < s.low {
		s.low = took
	}
	s.high = max(s.high, took)
	s.back++
	s.sum += took
	s.rtt, s.answered = took, now
}

// Name of the sampler in logs.
func (p *Prober) Name() string { return "probe" }

// Sample puts what came since the last sampling.
func (p *Prober) Sample(_ context.Context, _ *host.Host, to gather.Sink) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	for _, k := range sortedTargets(p.targets) {
		s := p.targets[k]
		if s.sent == 0 && !s.failed {
			continue
		}
		switch k.kind {
		case "gateway":
			if s.sent > 0 {
				to.Put("ping", "percent_packet_loss", 100*float64(s.sent-s.back)/float64(s.sent), "url", "gateway")
				if s.back > 0 {
					to.Put("ping", "average_response_ms", ms(s.sum)/float64(s.back), "url", "gateway")
					to.Put("ping", "minimum_response_ms", ms(s.low), "url", "gateway")
					to.Put("ping", "maximum_response_ms", ms(s.high), "url", "gateway")
				}
			}
			to.Put("ping", "result_code", code(s), "url", "gateway")
		case "dns":
			labels := []string{"server", k.address, "domain", s.name, "record_type", "A"}
			if s.back > 0 {
				to.Put("dns_query", "query_time_ms", ms(s.sum)/float64(s.back), labels...)
				to.Put("dns_query", "rcode_value", float64(s.rcode), labels...)
			}
			to.Put("dns_query", "result_code", code(s), labels...)
		}
		s.sent, s.back, s.sum, s.low, s.high = 0, 0, 0, 0, 0
	}
	return nil
}

// code is Telegraf's: 0 answered, 1 no answer, 2 could not ask.
func code(s *state) float64 {
	switch {
	case s.failed:
		return 2
	case s.back == 0:
		return 1
	}
	return 0
}

// Read reads the section.
func (p *Prober) Read(context.Context, *host.Host) (gather.Reading, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var rows []inventory.NetworkProbe
	var faults []string
	for _, k := range sortedTargets(p.targets) {
		s := p.targets[k]
		interval := int64(every / time.Second)
		if k.kind == "dns" {
			interval *= 3
		}
		r := inventory.NetworkProbe{Kind: k.kind, Target: k.address, Method: s.method, IntervalSeconds: interval,
			Reachable: s.last, AnsweredAt: s.answered.Truncate(time.Second)}
		if s.rtt > 0 {
			r.RTTSeconds = new(s.rtt.Seconds())
		}
		if s.failed {
			faults = append(faults, k.kind+" "+k.address+" "+errCannot.Error())
		}
		rows = append(rows, r)
	}
	if p.Collector != nil {
		if name, at, ok := p.Collector(); name != "" {
			rows = append(rows, inventory.NetworkProbe{Kind: "collector", Target: name, Method: "https", Reachable: &ok, AnsweredAt: at.Truncate(time.Second)})
		}
	}
	r, err := gather.Rows(rows, "probes")
	r.Faults = faults
	return r, err
}

// domain is the name that name servers are asked for: the collector's, or
// where that is an address, the one the machine looks names up in.
func (p *Prober) domain() string {
	if p.Collector != nil {
		if name, _, _ := p.Collector(); name != "" {
			if h, _, err := net.SplitHostPort(name); err == nil {
				name = h
			}
			if _, err := netip.ParseAddr(name); err != nil && name != "localhost" {
				return name
			}
		}
	}
	b, err := p.Host.ReadFile("/etc/resolv.conf")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		w := strings.Fields(line)
		if len(w) > 1 && (w[0] == "search" || w[0] == "domain") && w[1] != "." {
			return w[1]
		}
	}
	return ""
}

// Resolve asks one name server for the address of a name, over UDP (RFC 1035).
// That it answers is what counts: a name that does not exist is an answer.
func Resolve(ctx context.Context, server netip.AddrPort, name string) (time.Duration, int, error) {
	id := uint16(rand.Uint32())
	q, err := question(id, name)
	if err != nil {
		return 0, 0, fmt.Errorf("%w: %w", errCannot, err)
	}
	c, err := (&net.Dialer{}).DialContext(ctx, "udp", server.String())
	if err != nil {
		return 0, 0, fmt.Errorf("%w: %w", errCannot, err)
	}
	defer c.Close()
	if until, ok := ctx.Deadline(); ok {
		c.SetDeadline(until)
	}
	begin := time.Now()
	if _, err := c.Write(q); err != nil {
		return 0, 0, err
	}
	b := make([]byte, 1500)
	for {
		n, err := c.Read(b)
		if err != nil {
			return 0, 0, err
		}
		if rcode, ok := answer(b[:n], id); ok {
			return time.Since(begin), rcode, nil
		}
	}
}

// question writes a query for an A record.
func question(id uint16, name string) ([]byte, error) {
	b := binary.BigEndian.AppendUint16(nil, id)
	b = append(b, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0) // recursion desired, one question
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if len(label) == 0 || len(label) > 63 || len(b) > 255 {
			return nil, fmt.Errorf("%q is no name", name)
		}
		b = append(append(b, byte(len(label))), label...)
	}
	return append(b, 0, 0, 1, 0, 1), nil
}

// answer reads the head of an answer to the query with this id.
func answer(b []byte, id uint16) (rcode int, ok bool) {
	if len(b) < 12 || binary.BigEndian.Uint16(b) != id || b[2]&0x80 == 0 {
		return 0, false
	}
	return int(b[3] & 15), true
}
