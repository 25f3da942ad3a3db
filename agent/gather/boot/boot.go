// Package boot reads section boot: the last start of the machine and how long
// it took.
//
// It owns the boot time and what systemd measured of the start. It must not
// judge how the run before ended: that is told by events.
package boot

import (
	"bufio"
	"context"
	"io"
	"strconv"
	"strings"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	row, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows([]inventory.Boot{row}, asked...)
	r.Faults = faults
	return r, err
}

// parseStat finds the time the kernel started in /proc/stat (btime).
func parseStat(r io.Reader) time.Time {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 4096), 1<<20) // the line of interrupts is long
	for s.Scan() {
		if v, ok := strings.CutPrefix(s.Text(), "btime "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
			if err != nil || n <= 0 || n > 1<<40 {
				return time.Time{}
			}
			return time.Unix(n, 0).UTC()
		}
	}
	return time.Time{}
}

// parseManager reads what systemd measured, in microseconds: of firmware and
// loader before the kernel started, of user space and of the end of starting
// after it, systemd-analyze(1).
func parseManager(out string, r *inventory.Boot) {
	at := map[string]float64{}
	for line := range strings.Lines(out) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || len(at) > 16 {
			continue
		}
		if n, err := strconv.ParseUint(value, 10, 53); err == nil && n > 0 {
			at[key] = float64(n/1000) / 1000
		}
	}
	if v, ok := at["FirmwareTimestampMonotonic"]; ok { // counted back from the kernel's start
		r.FirmwareSecs = &v
	}
	if v, ok := at["FinishTimestampMonotonic"]; ok {
		r.BootSeconds = &v
	}
}
