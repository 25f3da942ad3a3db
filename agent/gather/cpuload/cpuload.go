// Package cpuload samples how busy the processors are (measurement cpu). It
// must not know processes or what is normal.
package cpuload

import (
	"context"
	"errors"
	"fmt"

	"github.com/shirou/gopsutil/v3/cpu"

	"muster/agent/gather"
	"muster/agent/host"
)

// Sampler keeps the counters of the last reading: the percentages are over
// the time between two.
type Sampler struct {
	// Times reads the counters, all processors together or one by one.
	Times  func(ctx context.Context, perCore bool) ([]cpu.TimesStat, error)
	Wishes func() gather.Wishes
	last   map[string]cpu.TimesStat
}

// New samples the machine's own processors.
func New(wishes func() gather.Wishes) *Sampler {
	return &Sampler{Times: cpu.TimesWithContext, Wishes: wishes, last: map[string]cpu.TimesStat{}}
}

// Name of the sampler in logs.
func (*Sampler) Name() string { return "cpu" }

// Sample puts the shares of time since the last call; the first call puts
// nothing.
func (s *Sampler) Sample(ctx context.Context, _ *host.Host, to gather.Sink) error {
	total, err := s.Times(ctx, false)
	if err != nil {
		return fmt.Errorf("processor times: %w", err)
	}
	if len(total) == 0 {
		return errors.New("processor times: the system gave none")
	}
	total[0].CPU = "cpu-total"
	s.put(total[0], to)
	if s.Wishes().PerCore {
		cores, err := s.Times(ctx, true)
		if err != nil {
			return fmt.Errorf("processor times of each core: %w", err)
		}
		for _, c := range cores {
			s.put(c, to)
		}
	}
	return nil
}

func (s *Sampler) put(now cpu.TimesStat, to gather.Sink) {
	before, known := s.last[now.CPU]
	s.last[now.CPU] = now
	if !known {
		return
	}
	// Guest time is counted in user time as well, guest_nice in nice: the
	// kernel does so (proc(5)), so neither is part of the whole.
	whole := sum(now) - sum(before)
	if whole <= 0 {
		return // no tick since, or counters began anew
	}
	share := func(a, b float64) float64 { return min(max((a-b)/whole*100, 0), 100) }
	to.Put("cpu", "usage_user", share(now.User-now.Guest, before.User-before.Guest), "cpu", now.CPU)
	to.Put("cpu", "usage_system", share(now.System, before.System), "cpu", now.CPU)
	to.Put("cpu", "usage_idle", share(now.Idle, before.Idle), "cpu", now.CPU)
	to.Put("cpu", "usage_iowait", share(now.Iowait, before.Iowait), "cpu", now.CPU)
	to.Put("cpu", "usage_nice", share(now.Nice-now.GuestNice, before.Nice-before.GuestNice), "cpu", now.CPU)
	to.Put("cpu", "usage_irq", share(now.Irq, before.Irq), "cpu", now.CPU)
	to.Put("cpu", "usage_softirq", share(now.Softirq, before.Softirq), "cpu", now.CPU)
	to.Put("cpu", "usage_steal", share(now.Steal, before.Steal), "cpu", now.CPU)
}

func sum(t cpu.TimesStat) float64 {
	return t.User + t.System + t.Idle + t.Nice + t.Iowait + t.Irq + t.Softirq + t.Steal
}
