package collector

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"muster/collector/health"
	"muster/collector/health/rule"
	"muster/collector/health/rules"
	"muster/collector/intake"
	"muster/collector/store"
)

// loadRules reads our own rules and the office's. A broken file of the
// office's is told and leaves the others standing.
func (c *collector) loadRules(before *rule.Set) (*rule.Set, error) {
	var office fs.FS
	dir := c.cfg.Health.Rules
	if dir != "" {
		office = os.DirFS(dir)
	}
	set, err := rule.Reload(rules.Files(), office, dir, before)
	if err != nil {
		return nil, fmt.Errorf("%w: check health.rules in the settings", err)
	}
	for _, p := range set.Problems {
		c.log.Error("a rule of the office cannot be used", "problem", p.Error())
	}
	for _, id := range slices.Sorted(maps.Keys(set.Broken)) {
		c.log.Error("rule "+id+" "+string(set.Broken[id]), "file", dir)
	}
	return set, nil
}

// openJudge makes the judge of this collector.
func (c *collector) openJudge() error {
	set, err := c.loadRules(nil)
	if err != nil {
		return err
	}
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

// draft reads a rule that is not in use yet.
func (c *collector) draft(file string, text []byte) (*rule.Set, error) {
	return rule.Draft(rules.Files(), c.judge.Rules(), file, text)
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

// rulesEvery is how often the office's rules are looked at for changes.
const rulesEvery = 30 * time.Second

// watchRules takes changed rules of the office into use without a restart.
func (c *collector) watchRules(ctx context.Context) error {
	dir := c.cfg.Health.Rules
	if dir == "" {
		<-ctx.Done()
		return nil
	}
	last := stampOf(dir)
	return every(ctx, rulesEvery, func() {
		now := stampOf(dir)
		if now == last {
			return
		}
		last = now
		set, err := c.loadRules(c.judge.Rules())
		if err != nil {
			c.log.Error("the office's rules cannot be read; those in use stay", "error", err)
			return
		}
		c.judge.Use(set)
		c.log.Info("rules were read anew", "rules", len(set.Rules))
	})
}

// stampOf changes whenever a file of a folder does.
func stampOf(dir string) string {
	list, err := os.ReadDir(dir)
	if err != nil {
		return err.Error()
	}
	var s string
	for _, e := range list {
		if st, err := os.Stat(filepath.Join(dir, e.Name())); err == nil {
			s += fmt.Sprintf("%s %d %d\n", e.Name(), st.Size(), st.ModTime().UnixNano())
		}
	}
	return s
}
