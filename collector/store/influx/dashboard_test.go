package influx

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/collector/store"
	"muster/collector/store/influx/influxtest"
	"muster/collector/store/storetest"
	"muster/internal/metric"
	"muster/internal/report"
)

// officeOf writes an hour of all numbers of the catalogue for one device.
func officeOf(t *testing.T, s *Store) {
	t.Helper()
	values := map[string]string{"cpu": "cpu-total", "path": "/", "name": "sda", "interface": "eth0", "device": "sda", "ifName": "Gi1/0/1"}
	var l report.Layout
	for _, m := range metric.Catalogue() {
		var labels []report.Label
		for _, x := range m.Labels {
			v := values[x.Name]
			if v == "" {
				v = "some"
			}
			labels = append(labels, report.Label{Key: x.Name, Value: v})
		}
		for _, f := range m.Fields {
			l = append(l, report.Series{Measurement: m.Name, Field: f.Name, Labels: labels})
		}
	}
	b := store.Batch{Device: "0198f0c2-7a10-7000-8000-000000000001", Host: "pc-7", Hash: l.Hash(), Layout: l}
	for i := range 60 {
		p := store.Point{At: storetest.Now().Add(time.Duration(i-60) * time.Minute).UnixMilli()}
		for n := range l {
			p.Values = append(p.Values, float64((1+n%5)*i))
		}
		b.Points = append(b.Points, p)
	}
	if done := appended(t, s, b); done.Samples != 60*len(l) {
		t.Fatalf("%+v, want %d samples", done, 60*len(l))
	}
}

// filled are the questions of a board with Grafana's variables put in.
func filled(q string) string {
	from, to := storetest.Now().Add(-time.Hour), storetest.Now()
	return strings.NewReplacer(
		"$timeFilter", "time >= '"+from.Format(time.RFC3339)+"' AND time < '"+to.Format(time.RFC3339)+"'",
		"$__interval", "5m", "$interval", "5m", "$host", "pc-7", "$server", "pc-7", "$inter", "5m",
	).Replace(q)
}

// TestDashboards: each question of our boards for InfluxDB, and each of the
// kind that boards for Telegraf ask, finds what Muster wrote.
func TestDashboards(t *testing.T) {
	server := influxtest.Start(t, influxtest.Options{})
	s := open(t, Options{URL: server.URL})
	officeOf(t, s)

	questions := telegrafQuestions()
	boards, err := filepath.Glob("../../../packaging/grafana/*-influxdb.json")
	if err != nil || len(boards) != 2 {
		t.Fatalf("boards for InfluxDB: %v, %v", boards, err)
	}
	for _, path := range boards {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var board struct {
			Panels     []struct{ Targets []struct{ Query string } }
			Templating struct {
				List []struct{ Definition string }
			}
		}
		if err := json.Unmarshal(text, &board); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		n := len(questions)
		for _, p := range board.Panels {
			for _, x := range p.Targets {
				questions = append(questions, x.Query)
			}
		}
		for _, v := range board.Templating.List {
			if v.Definition != "" {
				questions = append(questions, v.Definition)
			}
		}
		if len(questions) < n+8 {
			t.Errorf("%s asks %d questions only", path, len(questions)-n)
		}
	}
	for _, q := range questions {
		if text := server.Ask(s.o.Database, filled(q)); !strings.Contains(text, `"values":[[`) {
			t.Errorf("nothing is found by %s: %s", filled(q), text)
		}
	}
}

// telegrafQuestions are what dashboards for Telegraf's plugins ask, in their
// forms: tags of the plugins, regular expressions over host, counters by
// non_negative_derivative, a database without a named policy.
func telegrafQuestions() []string {
	return []string{
		`SHOW TAG VALUES WITH KEY = "host"`,
		`SHOW TAG VALUES FROM "cpu" WITH KEY = "cpu" WHERE host =~ /^$server$/`,
		`SELECT mean("usage_user") AS "user", mean("usage_system") AS "system", mean("usage_softirq") AS "softirq", mean("usage_steal") AS "steal", mean("usage_nice") AS "nice", mean("usage_irq") AS "irq", mean("usage_iowait") AS "iowait", mean("usage_guest") AS "guest", mean("usage_guest_nice") AS "guest_nice" FROM "cpu" WHERE "host" =~ /^$server$/ AND cpu = 'cpu-total' AND $timeFilter GROUP BY time($interval), *`,
		`SELECT 100 - mean("usage_idle") FROM "cpu" WHERE "host" =~ /^$server$/ AND "cpu" = 'cpu-total' AND $timeFilter GROUP BY time($interval) fill(null)`,
		`SELECT mean(total) AS total, mean(used) AS used, mean(cached) AS cached, mean(free) AS free, mean(buffered) AS buffered FROM "mem" WHERE host =~ /^$server$/ AND $timeFilter GROUP BY time($interval), host ORDER BY asc`,
		`SELECT last("used_percent") FROM "mem" WHERE "host" =~ /^$server$/ AND $timeFilter`,
		`SELECT mean(free) AS free, mean(used) AS used FROM "swap" WHERE host =~ /^$server$/ AND $timeFilter GROUP BY time($interval), host ORDER BY asc`,
		`SELECT mean(used_percent) FROM "disk" WHERE "host" =~ /^$server$/ AND "path" = '/' AND $timeFilter GROUP BY time($interval), "host", "path"`,
		`SELECT last("total") AS total, last("used") AS used, last("inodes_free") AS inodes FROM "disk" WHERE "host" =~ /^$server$/ AND $timeFilter GROUP BY "path", "fstype", "device"`,
		`SELECT non_negative_derivative(mean(read_bytes), 1s) AS "read", non_negative_derivative(mean(write_bytes), 1s) AS "write" FROM "diskio" WHERE "host" =~ /^$server$/ AND "name" =~ /sda/ AND $timeFilter GROUP BY time($interval), *`,
		`SELECT non_negative_derivative(mean(io_time), 1ms) FROM "diskio" WHERE "host" =~ /^$server$/ AND $timeFilter GROUP BY time($interval), "name"`,
		`SELECT derivative(mean(bytes_recv), 1s) * 8 AS "in", derivative(mean(bytes_sent), 1s) * -8 AS "out" FROM "net" WHERE host =~ /^$server$/ AND interface =~ /eth0/ AND $timeFilter GROUP BY time($interval), host, interface fill(none)`,
		`SELECT derivative(mean(packets_recv), 1s) AS "in", derivative(mean(drop_in), 1s) AS "drops", derivative(mean(err_in), 1s) AS "errors" FROM "net" WHERE host =~ /^$server$/ AND interface != 'all' AND $timeFilter GROUP BY time($interval), host, interface fill(none)`,
		`SELECT mean(load1) AS load1, mean(load5) AS load5, mean(load15) AS load15 FROM "system" WHERE host =~ /^$server$/ AND $timeFilter GROUP BY time($interval), * ORDER BY asc`,
		`SELECT last("uptime") FROM "system" WHERE "host" =~ /^$server$/ AND $timeFilter`,
		`SELECT last("n_cpus") FROM "system" WHERE "host" =~ /^$server$/ AND $timeFilter`,
		`SELECT mean("temp") FROM "temp" WHERE "host" =~ /^$server$/ AND $timeFilter GROUP BY time($interval), "sensor"`,
		`SELECT last("temp_c") FROM "smart_device" WHERE "host" =~ /^$server$/ AND $timeFilter GROUP BY "device", "model", "serial_no"`,
		`SELECT last("health_ok") FROM "smart_device" WHERE "host" =~ /^$server$/ AND $timeFilter GROUP BY "device"`,
		`SELECT mean("raw_value") FROM "smart_attribute" WHERE "host" =~ /^$server$/ AND $timeFilter GROUP BY time($interval), "device", "name"`,
		`SELECT non_negative_derivative(mean("ifHCInOctets"), 1s) * 8 FROM "interface" WHERE "agent_host" = 'some' AND "ifDescr" =~ /some/ AND $timeFilter GROUP BY time($interval), "ifName" fill(null)`,
		`SELECT last("ifOperStatus") FROM "interface" WHERE $timeFilter GROUP BY "agent_host", "ifName"`,
	}
}
