package boot

import (
	"errors"
	"io/fs"
	"strings"
	"time"

	"muster/agent/host"
	"muster/internal/inventory"
)

// fromWindows works the last start out of the time since, and reads what is
// written when the system stops.
func fromWindows(h *host.Host) (r inventory.Boot, asked, faults []string, err error) {
	up, err := h.Mono()
	if err != nil {
		return r, nil, nil, err
	}
	k, err := h.Key(host.View64, `HKLM\SYSTEM\CurrentControlSet\Control\CrashControl`, "CrashDumpEnabled", "FilterPages", "DumpFile")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r, nil, nil, err
	}
	// With Fast Startup the count goes on over a shutdown, and this is the last
	// real start; how the machine came up last is told by the event log.
	r.StartedAt = h.Now().Add(-up).UTC().Truncate(time.Second)
	r.RestartedAt, r.Kind = r.StartedAt, "unknown"
	if n, ok := k.Number("CrashDumpEnabled"); ok {
		r.DumpKind = dumpKind(n)
		if filter, _ := k.Number("FilterPages"); n == 1 && filter == 1 {
			r.DumpKind = "active"
		}
	}
	file := k.Text("DumpFile")
	if p := `%SystemRoot%\`; len(file) > len(p) && strings.EqualFold(file[:len(p)], p) {
		file = `C:\Windows\` + file[len(p):]
	}
	if r.DumpKind != "none" && len(file) > 2 && file[1] == ':' {
		r.DumpTarget = file[:2]
	}
	asked = []string{"kernel", "registry"}
	if r.FirmwareSecs, err = firmware(h); err != nil {
		faults = append(faults, err.Error())
	}
	told, more := fromEvents(h, &r)
	if told {
		asked = append(asked, "event_log")
	}
	return r, asked, append(faults, more...), nil
}

// dumpKind names CrashDumpEnabled.
func dumpKind(n uint64) string {
	switch n {
	case 0:
		return "none"
	case 1:
		return "complete"
	case 2:
		return "kernel"
	case 3:
		return "small"
	case 7:
		return "automatic"
	}
	return "other"
}
