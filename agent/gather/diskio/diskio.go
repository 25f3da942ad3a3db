// Package diskio samples the traffic of whole drives (measurement diskio). It
// must not know partitions, volumes or the drives' health.
package diskio

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/shirou/gopsutil/v3/disk"

	"muster/agent/gather"
	"muster/agent/host"
)

// Sampler reads the counters of drives.
type Sampler struct {
	Counters func(ctx context.Context, names ...string) (map[string]disk.IOCountersStat, error)
	busy     map[string]busy // of Windows, which counts idleness
}

// New samples the machine's own drives.
func New() *Sampler { return &Sampler{Counters: disk.IOCountersWithContext} }

// Name of the sampler in logs.
func (*Sampler) Name() string { return "diskio" }

// most drives that are sampled: beyond are storage servers, whose owners ask
// by group for what they want.
const most = 32

// Sample puts the counters of every drive.
func (s *Sampler) Sample(ctx context.Context, h *host.Host, to gather.Sink) error {
	all, err := s.native(h)
	if errors.Is(err, errors.ErrUnsupported) {
		all, err = s.Counters(ctx)
	}
	if err != nil {
		return fmt.Errorf("drive counters: %w", err)
	}
	names := make([]string, 0, len(all))
	for n := range all {
		if Drive(h, n) {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	for _, n := range names[:min(len(names), most)] {
		c := all[n]
		to.Put("diskio", "reads", float64(c.ReadCount), "name", n)
		to.Put("diskio", "writes", float64(c.WriteCount), "name", n)
		to.Put("diskio", "read_bytes", float64(c.ReadBytes), "name", n)
		to.Put("diskio", "write_bytes", float64(c.WriteBytes), "name", n)
		to.Put("diskio", "read_time", float64(c.ReadTime), "name", n)
		to.Put("diskio", "write_time", float64(c.WriteTime), "name", n)
		to.Put("diskio", "io_time", float64(c.IoTime), "name", n)
	}
	return nil
}

// native asks Windows.
func (s *Sampler) native(h *host.Host) (map[string]disk.IOCountersStat, error) {
	b, err := h.AskNative(host.NativeDriveWork)
	if err != nil {
		return nil, err
	}
	now, err := h.Mono()
	if err != nil {
		return nil, err
	}
	all := map[string]disk.IOCountersStat{}
	next := map[string]busy{}
	for name, w := range parseWork(b) {
		next[name] = s.busy[name].look(now, w.idle)
		w.IoTime = uint64(next[name].total.Milliseconds())
		all[name] = w.IOCountersStat
	}
	s.busy = next
	return all, nil
}

// Drive tells a whole drive from partitions and from what only looks like a
// drive. On Linux a partition has no folder of its own under /sys/block.
func Drive(h *host.Host, name string) bool {
	for _, p := range []string{"loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd"} {
		if strings.HasPrefix(name, p) {
			return false
		}
	}
	if h.Exists("/sys/block") {
		return h.Exists("/sys/block/" + name)
	}
	return true
}
