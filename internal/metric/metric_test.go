package metric

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEveryEntryIsWhole(t *testing.T) {
	snake := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	// The MIBs' own names, as Telegraf keeps them.
	camel := regexp.MustCompile(`^(if|dot3)[A-Z][A-Za-z0-9]+$`)
	units := Units()
	used := map[string]bool{}
	for _, m := range Catalogue() {
		if !snake.MatchString(m.Name) {
			t.Errorf("measurement %q is not in snake_case", m.Name)
		}
		if !sentence(m.Doc) {
			t.Errorf("%s: doc %q is no sentence", m.Name, m.Doc)
		}
		if m.Windows+m.Darwin+m.Linux+m.SNMP == "" {
			t.Errorf("%s comes from nowhere", m.Name)
		}
		if m.Every < 0 || m.Every%time.Minute != 0 {
			t.Errorf("%s is read every %s", m.Name, m.Every)
		}
		names := map[string]bool{}
		for _, l := range m.Labels {
			if !snake.MatchString(l.Name) && !camel.MatchString(l.Name) {
				t.Errorf("%s: label %q is badly named", m.Name, l.Name)
			}
			if names[l.Name] || slices.ContainsFunc(Added(), func(a Label) bool { return a.Name == l.Name }) {
				t.Errorf("%s: label %q is there twice", m.Name, l.Name)
			}
			names[l.Name] = true
			if !sentence(l.Doc) || l.Typical < 1 || l.Max < l.Typical {
				t.Errorf("%s: label %s: doc %q, typical %d, max %d", m.Name, l.Name, l.Doc, l.Typical, l.Max)
			}
			if l.Follows != "" && !slices.ContainsFunc(m.Labels, func(o Label) bool { return o.Name == l.Follows }) {
				t.Errorf("%s: label %s follows %q, which is no label", m.Name, l.Name, l.Follows)
			}
		}
		if len(m.Fields) == 0 {
			t.Errorf("%s has no fields", m.Name)
		}
		fields := map[string]bool{}
		for _, f := range m.Fields {
			at := m.Name + "." + f.Name
			if fields[f.Name] {
				t.Errorf("%s is there twice", at)
			}
			fields[f.Name] = true
			if !snake.MatchString(f.Name) && (m.Name != "interface" || !camel.MatchString(f.Name)) {
				t.Errorf("%s is badly named", at)
			}
			if !slices.Contains(units, f.Unit) {
				t.Errorf("%s: unit %q is not listed", at, f.Unit)
			}
			used[f.Unit] = true
			if !sentence(f.Doc) {
				t.Errorf("%s: doc %q is no sentence", at, f.Doc)
			}
			if (f.Type == Bool) != (f.Unit == "flag") {
				t.Errorf("%s: a bool is a flag and nothing else is", at)
			}
			if f.Nature == Counter && (f.Unit == "code" || f.Unit == "flag" || f.Unit == "percent") {
				t.Errorf("%s: a counter of %s", at, f.Unit)
			}
			if f.Own && m.Telegraf == "" {
				t.Errorf("%s: all fields of %s are our own", at, m.Name)
			}
			if slices.Contains([]string{"device_id", "host"}, f.Name) || names[f.Name] {
				t.Errorf("%s has the name of a label: InfluxDB cannot tell them apart", at)
			}
			for _, side := range f.On {
				if m.Source(side) == "" {
					t.Errorf("%s is said to be on %q, where %s is not", at, side, m.Name)
				}
			}
			for _, kind := range f.Media {
				if !slices.Contains([]string{"hdd", "ssd", "nvme"}, kind) {
					t.Errorf("%s: kind of drive %q", at, kind)
				}
			}
		}
	}
	for _, u := range units {
		if !used[u] {
			t.Errorf("unit %s is listed and not used", u)
		}
	}
	if !slices.IsSorted(units) {
		t.Error("units are not sorted")
	}
}

// sentence wants words that a person can read.
func sentence(s string) bool {
	return len(s) > 3 && strings.HasSuffix(s, ".") && s == strings.TrimSpace(s)
}

// A unit at the end of a name must be the field's unit, everywhere; and our
// own names must carry their unit.
func TestUnitsAgreeWithNames(t *testing.T) {
	suffix := map[string]string{
		"_amperes":                 "ampere",
		"_bits_per_second":         "bit_per_second",
		"_bytes":                   "byte",
		"_c":                       "celsius",
		"_cubic_meters_per_second": "cubic_meter_per_second",
		"_pascals":                 "pascal",
		"_celsius":                 "celsius",
		"_dbm":                     "dbm",
		"_decibels":                "decibel",
		"_hertz":                   "hertz",
		"_hours":                   "hour",
		"_ms":                      "millisecond",
		"_ns":                      "nanosecond",
		"_percent":                 "percent",
		"_rpm":                     "rpm",
		"_seconds":                 "second",
		"_volts":                   "volt",
		"_watt_hours":              "watt_hour",
		"_watts":                   "watt",
	}
	// Longest first, so that _watt_hours is not taken for _hours.
	ends := slices.SortedFunc(maps.Keys(suffix), func(a, b string) int { return len(b) - len(a) })
	plain := []string{"code", "count", "flag", "packet"}
	for _, m := range Catalogue() {
		for _, f := range m.Fields {
			i := slices.IndexFunc(ends, func(end string) bool { return strings.HasSuffix(f.Name, end) })
			switch {
			case i >= 0 && suffix[ends[i]] != f.Unit:
				t.Errorf("%s.%s ends in %s and is in %s", m.Name, f.Name, ends[i], f.Unit)
			case i < 0 && (m.Telegraf == "" || f.Own) && !slices.Contains(plain, f.Unit):
				t.Errorf("%s.%s is our own name and does not say that it is in %s", m.Name, f.Name, f.Unit)
			}
		}
	}
}

func TestNamesGoThereAndBack(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range Catalogue() {
		if got, ok := Find(m.Name); !ok || got.Name != m.Name {
			t.Errorf("Find(%q) = %q, %v", m.Name, got.Name, ok)
		}
		for _, f := range m.Fields {
			name := Series(m.Name, f.Name)
			if seen[name] {
				t.Errorf("%s is there twice", name)
			}
			seen[name] = true
			gm, gf, ok := Parse(name)
			if !ok || gm.Name != m.Name || gf.Name != f.Name {
				t.Errorf("Parse(%q) = %s, %s, %v", name, gm.Name, gf.Name, ok)
			}
			gm, gf, ok = Lookup(m.Name, f.Name)
			if !ok || gm.Name != m.Name || gf.Name != f.Name {
				t.Errorf("Lookup(%q, %q) = %s, %s, %v", m.Name, f.Name, gm.Name, gf.Name, ok)
			}
			if lf, ok := m.Field(f.Name); !ok || lf.Name != f.Name {
				t.Errorf("%s.Field(%q) = %v", m.Name, f.Name, ok)
			}
		}
	}
	for _, name := range []string{"", "_", "cpu", "cpu_", "cpu_usage", "usage_user", "CPU_usage_user", "disk_reads"} {
		if m, f, ok := Parse(name); ok {
			t.Errorf("Parse(%q) = %s, %s", name, m.Name, f.Name)
		}
	}
	if _, _, ok := Lookup("cpu_usage", "user"); ok {
		t.Error("Lookup found a field under half a name")
	}
	if _, ok := Find("nothing"); ok {
		t.Error("Find found nothing")
	}
}

// typical is how many series a sender has by default, per measurement.
func typical(side, medium string, lacks ...string) map[string]int {
	n := map[string]int{}
	for _, m := range Catalogue() {
		if slices.Contains(lacks, m.Name) {
			continue
		}
		rows := 1
		for _, l := range m.Labels {
			if l.Follows == "" {
				rows *= l.Typical
			}
		}
		for _, f := range m.Fields {
			if f.Default && m.Has(side, f) && (len(f.Media) == 0 || slices.Contains(f.Media, medium)) {
				n[m.Name] += rows
			}
		}
	}
	return n
}

// One drive, two volumes, two network cards and four thermometers, as
// DESIGN §4 allows: at most 60 series.
func TestDefaultFitsTheBudget(t *testing.T) {
	desktop := []string{"battery", "wifi"}
	tests := []struct {
		name, side, medium string
		lacks              []string
	}{
		{"office PC", Windows, "nvme", desktop},
		{"office PC with SATA SSD", Windows, "ssd", desktop},
		{"old PC with hard disk", Windows, "hdd", desktop},
		{"laptop", Windows, "nvme", nil},
		{"MacBook", Darwin, "nvme", nil},
		{"Linux server with hard disk", Linux, "hdd", desktop},
		{"Linux laptop", Linux, "nvme", nil},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			n := typical(x.side, x.medium, x.lacks...)
			sum := 0
			for _, k := range n {
				sum += k
			}
			t.Logf("%d series: %v", sum, n)
			if sum > 60 {
				t.Errorf("%d series by default, at most 60 are allowed: %v", sum, n)
			}
			if sum < 30 {
				t.Errorf("only %d series: is something missing? %v", sum, n)
			}
		})
	}
}

func TestLinuxAgentHasItsSamples(t *testing.T) {
	for _, name := range []string{"cpu", "mem", "swap", "disk", "diskio", "net", "system", "processes", "temp", "agent"} {
		m, ok := Find(name)
		if !ok || m.Linux == "" {
			t.Errorf("%s has no source on Linux", name)
			continue
		}
		sent := slices.ContainsFunc(m.Fields, func(f Field) bool { return f.Default && m.Has(Linux, f) })
		if !sent || m.Every != time.Minute {
			t.Errorf("%s is not sampled each minute by default", name)
		}
	}
}

// The names that dashboards made for Telegraf ask for, with their types;
// taken from the plugins' documents and sources.
func TestTelegrafNamesAndTypes(t *testing.T) {
	want := map[string]string{
		"cpu.usage_user":                    "float",
		"cpu.usage_idle":                    "float",
		"cpu.usage_iowait":                  "float",
		"cpu.time_user":                     "float",
		"mem.available":                     "int",
		"mem.available_percent":             "float",
		"mem.used_percent":                  "float",
		"mem.committed_as":                  "int",
		"swap.in":                           "int",
		"swap.used_percent":                 "float",
		"disk.free":                         "int",
		"disk.used_percent":                 "float",
		"disk.inodes_used_percent":          "float",
		"diskio.read_time":                  "int",
		"diskio.iops_in_progress":           "int",
		"net.bytes_recv":                    "int",
		"net.err_in":                        "int",
		"net.drop_out":                      "int",
		"net.speed":                         "int",
		"system.load1":                      "float",
		"system.uptime":                     "int",
		"system.n_users":                    "int",
		"processes.zombies":                 "int",
		"processes.total_threads":           "int",
		"temp.temp":                         "float",
		"kernel.boot_time":                  "int",
		"pressure.avg10":                    "float",
		"pressure.total":                    "int",
		"procstat.memory_rss":               "int",
		"procstat.cpu_usage":                "float",
		"ping.percent_packet_loss":          "float",
		"ping.average_response_ms":          "float",
		"ping.result_code":                  "int",
		"dns_query.query_time_ms":           "float",
		"dns_query.result_code":             "int",
		"smart_device.health_ok":            "bool",
		"smart_device.temp_c":               "int",
		"smart_device.media_errors":         "int",
		"smart_device.pending_sector_count": "int",
		"smart_attribute.raw_value":         "int",
		"interface.ifHCInOctets":            "int",
		"interface.ifOperStatus":            "int",
		"interface.dot3StatsFCSErrors":      "int",
		"snmp.uptime":                       "int",
		"upsd.battery_charge_percent":       "float",
		"upsd.time_left_ns":                 "int",
		"upsd.status_flags":                 "int",
	}
	for name, kind := range want {
		m, f, _ := strings.Cut(name, ".")
		gm, gf, ok := Lookup(m, f)
		if !ok || gm.Telegraf == "" || gf.Own || gf.Type.String() != kind {
			t.Errorf("%s: found %v, plugin %q, own %v, type %s; want %s", name, ok, gm.Telegraf, gf.Own, gf.Type, kind)
		}
	}
	tags := map[string][]string{
		"cpu":          {"cpu"},
		"disk":         {"path", "device", "fstype", "mode"},
		"diskio":       {"name"},
		"net":          {"interface"},
		"temp":         {"sensor"},
		"ping":         {"url"},
		"dns_query":    {"server", "domain", "record_type"},
		"smart_device": {"serial_no", "device", "model", "capacity", "wwn", "enabled"},
		"upsd":         {"ups_name", "model", "serial"},
		"pressure":     {"resource", "type"},
	}
	for name, want := range tags {
		m, _ := Find(name)
		var got []string
		for _, l := range m.Labels {
			got = append(got, l.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has the labels %v, want %v", name, got, want)
		}
	}
}

func TestStrings(t *testing.T) {
	for got, want := range map[string]string{
		Float.String(): "float", Int.String(): "int", Bool.String(): "bool", Type(9).String(): "type(9)",
		Gauge.String(): "gauge", Counter.String(): "counter", Nature(9).String(): "nature(9)",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for _, side := range append(Sides(), "beos") {
		m, _ := Find("smart_device")
		f, _ := m.Field("temp_c")
		if got, want := m.Has(side, f), side != SNMP && side != "beos"; got != want {
			t.Errorf("smart_device.temp_c on %s: %v", side, got)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, _, ok := Parse("smart_device_reallocated_sectors_count"); !ok {
			b.Fatal("not found")
		}
	}
}
