//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// overInflux measures a whole collector whose series are in InfluxDB: reports
// over mutual TLS, durable, judged, and all of their numbers in the server,
// beside the same numbers as line protocol, a request for each report, into the
// same server, turn by turn. Processor time is that of all processes but the
// load generator.
func (r *run) overInflux(ctx context.Context) error {
	peer, err := r.influx(ctx)
	if err != nil {
		return err
	}
	if peer == nil {
		return errors.New("it needs -influxd")
	}
	defer peer.stop()
	settings := filepath.Join(r.dir, "series.yaml")
	if err := os.WriteFile(settings, []byte(fmt.Sprintf("stores:\n  series: influx\ninflux:\n  url: http://%s\n  database: collector\n", peer.address)), 0o600); err != nil {
		return err
	}
	c, err := r.collectorWith(ctx, "over-influx", settings)
	if err != nil {
		return err
	}
	defer c.stop()
	senders, err := enrollAll(ctx, c, devices)
	if err != nil {
		return err
	}
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
	if _, err := c.drained(ctx); err != nil {
		return err
	}
	fmt.Println("who       mode             reports/s    p50 ms    p99 ms  server µs  client µs")
	var mine, theirs []outcome
	var behind []time.Duration
	for range rounds {
		server, _, err := peer.cpu()
		if err != nil {
			return err
		}
		o, err := r.round(c.process, func() (int64, []time.Duration, error) {
			n, took, err := closed(lanes, r.seconds, devices, func(n int) error { return senders[n].report() })
			if err == nil {
				var late time.Duration
				late, err = c.drained(ctx)
				behind = append(behind, late)
			}
			return n, took, err
		})
		if err != nil {
			return fmt.Errorf("muster: %w", err)
		}
		o.wall -= behind[len(behind)-1] // the rate is that of acknowledging
		after, _, err := peer.cpu()
		if err != nil {
			return err
		}
		o.server += after - server
		show("muster", "closed, 64", o)
		mine = append(mine, o)
		if o, err = r.round(peer.process, func() (int64, []time.Duration, error) { return closed(lanes, r.seconds, devices, peer.write) }); err != nil {
			return fmt.Errorf("influxdb: %w", err)
		}
		show("influxdb", "closed, 64", o)
		theirs = append(theirs, o)
	}
	m, p := middle(mine), middle(theirs)
	r.add("influx_path_reports_per_second", m.rate(), "1/s", 0)
	r.add("influx_path_p99_ms", ms(m.p99), "ms", 0)
	r.add("influx_path_cpu_us_per_report", us(m.perReport()), "us", 0)
	r.add("influx_direct_reports_per_second", p.rate(), "1/s", 0)
	r.add("influx_direct_cpu_us_per_report", us(p.perReport()), "us", 0)
	r.add("influx_path_reports_per_cpu_second_to_direct", float64(p.perReport())/float64(max(m.perReport(), 1)), "ratio", 2)
	r.add("influx_path_drained_after_seconds", behind[len(behind)-1].Seconds(), "s", 0)
	return nil
}

// drained waits until nothing is on its way to the series store, and answers
// how long that took.
func (c *collector) drained(ctx context.Context) (time.Duration, error) {
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		st, err := c.api.StatusShow(ctx)
		switch {
		case err != nil:
			return 0, err
		case st.Outbox.Records == 0:
			return time.Since(began), nil
		case time.Since(began) > 5*time.Minute:
			return 0, fmt.Errorf("%d records are still on their way: %s", st.Outbox.Records, st.Series.Problem)
		}
	}
}
