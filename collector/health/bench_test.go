package health

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"muster/collector/health/rule"
	"muster/collector/health/rules"
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/metric"
	"muster/internal/report"
)

// officeLayout names the numbers that an office PC sends by default, as often
// as the catalogue says it has them.
func officeLayout(serial string) (fast, slow report.Layout) {
	for _, m := range metric.Catalogue() {
		if m.Windows == "" || m.Every == 0 || m.Name == "interface" {
			continue
		}
		n := 1
		for _, l := range m.Labels {
			if l.Follows == "" {
				n = max(n, min(l.Typical, 3))
			}
		}
		for _, f := range m.Fields {
			if !f.Default || !m.Has(metric.Windows, f) || len(f.Media) > 0 && f.Media[0] != "hdd" {
				continue
			}
			for k := range n {
				s := report.Series{Measurement: m.Name, Field: f.Name}
				for _, l := range m.Labels {
					v := fmt.Sprintf("%s%d", l.Name, k)
					switch {
					case m.Name == "cpu":
						v = "cpu-total"
					case l.Name == "serial_no":
						v = serial
					case l.Name == "url":
						v = "gateway"
					}
					if l.Follows == "" {
						s.Labels = append(s.Labels, report.Label{Key: l.Name, Value: v})
					}
				}
				if m.Every >= time.Hour {
					slow = append(slow, s)
				} else {
					fast = append(fast, s)
				}
			}
		}
	}
	return fast, slow
}

// officeFleet is a judge with all of Muster's own rules and n office PCs that
// have reported for some hours.
func officeFleet(b *testing.B, n int, every time.Duration) (*Judge, func(i int, at time.Time) Observation, time.Time) {
	b.Helper()
	set, err := rule.Load(rules.Files(), nil, "")
	if err != nil {
		b.Fatal(err)
	}
	now := time.Date(2026, 3, 4, 8, 0, 0, 0, time.UTC)
	j, err := New(Options{Rules: set, Now: func() time.Time { return now }, Zone: time.UTC, Interval: func() time.Duration { return every }})
	if err != nil {
		b.Fatal(err)
	}
	type layouts struct {
		fast, slow         report.Layout
		fastHash, slowHash report.LayoutHash
		values             []float64
	}
	all := make([]layouts, n)
	ids := make([]inventory.DeviceID, n)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		serial := fmt.Sprintf("S%06d", i)
		l := layouts{}
		l.fast, l.slow = officeLayout(serial)
		l.fastHash, l.slowHash = l.fast.Hash(), l.slow.Hash()
		for range l.fast {
			l.values = append(l.values, 20+20*rng.Float64())
		}
		all[i], ids[i] = l, inventory.DeviceID(fmt.Sprintf("device-%06d", i))
		j.Meet(Info{ID: ids[i], Name: string(ids[i]), Kind: "pc", OS: "windows", Model: fmt.Sprintf("Model %d", i%12), Site: fmt.Sprintf("Site %d", i%40), SiteID: int64(i % 40), FirstSeen: now.AddDate(0, -3, 0)})
		var o Observation
		o.Device, o.At, o.ReceivedAt = ids[i], now, now
		o.Sections = officeRows(b, serial, now)
		zeros := make([]float64, len(l.slow))
		o.Samples = []Numbers{{At: now, Hash: l.slowHash, Layout: l.slow, Values: zeros}}
		if err := j.Observe(b.Context(), o); err != nil {
			b.Fatal(err)
		}
	}
	say := func(i int, at time.Time) Observation {
		l := &all[i]
		v := make([]float64, len(l.values))
		for k := range v {
			v[k] = l.values[k] + float64(at.Unix()%97)/50
		}
		return Observation{Device: ids[i], At: at, ReceivedAt: at, Samples: []Numbers{{At: at, Hash: l.fastHash, Layout: l.fast, Values: v}}}
	}
	return j, say, now
}

func officeRows(b *testing.B, serial string, now time.Time) []store.SectionReading {
	yes, no := true, false
	var programs []inventory.Software
	for i := range 200 {
		programs = append(programs, inventory.Software{Source: "registry", Scope: "machine", Name: fmt.Sprintf("Program %d", i), Version: "1.0"})
	}
	return []store.SectionReading{
		reading(b, "disk", report.OK, now, inventory.Disk{Name: "name0", Serial: serial, Model: "Simdrive", Kind: "hdd", Internal: &yes, Boot: &yes}),
		reading(b, "disk_health", report.OK, now, inventory.DiskHealth{Disk: "name0", Serial: serial, Passed: &yes, Readable: &yes}),
		reading(b, "volume", report.OK, now, inventory.Volume{Mount: "path0", Kind: "fixed", SizeBytes: 5e11, System: &yes}),
		reading(b, "interface", report.OK, now, inventory.Interface{Name: "interface0", Kind: "ethernet", Mac: "02:00:00:00:00:01", SpeedBits: 1e9, Duplex: "full", LinkUp: &yes, Physical: &yes}),
		reading(b, "antivirus", report.OK, now, inventory.Antivirus{Name: "Shield", Enabled: &yes, RealTime: &yes, Passive: &no, SignatureAt: now}),
		reading(b, "memory", report.OK, now, inventory.Memory{TotalBytes: 16 << 30, InstalledBytes: 16 << 30}),
		reading(b, "boot", report.OK, now, inventory.Boot{RestartedAt: now.AddDate(0, 0, -2)}),
		reading(b, "pending_restart", report.OK, now, inventory.PendingRestart{Pending: &no}),
		reading(b, "clock", report.OK, now, inventory.Clock{Synchronized: &yes}),
		reading(b, "software", report.OK, now, programs...),
	}
}

func figureLine(b *testing.B, name string, value float64, unit string, goal float64) {
	line, err := json.Marshal(map[string]any{"figure": name, "value": value, "unit": unit, "goal": goal})
	if err != nil {
		b.Fatal(err)
	}
	fmt.Println(string(line))
}

// BenchmarkReport is what judging one report of an office PC takes, with all of
// Muster's own rules, on one processor.
func BenchmarkReport(b *testing.B) {
	const n = 500
	j, say, now := officeFleet(b, n, 5*time.Minute)
	for k := range 24 {
		for i := range n {
			if err := j.Observe(b.Context(), say(i, now.Add(time.Duration(k)*5*time.Minute))); err != nil {
				b.Fatal(err)
			}
		}
	}
	now = now.Add(2 * time.Hour)
	b.ReportAllocs()
	before := j.Stats()
	i := 0
	for b.Loop() {
		if err := j.Observe(b.Context(), say(i%n, now.Add(time.Duration(i/n)*5*time.Minute))); err != nil {
			b.Fatal(err)
		}
		i++
	}
	after := j.Stats()
	judged := float64(after.Judgements - before.Judgements)
	took := b.Elapsed().Seconds()
	b.ReportMetric(judged/float64(i), "judgements/report")
	b.ReportMetric(took/float64(i)*100_000/300*100, "%core@100k")
	if i > n {
		figureLine(b, "judge_judgements_per_second", judged/took, "1/s", 0)
		figureLine(b, "judge_microseconds_per_report", took/float64(i)*1e6, "us", 0)
		figureLine(b, "judge_core_share_at_100000_devices_every_300s", took/float64(i)*100_000/300, "1", 1)
	}
}

// BenchmarkMemory is what a judge keeps of an office PC that has reported each
// five minutes for a day, and for four weeks, when every window is full: rules,
// models and the test's own words left out, as the difference between a large
// fleet and a small one.
func BenchmarkMemory(b *testing.B) {
	for _, x := range []struct {
		name            string
		days, few, many int
	}{{"day", 1, 50, 450}, {"month", 28, 10, 60}} {
		b.Run(x.name, func(b *testing.B) {
			held := func(n int) (uint64, *Judge) {
				j, say, now := officeFleet(b, n, 5*time.Minute)
				for k := range x.days * 24 * 12 {
					for i := range n {
						if err := j.Observe(b.Context(), say(i, now.Add(time.Duration(k)*5*time.Minute))); err != nil {
							b.Fatal(err)
						}
					}
				}
				say = nil
				var m runtime.MemStats
				runtime.GC()
				runtime.GC()
				runtime.ReadMemStats(&m)
				return m.HeapAlloc, j
			}
			small, j := held(x.few)
			runtime.KeepAlive(j)
			j = nil
			runtime.GC()
			large, k := held(x.many)
			runtime.KeepAlive(k)
			per := (float64(large) - float64(small)) / float64(x.many-x.few)
			figureLine(b, "judge_bytes_per_device_after_a_"+x.name, per, "B", 0)
			for b.Loop() { // what is measured is not time
			}
			b.ReportMetric(per, "B/device")
		})
	}
}

// BenchmarkTick is a round over a fleet: presence, silence, causes, sites.
func BenchmarkTick(b *testing.B) {
	const n = 5000
	j, _, now := officeFleet(b, n, 5*time.Minute)
	i := 0
	for b.Loop() {
		i++
		if err := j.Tick(b.Context(), now.Add(time.Duration(i)*time.Minute)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(i)/n*1e9, "ns/device")
}
