package agent

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// arena is the step in which the Go runtime reserves address space on 64
	// bits (heapArenaBytes in runtime/malloc.go).
	arena = 64 << 20
	// later is by how much a reader is nicer than others; 19 is the most.
	later = 10
	// idle is IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0), and whoGroup
	// IOPRIO_WHO_PGRP (include/uapi/linux/ioprio.h).
	idle     = 3 << 13
	whoGroup = 2
)

// confine puts bounds on this process. Niceness is set for the group, which
// this process leads, because on Linux a process' own is that of one thread.
func confine(b Bounds) error {
	// Refusals cost only manners. When memory of machine or group is short, a
	// reader goes before the agent (oom_score_adj, proc(5)).
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("500"), 0)
	_ = unix.Setpriority(unix.PRIO_PGRP, 0, later)
	_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, whoGroup, 0, idle)
	type limit struct {
		what int
		most uint64
	}
	limits := []limit{{unix.RLIMIT_CORE, 0}}
	if b.Within > 0 {
		limits = append(limits, limit{unix.RLIMIT_CPU, uint64(b.Within/time.Second) + 1})
	}
	if b.Memory > 0 {
		size, data, err := taken()
		if err != nil {
			return err
		}
		// RLIMIT_DATA counts what can be written to, and binds the heap;
		// RLIMIT_AS also what is only mapped, of which the runtime reserves far
		// more than it uses.
		limits = append(limits, limit{unix.RLIMIT_DATA, data + uint64(b.Memory)},
			limit{unix.RLIMIT_AS, size + arena + uint64(b.Memory)})
	}
	for _, l := range limits {
		var have unix.Rlimit
		if err := unix.Getrlimit(l.what, &have); err == nil {
			l.most = min(l.most, have.Max) // never beyond what we are allowed already
		}
		if err := unix.Setrlimit(l.what, &unix.Rlimit{Cur: l.most, Max: l.most}); err != nil {
			return fmt.Errorf("setrlimit %d: %w", l.what, err)
		}
	}
	return nil
}

// taken is the size and the writable part of this process in bytes, by
// /proc/self/statm (proc(5)).
func taken() (size, data uint64, err error) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, 0, fmt.Errorf("size of this process: %w", err)
	}
	f := strings.Fields(string(b))
	if len(f) < 6 {
		return 0, 0, fmt.Errorf("statm: unexpected text %.40q", b)
	}
	page := uint64(os.Getpagesize())
	if size, err = strconv.ParseUint(f[0], 10, 64); err != nil {
		return 0, 0, fmt.Errorf("statm: %w", err)
	}
	if data, err = strconv.ParseUint(f[5], 10, 64); err != nil {
		return 0, 0, fmt.Errorf("statm: %w", err)
	}
	return size * page, data * page, nil
}
