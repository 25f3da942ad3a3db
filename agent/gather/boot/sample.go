package boot

import (
	"context"
	"errors"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Sampler puts how long the last start took, once a start (measurement boot).
type Sampler struct {
	// Told says whether it was put for this start, Tell that it is now.
	Told func() bool
	Tell func()

	over bool
	next time.Time
}

const (
	// fresh is how long after the start its length is worth a sample: later it
	// would stand at the wrong time.
	fresh = time.Hour
	again = 30 * time.Second
)

// Name of the sampler in logs.
func (*Sampler) Name() string { return "boot" }

// Sample asks systemd, or Windows, until the start is over.
func (s *Sampler) Sample(ctx context.Context, h *host.Host, to gather.Sink) error {
	if s.over || h.Now().Before(s.next) {
		return nil
	}
	up, err := h.Mono()
	if err != nil || up > fresh || s.Told() {
		s.over = true
		return err
	}
	s.next = h.Now().Add(again)
	if s.windows(h, up, to) || !h.Exists("/run/systemd/system") {
		return nil
	}
	out, err := h.Run(ctx, "systemctl-manager")
	if err != nil {
		s.over = errors.Is(err, host.ErrNoProgram)
		return err
	}
	var r inventory.Boot
	parseManager(string(out), &r)
	if r.BootSeconds == nil {
		return nil // it still starts
	}
	core := *r.BootSeconds
	if r.FirmwareSecs != nil {
		core += *r.FirmwareSecs
		to.Put("boot", "firmware_seconds", *r.FirmwareSecs)
	}
	to.Put("boot", "core_seconds", core)
	s.over = true
	s.Tell()
	return nil
}

// windows puts what Windows has measured, as soon as it has; it says whether
// the start is over.
func (s *Sampler) windows(h *host.Host, up time.Duration, to gather.Sink) bool {
	t, ok := took(h, h.Now().Add(-up))
	if !ok || t.core == nil {
		return false
	}
	core := *t.core
	if fw, err := firmware(h); err == nil && fw != nil {
		core += *fw
		to.Put("boot", "firmware_seconds", *fw)
	}
	to.Put("boot", "core_seconds", core)
	if t.signin != nil {
		to.Put("boot", "signin_seconds", *t.signin)
	}
	s.over = true
	s.Tell()
	return true
}
