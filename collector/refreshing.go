package collector

import (
	"context"

	"muster/collector/api"
	"muster/collector/intake"
	"muster/collector/store"
	"muster/internal/inventory"
)

// refreshing asks devices anew: gear at once, agents with the answer to their
// next report.
type refreshing struct{ c *collector }

// Refresh asks one.
func (r refreshing) Refresh(ctx context.Context, id inventory.DeviceID) (api.Refresh, error) {
	targets, err := r.c.control.Targets(ctx, store.TargetQuery{Device: id})
	if err != nil {
		return api.Refresh{}, err
	}
	for _, t := range targets {
		if t.Device == id && r.c.polling.poller.Again(pollID(t)) {
			return shownAsk(r.c.door.Refresh(id, true))
		}
	}
	return shownAsk(r.c.door.Refresh(id, false))
}

// Refreshed is what became of it.
func (r refreshing) Refreshed(id inventory.DeviceID) (api.Refresh, bool) {
	a, ok := r.c.door.Asked(id)
	if !ok {
		return api.Refresh{}, false
	}
	out, _ := shownAsk(a, true)
	return out, true
}

func shownAsk(a intake.Ask, ok bool) (api.Refresh, error) {
	if !ok {
		return api.Refresh{}, api.NewProblem("busy", "too many devices are being asked at the moment: try again in some minutes")
	}
	return api.Refresh{AskedAt: a.At, ToldAt: a.ToldAt, CameAt: a.CameAt, Sections: a.Of, Left: a.Left}, nil
}
