//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"muster/internal/report"
)

const (
	lanes   = 64
	devices = 512
	rounds  = 3
)

// ownCPU is the processor time of this process: the load generator.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// ingest measures reports of 40 numbers taken in over mutual TLS, durable, and
// the same numbers as line protocol into InfluxDB, turn by turn.
func (r *run) ingest(ctx context.Context) error {
	c, err := r.collector(ctx, "ingest")
	if err != nil {
		return err
	}
	defer c.stop()
	senders, err := enrollAll(ctx, c, devices)
	if err != nil {
		return err
	}
	// Warm: every series exists, every connection is open.
	for _, s := range senders {
		if err := s.dial(); err != nil {
			return err
		}
		defer s.conn.Close()
		for range 2 {
			if err := s.report(); err != nil {
				return err
			}
		}
	}
	one := func(n int) error { return senders[n].report() }
	peer, err := r.influx(ctx)
	if err != nil {
		return err
	}
	if peer != nil {
		defer peer.stop()
	}
	time.Sleep(time.Second)
	fmt.Println("who       mode             reports/s    p50 ms    p99 ms  server µs  client µs")
	var mine, theirs []outcome
	for range rounds {
		o, err := r.round(c.process, func() (int64, []time.Duration, error) { return closed(lanes, r.seconds, devices, one) })
		if err != nil {
			return fmt.Errorf("muster: %w", err)
		}
		show("muster", "closed, 64", o)
		mine = append(mine, o)
		if peer != nil {
			o, err := r.round(peer.process, func() (int64, []time.Duration, error) { return closed(lanes, r.seconds, devices, peer.write) })
			if err != nil {
				return fmt.Errorf("influxdb: %w", err)
			}
			show("influxdb", "closed, 64", o)
			theirs = append(theirs, o)
		}
	}
	at4000, err := r.round(c.process, func() (int64, []time.Duration, error) { return open(4000, r.seconds, devices, one) })
	if err != nil {
		return fmt.Errorf("muster at 4,000/s: %w", err)
	}
	show("muster", "open, 4,000/s", at4000)
	up, down := senders[0].bytes[0]/int64(senders[0].seq), senders[0].bytes[1]/int64(senders[0].seq)
	fmt.Printf("body with HTTP header: %d bytes up, answer body %d bytes\n", up, down)

	m := middle(mine)
	r.add("ingest_reports_per_second", m.rate(), "1/s", 6000)
	r.add("ingest_p50_ms", ms(m.p50), "ms", 0)
	r.add("ingest_p99_ms", ms(m.p99), "ms", 100)
	r.add("ingest_server_cpu_us_per_report", us(m.perReport()), "us", 150)
	r.add("ingest_client_cpu_us_per_report", us(m.client/time.Duration(max(m.count, 1))), "us", 0)
	r.add("ingest_open_4000_p99_ms", ms(at4000.p99), "ms", 100)
	r.add("ingest_open_4000_reports_per_second", at4000.rate(), "1/s", 4000)
	if peer != nil {
		p := middle(theirs)
		r.add("influxdb_reports_per_second", p.rate(), "1/s", 0)
		r.add("influxdb_server_cpu_us_per_report", us(p.perReport()), "us", 0)
		r.add("ingest_cpu_ratio_to_influxdb", float64(m.perReport())/float64(max(p.perReport(), 1)), "ratio", 0.5)
		r.add("ingest_rate_ratio_to_influxdb", m.rate()/p.rate(), "ratio", 0)
	}
	return nil
}

func (r *run) round(p *process, f func() (int64, []time.Duration, error)) (outcome, error) {
	before, _, err := p.cpu()
	if err != nil {
		return outcome{}, err
	}
	mine := ownCPU()
	begin := time.Now()
	n, took, err := f()
	o := outcome{count: n, wall: time.Since(begin), client: ownCPU() - mine}
	if err != nil {
		return o, err
	}
	// What the server still does for these reports belongs to them.
	time.Sleep(time.Second)
	after, _, err := p.cpu()
	o.server = after - before
	o.p50, o.p99 = quantile(took, 0.50), quantile(took, 0.99)
	return o, err
}

func show(who, mode string, o outcome) {
	fmt.Printf("%-9s %-14s %10.0f %9.1f %9.1f %10.0f %10.0f\n", who, mode, o.rate(), ms(o.p50), ms(o.p99), us(o.perReport()), us(o.client/time.Duration(max(o.count, 1))))
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
func us(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// middle is the round with the median rate.
func middle(l []outcome) outcome {
	s := append([]outcome(nil), l...)
	for i := range s {
		for j := i + 1; j < len(s); j++ {
			if s[j].rate() < s[i].rate() {
				s[i], s[j] = s[j], s[i]
			}
		}
	}
	return s[len(s)/2]
}

// influxdb is the peer: the same numbers as line protocol over plain HTTP.
type influxdb struct {
	*process
	address string
	conns   []net.Conn
	rds     []*bufio.Reader
	data    []*sender
	heads   [][]string
}

func (r *run) influx(ctx context.Context) (*influxdb, error) {
	if r.influxd == "" {
		return nil, nil
	}
	if _, err := os.Stat(r.influxd); err != nil {
		return nil, fmt.Errorf("the peer is missing: %w; make bench installs it, -influxd '' goes without", err)
	}
	http1, err := freePort()
	if err != nil {
		return nil, err
	}
	rpc, err := freePort()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(r.dir, "influxdb")
	conf := filepath.Join(r.dir, "influxdb.conf")
	text := fmt.Sprintf("reporting-disabled = true\nbind-address = \"127.0.0.1:%d\"\n[meta]\ndir = %q\n[data]\ndir = %q\nwal-dir = %q\nquery-log-enabled = false\n[http]\nbind-address = \"127.0.0.1:%d\"\nlog-enabled = false\n[monitor]\nstore-enabled = false\n",
		rpc, filepath.Join(dir, "meta"), filepath.Join(dir, "data"), filepath.Join(dir, "wal"), http1)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return nil, err
	}
	p, err := start(r.dir, "influxd", nil, r.influxd, "-config", conf)
	if err != nil {
		return nil, err
	}
	x := &influxdb{process: p}
	addr := fmt.Sprintf("127.0.0.1:%d", http1)
	x.address = addr
	var created error
	for range 100 {
		rs, err := http.PostForm("http://"+addr+"/query", url.Values{"q": {"CREATE DATABASE muster"}})
		if created = err; err == nil {
			io.Copy(io.Discard, rs.Body)
			rs.Body.Close()
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if created != nil {
		x.stop()
		return nil, fmt.Errorf("influxd did not become ready: %w", created)
	}
	l, _ := shared()
	for n := range devices {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			x.stop()
			return nil, err
		}
		x.conns = append(x.conns, conn)
		x.rds = append(x.rds, bufio.NewReaderSize(conn, 4096))
		x.data = append(x.data, &sender{n: n, rng: newRand(n)})
		x.heads = append(x.heads, heads(l, n))
		for range 2 {
			if err := x.write(n); err != nil {
				x.stop()
				return nil, err
			}
		}
	}
	return x, nil
}

// heads are the measurement and tags of each series of a device.
func heads(l report.Layout, n int) []string {
	var out []string
	for _, s := range l {
		h := s.Measurement + fmt.Sprintf(",device_id=00000000-0000-7000-8000-%012d,host=sender-%d", n, n)
		for _, t := range s.Labels {
			h += "," + t.Key + "=" + t.Value
		}
		out = append(out, h)
	}
	return out
}

// write sends one report's numbers, one line per measurement as Telegraf does.
func (x *influxdb) write(n int) error {
	s := x.data[n]
	s.step()
	l, _ := shared()
	b := make([]byte, 0, 2048)
	now := time.Now().UnixNano()
	for i := range l {
		if i == 0 || x.heads[n][i] != x.heads[n][i-1] {
			if i > 0 {
				b = append(b, ' ')
				b = strconv.AppendInt(b, now, 10)
				b = append(b, '\n')
			}
			b = append(b, x.heads[n][i]...)
			b = append(b, ' ')
		} else {
			b = append(b, ',')
		}
		b = append(b, l[i].Field...)
		b = append(b, '=')
		b = strconv.AppendFloat(b, s.values[i], 'f', -1, 64)
	}
	b = append(b, ' ')
	b = strconv.AppendInt(b, now, 10)
	rq := "POST /write?db=muster HTTP/1.1\r\nHost: i\r\nContent-Length: " + strconv.Itoa(len(b)) + "\r\n\r\n"
	if _, err := x.conns[n].Write(append([]byte(rq), b...)); err != nil {
		return err
	}
	status, body, err := readAnswer(x.rds[n])
	if err != nil {
		return err
	}
	if status != http.StatusNoContent {
		return fmt.Errorf("status %d: %s", status, strings.TrimSpace(string(body)))
	}
	return nil
}
