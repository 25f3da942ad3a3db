package diskio

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/shirou/gopsutil/v3/disk"

	"muster/agent/host"
)

type sink map[string]float64

func (s sink) Put(m, f string, v float64, labels ...string) {
	s[fmt.Sprintf("%s.%s%v", m, f, labels)] = v
}

// performance is an item of the answer: DISK_PERFORMANCE.
func performance(number uint32, idle time.Duration, reads uint32) []byte {
	d := make([]byte, 88)
	le := binary.LittleEndian
	le.PutUint64(d, 4096*uint64(reads))
	le.PutUint64(d[8:], 1<<30)
	le.PutUint64(d[16:], 25_000*uint64(reads)) // 2.5 ms each
	le.PutUint64(d[32:], uint64(idle/100))
	le.PutUint32(d[40:], reads)
	le.PutUint32(d[44:], 9)
	b := le.AppendUint32(nil, number)
	return append(le.AppendUint32(b, uint32(len(d))), d...)
}

// Windows counts how long a drive is idle: what is not idle is work, but for
// the time that the machine slept.
func TestWindows(t *testing.T) {
	now, idle := time.Hour, 59*time.Minute
	h := &host.Host{Root: t.TempDir(), Mono: func() (time.Duration, error) { return now, nil },
		Native: func(host.Native) ([]byte, error) {
			return append(performance(0, idle, 100), performance(2, 0, 1)...), nil
		}}
	s := &Sampler{Counters: func(context.Context, ...string) (map[string]disk.IOCountersStat, error) {
		t.Error("gopsutil is asked")
		return nil, nil
	}}
	read := func() sink {
		got := sink{}
		if err := s.Sample(t.Context(), h, got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := read()
	for field, want := range map[string]float64{"reads": 100, "writes": 9, "read_bytes": 409600, "write_bytes": 1 << 30, "read_time": 250, "io_time": 0} {
		if v, ok := got["diskio."+field+"[name PhysicalDrive0]"]; !ok || v != want {
			t.Errorf("%s = %v (%v), want %v", field, v, ok, want)
		}
	}
	if _, ok := got["diskio.reads[name PhysicalDrive2]"]; !ok {
		t.Error("the second drive is left out")
	}
	for _, step := range []struct {
		passed, rested time.Duration
		want           float64
	}{{time.Minute, 45 * time.Second, 15_000}, {8 * time.Hour, 0, 15_000}, {time.Minute, time.Minute, 15_000}, {time.Minute, 0, 75_000}, {time.Minute, 2 * time.Minute, 75_000}} {
		now, idle = now+step.passed, idle+step.rested
		if v := read()["diskio.io_time[name PhysicalDrive0]"]; v != step.want {
			t.Errorf("after %v, of which %v idle: %v, want %v", step.passed, step.rested, v, step.want)
		}
	}
}

func FuzzWork(f *testing.F) {
	f.Add(performance(0, time.Minute, 7))
	f.Add([]byte{1, 0, 0, 0, 64, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		for name, w := range parseWork(b) {
			if name != w.Name || w.idle < 0 {
				t.Errorf("%s: %+v", name, w)
			}
		}
	})
}
