package sysload

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"muster/agent/host"
)

type sink map[string]float64

func (s sink) Put(m, f string, v float64, _ ...string) { s[m+"_"+f] = v }

func TestSample(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("proc/loadavg", "0.52 0.58 0.59 1/467 12345\n")
	write("proc/1/stat", "")
	write("proc/4711/stat", "")
	write("proc/self/stat", "")
	write("sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count", "7\n")
	write("sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_total_time_ms", "1500\n")
	write("sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "3\n")
	got := sink{}
	h := &host.Host{Root: dir, Mono: func() (time.Duration, error) { return 90500 * time.Millisecond, nil }}
	if err := (Sampler{}).Sample(t.Context(), h, got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"system_load1": 0.52, "system_load5": 0.58, "system_load15": 0.59, "system_uptime": 90,
		"processes_total": 2, "processes_total_threads": 467, "throttle_active_seconds": 1.5, "throttle_events": 7} {
		if got[name] != want {
			t.Errorf("%s = %v, want %v", name, got[name], want)
		}
	}
}

func FuzzParseLoad(f *testing.F) {
	f.Add([]byte("0.52 0.58 0.59 1/467 12345\n"))
	f.Add([]byte("nan inf -1 /"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ParseLoad(b)
		if err == nil && (l.One < 0 || l.One != l.One) {
			t.Errorf("%q was read as %+v", b, l)
		}
	})
}

// Windows tells of processes and threads in one answer.
func TestWindows(t *testing.T) {
	b := make([]byte, 104)
	b[92], b[93], b[96], b[97] = 0x2c, 1, 0xd0, 7
	got := sink{}
	h := &host.Host{Native: func(host.Native) ([]byte, error) { return b, nil }}
	if err := (Sampler{}).Sample(t.Context(), h, got); err != nil || got["processes_total"] != 300 || got["processes_total_threads"] != 2000 {
		t.Errorf("%v %v", got, err)
	}
	if _, _, ok := parseCounts(b[:96]); ok {
		t.Error("a short answer is read")
	}
}
