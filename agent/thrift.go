package agent

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"muster/agent/config"
	"muster/agent/gather/metered"
	"muster/agent/gather/power"
	"muster/agent/host"
)

// thrift tells when what can wait had better: on the last of a battery, and on
// a network that is paid by what goes over it. It decides nothing else.
type thrift struct {
	host  *host.Host
	now   func() time.Time
	bound func() config.Pause
	// turned is told of each beginning and end, outside of locks; may be nil.
	turned func(why string)

	mu      sync.Mutex
	percent float64
	battery bool
	paid    bool
	looked  time.Time // at the battery
	asked   time.Time // about the network
	kind    string
	why     string
}

// How long an answer stands. A battery loses a percent in minutes; who changes
// the network has the agent hear of it soon enough, and asking costs a process
// on Linux.
const (
	batteryStands = time.Minute
	networkStands = 5 * time.Minute
)

// mostHeld is how long inventory waits for better times. A machine that has
// nothing but a telephone's network is still to be known.
const mostHeld = 24 * time.Hour

// Kinds of pause, as the catalogue has them (agent.paused).
const (
	onBattery = "battery"
	onMetered = "metered"
)

// look finds out, and says in words why to wait; empty when nothing is in the
// way.
func (t *thrift) look(ctx context.Context) string {
	t.mu.Lock()
	b, now := t.bound(), t.now()
	before := t.kind
	if b.Battery > 0 {
		if t.looked.IsZero() || now.Sub(t.looked).Abs() >= batteryStands {
			t.percent, t.battery = power.Draining(ctx, t.host)
			t.looked = now
		}
	}
	if b.Metered {
		if t.asked.IsZero() || now.Sub(t.asked).Abs() >= networkStands {
			t.paid = metered.Now(ctx, t.host)
			t.asked = now
		}
	}
	switch {
	case b.Battery > 0 && t.battery && t.percent <= float64(b.Battery):
		t.kind, t.why = onBattery, fmt.Sprintf("on battery at %.0f %%", math.Floor(t.percent))
	case b.Metered && t.paid:
		t.kind, t.why = onMetered, "on a metered network"
	default:
		t.kind, t.why = "", ""
	}
	why, changed := t.why, t.kind != before
	t.mu.Unlock()
	if changed && t.turned != nil {
		t.turned(why)
	}
	return why
}

// last is what the last look said, and the kind of pause it is.
func (t *thrift) last() (why, kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.why, t.kind
}
