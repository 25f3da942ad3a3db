package collector

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"muster/collector/snmp/discover"
	"muster/collector/snmp/session"
	"muster/collector/store"
	"muster/internal/inventory"
)

const (
	// tryEvery is how often it is looked for targets that should be tried.
	tryEvery = time.Minute
	// testAgain is how long after a target was tried in vain it is again; each
	// time twice as long, up to testRarely. Gear notes each wrong community and
	// user, and some tells somebody.
	testAgain  = 10 * time.Minute
	testRarely = 24 * time.Hour
	// aliasRarely is the same for aliases of devices that answer nowhere: they
	// are asked with what was right there.
	aliasRarely = time.Hour
	// testsAtOnce bounds the targets that are tried at once.
	testsAtOnce = 32
)

// nobodyThere is why a test found nothing.
const nobodyThere = "nothing answers there: no echo, and no credential over SNMP"

// trial is when a target was tried in vain, and for how long it is left alone.
type trial struct {
	at   time.Time
	wait time.Duration
}

// lost says that a target does not answer to what it is asked with.
func lost(s store.TargetState) bool {
	return s == store.Dead || s == store.Silent || s == store.WrongCredential
}

// stands is where a target stands by now: what is listed of it is older.
func (p *polling) stands(t store.Target) store.TargetState {
	if s, ok := p.poller.State(pollID(t)); ok && t.State != store.Alias {
		return stateOf(s)
	}
	return t.State
}

// targetAt is the target at an address.
func (p *polling) targetAt(at netip.AddrPort) (store.Target, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.targets {
		if t.AddrPort() == at {
			return t, true
		}
	}
	return store.Target{}, false
}

// adopt has a target asked with a credential that was right a moment ago, when
// the one it has is not: people change communities and users on gear first. A
// target that a person gave its credential keeps it.
func (p *polling) adopt(t store.Target, credential string) {
	if t.Pinned || t.State == store.Alias || strings.EqualFold(t.Credential, credential) || t.Credential != "" && !lost(p.stands(t)) {
		return
	}
	p.revive(t, store.TargetMark{Credential: credential})
	p.c.log.Info("SNMP target is asked with another credential", "address", t.AddrPort(), "credential", credential, "before", t.Credential)
}

// revive has a target polled at once, with what a mark says.
func (p *polling) revive(t store.Target, m store.TargetMark) {
	m.At, m.State = p.c.now(), store.Untried // the poller says more in a moment
	p.mark(pollID(t), m)
	p.mu.Lock()
	p.again[pollID(t)] = true
	delete(p.trials, t.ID)
	p.mu.Unlock()
	p.Changed()
}

// trying tries targets that do not answer, whatever else goes on.
func (p *polling) trying(ctx context.Context) error {
	t := time.NewTicker(tryEvery)
	defer t.Stop()
	for {
		p.try(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		case <-p.wanted:
		}
	}
}

// attempt is a target that is tried, with what.
type attempt struct {
	store.Target
	with []session.Credential
	last time.Time // it was tried; zero: never
}

// try asks targets of which no credential is known to work with those that may
// be, and aliases of devices that are polled nowhere else any more.
func (p *polling) try(ctx context.Context) {
	subnets, err := p.c.control.Subnets(ctx)
	if err != nil {
		if ctx.Err() == nil {
			p.c.log.Error("subnets could not be read", "error", err)
		}
		return
	}
	p.forgive(subnets)
	room := make(chan struct{}, testsAtOnce)
	var wg sync.WaitGroup
	defer wg.Wait()
	var mu sync.Mutex
	taken := map[inventory.DeviceID]bool{} // one alias at a time takes over
	for _, a := range p.attempts(ctx, subnets) {
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			return
		}
		wg.Go(func() {
			defer func() { <-room }()
			f := p.scout.Test(ctx, a.AddrPort(), a.with)
			if ctx.Err() != nil {
				return
			}
			switch {
			case a.State == store.Alias:
				if !p.sameAt(ctx, a.Target, f) {
					return
				}
				mu.Lock()
				first := !taken[a.Device]
				taken[a.Device] = true
				mu.Unlock()
				if first {
					p.takeOver(a.Target, f.Credential)
				}
			case f.State == discover.Answers:
				p.adopt(a.Target, f.Credential)
			case a.Credential == "":
				m := store.TargetMark{At: p.c.now(), State: foundState(f.State), Reason: f.Reason}
				if f.State == discover.Nobody {
					m.Reason = nobodyThere
				}
				p.mark(pollID(a.Target), m)
			}
		})
	}
}

// forgive lets all targets be tried anew when what subnets allow has changed.
func (p *polling) forgive(subnets []store.Subnet) {
	var rules strings.Builder
	for _, x := range subnets {
		fmt.Fprintln(&rules, x.Network, x.V2c, x.Credentials)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rules != rules.String() {
		p.rules = rules.String()
		clear(p.trials)
	}
}

// attempts are the targets whose time to be tried has come. That they are is
// noted.
func (p *polling) attempts(ctx context.Context, subnets []store.Subnet) []attempt {
	p.mu.Lock()
	list := make([]store.Target, 0, len(p.targets))
	for _, t := range p.targets {
		list = append(list, t)
	}
	all := make([]store.Credential, len(p.credentials))
	for i, c := range p.credentials {
		all[i] = c.Credential
	}
	p.mu.Unlock()
	slices.SortFunc(list, func(a, b store.Target) int { return a.AddrPort().Compare(b.AddrPort()) })
	polled := map[inventory.DeviceID]bool{}
	for _, t := range list {
		if t.State != store.Alias && t.Credential != "" && !lost(p.stands(t)) {
			polled[t.Device] = true
		}
	}
	now := p.c.now()
	var out []attempt
	for _, t := range list {
		alias, most := t.State == store.Alias, testRarely
		switch {
		case alias:
			if t.Device == "" || polled[t.Device] {
				continue
			}
			if agent, err := p.registry.reports(ctx, t.Device); agent || err != nil {
				continue // its agent tells more
			}
			most = aliasRarely
		case t.Credential != "" && (t.Pinned || !lost(p.stands(t))):
			p.mu.Lock()
			delete(p.trials, t.ID)
			p.mu.Unlock()
			continue
		}
		with := p.allowed(subnets, all, t)
		if !alias {
			// What it is asked with by polls needs no trial.
			with = slices.DeleteFunc(with, func(c session.Credential) bool { return strings.EqualFold(c.Name, t.Credential) })
		}
		p.mu.Lock()
		last := p.trials[t.ID]
		due := now.Sub(last.at) >= last.wait
		if due {
			p.trials[t.ID] = trial{now, min(max(2*last.wait, testAgain), most)}
		}
		p.mu.Unlock()
		switch {
		case due && len(with) > 0:
			out = append(out, attempt{t, with, last.at})
		case due && t.Credential == "" && !alias:
			p.mark(pollID(t), store.TargetMark{At: now, State: store.Untried, Reason: "there is no credential that it may be asked with: name one in its subnet, or for the target"})
		}
	}
	slices.SortStableFunc(out, func(a, b attempt) int { return a.last.Compare(b.last) })
	return out
}

// allowed are the credentials that a target may be asked with: the one it has,
// and unless it is pinned those of its subnet. Without a subnet all, when a
// person named the address, or else what is never sent in the clear.
func (p *polling) allowed(subnets []store.Subnet, all []store.Credential, t store.Target) []session.Credential {
	var names []string
	if t.Credential != "" {
		names = append(names, t.Credential)
	}
	if !t.Pinned || t.Credential == "" {
		x, held := store.SubnetOf(subnets, netip.PrefixFrom(t.Address, t.Address.BitLen()))
		if !held {
			x = store.Subnet{V2c: t.Origin == byHand}
		}
		for _, c := range x.Order(all) {
			if !strings.EqualFold(c.Name, t.Credential) {
				names = append(names, c.Name)
			}
		}
	}
	return p.named(names)
}

// byHand is the origin of what a person named.
const byHand = "hand"

// sameAt says that what answers at an alias is the device whose alias it is.
func (p *polling) sameAt(ctx context.Context, t store.Target, f discover.Finding) bool {
	if f.State != discover.Answers {
		return false
	}
	id, _, _, err := p.registry.find(ctx, f.Who, t.Address)
	if err != nil {
		p.c.log.Warn("whose alias answers could not be read", "address", t.AddrPort(), "error", err)
	}
	return err == nil && id == t.Device
}

// takeOver has a device polled at its alias. The address at which it was polled
// stays what it is: lost. When it answers again it steps back.
func (p *polling) takeOver(t store.Target, credential string) {
	p.mu.Lock()
	if x, ok := p.targets[pollID(t)]; ok {
		x.State = store.Untried
		p.targets[pollID(t)] = x
	}
	p.mu.Unlock()
	p.revive(t, store.TargetMark{Credential: credential, Device: t.Device})
	p.c.log.Info("a device is polled at another of its addresses", "device_id", t.Device, "address", t.AddrPort())
}
