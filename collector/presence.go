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

	// Of the last full round; touched by Run alone.
	known map[inventory.DeviceID]store.Presence
}

// Seen is told of each committed report.
func (p *presence) Seen(id inventory.DeviceID, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[id] = at
}

// Run judges until ctx ends.
func (p *presence) Run(ctx context.Context) error {
	t := time.NewTicker(10 * time.Second)
	defer t.Stop()
	for n := 0; ; n++ {
		// All devices once a minute: silence takes minutes to mean anything.
		// Between, only those that spoke and were not thought to be there.
		judge := p.spoke
		if n%6 == 0 {
			judge = p.all
		}
		if err := judge(ctx); err != nil && ctx.Err() == nil {
			p.log.Error("presence could not be judged", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

func (p *presence) take() map[inventory.DeviceID]time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := p.seen
	p.seen = map[inventory.DeviceID]time.Time{}
	return seen
}

// spoke marks devices that came back.
func (p *presence) spoke(ctx context.Context) error {
	changed := map[inventory.DeviceID]store.Presence{}
	for id := range p.take() {
		if now := p.known[id]; now != store.Online && now != store.Retired {
			changed[id] = store.Online
		}
	}
	return p.set(ctx, changed)
}

// all judges the whole fleet.
func (p *presence) all(ctx context.Context) error {
	p.take()
	page, err := p.inventory.Devices(ctx, store.DeviceQuery{Scope: store.Scope{All: true}, Now: p.now()})
	if err != nil {
		return err
	}
	stopped, err := p.stopped(ctx)
	if err != nil {
		return err
	}
	known := make(map[inventory.DeviceID]store.Presence, len(page.Devices))
	changed := map[inventory.DeviceID]store.Presence{}
	for _, d := range page.Devices {
		known[d.ID] = d.Presence
		o := health.Observed{Kind: d.Kind, LastSeen: d.LastSeen, Retired: !d.RetiredAt.IsZero(), Interval: p.interval()}
		if at, ok := stopped[d.ID]; ok && !d.LastSeen.After(at) {
			o.Stopped = at
		}
		if now := health.Presence(o, p.now()); now != d.Presence {
			changed[d.ID] = now
		}
	}
	p.known = known
	return p.set(ctx, changed)
}

func (p *presence) set(ctx context.Context, changed map[inventory.DeviceID]store.Presence) error {
	if len(changed) == 0 {
		return nil
	}
	if err := p.inventory.SetPresence(ctx, changed); err != nil {
		return err
	}
	for id, now := range changed {
		p.known[id] = now
	}
	return nil
}

// stopped lists the devices that said good night lately, by when that word
// came in.
func (p *presence) stopped(ctx context.Context) (map[inventory.DeviceID]time.Time, error) {
	rows, err := p.inventory.Events(ctx, store.EventQuery{Scope: store.Scope{All: true},
		Kinds: []string{event.CleanStop, event.Sleep, event.AgentStopped}, From: p.now().Add(-24 * time.Hour)})
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
