package api

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"muster/collector/store"
)

func (s *Server) targetList(ctx context.Context, in *TargetListInput) (TargetList, error) {
	g, err := s.gear()
	if err != nil {
		return TargetList{}, err
	}
	limit := orDefault(in.Limit)
	q := store.TargetQuery{Limit: limit + 1}
	var known []string
	for _, x := range store.TargetStates() {
		known = append(known, string(x))
	}
	states, err := words("state", in.States, known)
	if err != nil {
		return TargetList{}, err
	}
	for _, x := range states {
		q.States = append(q.States, store.TargetState(x))
	}
	if q.Site, err = s.siteNumber(ctx, in.Site); err != nil {
		return TargetList{}, err
	}
	if in.Network != "" {
		list, err := networks("network", []string{in.Network})
		if err != nil {
			return TargetList{}, err
		}
		q.Network = list[0]
	}
	list, err := g.Targets.Targets(ctx, q)
	if err != nil {
		return TargetList{}, err
	}
	counts, err := g.Targets.CountTargets(ctx)
	if err != nil {
		return TargetList{}, err
	}
	out := TargetList{Targets: []Target{}, Counts: map[string]int{}, More: len(list) > limit}
	for state, n := range counts {
		out.Counts[string(state)] = n
	}
	names, err := s.siteNames(ctx)
	if err != nil {
		return TargetList{}, err
	}
	for _, t := range list[:min(limit, len(list))] {
		shown, err := s.shownTarget(ctx, t, names)
		if err != nil {
			return TargetList{}, err
		}
		out.Targets = append(out.Targets, shown)
	}
	return out, nil
}

func (s *Server) shownTarget(ctx context.Context, t store.Target, sites map[int64]string) (Target, error) {
	out := Target{Address: t.Address.String(), Port: int(t.Port), Device: t.Device, State: string(t.State), Reason: t.Reason, Since: t.Since,
		PolledAt: t.PolledAt, GoodAt: t.GoodAt, Credential: t.Credential, Pinned: t.Pinned, Site: sites[t.Site], Origin: t.Origin,
		CreatedAt: t.CreatedAt, CreatedBy: t.CreatedBy}
	if t.Device == "" {
		return out, nil
	}
	d, err := s.d.Inventory.Device(ctx, scopeOf(ctx), t.Device)
	if errors.Is(err, store.ErrNotFound) {
		return out, nil
	}
	out.Name = d.Name
	return out, err
}

// target finds one by its address; without a port the only one there, or that
// at the usual port.
func (g *Gear) target(ctx context.Context, text string) (store.Target, error) {
	a, port, err := targetRef(text)
	if err != nil {
		return store.Target{}, err
	}
	list, err := g.targetsAt(ctx, a, port)
	if err != nil {
		return store.Target{}, err
	}
	switch len(list) {
	case 0:
		return store.Target{}, NewProblem(notFound, "there is no target %s: muster target list shows them", clip(printable(text), 64))
	case 1:
		return list[0], nil
	}
	var ports []string
	for _, t := range list {
		if t.Port == snmpPort {
			return t, nil
		}
		ports = append(ports, fmt.Sprint(t.Port))
	}
	return store.Target{}, NewProblem(ambiguous, "%s is a target at the ports %s: write which", a, strings.Join(ports, ", "))
}

// targetsAt lists those of an address; port 0 is any.
func (g *Gear) targetsAt(ctx context.Context, a netip.Addr, port uint16) ([]store.Target, error) {
	return g.Targets.Targets(ctx, store.TargetQuery{Network: netip.PrefixFrom(a, a.BitLen()), Port: port})
}

func (s *Server) targetShow(ctx context.Context, in *TargetInput) (TargetShow, error) {
	g, err := s.gear()
	if err != nil {
		return TargetShow{}, err
	}
	t, err := g.target(ctx, in.Address)
	if err != nil {
		return TargetShow{}, err
	}
	names, err := s.siteNames(ctx)
	if err != nil {
		return TargetShow{}, err
	}
	var out TargetShow
	if out.Target, err = s.shownTarget(ctx, t, names); err != nil {
		return TargetShow{}, err
	}
	if out.Learned, err = habitsOf(t.Learned); err != nil {
		return TargetShow{}, fmt.Errorf("what was learned of target %s: %w", t.AddrPort(), err)
	}
	if out.Learned != nil && t.Credential != "" {
		all, err := g.Credentials.Credentials(ctx)
		if err != nil {
			return TargetShow{}, err
		}
		for _, c := range all {
			if c.Name == t.Credential {
				out.Learned.Version = c.Version
			}
		}
	}
	return out, nil
}

// habitsOf picks what people can use of what the poller keeps: the rest are
// its own marks, keys and sums, which say nothing to anybody else.
func habitsOf(kept json.RawMessage) (*TargetHabits, error) {
	if len(kept) == 0 {
		return nil, nil
	}
	var k struct {
		IdentifiedAt time.Time `json:"identified_at"`
		Requests     int64     `json:"requests"`
		Timeouts     int64     `json:"timeouts"`
		Learned      struct {
			Repetitions int           `json:"repetitions"`
			NoBulk      time.Time     `json:"no_bulk"`
			RoundTrip   time.Duration `json:"round_trip"`
			Engine      struct {
				ID []byte `json:"id"`
			} `json:"engine"`
		} `json:"learned"`
	}
	if err := json.Unmarshal(kept, &k); err != nil {
		return nil, err
	}
	return &TargetHabits{Repetitions: k.Learned.Repetitions, RoundTripSeconds: k.Learned.RoundTrip.Seconds(), NoBulkUntil: k.Learned.NoBulk,
		EngineID: hex.EncodeToString(k.Learned.Engine.ID), IdentifiedAt: k.IdentifiedAt, Requests: k.Requests, Timeouts: k.Timeouts}, nil
}

func (s *Server) targetSet(ctx context.Context, in *TargetPutInput) (Target, error) {
	g, err := s.gear()
	if err != nil {
		return Target{}, err
	}
	a, port, err := targetRef(in.Address)
	if err != nil {
		return Target{}, err
	}
	t, err := g.target(ctx, in.Address)
	var p *Problem
	if errors.As(err, &p) && p.Kind() == notFound {
		t, err = g.newTarget(ctx, a, port)
		t.CreatedBy = actorOf(ctx).Name
	}
	if err != nil {
		return Target{}, err
	}
	onto(ctx, t.AddrPort().String())
	if in.Body.Credential != nil {
		t.Credential, t.Pinned = "", false
		if name := strings.TrimSpace(*in.Body.Credential); name != "" {
			all, err := g.Credentials.Credentials(ctx)
			if err != nil {
				return Target{}, err
			}
			c, err := credential(name, all)
			if err != nil {
				return Target{}, err
			}
			t.Credential, t.Pinned = c.Name, true
		}
	}
	if in.Body.Site != nil {
		if t.Site, err = s.siteNumber(ctx, *in.Body.Site); err != nil {
			return Target{}, err
		}
	}
	if err := t.Check(); err != nil {
		return Target{}, NewProblem(invalid, "%v", err)
	}
	names, err := s.siteNames(ctx)
	if err != nil {
		return Target{}, err
	}
	note(ctx, "credential", t.Credential)
	note(ctx, "site", names[t.Site])
	if t, err = g.Targets.PutTarget(ctx, t, s.d.Now()); err != nil {
		return Target{}, err
	}
	g.changed()
	return s.shownTarget(ctx, t, names)
}

// newTarget is one as its subnet says.
func (g *Gear) newTarget(ctx context.Context, a netip.Addr, port uint16) (store.Target, error) {
	subnets, err := g.Subnets.Subnets(ctx)
	if err != nil {
		return store.Target{}, err
	}
	t := store.Target{Address: a, Port: port, Origin: originHand}
	x, within := store.SubnetOf(subnets, netip.PrefixFrom(a, a.BitLen()))
	if within {
		t.Site = x.Site
	}
	if t.Port == 0 {
		if t.Port = snmpPort; within {
			t.Port = x.Port
		}
	}
	return t, nil
}

func (s *Server) targetDelete(ctx context.Context, in *TargetInput) (Nothing, error) {
	g, err := s.gear()
	if err != nil {
		return Nothing{}, err
	}
	t, err := g.target(ctx, in.Address)
	if err != nil {
		return Nothing{}, err
	}
	onto(ctx, t.AddrPort().String())
	if err := g.Targets.DeleteTarget(ctx, t.ID); err != nil {
		return Nothing{}, err
	}
	g.changed()
	return Nothing{}, nil
}

func (s *Server) targetTest(ctx context.Context, in *TargetTestInput) (TargetTest, error) {
	g, err := s.gear()
	if err != nil {
		return TargetTest{}, err
	}
	if g.TestTarget == nil {
		return TargetTest{}, NewProblem(busy, "this collector cannot ask gear just now: its poller does not run")
	}
	t, tried, err := s.askedWith(ctx, in.Address, in.Body.Credentials)
	if err != nil {
		return TargetTest{}, err
	}
	onto(ctx, t.AddrPort().String())
	note(ctx, "credentials", strings.Join(credentialNames(tried), " "))
	trying, cancel := context.WithTimeout(ctx, testingTime)
	defer cancel()
	out, err := g.TestTarget(trying, TargetOrder{Address: t.AddrPort(), Credentials: credentialNames(tried)})
	switch {
	case ctx.Err() != nil:
		return TargetTest{}, ctx.Err()
	case trying.Err() != nil && err != nil:
		return TargetTest{}, NewProblem(busy, "the test of %s did not end within %d seconds: name one credential", t.AddrPort(), int(testingTime.Seconds()))
	case err != nil:
		return TargetTest{}, err
	}
	out.Address, out.Port = t.Address.String(), int(t.Port)
	if out.Attempts == nil {
		out.Attempts = []TargetAttempt{}
	}
	note(ctx, "state", out.State)
	return out, nil
}

// triedAt is with what an address is asked: what is named, what the target is
// pinned to, what its subnet says, or all there is.
func (g *Gear) triedAt(ctx context.Context, t *store.Target, named []string, all []store.Credential) ([]store.Credential, error) {
	if t.Pinned && len(trimmed(named)) == 0 {
		named = []string{t.Credential}
	}
	out, err := namedCredentials(named, all)
	if err != nil {
		return nil, err
	}
	if len(out) == 0 {
		subnets, err := g.Subnets.Subnets(ctx)
		if err != nil {
			return nil, err
		}
		x, within := store.SubnetOf(subnets, netip.PrefixFrom(t.Address, t.Address.BitLen()))
		x.V2c = x.V2c || !within // who names an address allows it there
		out = x.Order(all)
	}
	if len(out) == 0 {
		return nil, NewProblem(invalid, "there is no credential to ask %s with: muster credential add makes one; a subnet without --v2c allows version 3 only", t.AddrPort())
	}
	return out, nil
}

func (TargetList) columns() []string {
	return []string{"address", "port", "name", "device", "state", "reason", "since", "polled_at", "good_at", "credential", "pinned", "site", "origin", "created_at", "created_by"}
}

func (l TargetList) rows(yield func([]any) error) error {
	for _, t := range l.Targets {
		if err := yield([]any{t.Address, t.Port, t.Name, string(t.Device), t.State, t.Reason, t.Since, t.PolledAt, t.GoodAt, t.Credential, t.Pinned, t.Site, t.Origin, t.CreatedAt, t.CreatedBy}); err != nil {
			return err
		}
	}
	return nil
}
