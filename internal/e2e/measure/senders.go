//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"muster/agent/send"
	"muster/collector/api"
	"muster/internal/enroll"
	"muster/internal/inventory"
	"muster/internal/report"
)

// sender is one device that reports 40 numbers as fast as it is asked to. It
// writes HTTP by hand, so that the loader takes as little as possible of the
// processors it shares with the collector.
type sender struct {
	n      int
	cert   tls.Certificate
	pins   []enroll.KeyHash
	addr   string
	conn   net.Conn
	rd     *bufio.Reader
	seq    uint64
	rng    *rand.Rand
	known  [8]byte
	layout bool
	values report.Values
	bytes  [2]int64 // body bytes up, answer bytes down
}

const numbers = 40

// shape is the layout of all senders: four measurements of ten fields.
func shape() report.Layout {
	var l report.Layout
	add := func(m string, labels []report.Label, fields ...string) {
		for _, f := range fields {
			l = append(l, report.Series{Measurement: m, Field: f, Labels: labels})
		}
	}
	add("cpu", []report.Label{{Key: "cpu", Value: "cpu-total"}}, "usage_user", "usage_system", "usage_idle", "usage_iowait")
	add("mem", []report.Label{}, "available_percent", "used_percent", "commit_percent")
	add("swap", []report.Label{}, "used_percent", "out", "in")
	add("disk", []report.Label{{Key: "device", Value: "sda1"}, {Key: "fstype", Value: "ext4"}, {Key: "mode", Value: "rw"}, {Key: "path", Value: "/"}}, "used_percent", "free", "inodes_used_percent")
	add("diskio", []report.Label{{Key: "name", Value: "sda"}}, "reads", "writes", "read_bytes", "write_bytes", "read_time", "write_time", "io_time")
	for _, nic := range []string{"eth0", "wlan0"} {
		add("net", []report.Label{{Key: "interface", Value: nic}}, "bytes_recv", "bytes_sent", "packets_recv", "packets_sent", "err_in", "drop_in")
	}
	add("system", []report.Label{}, "load1", "uptime")
	add("processes", []report.Label{}, "total")
	for _, s := range []string{"coretemp_package_id_0", "nvme_composite"} {
		add("temp", []report.Label{{Key: "sensor", Value: s}}, "temp")
	}
	add("agent", []report.Label{}, "cpu_seconds", "rss_bytes", "spool_bytes")
	return l[:numbers]
}

// step moves the sender's numbers on: counters rise, gauges wander.
func (s *sender) step() {
	if s.values == nil {
		s.values = make(report.Values, numbers)
		for i := range s.values {
			s.values[i] = float64(s.rng.Int64N(1 << 33))
		}
	}
	for i := range s.values {
		switch i % 3 {
		case 0:
			s.values[i] = math.Floor(s.values[i] + float64(s.rng.IntN(100_000)))
		case 1:
			s.values[i] = math.Round(s.rng.Float64()*1000) / 10
		}
	}
}

func enrollAll(ctx context.Context, c *collector, count int) ([]*sender, error) {
	made, err := c.api.EnrollNew(ctx, api.InvitationNewInput{Body: api.InvitationNew{Uses: count}})
	if err != nil {
		return nil, err
	}
	v, err := enroll.Parse(made.Enrolment)
	if err != nil {
		return nil, err
	}
	out := make([]*sender, count)
	errs := make(chan error, count)
	gate := make(chan struct{}, 8)
	var wg sync.WaitGroup
	for n := range count {
		wg.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			s, err := enrollOne(ctx, c, v, n)
			out[n] = s
			if err != nil {
				errs <- err
			}
		})
	}
	wg.Wait()
	close(errs)
	return out, <-errs
}

func enrollOne(ctx context.Context, c *collector, v enroll.Invitation, n int) (*sender, error) {
	key, err := enroll.NewKey()
	if err != nil {
		return nil, err
	}
	csr, err := enroll.CSR(key)
	if err != nil {
		return nil, err
	}
	body, err := enroll.Request{Token: v.Token, CSR: csr, Hostname: fmt.Sprintf("sender-%d", n), OS: "linux", Arch: "amd64", AgentVersion: "measure"}.Encode()
	if err != nil {
		return nil, err
	}
	clock := enroll.NewClock(time.Now, time.Time{}, time.Time{})
	cl := send.New(send.Options{TLS: func() *tls.Config { return enroll.ClientTLS([]enroll.KeyHash{v.CA}, nil, clock) }, Addresses: func() []string { return []string{c.agents} }})
	defer cl.Reset()
	o := cl.Post(ctx, send.PathEnroll, body)
	if o.Verdict != send.Accepted {
		return nil, o.Err
	}
	reply, err := enroll.DecodeReply(o.Body)
	if err != nil {
		return nil, err
	}
	s := &sender{n: n, addr: c.agents, rng: rand.New(rand.NewPCG(uint64(n), 1))}
	s.cert, s.pins, err = reply.Identity(key)
	return s, err
}

func (s *sender) dial() error {
	clock := enroll.NewClock(time.Now, time.Time{}, time.Time{})
	conn, err := tls.Dial("tcp", s.addr, enroll.ClientTLS(s.pins, &s.cert, clock))
	if err != nil {
		return err
	}
	s.conn, s.rd = conn, bufio.NewReaderSize(conn, 4096)
	return nil
}

var shared = sync.OnceValues(func() (report.Layout, report.LayoutHash) { l := shape(); return l, l.Hash() })

// report sends one and waits for its answer.
func (s *sender) report() error {
	l, hash := shared()
	s.step()
	s.seq++
	r := report.Report{Seq: s.seq, Time: time.Now().UnixMilli(), Mono: int64(s.seq) * 60_000, Boot: [8]byte{1}, Machine: [8]byte{}, Root: inventory.Hash{},
		Samples: []report.Sample{{Layout: hash, Values: s.values}}}
	if !s.layout {
		r.Layouts = []report.Layout{l}
	}
	b, err := r.Encode()
	if err != nil {
		return err
	}
	body, err := report.Pack(report.Envelope{Epoch: uint64(s.n) + 1, Oldest: s.seq, Known: s.known, Sent: r.Time, Mono: r.Mono, Boot: r.Boot}, [][]byte{b})
	if err != nil {
		return err
	}
	answer, err := s.post("/v1/reports", body)
	if err != nil {
		return err
	}
	var a report.Answer
	if err := report.Unmarshal(answer, &a); err != nil {
		return err
	}
	if a.Acked != s.seq {
		return fmt.Errorf("sender %d: acknowledged %d of %d", s.n, a.Acked, s.seq)
	}
	s.known, s.layout = a.Known, true
	return nil
}

func (s *sender) post(path string, body []byte) ([]byte, error) {
	var rq []byte
	rq = append(rq, "POST "...)
	rq = append(rq, path...)
	rq = append(rq, " HTTP/1.1\r\nHost: c\r\nContent-Length: "...)
	rq = strconv.AppendInt(rq, int64(len(body)), 10)
	rq = append(rq, "\r\n\r\n"...)
	rq = append(rq, body...)
	if _, err := s.conn.Write(rq); err != nil {
		return nil, err
	}
	status, b, err := readAnswer(s.rd)
	if err != nil {
		return nil, err
	}
	s.bytes[0] += int64(len(rq))
	s.bytes[1] += int64(len(b))
	if status != http.StatusOK && status != http.StatusNoContent {
		var no report.Refusal
		if report.Unmarshal(b, &no) == nil && no.Message != "" {
			return nil, errors.New(no.Message)
		}
		return nil, fmt.Errorf("status %d: %.200s", status, b)
	}
	return b, nil
}

func readAnswer(rd *bufio.Reader) (status int, body []byte, err error) {
	line, err := rd.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if len(line) < 12 {
		return 0, nil, fmt.Errorf("status line %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, err
	}
	n := 0
	for {
		line, err := rd.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		if len(line) > 15 && strings.EqualFold(string(line[:15]), "Content-Length:") {
			if n, err = strconv.Atoi(strings.TrimSpace(string(line[15:]))); err != nil {
				return 0, nil, err
			}
		}
	}
	body = make([]byte, n)
	_, err = io.ReadFull(rd, body)
	return status, body, err
}

// outcome of one round of load.
type outcome struct {
	count    int64
	wall     time.Duration
	p50, p99 time.Duration
	server   time.Duration // processor time
	client   time.Duration
}

func (o outcome) rate() float64 { return float64(o.count) / o.wall.Seconds() }
func (o outcome) perReport() time.Duration {
	if o.count == 0 {
		return 0
	}
	return o.server / time.Duration(o.count)
}

// closed lets lanes work in turn, each its share of the senders one after the
// other, as fast as answers come, for a time.
func closed(lanes int, length time.Duration, senders int, one func(n int) error) (int64, []time.Duration, error) {
	var count atomic.Int64
	all := make([][]time.Duration, lanes)
	errs := make(chan error, lanes)
	end := time.Now().Add(length)
	var wg sync.WaitGroup
	for lane := range lanes {
		wg.Go(func() {
			for n := lane; time.Now().Before(end); n += lanes {
				begin := time.Now()
				if err := one(n % senders); err != nil {
					errs <- err
					return
				}
				all[lane] = append(all[lane], time.Since(begin))
				count.Add(1)
			}
		})
	}
	wg.Wait()
	close(errs)
	return count.Load(), slices.Concat(all...), <-errs
}

// open sends at a fixed rate, whether or not answers come, and counts the
// time from when each report was due.
func open(rate float64, length time.Duration, senders int, one func(n int) error) (int64, []time.Duration, error) {
	const lanes = 128
	total := int64(rate * length.Seconds())
	var next atomic.Int64
	all := make([][]time.Duration, lanes)
	errs := make(chan error, lanes)
	begin := time.Now()
	locks := make([]sync.Mutex, senders) // a sender sends one at a time
	var wg sync.WaitGroup
	for lane := range lanes {
		wg.Go(func() {
			for {
				i := next.Add(1) - 1
				if i >= total {
					return
				}
				due := begin.Add(time.Duration(float64(i) / rate * float64(time.Second)))
				time.Sleep(time.Until(due))
				n := int(i) % senders
				locks[n].Lock()
				err := one(n)
				locks[n].Unlock()
				if err != nil {
					errs <- err
					return
				}
				all[lane] = append(all[lane], time.Since(due))
			}
		})
	}
	wg.Wait()
	close(errs)
	return total, slices.Concat(all...), <-errs
}

func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[min(int(float64(len(d))*q), len(d)-1)]
}

func newRand(n int) *rand.Rand { return rand.New(rand.NewPCG(uint64(n), 1)) }

func dialUnix(path string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
}
