package clock

import (
	"context"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// ReadMac reads the section on macOS, where timed keeps the clock. It tells
// nobody how far off it is; that is measured against the collector.
func ReadMac(ctx context.Context, h *host.Host) (gather.Reading, error) {
	r := inventory.Clock{Service: "timed"}
	out, err := h.Run(ctx, "systemsetup-time")
	if err != nil {
		return gather.Reading{}, err
	}
	r.Enabled = parseNetworkTime(string(out))
	var faults []string
	if r.Enabled == nil {
		faults = append(faults, "systemsetup does not say whether the clock is set from the network: it tells that to root only")
	}
	if out, err := h.Run(ctx, "systemsetup-timeserver"); err != nil {
		faults = append(faults, err.Error())
	} else if s := parseTimeServer(string(out)); s != "" {
		r.Sources = []string{s}
	}
	reading, err := gather.Rows([]inventory.Clock{r}, "systemsetup")
	reading.Faults = faults
	return reading, err
}

// parseNetworkTime reads "Network Time: On" (systemsetup(8)); nil is an answer
// of another kind.
func parseNetworkTime(out string) *bool {
	switch strings.ToLower(said(out, "Network Time")) {
	case "on":
		return new(true)
	case "off":
		return new(false)
	}
	return nil
}

// parseTimeServer reads "Network Time Server: time.apple.com".
func parseTimeServer(out string) string {
	name := said(out, "Network Time Server")
	if name == "(null)" || strings.ContainsAny(name, " \t") || len(name) > 253 {
		return ""
	}
	return name
}

// said is what stands behind a name and a colon on a line of its own.
func said(out, name string) string {
	for line := range strings.Lines(out) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
