package health

import (
	"context"
	"fmt"
	"time"

	"muster/collector/health/rule"
)

// cost is what a rule has cost so far, by every 64th judgement.
type cost struct {
	asked  int64
	timed  int64
	took   time.Duration
	faults int
}

const (
	costEvery = 64
	// dearest is what a judgement may cost in the mean: a hundred of these a
	// report would still leave a core for a thousand devices a second.
	dearest    = 200 * time.Microsecond
	leastTimed = 50
	// mostFaults is how often a rule may fail before it is switched off.
	mostFaults = 3
)

// ask evaluates a condition and watches what that costs.
func (j *Judge) ask(ri int, p *rule.Program, v *view) (rule.Verdict, error) {
	c := &j.costs[ri]
	c.asked++
	if c.asked%costEvery != 0 {
		return p.Judge(v)
	}
	begin := time.Now()
	verdict, err := p.Judge(v)
	c.timed++
	c.took += time.Since(begin)
	if c.timed >= leastTimed && c.took/time.Duration(c.timed) > dearest {
		r := j.plan.set.Rules[ri]
		j.switchOff(r, fmt.Sprintf("it costs too much: %s a judgement in the mean, %s are allowed", (c.took/time.Duration(c.timed)).Round(time.Microsecond), dearest))
	}
	return verdict, err
}

// fault notes that a rule failed; one that goes on failing is switched off.
func (j *Judge) fault(r *rule.Rule, err error, now time.Time) {
	c := &j.costs[j.plan.index(r.ID)]
	c.faults++
	if c.faults >= mostFaults {
		j.switchOff(r, err.Error())
	}
}

// switchOff stops a rule and lets it be known: as a mark on the rule, and as a
// finding that is about no device.
func (j *Judge) switchOff(r *rule.Rule, why string) {
	if j.off[r.ID] != "" {
		return
	}
	j.off[r.ID] = why
	j.switched = append(j.switched, r.ID)
	j.o.Log.Error("rule switched off", "rule", r.ID, "reason", why)
}

// keepSwitched makes durable which rules were switched off.
func (j *Judge) keepSwitched(ctx context.Context) error {
	j.mu.Lock()
	list, why := j.switched, map[string]string{}
	j.switched = nil
	for _, id := range list {
		why[id] = j.off[id]
	}
	j.mu.Unlock()
	if j.o.Keeper == nil {
		return nil
	}
	for _, id := range list {
		if err := j.o.Keeper.SwitchOff(ctx, id, why[id], j.o.Now()); err != nil {
			return fmt.Errorf("note that rule %s is off: %w", id, err)
		}
	}
	return nil
}
