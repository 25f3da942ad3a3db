package influx

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/collector/store"
	"muster/collector/store/influx/influxtest"
	"muster/collector/store/storetest"
)

// processorTime is what a process used so far (proc(5), /proc/PID/stat: fields
// 14 and 15, in hundredths of a second).
func processorTime(b *testing.B, pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func ownTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkWrite compares, turn by turn on one server, reports of forty numbers
// that Muster writes together with the same as direct line protocol, a request
// for each report over kept connections, as agents of an office would.
func BenchmarkWrite(b *testing.B) {
	const (
		devices = 2000
		perTurn = 4000 // reports
		turns   = 6
		lanes   = 64
	)
	server := influxtest.Start(b, influxtest.Options{})
	l := storetest.PCLayout()
	hash, p := l.Hash(), newPlan(l)
	r := rand.New(rand.NewPCG(1, 2))
	values := func() []float64 {
		v := make([]float64, len(l))
		for i := range v {
			v[i] = 1000 * r.Float64()
		}
		return v
	}
	at := storetest.Now().Add(-8 * 24 * time.Hour)
	for _, compress := range []bool{false, true} {
		s := openBench(b, server, compress)
		direct := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: lanes}}
		type cost struct{ wall, server, own time.Duration }
		var batched, single cost
		for turn := range 2 * turns {
			var batches []store.Batch
			var bodies []string
			at = at.Add(2 * time.Minute)
			for i := range perTurn {
				id, host := storetest.PCDevice(i % devices)
				pt := store.Point{At: at.UnixMilli() + int64(i/devices)*60_000, Values: values()}
				if turn%2 == 0 {
					batches = append(batches, store.Batch{Device: id, Host: host, Hash: hash, Layout: l, Points: []store.Point{pt}})
				} else {
					tid, thost := who(id, host)
					text, _, _ := p.add(nil, tid, thost, &pt)
					bodies = append(bodies, string(text))
				}
			}
			before := cost{server: processorTime(b, server.Process()), own: ownTime(b)}
			began := time.Now()
			if turn%2 == 0 {
				for some := range slices.Chunk(batches, 1000) { // as the drain does
					if _, err := s.Append(b.Context(), some); err != nil {
						b.Fatal(err)
					}
				}
			} else {
				sendSingly(b, direct, server.URL, s.o.Database, bodies, lanes)
			}
			if turn < 2 {
				continue // series are new
			}
			c := &batched
			if turn%2 == 1 {
				c = &single
			}
			c.wall += time.Since(began)
			c.server += processorTime(b, server.Process()) - before.server
			c.own += ownTime(b) - before.own
		}
		n := float64(perTurn * (turns - 1))
		us := func(d time.Duration) float64 { return float64(d.Microseconds()) / n }
		name := "influx_write"
		if compress {
			name = "influx_write_gzip"
		}
		storetest.Figure(name+"_reports_per_second", n/batched.wall.Seconds(), "1/s", 0)
		storetest.Figure(name+"_server_cpu_us_per_report", us(batched.server), "us", 0)
		storetest.Figure(name+"_own_cpu_us_per_report", us(batched.own), "us", 0)
		if compress {
			continue
		}
		storetest.Figure("influx_direct_reports_per_second", n/single.wall.Seconds(), "1/s", 0)
		storetest.Figure("influx_direct_server_cpu_us_per_report", us(single.server), "us", 0)
		storetest.Figure("influx_direct_own_cpu_us_per_report", us(single.own), "us", 0)
		storetest.Figure("influx_reports_per_cpu_second_to_direct_server", us(single.server)/us(batched.server), "ratio", 2)
		storetest.Figure("influx_reports_per_cpu_second_to_direct_all", us(single.server+single.own)/us(batched.server+batched.own), "ratio", 2)
	}
}

func openBench(b *testing.B, server *influxtest.Server, compress bool) *Store {
	s, err := New(Options{URL: server.URL, Database: "bench", Now: storetest.Now, Compress: compress})
	if err != nil {
		b.Fatal(err)
	}
	if err := s.look(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

func sendSingly(b *testing.B, c *http.Client, url, db string, bodies []string, lanes int) {
	var wg sync.WaitGroup
	next := make(chan string)
	for range lanes {
		wg.Go(func() {
			for body := range next {
				rs, err := c.Post(url+"/write?precision=ms&db="+db, "text/plain", strings.NewReader(body))
				if err != nil {
					b.Error(err)
					continue
				}
				_, _ = io.Copy(io.Discard, rs.Body)
				rs.Body.Close()
				if rs.StatusCode != http.StatusNoContent {
					b.Errorf("status %d", rs.StatusCode)
				}
			}
		})
	}
	for _, body := range bodies {
		next <- body
	}
	close(next)
	wg.Wait()
}

// BenchmarkQuery asks what pages ask, and beside it the server alone.
func BenchmarkQuery(b *testing.B) {
	server := influxtest.Start(b, influxtest.Options{})
	x := storetest.Reads{Name: "influx", Store: openBench(b, server, false), Busy: func() time.Duration { return processorTime(b, server.Process()) + ownTime(b) }}
	x.Fill(b)
	x.Measure(b)
	// The floor: the server's own answer, which nobody reads.
	now := storetest.Now()
	floor := func(chunked string) func() {
		return func() {
			q := fmt.Sprintf(`SELECT mean("usage_user") FROM "cpu" WHERE time >= %dms AND time < %dms AND "device_id" != '' GROUP BY time(1h), * fill(none)`, now.Add(-time.Hour).UnixMilli(), now.UnixMilli())
			rs, err := http.Get(server.URL + "/query?epoch=ms&db=bench" + chunked + "&q=" + url.QueryEscape(q))
			if err != nil {
				b.Fatal(err)
			}
			defer rs.Body.Close()
			if n, err := io.Copy(io.Discard, rs.Body); err != nil || n < storetest.ReadDevices*100 {
				b.Fatalf("%d bytes, %v", n, err)
			}
		}
	}
	x.P95("top_floor", 20, 0, floor(""))
	x.P95("top_floor_chunked", 20, 0, floor("&chunked=true"))
}
