// Package clock reads section clock: what keeps the clock and whether it
// agrees; and samples how wrong it is against the collector (measurement
// clock).
//
// It owns the settings of time services and their words for being in time. It
// must not set anything.
package clock

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Kernel is what the kernel believes of its clock, adjtimex(2).
type Kernel struct {
	Synced bool
	Error  time.Duration // greatest error it believes in
}

// Reader reads the section. Kernel asks the kernel; Read uses this machine's.
type Reader struct {
	Kernel func() (Kernel, error)
}

// Read reads the section of this machine.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	return Reader{Kernel: Ask}.Read(ctx, h)
}

// Read reads the section.
func (rd Reader) Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	var r inventory.Clock
	var faults []string
	asked := []string{"files"}
	k, err := rd.Kernel()
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		if r, other := fromRegistry(h); !errors.Is(other, errors.ErrUnsupported) {
			return r, other
		}
		return gather.Reading{}, err
	case err != nil:
		faults = append(faults, err.Error())
	default:
		asked = append(asked, "adjtimex")
		r.Synchronized = &k.Synced
	}
	r.Clocksource = h.Line("/sys/devices/system/clocksource/clocksource0/current_clocksource")
	if text, err := h.ReadFile("/etc/adjtime"); err == nil {
		if utc, ok := parseAdjtime(string(text)); ok {
			r.HardwareUTC = &utc
		}
	}
	s, enabled := pick(h)
	r.Service, r.Enabled = s.name, &enabled
	for _, pattern := range s.settings {
		for _, name := range h.Glob(pattern) {
			f, err := h.Open(name)
			if err != nil {
				continue
			}
			r.Sources = append(r.Sources, parseServers(io.LimitReader(f, maxSettings))...)
			f.Close()
		}
	}
	slices.Sort(r.Sources)
	r.Sources = slices.Compact(r.Sources)
	r.Sources = r.Sources[:min(len(r.Sources), maxServers)]
	switch s.name {
	case "chrony":
		out, err := h.Run(ctx, "chronyc")
		switch {
		case err == nil:
			asked = append(asked, "chronyc")
			parseTracking(string(out), &r)
		case !errors.Is(err, host.ErrNoProgram):
			faults = append(faults, fmt.Sprintf("what chrony says: %v", err))
		}
	case "systemd-timesyncd":
		// Touched at each agreement (systemd-timesyncd.service(8)).
		if fi, err := h.Stat("/run/systemd/timesync/synchronized"); err == nil {
			r.SyncedAt = fi.ModTime().Truncate(time.Second)
		} else if fi, err := h.Stat("/var/lib/systemd/timesync/clock"); err == nil && k.Synced {
			r.SyncedAt = fi.ModTime().Truncate(time.Second)
		}
	}
	reading, err := gather.Rows([]inventory.Clock{r}, asked...)
	reading.Faults = faults
	return reading, err
}

const (
	maxSettings = 64 << 10
	maxServers  = 16
)

// service is one that keeps clocks.
type service struct {
	name     string
	running  []string // what is there while it runs
	enabled  []string // and when it starts with the machine
	settings []string
}

func services() []service {
	units := func(names ...string) (list []string) {
		for _, n := range names {
			list = append(list, "/etc/systemd/system/*.wants/"+n+".service", "/etc/runlevels/default/"+n)
		}
		return list
	}
	return []service{
		{
			name: "chrony", running: []string{"/run/chrony/chronyd.pid", "/run/chronyd.pid"}, enabled: units("chrony", "chronyd"),
			settings: []string{"/etc/chrony.conf", "/etc/chrony/chrony.conf", "/etc/chrony/conf.d/*.conf", "/etc/chrony/sources.d/*.sources", "/etc/chrony.d/*.conf"},
		},
		{
			name: "ntpd", running: []string{"/run/ntpd.pid"}, enabled: units("ntp", "ntpd", "ntpsec"),
			settings: []string{"/etc/ntp.conf", "/etc/ntpsec/ntp.conf"},
		},
		{
			name: "openntpd", running: []string{"/run/ntpd.sock"}, enabled: units("openntpd"),
			settings: []string{"/etc/ntpd.conf", "/etc/openntpd/ntpd.conf"},
		},
		{
			name: "systemd-timesyncd", running: []string{"/run/systemd/timesync/synchronized"}, enabled: units("systemd-timesyncd"),
			settings: []string{"/etc/systemd/timesyncd.conf", "/etc/systemd/timesyncd.conf.d/*.conf", "/run/systemd/timesyncd.conf.d/*.conf", "/usr/lib/systemd/timesyncd.conf.d/*.conf"},
		},
	}
}

// pick finds the service that runs, or else the one that should.
func pick(h *host.Host) (service, bool) {
	any := func(list []string) bool {
		return slices.ContainsFunc(list, func(p string) bool { return len(h.Glob(p)) > 0 })
	}
	for _, s := range services() {
		if any(s.running) {
			return s, true
		}
	}
	for _, s := range services() {
		if any(s.enabled) {
			return s, true
		}
	}
	return service{}, false
}

// parseAdjtime reads the third line of adjtime_config(5): UTC or LOCAL.
func parseAdjtime(text string) (utc, ok bool) {
	lines := strings.Split(text, "\n")
	if len(lines) < 3 {
		return false, false
	}
	switch strings.TrimSpace(lines[2]) {
	case "UTC":
		return true, true
	case "LOCAL":
		return false, true
	}
	return false, false
}

// parseServers reads the servers of chrony.conf(5), ntp.conf(5), ntpd.conf(5)
// ("server NAME", "pool NAME" …) and timesyncd.conf(5) ("NTP=NAME NAME").
func parseServers(r io.Reader) []string {
	var list []string
	s := bufio.NewScanner(r)
	for s.Scan() && len(list) < maxServers {
		line := strings.TrimSpace(s.Text())
		if names, ok := strings.CutPrefix(line, "NTP="); ok {
			for n := range strings.FieldsSeq(names) {
				list = add(list, n)
			}
			continue
		}
		w := strings.Fields(line)
		if len(w) < 2 {
			continue
		}
		switch strings.ToLower(w[0]) {
		case "server", "servers", "pool", "peer", "refclock":
			list = add(list, w[1])
		}
	}
	return list
}

func add(list []string, name string) []string {
	if len(name) > 253 || strings.HasPrefix(name, "#") {
		return list
	}
	return append(list, name)
}

// parseTracking reads "chronyc -c tracking" (chronyc(1)): reference, name,
// stratum, time of the last agreement, offset of the system's clock …, state
// of leap seconds.
func parseTracking(out string, r *inventory.Clock) {
	f := strings.Split(strings.TrimSpace(out), ",")
	if len(f) < 14 {
		return
	}
	if n, err := strconv.ParseInt(f[2], 10, 64); err == nil && n >= 0 && n <= 16 {
		r.Stratum = &n
	}
	if len(f[1]) <= 253 {
		r.Source = f[1]
	}
	if at, err := strconv.ParseFloat(f[3], 64); err == nil && at > 0 && at < 1<<36 {
		r.SyncedAt = time.Unix(int64(at), 0).UTC()
	}
	if off, err := strconv.ParseFloat(f[4], 64); err == nil && !math.IsNaN(off) && math.Abs(off) < 1e9 {
		r.OffsetSeconds = &off
	}
	synced := f[13] != "Not synchronised"
	r.Synchronized = &synced
}

// Sampler puts how wrong the clock is. Offset gives this clock less the
// collector's, as of the last answer; false before the first, and when that is
// old.
type Sampler struct {
	Offset func() (seconds float64, ok bool)
	Kernel func() (Kernel, error) // default Ask
}

// Name of the sampler in logs.
func (*Sampler) Name() string { return "clock" }

// Sample puts what is known.
func (s *Sampler) Sample(_ context.Context, _ *host.Host, to gather.Sink) error {
	if off, ok := s.Offset(); ok {
		to.Put("clock", "offset_seconds", off)
	}
	ask := s.Kernel
	if ask == nil {
		ask = Ask
	}
	k, err := ask()
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	synced := 0.0
	if k.Synced {
		synced = 1
	}
	to.Put("clock", "synced", synced)
	to.Put("clock", "error_seconds", k.Error.Seconds())
	return nil
}
