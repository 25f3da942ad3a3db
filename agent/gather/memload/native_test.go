package memload

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/shirou/gopsutil/v3/mem"

	"muster/agent/host"
)

type sink map[string]float64

func (s sink) Put(m, f string, v float64, labels ...string) {
	s[fmt.Sprintf("%s.%s%v", m, f, labels)] = v
}

func words(n int, at map[int]uint32) []byte {
	b := make([]byte, n)
	for off, v := range at {
		binary.LittleEndian.PutUint32(b[off:], v)
	}
	return b
}

// Windows tells of commit and of its page files by answers of its own; what
// gopsutil calls swap there is the commit.
func TestWindows(t *testing.T) {
	files := append(words(32, map[int]uint32{0: 32, 4: 1000, 8: 250}), words(32, map[int]uint32{4: 1000, 8: 0})...)
	answers := map[host.Native][]byte{
		host.NativeMemory:    words(104, map[int]uint32{0: 104, 8: 3000, 16: 4000, 80: 4096}),
		host.NativePaging:    words(344, map[int]uint32{80: 70, 84: 7, 96: 5}),
		host.NativePageFiles: files,
	}
	h := &host.Host{Native: func(q host.Native) ([]byte, error) { return answers[q], nil }}
	s := &Sampler{Virtual: func(context.Context) (*mem.VirtualMemoryStat, error) {
		return &mem.VirtualMemoryStat{Total: 1000, Available: 400, Used: 600, CommitLimit: 1, CommittedAS: 1}, nil
	}, Swap: func(context.Context) (*mem.SwapMemoryStat, error) { return nil, errors.New("asked for swap") }}
	got := sink{}
	if err := s.Sample(t.Context(), h, got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"mem.commit_percent[]": 75, "mem.committed_as[]": 3000 * 4096, "mem.commit_limit[]": 4000 * 4096, "mem.available_percent[]": 40,
		"paging.major_faults[]": 7, "swap.in[]": 70 * 4096, "swap.out[]": 5 * 4096, "swap.total[]": 2000 * 4096, "swap.used_percent[]": 12.5} {
		if v, ok := got[name]; !ok || math.Abs(v-want) > 1e-9 {
			t.Errorf("%s = %v (%v), want %v", name, v, ok, want)
		}
	}
	answers[host.NativePaging] = nil
	answers[host.NativePageFiles] = nil
	if err := s.Sample(t.Context(), h, sink{}); err != nil {
		t.Error(err)
	}
	h.Native = func(host.Native) ([]byte, error) { return nil, errors.New("no") }
	if err := s.Sample(t.Context(), h, sink{}); err == nil {
		t.Error("what Windows refused is not told")
	}
}

func FuzzNative(f *testing.F) {
	f.Add(words(344, map[int]uint32{0: 32}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, ok := parseMemory(b); ok && (p.size == 0 || p.promised*p.size/p.size != p.promised) {
			t.Errorf("%+v", p)
		}
		parsePaging(b)
		if total, used := parsePageFiles(b); total > 64<<32 || used > 64<<32 {
			t.Errorf("%d %d", total, used)
		}
	})
}
