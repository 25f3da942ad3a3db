package sysload

import (
	"context"
	"fmt"
	"strings"

	"muster/agent/gather"
	"muster/agent/gather/apple"
	"muster/agent/host"
)

// fromSysctl puts the load of a Mac.
func fromSysctl(ctx context.Context, h *host.Host, to gather.Sink) error {
	out, err := h.Run(ctx, "sysctl-load")
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	l, err := parseAverages(apple.Lines(out)["vm.loadavg"])
	if err != nil {
		return err
	}
	to.Put("system", "load1", l.One)
	to.Put("system", "load5", l.Five)
	to.Put("system", "load15", l.Fifteen)
	return nil
}

// parseAverages reads "{ 2.50 2.10 1.95 }", which has the form of the begin of
// /proc/loadavg but for the brackets.
func parseAverages(s string) (Load, error) {
	w := strings.Fields(strings.Trim(s, "{} "))
	if len(w) != 3 {
		return Load{}, fmt.Errorf("vm.loadavg: unexpected text %.40q", s)
	}
	return ParseLoad([]byte(strings.Join(w, " ") + " 0/0 0"))
}
