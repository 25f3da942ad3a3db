package boot

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"time"

	"muster/agent/gather/apple"
	"muster/agent/host"
	"muster/internal/inventory"
)

// bootTime is how sysctl(8) prints a time: "{ sec = 1717400000, usec = 123456 }
// Mon Jun  3 07:33:20 2024".
var bootTime = regexp.MustCompile(`^\{ sec = ([0-9]{1,12}), usec = ([0-9]{1,6}) \}`)

// readMac reads the section on macOS. Why the run before ended is in the
// unified log alone, which takes long to search, and is not looked for.
func readMac(ctx context.Context, h *host.Host) (inventory.Boot, []string, []string, error) {
	v, err := apple.Kernel(ctx, h)
	if err != nil {
		return inventory.Boot{}, nil, nil, err
	}
	at, ok := timeOf(v["kern.boottime"])
	if !ok {
		return inventory.Boot{}, nil, nil, errors.New("sysctl does not say when the kernel started")
	}
	// A Mac has no start that only looks like one.
	return inventory.Boot{StartedAt: at, RestartedAt: at, Kind: "unknown"}, []string{"sysctl"}, nil, nil
}

func timeOf(s string) (time.Time, bool) {
	m := bootTime.FindStringSubmatch(s)
	if m == nil {
		return time.Time{}, false
	}
	sec, err := strconv.ParseInt(m[1], 10, 64)
	return time.Unix(sec, 0).UTC(), err == nil && sec > 0
}
