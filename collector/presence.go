package collector

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"muster/collector/health"
	"muster/collector/store"
	"muster/internal/event"
	"muster/internal/inventory"
)

// presence keeps each device's presence up to date in the store: judged once
// a minute for all, and at once when a silent device speaks.
type presence struct {
	inventory store.Inventory
	interval  func() time.Duration
	now       func() time.Time
	log       *slog.Logger

	mu   sync.Mutex
	seen map[inventory.DeviceID]time.Time // since the last round
}

// Seen is told of each committed report.
func (p *presence) Seen(id inventory.DeviceID, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[id] = at
}

// Run judges until ctx ends.
func (p *presence) Run(ctx context.Context) error {
	t := time.NewTicker(15 * time.Second)
	defer t.Stop()
	for n := 0; ; n++ {
		// All devices each fourth time; between, only those that spoke, since
		// silence takes minutes to mean anything.
		if err := p.judge(ctx, n%4 == 0); err != nil && ctx.Err() == nil {
			p.log.Error("presence could not be judged", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

func (p *presence) judge(ctx context.Context, all bool) error {
	p.mu.Lock()
	seen := p.seen
	p.seen = map[inventory.DeviceID]time.Time{}
	p.mu.Unlock()
	if len(seen) == 0 && !all {
		return nil
	}
	page, err := p.inventory.Devices(ctx, store.DeviceQuery{Scope: store.Scope{All: true}, Now: p.now()})
	if err != nil {
		return err
	}
	stopped, err := p.stopped(ctx)
	if err != nil {
		return err
	}
	changed := map[inventory.DeviceID]store.Presence{}
	for _, d := range page.Devices {
		o := health.Observed{Kind: d.Kind, LastSeen: d.LastSeen, Retired: !d.RetiredAt.IsZero(), Interval: p.interval()}
		if at, ok := stopped[d.ID]; ok && !d.LastSeen.After(at) {
			o.Stopped = at
		}
		if now := health.Presence(o, p.now()); now != d.Presence {
			changed[d.ID] = now
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return p.inventory.SetPresence(ctx, changed)
}

// stopped lists the devices that said good night lately, by when that word
// came in.
func (p *presence) stopped(ctx context.Context) (map[inventory.DeviceID]time.Time, error) {
	rows, err := p.inventory.Events(ctx, store.EventQuery{Scope: store.Scope{All: true},
		Kinds: []string{event.CleanStop, event.Sleep}, From: p.now().Add(-24 * time.Hour)})
	if err != nil {
		return nil, err
	}
	out := map[inventory.DeviceID]time.Time{}
	for _, r := range rows {
		if r.ReceivedAt.After(out[r.Device]) {
			out[r.Device] = r.ReceivedAt
		}
	}
	return out, nil
}
