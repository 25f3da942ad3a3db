package tsdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/collector/store"
	"muster/collector/store/storetest"
	"muster/internal/inventory"
	"muster/internal/report"
)

// fleet is 5,000 devices of 40 series: the 200,000 of DESIGN §10.
const (
	fleetDevices = 5000
	fleetSeries  = 40
)

// fleetLayout is what a PC sends: a few series without labels, most with one.
func fleetLayout() report.Layout {
	var l report.Layout
	add := func(m, f string, labels ...report.Label) {
		l = append(l, report.Series{Measurement: m, Field: f, Labels: labels})
	}
	for _, f := range []string{"usage_user", "usage_system", "usage_idle", "usage_iowait"} {
		add("cpu", f, report.Label{Key: "cpu", Value: "cpu-total"})
	}
	for _, f := range []string{"used_percent", "available_percent", "commit_percent", "total", "available", "used"} {
		add("mem", f)
	}
	for _, p := range []string{"/", "/home", "/boot/efi"} {
		for _, f := range []string{"free", "used_percent", "inodes_free", "total", "used"} {
			add("disk", f, report.Label{Key: "path", Value: p})
		}
	}
	for _, i := range []string{"eth0", "wlan0", "docker0"} {
		for _, f := range []string{"bytes_recv", "bytes_sent", "packets_recv", "err_in", "drop_in"} {
			add("net", f, report.Label{Key: "interface", Value: i})
		}
	}
	return l
}

type fleet struct {
	layout report.Layout
	hash   report.LayoutHash
	round  int
	r      *rand.Rand
	values [][]float64
}

func newFleet(t testing.TB) *fleet {
	f := &fleet{layout: fleetLayout(), r: rand.New(rand.NewPCG(5, 6))}
	f.hash = f.layout.Hash()
	if len(f.layout) != fleetSeries {
		t.Fatalf("the layout has %d series", len(f.layout))
	}
	for _, s := range f.layout {
		if !store.Listed(s) {
			t.Fatalf("%v is not in the catalogue", s)
		}
	}
	for range fleetDevices {
		v := make([]float64, fleetSeries)
		for i := range v {
			v[i] = 1000 * f.r.Float64()
		}
		f.values = append(f.values, v)
	}
	return f
}

// batches is the next point of some devices, a minute after the last. Half of
// the values are counters in whole numbers, half are gauges with all digits,
// the worst that a chunk may have to hold.
func (f *fleet) batches(from, n int) []store.Batch {
	out := make([]store.Batch, n)
	for i := range n {
		d := from + i
		v := make([]float64, fleetSeries)
		for k := range v {
			if k%2 == 0 {
				f.values[d][k] = math.Floor(f.values[d][k]) + float64(f.r.IntN(1_000_000))
			} else {
				f.values[d][k] = 100 * f.r.Float64()
			}
			v[k] = f.values[d][k]
		}
		at := storetest.Now().Add(time.Duration(f.round)*time.Minute + time.Duration(d)*12*time.Millisecond)
		out[i] = store.Batch{
			Device: inventory.DeviceID(fmt.Sprintf("0198f0c2-7a10-7000-8000-%012d", d)), Host: fmt.Sprintf("pc-%04d", d),
			Hash: f.hash, Layout: f.layout, Points: []store.Point{{At: at.UnixMilli(), Values: v}},
		}
	}
	return out
}

func (f *fleet) sendAll(t testing.TB, s store.Series) {
	for d := 0; d < fleetDevices; d += 50 {
		done, err := s.Append(context.Background(), f.batches(d, 50))
		if err != nil || done.Samples != 50*fleetSeries {
			t.Fatalf("%+v, %v", done, err)
		}
	}
	f.round++
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func figure(name string, value float64, unit string, goal float64) {
	line, _ := json.Marshal(struct {
		Figure string  `json:"figure"`
		Value  float64 `json:"value"`
		Unit   string  `json:"unit"`
		Goal   float64 `json:"goal,omitempty"`
	}{name, value, unit, goal})
	fmt.Printf("%s\n", line)
}

// BenchmarkAppendWarm writes to 200,000 series that are known already. CPU is
// of the whole process, collecting of garbage included, making the values not.
func BenchmarkAppendWarm(b *testing.B) {
	for _, size := range []int{40, 2000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := start(b, Options{Dir: b.TempDir(), Now: func() time.Time { return storetest.Now().AddDate(0, 1, 0) }})
			f := newFleet(b)
			f.sendAll(b, s)
			f.sendAll(b, s)
			devices := size / fleetSeries
			var next int
			var samples int
			var cpu time.Duration
			for b.Loop() {
				b.StopTimer()
				in := f.batches(next, devices)
				if next += devices; next >= fleetDevices {
					next = 0
					f.round++
				}
				b.StartTimer()
				before := cpuTime()
				done, err := s.Append(context.Background(), in)
				cpu += cpuTime() - before
				if err != nil || done.Samples != size {
					b.Fatalf("%+v, %v", done, err)
				}
				samples += size
			}
			per := float64(cpu.Nanoseconds()) / float64(samples)
			b.ReportMetric(per, "cpu-ns/sample")
			b.ReportMetric(0, "ns/op")
			figure(fmt.Sprintf("series_append_cpu_ns_batch_%d", size), per, "ns", 1000)
		})
	}
}

// BenchmarkReplay writes what is there already, as the outbox does after a
// start: an hour of doubles for each device.
func BenchmarkReplay(b *testing.B) {
	s := start(b, Options{Dir: b.TempDir(), Now: func() time.Time { return storetest.Now().AddDate(0, 1, 0) }})
	f := newFleet(b)
	for range 20 {
		f.sendAll(b, s)
	}
	samples := 0
	var cpu time.Duration
	for b.Loop() {
		s.turn <- struct{}{}
		s.w.reset() // as after a start
		<-s.turn
		for round := range 20 {
			f.round = round
			for d := 0; d < 1000; d += 50 {
				in := f.batches(d, 50)
				before := cpuTime()
				done, err := s.Append(context.Background(), in)
				cpu += cpuTime() - before
				if err != nil || done.Doubles != 50*fleetSeries {
					b.Fatalf("%+v, %v", done, err)
				}
				samples += 50 * fleetSeries
			}
		}
	}
	per := float64(cpu.Nanoseconds()) / float64(samples)
	b.ReportMetric(per, "cpu-ns/sample")
	figure("series_replay_cpu_ns", per, "ns", 0)
}

// BenchmarkQuery asks one field of 50 devices for two hours, in steps.
func BenchmarkQuery(b *testing.B) {
	s := start(b, Options{Dir: b.TempDir(), Now: func() time.Time { return storetest.Now().AddDate(0, 1, 0) }})
	f := newFleet(b)
	for range 30 {
		f.sendAll(b, s)
	}
	q := store.SeriesQuery{Measurement: "cpu", Field: "usage_user", From: storetest.Now(), To: storetest.Now().Add(2 * time.Hour), Step: 5 * time.Minute, Aggregate: store.Mean,
		Matchers: []store.Matcher{{Label: store.LabelDevice}}}
	for i := range 50 {
		q.Matchers[0].Values = append(q.Matchers[0].Values, fmt.Sprintf("0198f0c2-7a10-7000-8000-%012d", i*7))
	}
	for b.Loop() {
		out, err := s.Query(context.Background(), q)
		if err != nil || len(out) != 50 {
			b.Fatalf("%d series, %v", len(out), err)
		}
	}
}

// BenchmarkReads asks what pages ask.
func BenchmarkReads(b *testing.B) {
	s := start(b, Options{Dir: b.TempDir(), Now: storetest.Now})
	x := storetest.Reads{Name: "tsdb", Store: s, Busy: cpuTime}
	x.Fill(b)
	x.Measure(b)
}

// BenchmarkFleetMemory fills 200,000 series with two and a half hours of
// points and prints what a series costs over the second half, in which chunks
// begin, fill and go to disk, and how long opening takes. It does so in a
// process of its own, because what other benchmarks left would count too.
func BenchmarkFleetMemory(b *testing.B) {
	if os.Getenv("MUSTER_FLEET") == "" {
		child := exec.Command(os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkFleetMemory$", "-test.benchtime=1x")
		child.Env = append(os.Environ(), "MUSTER_FLEET=1", "GOGC=50")
		out, err := child.CombinedOutput()
		if err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		for line := range strings.Lines(string(out)) {
			if strings.HasPrefix(line, "{") {
				fmt.Print(line)
			}
		}
		return
	}
	const series = fleetDevices * fleetSeries
	opts := Options{Dir: b.TempDir(), Now: func() time.Time { return storetest.Now().AddDate(0, 1, 0) }}
	f := newFleet(b)
	heap0 := liveHeap()
	rss0 := resident()
	s := start(b, opts)
	ready(b, s)
	const rounds = 150
	var heaps, rsss []float64
	for f.round < rounds {
		f.sendAll(b, s)
		if f.round%10 == 0 {
			s.db.ForceHeadMMap() // the database does so each minute
		}
		if f.round > rounds/2 {
			rsss = append(rsss, float64(resident()-rss0)/series)
			if f.round%5 == 0 {
				heaps = append(heaps, float64(liveHeap()-heap0)/series)
			}
		}
	}
	slices.Sort(heaps)
	slices.Sort(rsss)
	figure("series_heap_bytes", heaps[len(heaps)/2], "byte", 1024)
	figure("series_heap_bytes_peak", heaps[len(heaps)-1], "byte", 0)
	figure("series_rss_bytes", rsss[len(rsss)/2], "byte", 1434)
	stats, err := s.Stats(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	figure("series_disk_bytes_per_sample", float64(stats.Bytes)/series/rounds, "byte", 0)

	if err := errors.Join(s.stop(), s.Close()); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	s = start(b, opts)
	figure("series_new_seconds", time.Since(began).Seconds(), "s", 5)
	cpu := cpuTime()
	ready(b, s)
	figure("series_open_seconds", time.Since(began).Seconds(), "s", 0)
	figure("series_open_cpu_seconds", (cpuTime() - cpu).Seconds(), "s", 0)
	figure("series_heap_bytes_after_open", float64(liveHeap()-heap0)/series, "byte", 1024)
	figure("series_rss_bytes_after_open", float64(resident()-rss0)/series, "byte", 0)
}

// liveHeap is what the heap holds after collecting.
func liveHeap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// resident is VmRSS as it is, garbage included.
func resident() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	var kb int64
	_, _ = fmt.Sscan(after, &kb)
	return kb << 10
}
