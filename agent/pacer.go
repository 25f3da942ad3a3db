package agent

import (
	"context"
	"time"
)

// pacer holds the readings of a round to their share of processor time: after
// each it rests until what was taken since the round began is no more than
// that. It bounds where no control group does.
type pacer struct {
	share float64              // of one core, above 0; 0 is no bound
	cost  func() time.Duration // processor time taken up to now, children that ended included

	begun time.Time
	taken time.Duration
}

// longRest bounds one rest, so that a lie of the system's accounts does not
// stop the agent.
const longRest = 10 * time.Second

func (p *pacer) begin(now time.Time) {
	if p.cost != nil {
		p.begun, p.taken = now, p.cost()
	}
}

// rest waits. Rests of less than a few milliseconds are put off to the next.
func (p *pacer) rest(ctx context.Context, now func() time.Time) {
	if p.cost == nil || p.share <= 0 || p.share >= 1 {
		return
	}
	used := p.cost() - p.taken
	if d := time.Duration(float64(used)/p.share) - now().Sub(p.begun); d > 5*time.Millisecond {
		pause(ctx, min(d, longRest))
	}
}
