package health

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/collector/health/rule"
	"muster/collector/store"
)

// cost is what a rule has cost so far, by every 64th judgement.
type cost struct {
	asked  int64
	timed  int64
	over   int64 // of those, how many took longer than they may
	faults int
}

const (
	costEvery = 64
	// dearest is what a judgement may cost, in the median: where the machine is
	// busy with others, some take long whatever the rule. A hundred of these a
	// report would still leave a core for a thousand devices a second.
	dearest    = 200 * time.Microsecond
	leastTimed = 50
	mostTimed  = 500 // from then on the past counts half
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
	if c.timed++; time.Since(begin) > dearest {
		c.over++
	}
	if c.timed >= leastTimed && 2*c.over > c.timed {
		j.switchOff(j.plan.set.Rules[ri], fmt.Sprintf("it costs too much: %d of %d judgements took longer than %s", c.over, c.timed, dearest))
	}
	if c.timed >= mostTimed {
		c.timed, c.over = c.timed/2, c.over/2
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

// switchOff stops a rule and lets it be known: as a mark on the rule, and as an
// incident about the rule itself, for what it would find is missed from now on.
func (j *Judge) switchOff(r *rule.Rule, why string) {
	if j.off[r.ID] != "" {
		return
	}
	now := j.o.Now()
	j.off[r.ID] = why
	j.switched = append(j.switched, r.ID)
	j.o.Log.Error("rule switched off", "rule", r.ID, "reason", why)
	key := ruleKey(r.ID)
	inc := &incident{members: map[member]*state{}, why: why, s: store.Incident{Kind: store.RuleIncident, Key: key, Family: "system",
		Title: fmt.Sprintf("Rule %s is switched off: %s", r.ID, r.Title), Severity: string(rule.Warn), Status: store.New, OpenedAt: now, UpdatedAt: now,
		Rank: weight("warn", "measured"), Terms: []store.Term{{Name: "risk", Points: weight("warn", "measured"), Why: "what the rule would find is missed"}}}}
	j.inc.put(inc)
	j.inc.touch(inc)
	j.step(key, store.Step{At: now, Do: "opened", Text: why})
	j.announce(inc, now)
}

// switchedOn ends the incidents about rules that are on again, or in use no
// longer.
func (j *Judge) switchedOn(now time.Time) {
	for _, key := range j.inc.keys() {
		inc := j.inc.open[key]
		if inc.s.Kind != store.RuleIncident {
			continue
		}
		id := RuleSwitchedOff(key)
		i := j.plan.index(id)
		switch {
		case i < 0 || j.plan.set.Rules[i].Disabled:
			j.cleared(inc, now, "the rule is no longer used")
		case j.off[id] == "":
			j.costs[i] = cost{}
			j.cleared(inc, now, "the rule is on again")
		}
	}
}

const ruleKeys = "rule:"

func ruleKey(id string) string { return ruleKeys + id }

// RuleSwitchedOff is the ID of the rule that an incident of kind RuleIncident
// is about, by its key.
func RuleSwitchedOff(key string) string { return strings.TrimPrefix(key, ruleKeys) }

// AboutSwitchedOff are the texts of an incident about a rule.
func AboutSwitchedOff(id string) (meaning string, checks []string, escalate string) {
	return "A rule failed or took too long, so that Muster stopped it before it held up the others. All else is judged as before, but what this rule looks for is not found until it is on again.",
		[]string{
			"Read why: muster rule show " + id + " tells it, and whether the rule is Muster's or your office's.",
			"A rule of your office: mend its file, then try it with muster rule check and muster rule test.",
			"Switch it on with muster rule reset " + id + ". If it goes off again, disable it in a file of your office and report it.",
		},
		"When it is a rule of Muster's own and goes off again after a reset."
}

// keepSwitched makes durable which rules were switched off.
func (j *Judge) keepSwitched(ctx context.Context) error {
	j.mu.Lock()
	list, why := slices.Clone(j.switched), map[string]string{}
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
		j.mu.Lock()
		j.switched = slices.DeleteFunc(j.switched, func(x string) bool { return x == id })
		j.mu.Unlock()
	}
	return nil
}
