package influx

import (
	"bytes"
	"encoding/json"
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
	"muster/internal/inventory"
	"muster/internal/report"
)

func figure(name string, value float64, unit string, goal float64) {
	b, _ := json.Marshal(struct { // numbers and names
		Figure string  `json:"figure"`
		Value  float64 `json:"value"`
		Unit   string  `json:"unit"`
		Goal   float64 `json:"goal,omitempty"`
	}{name, value, unit, goal})
	fmt.Println(string(b))
}

// benchLayout is a PC's forty numbers.
func benchLayout() report.Layout {
	var l report.Layout
	add := func(m string, fields string, labels ...report.Label) {
		for f := range strings.FieldsSeq(fields) {
			l = append(l, report.Series{Measurement: m, Field: f, Labels: labels})
		}
	}
	add("cpu", "usage_user usage_system usage_idle usage_iowait", report.Label{Key: "cpu", Value: "cpu-total"})
	add("mem", "used_percent available_percent commit_percent total available used")
	for _, p := range []string{"/", "/home", "/boot/efi"} {
		add("disk", "free used_percent inodes_free total used", report.Label{Key: "path", Value: p})
	}
	for _, i := range []string{"eth0", "wlan0", "docker0"} {
		add("net", "bytes_recv bytes_sent packets_recv err_in drop_in", report.Label{Key: "interface", Value: i})
	}
	return l
}

func benchDevice(n int) (inventory.DeviceID, string) {
	return inventory.DeviceID(fmt.Sprintf("0198f0c2-7a10-7000-8000-%012d", n)), fmt.Sprintf("pc-%05d", n)
}

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
	l := benchLayout()
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
				id, host := benchDevice(i % devices)
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
		figure(name+"_reports_per_second", n/batched.wall.Seconds(), "1/s", 0)
		figure(name+"_server_cpu_us_per_report", us(batched.server), "us", 0)
		figure(name+"_own_cpu_us_per_report", us(batched.own), "us", 0)
		if compress {
			continue
		}
		figure("influx_direct_reports_per_second", n/single.wall.Seconds(), "1/s", 0)
		figure("influx_direct_server_cpu_us_per_report", us(single.server), "us", 0)
		figure("influx_direct_own_cpu_us_per_report", us(single.own), "us", 0)
		figure("influx_reports_per_cpu_second_to_direct_server", us(single.server)/us(batched.server), "ratio", 2)
		figure("influx_reports_per_cpu_second_to_direct_all", us(single.server+single.own)/us(batched.server+batched.own), "ratio", 2)
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

// BenchmarkQuery asks what pages ask: a day of six series of one device, and
// the greatest of ten thousand devices over an hour.
func BenchmarkQuery(b *testing.B) {
	server := influxtest.Start(b, influxtest.Options{})
	s := openBench(b, server, false)
	l := benchLayout()
	hash := l.Hash()
	r := rand.New(rand.NewPCG(3, 4))
	now := storetest.Now()
	fill := func(device int, from time.Time, minutes int) {
		id, host := benchDevice(device)
		x := store.Batch{Device: id, Host: host, Hash: hash, Layout: l}
		for m := range minutes {
			pt := store.Point{At: from.Add(time.Duration(m) * time.Minute).UnixMilli()}
			for range l {
				pt.Values = append(pt.Values, 1000*r.Float64())
			}
			x.Points = append(x.Points, pt)
		}
		if _, err := s.Append(b.Context(), []store.Batch{x}); err != nil {
			b.Fatal(err)
		}
	}
	for d := range 100 {
		fill(d, now.Add(-24*time.Hour), 23*60)
	}
	const devices = 10_000
	for d := range devices {
		fill(d, now.Add(-time.Hour), 60)
	}
	id, _ := benchDevice(42)
	of := []store.Matcher{{Label: store.LabelDevice, Values: []string{string(id)}}}
	six := []store.SeriesQuery{
		{Measurement: "cpu", Field: "usage_user"}, {Measurement: "cpu", Field: "usage_iowait"}, {Measurement: "mem", Field: "used_percent"},
		{Measurement: "disk", Field: "used_percent"}, // of three volumes
	}
	var all []string
	for d := range devices {
		id, _ := benchDevice(d)
		all = append(all, string(id))
	}
	// p95 tells the time by the clock, and the processor time of the server and
	// of this program.
	p95 := func(name string, n int, goal float64, do func()) {
		var took []time.Duration
		at, own := processorTime(b, server.Process()), ownTime(b)
		for range n {
			began := time.Now()
			do()
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		figure(name+"_p50_ms", float64(took[n/2].Microseconds())/1000, "ms", 0)
		figure(name+"_p95_ms", float64(took[n*95/100].Microseconds())/1000, "ms", goal)
		figure(name+"_server_cpu_ms", float64((processorTime(b, server.Process())-at).Microseconds())/1000/float64(n), "ms", 0)
		figure(name+"_own_cpu_ms", float64((ownTime(b)-own).Microseconds())/1000/float64(n), "ms", 0)
	}
	day := func(step time.Duration, as store.Aggregate) func() {
		return func() {
			n := 0
			for _, q := range six {
				q.From, q.To, q.Step, q.Aggregate, q.Matchers = now.Add(-24*time.Hour), now, step, as, of
				out, err := s.Query(b.Context(), q)
				if err != nil {
					b.Fatal(err)
				}
				n += len(out)
			}
			if n != 6 {
				b.Fatalf("%d series", n)
			}
		}
	}
	top := func(ms []store.Matcher) func() {
		return func() {
			out, err := s.Query(b.Context(), store.SeriesQuery{Measurement: "cpu", Field: "usage_user", From: now.Add(-time.Hour), To: now, Step: time.Hour, Aggregate: store.Mean, Limit: devices, Matchers: ms})
			if err != nil || len(out) != devices {
				b.Fatalf("%d series, %v", len(out), err)
			}
			slices.SortFunc(out, func(x, y store.SeriesResult) int { return int(y.Points[0].Value - x.Points[0].Value) })
		}
	}
	p95("influx_day_of_a_device", 100, 50, day(5*time.Minute, store.Mean))
	p95("influx_day_of_a_device_points", 100, 50, day(0, store.Last))
	p95("influx_top_of_10000", 20, 500, top(nil))
	p95("influx_top_of_10000_named", 20, 0, top([]store.Matcher{{Label: store.LabelDevice, Values: all}}))
	// The floor: the server's own time, whose answer nobody reads.
	floor := func(chunked string) func() {
		return func() {
			q := fmt.Sprintf(`SELECT mean("usage_user") FROM "cpu" WHERE time >= %dms AND time < %dms AND "device_id" != '' GROUP BY time(1h), * fill(none)`, now.Add(-time.Hour).UnixMilli(), now.UnixMilli())
			rs, err := http.Get(server.URL + "/query?epoch=ms&db=bench" + chunked + "&q=" + url.QueryEscape(q))
			if err != nil {
				b.Fatal(err)
			}
			defer rs.Body.Close()
			if n, err := io.Copy(io.Discard, rs.Body); err != nil || n < devices*100 {
				b.Fatalf("%d bytes, %v", n, err)
			}
		}
	}
	p95("influx_top_floor", 20, 0, floor(""))
	p95("influx_top_floor_chunked", 20, 0, floor("&chunked=true"))
}
