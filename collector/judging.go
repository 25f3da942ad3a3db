package collector

import (
	"context"
	"fmt"
	"os"
	"time"

	"muster/collector/health"
	"muster/collector/health/rule"
	"muster/collector/intake"
	"muster/collector/rulebook"
	"muster/collector/store"
)

// openJudge makes the judge of this collector.
func (c *collector) openJudge(ctx context.Context) error {
	var err error
	c.rules, err = rulebook.Open(ctx, rulebook.Options{Dir: c.cfg.Health.Rules, Store: c.control, Log: c.log, Use: func(set *rule.Set) { c.judge.Use(set) }})
	if err != nil {
		return err
	}
	set := c.rules.Rules()
	zone := time.Local
	if name := c.cfg.Health.Zone; name != "" {
		if zone, err = time.LoadLocation(name); err != nil {
			return fmt.Errorf("health.zone: %w", err)
		}
	}
	var flaws health.Flaws
	if path := c.cfg.Health.Flaws; path != "" {
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("health.flaws: %w", err)
		}
		defer f.Close()
		if flaws, err = health.ReadFlaws(f); err != nil {
			return fmt.Errorf("health.flaws: %s: %w", path, err)
		}
	}

	c.judging = health.Options{Rules: set, Keeper: c.inventory, Inventory: c.inventory, Series: c.series, Log: c.log, Now: c.now,
		Interval: c.policies.Interval, Zone: zone, Flaws: flaws, News: func() { c.notifier.Wake() }}
	c.judge, err = health.New(c.judging)
	return err
}

// replay holds a rule against what the stores hold.
func (c *collector) replay(ctx context.Context, set *rule.Set, rule string, devices []store.Device, since time.Time) ([]health.Replayed, error) {
	o := c.judging
	o.Rules = set
	return health.Replay(ctx, o, rule, devices, since)
}

// taken hands what became durable to the judge.
func (c *collector) taken(t intake.Taken) {
	o := health.Observation{Device: t.Device, At: t.At, ReceivedAt: t.ReceivedAt, Sections: t.Sections, Events: t.Events}
	for _, s := range t.Samples {
		n := health.Numbers{At: t.At.Add(-time.Duration(max(s.At, 0)) * time.Millisecond), Hash: s.Layout, Values: s.Values}
		for _, l := range t.Layouts {
			if l.Hash() == s.Layout {
				n.Layout = l
			}
		}
		o.Samples = append(o.Samples, n)
	}
	c.judge.Offer(o)
}
