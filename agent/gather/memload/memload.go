// Package memload samples main memory, swap and paging (measurements mem,
// swap, paging). It must not know which program uses them.
package memload

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/shirou/gopsutil/v3/mem"

	"muster/agent/gather"
	"muster/agent/host"
)

// Sampler reads memory as the system counts it.
type Sampler struct {
	Virtual func(context.Context) (*mem.VirtualMemoryStat, error)
	Swap    func(context.Context) (*mem.SwapMemoryStat, error)
}

// New samples the machine's own memory.
func New() *Sampler {
	return &Sampler{Virtual: mem.VirtualMemoryWithContext, Swap: mem.SwapMemoryWithContext}
}

// Name of the sampler in logs.
func (*Sampler) Name() string { return "mem" }

// Sample puts what can be read; a part that cannot is left out and told.
func (s *Sampler) Sample(ctx context.Context, h *host.Host, to gather.Sink) error {
	if runtime.GOOS == "darwin" {
		return fromVMStat(ctx, h, to)
	}
	var errs []error
	b, err := h.AskNative(host.NativeMemory)
	windows := !errors.Is(err, errors.ErrUnsupported)
	if err == nil {
		if m, ok := parseMemory(b); ok {
			m.put(to)
		}
	} else if windows {
		errs = append(errs, err)
	}
	if v, err := s.Virtual(ctx); err != nil {
		errs = append(errs, fmt.Errorf("memory: %w", err))
	} else if v.Total > 0 {
		percent := func(n uint64) float64 { return float64(n) / float64(v.Total) * 100 }
		to.Put("mem", "available_percent", percent(v.Available))
		to.Put("mem", "used_percent", percent(v.Used))
		to.Put("mem", "total", float64(v.Total))
		to.Put("mem", "available", float64(v.Available))
		to.Put("mem", "used", float64(v.Used))
		if v.CommitLimit > 0 && !windows {
			to.Put("mem", "commit_percent", float64(v.CommittedAS)/float64(v.CommitLimit)*100)
		}
	}
	if windows {
		return errors.Join(append(errs, paging(h, to))...)
	}
	w, err := s.Swap(ctx)
	if err != nil {
		return errors.Join(append(errs, fmt.Errorf("swap: %w", err))...)
	}
	to.Put("swap", "used_percent", w.UsedPercent)
	to.Put("swap", "out", float64(w.Sout))
	to.Put("swap", "in", float64(w.Sin))
	to.Put("swap", "total", float64(w.Total))
	to.Put("paging", "major_faults", float64(w.PgMajFault))
	return errors.Join(errs...)
}
