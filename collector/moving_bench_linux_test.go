package collector

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"muster/collector/config"
	"muster/collector/drain"
	"muster/collector/store"
	"muster/collector/store/influx/influxtest"
	"muster/internal/inventory"
	"muster/internal/report"
)

// BenchmarkDrain is how fast a backlog goes into each series store while
// reports arrive as a fleet of 12,000 devices sends them, 200 a second: the
// goal is three times that (F10).
func BenchmarkDrain(b *testing.B) {
	for _, name := range []string{"tsdb", "influx"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				drainOnce(b, name)
			}
		})
	}
}

const (
	drainBacklog = 40_000 // reports
	drainDevices = 1000
	arriving     = 200 // a second
)

func drainOnce(b *testing.B, name string) {
	c := config.Default()
	if c.Stores.Series = name; name == "influx" {
		c.Influx.URL = influxtest.Start(b, influxtest.Options{}).URL
	}
	log := slog.New(slog.DiscardHandler)
	series, err := openSeries(b.TempDir(), c, time.Now, log)
	if err != nil {
		b.Fatal(err)
	}
	box, err := openOutbox(b.TempDir(), c, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	cur, err := box.Cursor(seriesSink(c).Name)
	if err != nil {
		b.Fatal(err)
	}
	layout := benchLayout()
	ctx, cancel := context.WithCancel(b.Context())
	d := drain.New(drain.Options{Source: outboxSource{cur}, Series: series, Log: log,
		Layouts: func(context.Context, report.LayoutHash) (report.Layout, error) { return layout, nil }})
	begin, sent := time.Now().Add(-time.Hour), 0
	send := func(n int) {
		var group [][]byte
		for range n {
			values := make(report.Values, len(layout))
			for i := range values {
				values[i] = float64(sent%97) * 1.37 * float64(i+1)
			}
			device := sent % drainDevices
			s := store.Samples{Device: inventory.DeviceID(fmt.Sprintf("01900000-0000-7000-8000-%012d", device)), Host: fmt.Sprintf("pc-%04d", device),
				Time: begin.Add(time.Duration(sent/drainDevices) * time.Minute).UnixMilli(), Samples: []report.Sample{{Layout: layout.Hash(), Values: values}}}
			body, err := s.Encode()
			if err != nil {
				b.Fatal(err)
			}
			group = append(group, body)
			sent++
		}
		if _, _, err := box.Append(group); err != nil {
			b.Fatal(err)
		}
	}
	for sent < drainBacklog {
		send(500)
	}
	ended := make(chan error, 2)
	go func() { ended <- series.Run(ctx) }()
	if _, err := series.Append(ctx, nil); err != nil { // open
		b.Fatal(err)
	}
	start := time.Now()
	go func() { ended <- d.Run(ctx) }()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for box.Stats().Sinks[0].Done < drainBacklog {
		<-tick.C
		send(arriving / 20)
	}
	rate := float64(box.Stats().Sinks[0].Done) / time.Since(start).Seconds()
	cancel()
	for range 2 {
		if err := <-ended; err != nil {
			b.Error(err)
		}
	}
	if err := series.Close(); err != nil {
		b.Error(err)
	}
	if err := box.Close(); err != nil {
		b.Error(err)
	}
	if s := d.Stats(); s.Poisoned+s.Failures > 0 {
		b.Errorf("%+v", s)
	}
	b.ReportMetric(rate, "reports/s")
	figure(b, "drain_reports_per_second_"+name, rate, "1/s", 3*arriving)
}

// benchLayout is the 40 numbers of a PC.
func benchLayout() (l report.Layout) {
	add := func(m, label string, values []string, fields ...string) {
		for _, v := range values {
			for _, f := range fields {
				s := report.Series{Measurement: m, Field: f}
				if label != "" {
					s.Labels = []report.Label{{Key: label, Value: v}}
				}
				l = append(l, s)
			}
		}
	}
	add("cpu", "cpu", []string{"cpu-total"}, "usage_user", "usage_system", "usage_idle", "usage_iowait")
	add("mem", "", []string{""}, "used_percent", "available_percent", "commit_percent", "total", "available", "used")
	add("disk", "path", []string{"/", "/home", "/boot/efi"}, "free", "used_percent", "inodes_free", "total", "used")
	add("net", "interface", []string{"eth0", "wlan0", "docker0"}, "bytes_recv", "bytes_sent", "packets_recv", "err_in", "drop_in")
	return l
}
