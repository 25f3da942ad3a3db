package storetest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Figure prints a measured figure as make bench gathers them; goal 0 is none.
func Figure(name string, value float64, unit string, goal float64) {
	b, _ := json.Marshal(struct { // numbers and names
		Figure string  `json:"figure"`
		Value  float64 `json:"value"`
		Unit   string  `json:"unit"`
		Goal   float64 `json:"goal,omitempty"`
	}{name, value, unit, goal})
	fmt.Println(string(b))
}

// PCLayout is a PC's forty numbers.
func PCLayout() report.Layout {
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

// PCDevice is the n-th device of a measured fleet.
func PCDevice(n int) (inventory.DeviceID, string) {
	return inventory.DeviceID(fmt.Sprintf("0198f0c2-7a10-7000-8000-%012d", n)), fmt.Sprintf("pc-%05d", n)
}

// Reads is a store whose answers are measured.
type Reads struct {
	Name  string // of figures: tsdb, influx
	Store store.Series
	Busy  func() time.Duration // processor time of all that works for it
}

// ReadDevices is how many devices Reads are measured over.
const ReadDevices = 10_000

// Fill writes an hour of forty numbers a minute for ReadDevices, and a day for
// the first hundred of them.
func (x Reads) Fill(b *testing.B) {
	b.Helper()
	l := PCLayout()
	hash := l.Hash()
	r := rand.New(rand.NewPCG(3, 4))
	fill := func(device int, from time.Time, minutes int) {
		id, host := PCDevice(device)
		in := store.Batch{Device: id, Host: host, Hash: hash, Layout: l}
		for m := range minutes {
			pt := store.Point{At: from.Add(time.Duration(m) * time.Minute).UnixMilli()}
			for range l {
				pt.Values = append(pt.Values, 1000*r.Float64())
			}
			in.Points = append(in.Points, pt)
		}
		if _, err := x.Store.Append(b.Context(), []store.Batch{in}); err != nil {
			b.Fatal(err)
		}
	}
	for d := range 100 {
		fill(d, Now().Add(-24*time.Hour), 23*60)
	}
	for d := range ReadDevices {
		fill(d, Now().Add(-time.Hour), 60)
	}
}

// P95 does something n times and prints half and 95 % of the times by the
// clock, and the processor time of each.
func (x Reads) P95(name string, n int, goal float64, do func()) {
	var took []time.Duration
	at := x.Busy()
	for range n {
		began := time.Now()
		do()
		took = append(took, time.Since(began))
	}
	busy := x.Busy() - at
	slices.Sort(took)
	name = x.Name + "_" + name
	Figure(name+"_p50_ms", float64(took[n/2].Microseconds())/1000, "ms", 0)
	Figure(name+"_p95_ms", float64(took[n*95/100].Microseconds())/1000, "ms", goal)
	Figure(name+"_cpu_ms", float64(busy.Microseconds())/1000/float64(n), "ms", 0)
}

// Measure asks what pages ask: a day of six series of one device, and the
// greatest of all devices over an hour.
func (x Reads) Measure(b *testing.B) {
	b.Helper()
	now := Now()
	id, _ := PCDevice(42)
	of := []store.Matcher{{Label: store.LabelDevice, Values: []string{string(id)}}}
	six := []store.SeriesQuery{
		{Measurement: "cpu", Field: "usage_user"}, {Measurement: "cpu", Field: "usage_iowait"}, {Measurement: "mem", Field: "used_percent"},
		{Measurement: "disk", Field: "used_percent"}, // of three volumes
	}
	day := func(step time.Duration, as store.Aggregate) func() {
		return func() {
			n := 0
			for _, q := range six {
				q.From, q.To, q.Step, q.Aggregate, q.Matchers = now.Add(-24*time.Hour), now, step, as, of
				out, err := x.Store.Query(b.Context(), q)
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
	var all []string
	for d := range ReadDevices {
		id, _ := PCDevice(d)
		all = append(all, string(id))
	}
	top := func(ms []store.Matcher) func() {
		return func() {
			out, err := x.Store.Query(b.Context(), store.SeriesQuery{Measurement: "cpu", Field: "usage_user", From: now.Add(-time.Hour), To: now, Step: time.Hour, Aggregate: store.Mean, Limit: ReadDevices, Matchers: ms})
			if err != nil || len(out) != ReadDevices {
				b.Fatalf("%d series, %v", len(out), err)
			}
			slices.SortFunc(out, func(x, y store.SeriesResult) int { return int(y.Points[0].Value - x.Points[0].Value) })
		}
	}
	x.P95("day_of_a_device", 100, 50, day(5*time.Minute, store.Mean))
	x.P95("day_of_a_device_points", 100, 50, day(0, store.Last))
	x.P95("top_of_10000", 20, 500, top(nil))
	x.P95("top_of_10000_named", 20, 0, top([]store.Matcher{{Label: store.LabelDevice, Values: all}}))
}
