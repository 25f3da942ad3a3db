// Package sysload samples the machine as a whole: load, uptime, processes by
// number, throttling (measurements system, processes, throttle). It must not
// know single processes.
package sysload

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strconv"

	"muster/agent/gather"
	"muster/agent/host"
)

// Sampler reads files of /proc where there are any.
type Sampler struct{}

// Name of the sampler in logs.
func (Sampler) Name() string { return "system" }

// Sample puts what this system can answer.
func (Sampler) Sample(ctx context.Context, h *host.Host, to gather.Sink) error {
	var errs []error
	if h.Mono != nil {
		if up, err := h.Mono(); err != nil {
			errs = append(errs, fmt.Errorf("uptime: %w", err))
		} else {
			to.Put("system", "uptime", float64(int64(up.Seconds())))
		}
	}
	to.Put("system", "n_cpus", float64(runtime.NumCPU()))
	if b, err := h.AskNative(host.NativeMemory); err == nil {
		if total, threads, ok := parseCounts(b); ok {
			to.Put("processes", "total", float64(total))
			to.Put("processes", "total_threads", float64(threads))
		}
		return errors.Join(errs...)
	}
	if runtime.GOOS == "darwin" {
		return errors.Join(append(errs, fromSysctl(ctx, h, to))...)
	}
	if !h.Exists("/proc/loadavg") {
		return errors.Join(errs...)
	}
	b, err := h.ReadFile("/proc/loadavg")
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	l, err := ParseLoad(b)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	to.Put("system", "load1", l.One)
	to.Put("system", "load5", l.Five)
	to.Put("system", "load15", l.Fifteen)
	to.Put("processes", "total_threads", float64(l.Threads))
	if n, err := processes(h); err != nil {
		errs = append(errs, err)
	} else {
		to.Put("processes", "total", float64(n))
	}
	if n, ms, ok := throttled(h); ok {
		to.Put("throttle", "active_seconds", float64(ms)/1000)
		to.Put("throttle", "events", float64(n))
	}
	return errors.Join(errs...)
}

// Load is the content of /proc/loadavg (proc(5)).
type Load struct {
	One, Five, Fifteen float64
	Running, Threads   int64
}

// ParseLoad reads /proc/loadavg.
func ParseLoad(b []byte) (Load, error) {
	bad := func() (Load, error) { return Load{}, fmt.Errorf("loadavg: unexpected text %.40q", b) }
	f := bytes.Fields(b)
	if len(f) < 4 {
		return bad()
	}
	var l Load
	for i, to := range []*float64{&l.One, &l.Five, &l.Fifteen} {
		v, err := strconv.ParseFloat(string(f[i]), 64)
		if err != nil || v < 0 || v > 1e9 {
			return bad()
		}
		*to = v
	}
	running, threads, ok := bytes.Cut(f[3], []byte("/"))
	r, err1 := strconv.ParseInt(string(running), 10, 64)
	n, err2 := strconv.ParseInt(string(threads), 10, 64)
	if !ok || err1 != nil || err2 != nil {
		return bad()
	}
	l.Running, l.Threads = r, n
	return l, nil
}

// parseCounts reads how many processes and threads there are in
// PERFORMANCE_INFORMATION (psapi.h) of 64-bit Windows.
func parseCounts(b []byte) (processes, threads uint32, ok bool) {
	if len(b) < 100 {
		return 0, 0, false
	}
	return binary.LittleEndian.Uint32(b[92:]), binary.LittleEndian.Uint32(b[96:]), true
}

// processes counts the folders of /proc that are numbers. The states of each
// would cost a file per process and minute; no rule asks for them.
func processes(h *host.Host) (int, error) {
	f, err := h.Open("/proc")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n := 0
	for {
		names, err := f.Readdirnames(256)
		for _, s := range names {
			if s[0] >= '1' && s[0] <= '9' {
				n++
			}
		}
		if err != nil || len(names) == 0 {
			return n, nil
		}
	}
}

// throttled is the greatest count and time of all cores: packages count once
// for each of their cores.
func throttled(h *host.Host) (count, ms int64, ok bool) {
	for _, dir := range h.Glob("/sys/devices/system/cpu/cpu[0-9]*/thermal_throttle") {
		for _, what := range []string{"package", "core"} {
			c, err := strconv.ParseInt(h.Line(dir+"/"+what+"_throttle_count"), 10, 64)
			if err != nil {
				continue
			}
			ok = true
			count = max(count, c)
			if t, err := strconv.ParseInt(h.Line(dir+"/"+what+"_throttle_total_time_ms"), 10, 64); err == nil {
				ms = max(ms, t)
			}
		}
	}
	return count, ms, ok
}
