//go:build unix

package query

import (
	"fmt"
	"os"
	"os/exec"
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
	have, err := addressSpace()
	if err != nil {
		return err
	}
	for _, l := range []struct {
		what int
		most uint64
	}{
		{unix.RLIMIT_AS, have + uint64(j.Memory)},
		{unix.RLIMIT_FSIZE, 0},
		{unix.RLIMIT_CPU, uint64(j.Seconds)},
		{unix.RLIMIT_CORE, 0},
	} {
		if err := setLimit(l.what, l.most); err != nil {
			return fmt.Errorf("setrlimit %d: %w", l.what, err)
		}
	}
	return nil
}

// addressSpace is the size of this process, by /proc/self/statm (proc(5));
// where there is no such file, a generous guess.
func addressSpace() (uint64, error) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 4 << 30, nil
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
