package collector

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"muster/collector/search"
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// policies says what each device should hold: the settings of the groups it
// is in, the CAs to trust, and where collectors are. Membership is found anew
// every so often, because a filter such as ram<8GB changes its mind with the
// fleet; between two rounds an answer costs one look into a map.
type policies struct {
	inventory store.Inventory
	cas       func() [][]byte
	addresses []string
	log       *slog.Logger
	now       func() time.Time

	interval, largeInterval time.Duration
	largeFleet              int

	table atomic.Pointer[policyTable]
	wake  chan struct{}
}

type policyTable struct {
	base    policy
	devices map[inventory.DeviceID]*policy // those in any group
	members map[int64][]inventory.DeviceID // by group
	next    int64
}

type policy struct {
	report.Policy
	digest [8]byte
}

func newPolicies(inv store.Inventory, cas func() [][]byte, addresses []string, log *slog.Logger, now func() time.Time) *policies {
	return &policies{inventory: inv, cas: cas, addresses: addresses, log: log, now: now, wake: make(chan struct{}, 1)}
}

// Policy is what the device should hold, and its digest.
func (p *policies) Policy(id inventory.DeviceID) (report.Policy, [8]byte) {
	t := p.table.Load()
	if own, ok := t.devices[id]; ok {
		return own.Policy, own.digest
	}
	return t.base.Policy, t.base.digest
}

// Next is the seconds until the next report is welcome.
func (p *policies) Next() int64 { return p.table.Load().next }

// Interval is Next as a duration.
func (p *policies) Interval() time.Duration { return time.Duration(p.Next()) * time.Second }

// Changed asks for a new round soon: a group, or the set of CAs, is another.
func (p *policies) Changed() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// round is how often membership is found anew unless something changed.
const policyRound = 2 * time.Minute

// Run keeps the table fresh until ctx ends.
func (p *policies) Run(ctx context.Context) error {
	t := time.NewTicker(policyRound)
	defer t.Stop()
	for {
		if err := p.refresh(ctx); err != nil && ctx.Err() == nil {
			p.log.Error("group settings could not be worked out; the last ones hold", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		case <-p.wake:
		}
	}
}

// refresh works the table out once.
func (p *policies) refresh(ctx context.Context) error {
	base := report.Policy{CAs: p.cas(), Addresses: p.addresses}
	t := &policyTable{devices: map[inventory.DeviceID]*policy{}, members: map[int64][]inventory.DeviceID{}, next: int64(p.interval / time.Second)}
	d, err := base.Digest()
	if err != nil {
		return err
	}
	t.base = policy{base, d}
	groups, err := p.inventory.Groups(ctx)
	if err != nil {
		return fmt.Errorf("list groups: %w", err)
	}
	// From the lowest priority up, so that a higher one overwrites.
	slices.SortStableFunc(groups, func(a, b store.Group) int { return int(a.Priority - b.Priority) })
	members := map[inventory.DeviceID][]store.GroupSettings{}
	for _, g := range groups {
		expr, err := search.Parse(g.Filter)
		if err != nil {
			p.log.Error("a group's filter cannot be read, so it has no members", "group", g.Name, "error", err)
			continue
		}
		page, err := p.inventory.Devices(ctx, store.DeviceQuery{Scope: store.Scope{All: true}, Filter: expr, Personal: true, Now: p.now()})
		if err != nil {
			// A store that is busy for a moment is no reason to take settings
			// away from devices.
			p.log.Error("a group's filter cannot be answered; its last members stay", "group", g.Name, "error", err)
			if last := p.table.Load(); last != nil {
				t.members[g.ID] = last.members[g.ID]
			}
		}
		for _, dev := range page.Devices {
			t.members[g.ID] = append(t.members[g.ID], dev.ID)
		}
		for _, id := range t.members[g.ID] {
			members[id] = append(members[id], g.Settings)
		}
	}
	same := map[[8]byte]*policy{} // devices of the same groups share one
	for id, settings := range members {
		own := base
		for _, s := range settings {
			own = bend(own, s)
		}
		d, err := own.Digest()
		if err != nil {
			return err
		}
		if same[d] == nil {
			same[d] = &policy{own, d}
		}
		t.devices[id] = same[d]
	}
	counts, err := p.inventory.Counts(ctx)
	if err != nil {
		return fmt.Errorf("count devices: %w", err)
	}
	if counts.Devices > p.largeFleet {
		t.next = int64(p.largeInterval / time.Second)
	}
	p.table.Store(t)
	return nil
}

// bend lays a group's settings over a policy. Sections off add up; of
// everything else the higher priority wins.
func bend(p report.Policy, s store.GroupSettings) report.Policy {
	if s.SampleSeconds > 0 {
		p.SampleSeconds = s.SampleSeconds
	}
	if len(s.Off) > 0 {
		p.Off = slices.Compact(slices.Sorted(slices.Values(slices.Concat(p.Off, s.Off))))
	}
	if len(s.Cadence) > 0 {
		c := maps.Clone(p.Cadence)
		if c == nil {
			c = map[string]int64{}
		}
		maps.Copy(c, s.Cadence)
		p.Cadence = c
	}
	p.PerCore = p.PerCore || s.PerCore
	p.PerProcess = p.PerProcess || s.PerProcess
	return p
}
