package collector

import (
	"context"
	"time"

	"muster/internal/inventory"
)

// chartEvery is how often ports that lead to other gear are marked. An atlas of
// a large fleet is kept longer than that.
const chartEvery = 2 * time.Minute

// chart tells the poller which ports lead to other gear. It says so in the rows
// of the ports, where searches, pages and people's SQL find it.
func (p *polling) chart(ctx context.Context) error {
	return every(ctx, chartEvery, func() {
		p.mu.Lock()
		none := len(p.targets) == 0
		p.mu.Unlock()
		if none {
			return
		}
		n, err := p.c.atlas.Network(ctx)
		if err != nil {
			if ctx.Err() == nil {
				p.c.log.Warn("ports that lead to other gear cannot be marked; marks stay as they are", "error", err)
			}
			return
		}
		marks := map[inventory.DeviceID]map[string]string{}
		for id, ports := range n.Uplinks() {
			marks[id] = make(map[string]string, len(ports))
			for port, why := range ports {
				marks[id][port] = string(why)
			}
		}
		p.uplinks.Store(&marks)
	})
}

// uplinksOf are the ports of a device that lead to other gear, with why; nil
// before that was worked out.
func (p *polling) uplinksOf(id inventory.DeviceID) map[string]string {
	m := p.uplinks.Load()
	if m == nil {
		return nil
	}
	if ports := (*m)[id]; ports != nil {
		return ports
	}
	return map[string]string{}
}
