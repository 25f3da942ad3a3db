// Package cpuload samples how busy the processors are (measurement cpu), and on
// Windows whether they are held back (throttle). It must not know processes or what is normal.
package cpuload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"

	"muster/agent/gather"
	"muster/agent/gather/pdh"
	"muster/agent/host"
)

// Sampler keeps the counters of the last reading: the percentages are over
// the time between two.
type Sampler struct {
	// Times reads the counters, all processors together or one by one.
	Times  func(ctx context.Context, perCore bool) ([]cpu.TimesStat, error)
	Wishes func() gather.Wishes
	// Counters reads Windows' own counters: utility and limit of all processors
	// together. May be nil.
	Counters func() ([][]pdh.Value, error)

	last  map[string]cpu.TimesStat
	held  time.Duration // time that the processors were held back
	since time.Duration // since boot, at the last look
}

// New samples the machine's own processors.
func New(wishes func() gather.Wishes) *Sampler {
	return &Sampler{Times: cpu.TimesWithContext, Wishes: wishes, last: map[string]cpu.TimesStat{},
		Counters: pdh.New(utility, limit).Read}
}

// Counters of Windows. Utility is what Task Manager shows: work done, where 100
// is all processors at their rated speed, so that it passes 100 in turbo. The
// limit is below 100 while heat, power or a policy slows them.
const (
	utility = `\Processor Information(_Total)\% Processor Utility`
	limit   = `\Processor Information(_Total)\% Performance Limit`
)

// Name of the sampler in logs.
func (*Sampler) Name() string { return "cpu" }

// Sample puts the shares of time since the last call; the first call puts
// nothing.
func (s *Sampler) Sample(ctx context.Context, h *host.Host, to gather.Sink) error {
	if err := s.windows(h, to); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
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

// windows puts what only Windows counts.
func (s *Sampler) windows(h *host.Host, to gather.Sink) error {
	if s.Counters == nil {
		return errors.ErrUnsupported
	}
	values, err := s.Counters()
	if err != nil {
		return err
	}
	if len(values) > 0 && len(values[0]) == 1 && values[0][0].Value >= 0 {
		to.Put("cpu", "utility_percent", values[0][0].Value, "cpu", "cpu-total")
	}
	if len(values) < 2 || len(values[1]) != 1 || h == nil || h.Mono == nil {
		return nil
	}
	now, err := h.Mono()
	if err != nil {
		return fmt.Errorf("time since boot: %w", err)
	}
	const longest = 5 * time.Minute // between two looks; over a sleep of the machine nothing can be said
	v := values[1][0].Value
	if passed := now - s.since; s.since > 0 && v > 0 && v < 100 && passed > 0 && passed <= longest {
		s.held += passed
	}
	s.since = now
	if v > 0 {
		to.Put("throttle", "limit_percent", min(v, 100))
		to.Put("throttle", "active_seconds", s.held.Seconds())
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
