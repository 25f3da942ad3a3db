//go:build unix

package query

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// startConfined starts the child, which closes its own walls (confine).
func startConfined(cmd *exec.Cmd, _ int64) (func(), error) {
	return func() {}, cmd.Start()
}

// confine gives up what the worker does not need. The bound on address space
// is beyond what the program has already, because the Go runtime reserves far
// more than it uses.
func confine(j job) error {
	type limit struct {
		what int
		most uint64
	}
	limits := []limit{
		{unix.RLIMIT_FSIZE, 0},
		{unix.RLIMIT_CPU, uint64(j.Seconds)},
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_NOFILE, openFiles},
	}
	// macOS neither keeps to RLIMIT_AS nor takes one below what is reserved;
	// there SQLite's own limit on its heap is the bound.
	if runtime.GOOS == "linux" {
		have, err := addressSpace()
		if err != nil {
			return err
		}
		limits = append(limits, limit{unix.RLIMIT_AS, have + uint64(j.Memory)})
	}
	for _, l := range limits {
		if err := setLimit(l.what, l.most); err != nil {
			return fmt.Errorf("setrlimit %d: %w", l.what, err)
		}
	}
	return nil
}

// openFiles is enough for the pipes, the runtime's own, and the database with
// its two companions.
const openFiles = 32

// addressSpace is the size of this process, by /proc/self/statm (proc(5)).
func addressSpace() (uint64, error) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, fmt.Errorf("size of this process: %w", err)
	}
	f := strings.Fields(string(b))
	if len(f) == 0 {
		return 0, fmt.Errorf("statm: unexpected text %.40q", b)
	}
	pages, err := strconv.ParseUint(f[0], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("statm: %w", err)
	}
	return pages * uint64(os.Getpagesize()), nil
}

func setLimit(what int, most uint64) error {
	return unix.Setrlimit(what, &unix.Rlimit{Cur: most, Max: most})
}
