package api

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"muster/collector/saved"
	"muster/internal/inventory"
)

// Refresher asks devices for everything anew.
type Refresher interface {
	// Refresh asks: what is polled at once, an agent at its next contact.
	Refresh(ctx context.Context, id inventory.DeviceID) (Refresh, error)
	// Refreshed is what became of the last time in a day; false: there was none.
	Refreshed(id inventory.DeviceID) (Refresh, bool)
}

// Refresh is a wish to have all of a device anew, and what became of it.
type Refresh struct {
	AskedAt  time.Time `json:"asked_at"`
	ToldAt   time.Time `json:"told_at,omitzero" doc:"When the device was told. Absent: it has not been in touch since."`
	CameAt   time.Time `json:"came_at,omitzero" doc:"When all had come. Absent: not yet."`
	Sections int       `json:"sections,omitempty" doc:"How many sections it was asked for."`
	Left     int       `json:"left,omitempty" doc:"Of them, those that have not come."`
}

// Bounds of asking anew: reading everything costs a device seconds of work.
const (
	refreshEvery  = time.Minute      // of one device
	refreshWaits  = 10 * time.Minute // a wish that is on its way is not made again
	refreshBurst  = 30               // devices at once, of one who asks
	refreshPerMin = 6                // and then
)

// askers bound how many devices one asks anew.
type askers struct {
	mu sync.Mutex
	of map[string]*rate.Limiter
}

func (a *askers) may(who string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.of == nil || len(a.of) > 10_000 {
		a.of = map[string]*rate.Limiter{}
	}
	if a.of[who] == nil {
		a.of[who] = rate.NewLimiter(refreshPerMin/60.0, refreshBurst)
	}
	return a.of[who].AllowN(now, 1)
}

// deviceRefresh asks a device for everything. One that was just asked is not
// asked again: the answer is what became of that.
func (s *Server) deviceRefresh(ctx context.Context, in *RefInput) (Refresh, error) {
	if s.d.Refresher == nil {
		return Refresh{}, NewProblem(notOffered, "this collector cannot ask devices")
	}
	d, err := s.find(ctx, in.Ref)
	if err != nil {
		return Refresh{}, err
	}
	onto(ctx, string(d.ID))
	if !d.RetiredAt.IsZero() {
		return Refresh{}, NewProblem(conflict, "%s is retired: take it back into use first", nameOr(d.Name, string(d.ID)))
	}
	now := s.d.Now()
	if last, ok := s.d.Refresher.Refreshed(d.ID); ok {
		if age := now.Sub(last.AskedAt); age < refreshEvery || last.CameAt.IsZero() && age < refreshWaits {
			return last, nil
		}
	}
	if !s.askers.may(saved.OwnerOf(actorOf(ctx)), now) {
		return Refresh{}, NewProblem(tooOften, "that is many devices in a short time, and each has to read everything it has: try again in a minute")
	}
	return s.d.Refresher.Refresh(ctx, d.ID)
}

func nameOr(name, id string) string {
	if name == "" {
		return id
	}
	return name
}
